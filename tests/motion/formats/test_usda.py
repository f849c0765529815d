"""The text of USD is one that USD reads, whatever the motion is called and whatever its caption says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying
from usda_reader import usda_positions

from motion.errors import InvalidInput
from motion.formats.files import write_motion
from motion.formats.scenes.usda import format_usda
from motion.skeleton import JOINT_NAMES


def test_equal_motions_give_equal_text():
    assert format_usda(swaying(5)) == format_usda(swaying(5))


def test_a_file_has_a_sample_for_every_frame_at_the_rate_of_the_motion():
    text = format_usda(swaying(7, fps=29.97))
    assert "timeCodesPerSecond = 29.97\n" in text and "endTimeCode = 6\n" in text
    assert text.count("            6: [") == 2 and "            7: [" not in text


@pytest.mark.parametrize("name", [None, "walk", "3 steps", "a/b-c.d", "été", "sub/run"])
@pytest.mark.parametrize("caption", [None, 'she says "go"\nand \\ walks', "marche à pied"])
def test_names_and_captions_of_any_kind_are_read(tmp_path: Path, name: str | None, caption: str | None):
    pxr = pytest.importorskip("pxr.Usd")
    motion = replace(swaying(4), name=name, caption=caption)
    write_motion(tmp_path / "a.usda", motion)
    positions, _ = usda_positions(tmp_path / "a.usda")
    assert np.linalg.norm(positions - motion.positions, axis=-1).max() < 1e-4
    stage = pxr.Stage.Open(str(tmp_path / "a.usda"))
    assert stage.GetRootLayer().documentation == (caption or "").replace("\n", " ")


def test_the_skeleton_at_rest_stands_on_the_floor(tmp_path: Path):
    pytest.importorskip("pxr")
    from pxr import Usd, UsdSkel

    write_motion(tmp_path / "a.usda", swaying(4))
    stage = Usd.Stage.Open(str(tmp_path / "a.usda"))
    (prim,) = [prim for prim in stage.Traverse() if prim.IsA(UsdSkel.Skeleton)]
    skeleton = UsdSkel.Skeleton(prim)
    assert [path.rsplit("/", 1)[-1] for path in skeleton.GetJointsAttr().Get()] == list(JOINT_NAMES)
    bind = np.array([matrix.ExtractTranslation() for matrix in skeleton.GetBindTransformsAttr().Get()])
    assert bind[:, 1].min() == pytest.approx(0, abs=1e-6) and bind[:, 1].max() > 1
    cache = UsdSkel.Cache()
    cache.Populate(UsdSkel.Root(stage.GetDefaultPrim()), Usd.PrimDefaultPredicate)
    query = cache.GetSkelQuery(skeleton)
    chained = [matrix.ExtractTranslation() for matrix in query.ComputeJointSkelTransforms(Usd.TimeCode.Default(), True)]
    assert np.allclose(chained, bind, atol=1e-6)


def test_values_that_are_not_finite_are_refused(tmp_path: Path):
    positions = swaying(4).positions.copy()
    positions[1, 2] = np.nan
    with pytest.raises(InvalidInput, match="not finite"):
        write_motion(tmp_path / "a.usda", swaying(4).with_positions(positions))
    assert not (tmp_path / "a.usda").exists()
