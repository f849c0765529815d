"""`plumb-sim correct --view`: a page of the motions before and after, besides the files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from motion.formats.packed import read_packed, read_reports

Run = Callable[..., tuple[int, str, str]]


def test_a_page_shows_each_motion_before_and_after(packed: Path, tmp_path: Path, run: Run, smoothing: object) -> None:
    status, _, stderr = run("correct", packed, "--out", tmp_path / "out", "--view", tmp_path / "page.html")
    assert status == 0 and f"3 motions before and after written to {tmp_path / 'page.html'}" in stderr
    page = (tmp_path / "page.html").read_text("utf-8")
    document = json.loads(re.findall(r'<script type="application/json">(.*?)</script>', page, re.S)[0])
    reports = read_reports(tmp_path / "out")
    assert [scene["title"] for scene in document["scenes"]] == read_packed(packed).ids
    for scene in document["scenes"]:
        assert scene["status"] == reports[scene["title"]].status
        assert [(figure["role"], "trace" in figure) for figure in scene["figures"]] == [
            ("before", False),
            ("after", True),
        ]


def test_a_page_does_not_change_the_files(packed: Path, tmp_path: Path, run: Run, smoothing: object) -> None:
    run("correct", packed, "--out", tmp_path / "one")
    run("correct", packed, "--out", tmp_path / "two", "--view", tmp_path / "page.html", "--trace", tmp_path / "traces")
    for suffix in (".npz", ".jsonl", ".reports.jsonl"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    assert len(list((tmp_path / "traces").iterdir())) == 3


def test_a_page_of_another_kind_is_refused_before_anything_is_corrected(
    packed: Path, tmp_path: Path, run: Run, smoothing: object
) -> None:
    status, _, stderr = run("correct", packed, "--out", tmp_path / "out", "--view", tmp_path / "page.pdf")
    assert status == 2 and "must be the name of a page" in stderr
    assert not list(tmp_path.glob("out*"))
