"""Say what was assumed of a file because it does not state it: its frame rate and its unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motion.formats.motion_file import MotionFile
from motion.formats.rigs.rig import BvhOrigin
from motion.formats.units import name_of_unit
from motion.motion import Motion
from motion.skeleton import LEGS


def rate_note(file: MotionFile) -> list[str]:
    """Return a sentence on the rate of a file of arrays that states none; HumanML3D's features have theirs."""
    if file.content == "features" or not len(file.motions):
        return []
    rates = sorted({motion.fps for motion in file.motions})
    return [f"states no frame rate; read at {', '.join(f'{fps:g}' for fps in rates)} fps (--input-fps says another)"]


def unit_note(file: MotionFile) -> list[str]:
    """Return a sentence on the unit of a `.bvh` file, none of which states it."""
    found = unit_of_rig(file)
    if found is None:
        return []
    name, leg = found
    return [f"states no unit; the legs are {leg:.3g} long, so lengths are read as {name} (--unit says another)"]


def unit_of_rig(file: MotionFile) -> tuple[str, float] | None:
    """Return the name of the unit that a `.bvh` file was read in, and the length of the legs in it."""
    for origin, motion in zip(file.origins, file.motions, strict=False):
        if isinstance(origin, BvhOrigin) and (found := _unit(origin, motion)):
            return name_of_unit(found[0]), found[1]
    return None


def _unit(origin: BvhOrigin, motion: Motion) -> tuple[float, float] | None:
    """Return the length of one unit of the file, metres, and that of the legs in units, from the first frame."""
    if not len(motion) or not len(origin.document.values):
        return None
    raw = replace(origin.document, values=origin.document.values[:1]).positions()[0]
    legs = [(leg, [origin.joints[joint] for joint in leg]) for leg in LEGS]
    for joints, nodes in legs:
        if min(nodes[:3]) >= 0:
            in_units = np.linalg.norm(np.diff(raw[nodes[:3]], axis=0), axis=-1).sum()
            in_metres = np.linalg.norm(np.diff(motion.positions[0, list(joints[:3])], axis=0), axis=-1).sum()
            if in_units > 0 and np.isfinite(in_metres):
                return float(in_metres / in_units), float(in_units)
    return None
