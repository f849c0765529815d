"""A page is self-contained, encodes positions to a tenth of a millimetre and escapes all texts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying, swaying_set

from motion.errors import InvalidInput
from motion.formats.files import MotionFile, read_file
from motion.formats.packed import write_packed
from motion.viewing.html_player import Figure, Scene, page_html, scenes_html
from motion.viewing.quantized import restored
from motion.viewing.viewer import paired_scenes, write_view


def scene_of(*positions: np.ndarray, title: str = "", caption: str = "") -> Scene:
    return Scene(tuple(Figure("a", each, 20) for each in positions), title, caption)


def document_of(page: str) -> dict:
    return json.loads(re.findall(r'<script type="application/json">(.*?)</script>', page, re.S)[0])


def test_encoded_positions_are_exact_to_a_tenth_of_a_millimetre():
    positions = swaying().positions
    (scene,) = document_of(scenes_html([scene_of(positions)]))["scenes"]
    figure = scene["figures"][0]
    assert figure["frames"] == len(positions)
    np.testing.assert_allclose(restored(figure["positions"]).reshape(-1, 22, 3), positions, atol=1e-4)


def test_a_page_refers_to_no_other_resource():
    page = page_html([scene_of(swaying().positions)], "title")
    assert not re.search(r"(src|href)=|https?://|import\(|fetch\(", page)


def test_captions_cannot_inject_html():
    evil = "</script><script>alert(1)</script>"
    page = page_html([Scene((Figure(evil, swaying().positions, 20),), title=evil, caption=evil)], evil)
    assert page.count("<script") == 2 and page.count("</script>") == 2
    assert document_of(page)["scenes"][0]["caption"] == evil


def test_a_page_can_hold_several_players():
    positions = swaying().positions
    first = scenes_html([scene_of(positions, positions, caption="sways")], identifier="one")
    second = scenes_html([scene_of(positions, title=title) for title in "xy"], identifier="two")
    assert 'id="one"' in first and 'id="two"' in second
    bare = scenes_html([scene_of(positions, title=title) for title in "xy"], identifier="two", with_program=False)
    assert len(bare) < len(second) / 2 and document_of(bare) == document_of(second)
    assert scenes_html([scene_of(positions)]) == scenes_html([scene_of(positions.copy())])


def test_positions_that_cannot_be_drawn_are_refused():
    broken = swaying().positions.copy()
    broken[0, 0, 0] = np.inf
    with pytest.raises(InvalidInput, match="not finite"):
        scenes_html([scene_of(broken)])
    with pytest.raises(InvalidInput, match=r"must be \(frames, 22, 3\)"):
        scenes_html([scene_of(np.zeros((5, 24, 3)))])
    with pytest.raises(InvalidInput, match="show nothing"):
        scenes_html([])


def test_sets_are_paired_by_their_ids(tmp_path: Path):
    motions = swaying_set()
    write_packed(tmp_path / "before", motions)
    write_packed(tmp_path / "after", motions.select([2, 0]))
    scenes, left_out = paired_scenes([read_file(tmp_path / "before"), read_file(tmp_path / "after")], limit=10)
    assert [scene.title for scene in scenes] == ["sway_0", "sway_2"] and left_out == 0
    assert [figure.label for figure in scenes[0].figures] == ["before", "after"]
    assert [len(figure.positions) for figure in scenes[1].figures] == [54, 54]
    scenes, left_out = paired_scenes([read_file(tmp_path / "before")], limit=2)
    assert len(scenes) == 2 and left_out == 1


def test_sets_without_a_common_id_must_match_in_size(tmp_path: Path):
    motions = swaying_set()
    renamed = motions.with_motions([swaying(name=f"other_{i}") for i in range(3)])
    files = [MotionFile(tmp_path / name, "packed", each) for name, each in (("a", motions), ("b", renamed))]
    assert len(paired_scenes(files, limit=10)[0]) == 3
    with pytest.raises(InvalidInput, match=r"\[3, 2\] motions"):
        paired_scenes([files[0], MotionFile(tmp_path / "b", "packed", renamed.select([0, 1]))], limit=10)


def test_a_page_is_written_and_an_unknown_suffix_refused(tmp_path: Path):
    scenes = [Scene((Figure("a", swaying().positions, 20),))]
    write_view(tmp_path / "page.html", scenes, "title")
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
    with pytest.raises(InvalidInput, match=r"\.html, \.mp4 or \.gif"):
        write_view(tmp_path / "page.pdf", scenes, "title")
