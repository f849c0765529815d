"""Colours of arms: fixed by role, independent of order, and distinct within a report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from loop_fakes import FakeCorrector, FakeGenerator

from loop_client.reports.arm_colors import REAL_COLOR, UNCORRECTED_COLOR, arm_colors, shades
from loop_client.reports.run_report import write_report
from loop_client.runs.loop import run_loop
from loop_client.runs.real_motions import load_data
from loop_client.runs.run_creation import create_run
from loop_client.runs.run_recipe import Recipe
from loop_client.toy.toy_recipe import load_toy_recipe, shipped_toy_recipes


def test_arms_with_a_role_have_its_colour_whatever_the_other_arms_are() -> None:
    four = arm_colors(["baseline", "iterative", "corrected", "roundtrip"])
    assert arm_colors(["corrected", "neon"])["corrected"] == four["corrected"]
    assert arm_colors(["corrected", "baseline"]) == {name: four[name] for name in ("corrected", "baseline")}
    assert arm_colors(["augment"])["augment"] == four["iterative"] == UNCORRECTED_COLOR
    assert REAL_COLOR not in four.values()


def test_other_arms_keep_their_colour_when_an_arm_is_added() -> None:
    for name in ("half real", "gamma 1", "p = 0.5"):
        alone = arm_colors([name])[name]
        assert arm_colors(["baseline", name])[name] == arm_colors([name, "corrected", "fresh"])[name] == alone


@pytest.mark.parametrize("name", shipped_toy_recipes())
def test_arms_of_one_report_have_distinct_colours(name: str) -> None:
    arms = [arm.name for arm in load_toy_recipe(name).arms]
    colors = arm_colors(arms)
    assert list(colors) == arms and len(set(colors.values())) == len(arms)


def test_more_arms_than_colours_still_have_one_each() -> None:
    assert len(arm_colors([f"arm {number}" for number in range(40)])) == 40


def test_every_colour_can_be_seen_on_a_white_and_on_a_dark_page() -> None:
    def luminance(color: str) -> float:  # WCAG 2.2, relative luminance
        channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    roles = ("baseline", "iterative", "corrected", "roundtrip", "replace", "accumulate", "fresh")
    for color in {*arm_colors([*roles, *(f"arm {number}" for number in range(40))]).values(), REAL_COLOR}:
        assert 1.05 / (luminance(color) + 0.05) > 2, color
        assert (luminance(color) + 0.05) / (luminance("#15181c") + 0.05) > 2.5, color


def test_shades_end_in_the_colour_itself() -> None:
    assert shades("#1b7f79", 1) == ["#1b7f79"]
    light, middle, full = shades("#1b7f79", 3)
    assert full == "#1b7f79" and int(light[1:3], 16) > int(middle[1:3], 16) > int(full[1:3], 16)


def test_charts_tables_and_players_show_an_arm_in_the_same_colour(tiny_recipe: Recipe, tmp_path: Path) -> None:
    store = create_run(tmp_path / "run", tiny_recipe, resume=False)
    run_loop(store, load_data(tiny_recipe.data), FakeGenerator(), FakeCorrector(), quiet=True)
    text = write_report(store).read_text("utf-8")
    chart = re.search(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert chart is not None
    for arm, color in arm_colors(arm.name for arm in tiny_recipe.arms).items():
        assert f"stroke: {color}" in chart.group()
        assert f'<td><span class="swatch" style="color:{color}"></span>{arm}</td>' in text
        assert re.search(rf'"label":"{arm}"[^}}]*"color":"{color}"', text), arm
