"""What the numbers below a player mean, in a sentence or two each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_ASSIST = (
    "Norm of the force on the pelvis that neither gravity, inertia nor contact explains: help from nowhere. "
    "A body weighs about 700 N."
)
_MISSING = (
    "Norm of the force on the pelvis that gravity, inertia and the parts near the floor do not explain in the motion "
    "as it is. Nothing is simulated."
)
_DEFINITIONS = {
    "physical error": "Sum of penetration, floating and skating of the lowest joint, mean over the frames: how far it "
    "is below -5 mm, how far above 5 mm, and how far it moves sideways in a frame while it is at most 5 mm high. Clean "
    "motion capture does not score 0.",
    "skating": "Share of the frames in which a toe joint below 5 cm moves faster than 0.5 m/s.",
    "jitter": "Mean norm of the third difference of the joints' positions, per second cubed.",
    "moved in the world": "Mean distance of the joints between the motion before and after.",
    "moved about the pelvis": "The same distance with the pelvis of both at one place.",
    "assist mean": f"{_ASSIST} Mean over time.",
    "assist most": f"{_ASSIST} Its largest value.",
    "completed": "Share of the frames until the simulated body lost the motion: a mean joint distance of 0.5 m.",
    "missing force": f"{_MISSING} Mean over the frames.",
    "missing force at the 90th percentile": f"{_MISSING} It is larger in a tenth of the frames.",
    "missing torque": "Norm of the torque on the pelvis that nothing explains in the motion as it is, mean over the "
    "frames.",
    "frames that are carried": "Share of the frames in which less than a tenth of the weight is missing.",
}
_WHOSE = re.compile(r" (before|after|of .*)$")


def defined(names: Iterable[str]) -> Mapping[str, str]:
    """Return the definitions of those numbers that have one.

    Args:
        names: of numbers, with units after a comma, such as `skating before, % of frames`.

    Returns:
        Definitions by these names.
    """
    plain = {name: _WHOSE.sub("", name.rpartition(", ")[0] or name) for name in names}
    return {name: _DEFINITIONS[each] for name, each in plain.items() if each in _DEFINITIONS}
