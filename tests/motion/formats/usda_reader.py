"""Read the joints of a `.usda` file with the library of USD."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


def usda_positions(path: Path) -> tuple[np.ndarray, float]:
    """Return the positions (frames, joints, 3) that USD computes for the skeleton in a file, metres, and the rate."""
    pytest.importorskip("pxr")
    from pxr import Usd, UsdGeom, UsdSkel

    stage = Usd.Stage.Open(str(path))
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    root = UsdSkel.Root(stage.GetDefaultPrim())
    cache = UsdSkel.Cache()
    assert cache.Populate(root, Usd.PrimDefaultPredicate)
    (skeleton,) = [prim for prim in stage.Traverse() if prim.IsA(UsdSkel.Skeleton)]
    query = cache.GetSkelQuery(UsdSkel.Skeleton(skeleton))
    assert query.GetAnimQuery(), "the animation is not bound"
    frames = [
        [matrix.ExtractTranslation() for matrix in query.ComputeJointSkelTransforms(Usd.TimeCode(time))]
        for time in range(int(stage.GetStartTimeCode()), int(stage.GetEndTimeCode()) + 1)
    ]
    return np.array(frames, float) * UsdGeom.GetStageMetersPerUnit(stage), stage.GetTimeCodesPerSecond()
