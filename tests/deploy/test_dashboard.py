"""The Grafana dashboard asks for metrics and labels that the server has."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from sample_metrics import sample_metrics

DASHBOARD = json.loads((Path(__file__).parents[2] / "deploy/grafana/dashboard.json").read_text("utf-8"))
_METRIC = re.compile(r"\b(\w+)(?={instance)")  # every query is restricted to the chosen servers
_GROUPS = re.compile(r"by \(([\w, ]+)\)")


@cache
def _labels_of_metrics() -> dict[str, set[str]]:
    """Return the labels of every metric of a server that has answered calls."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(sample_metrics()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def metric_names() -> set[str]:
    """Return the names under which Prometheus sees the server's metrics."""
    return set(_labels_of_metrics())


def _queries() -> list[tuple[str, dict[str, Any]]]:
    return [(panel["title"], target) for panel in DASHBOARD["panels"] for target in panel["targets"]]


def test_every_query_asks_for_a_metric_of_the_server() -> None:
    assert len(_queries()) > 20
    for title, target in _queries():
        names = _METRIC.findall(target["expr"])
        assert names, title
        assert set(names) <= metric_names(), title


def test_every_label_that_a_query_groups_by_is_one_of_its_metric() -> None:
    for title, target in _queries():
        labels = {"instance"}.union(*(_labels_of_metrics()[name] for name in _METRIC.findall(target["expr"])))
        groups = [each for match in _GROUPS.findall(target["expr"]) for each in re.split(", *", match)]
        assert set(groups) <= labels, title
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= {*groups, "instance"}, title


def test_every_metric_of_calls_motions_and_load_is_on_the_dashboard() -> None:
    shown = {name for _, target in _queries() for name in _METRIC.findall(target["expr"])}
    stems = {re.sub(r"_(bucket|count|sum|total|created)$", "", name) for name in metric_names()}
    older = {"plumb_calls", "plumb_call_seconds"}
    shown_stems = {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in shown}
    assert stems - older == shown_stems


def test_panels_do_not_overlap_and_have_a_description() -> None:
    cells = set()
    for panel in DASHBOARD["panels"]:
        assert panel["description"].endswith(".")
        place = panel["gridPos"]
        mine = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not mine & cells and max(x for x, _ in mine) < 24
        cells |= mine
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
