"""Made-up traces of corrections: random numbers of the right shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from motion.trace import Trace

PARTS = ("left foot", "right foot", "left hand", "seat")


def synthetic_trace(steps: int = 5, seed: int = 0, **changes: Any) -> Trace:
    """Return a trace of `steps` control steps with three physics steps each; `changes` replace fields."""
    random = np.random.default_rng(seed)
    centre = random.normal(size=(steps, 2, 3))
    centre[0, 1] = np.nan
    force = random.normal(size=(steps, len(PARTS), 3))
    force[0, 1] = 0.0
    values: dict[str, Any] = {
        "fps": 20.0,
        "timestep_s": 1 / 60,
        "lift_m": 0.02,
        "parts": PARTS,
        "policies": ("base", "plumb-1"),
        "contact_force": force,
        "foot_centre": centre,
        "other_wrench": random.normal(size=(steps, 6)),
        "joint_torque": random.normal(size=(steps, 21, 3)),
        "assist": random.normal(size=(steps, 6)),
        "assist_limit": random.uniform(0, 100, steps),
        "distance": random.uniform(0, 0.1, steps),
        "actor": random.integers(0, 2, steps),
        "qpos": random.normal(size=91),
        "qvel": random.normal(size=69),
        "ctrl": random.normal(size=(3 * steps, 84)),
        "qfrc_applied": random.normal(size=(3 * steps, 69)),
        "model_xml": "<mujoco model='é'/>",
    }
    return Trace(**(values | changes))


def is_same_trace(one: Trace | None, other: Trace | None) -> bool:
    """Return whether two traces have the same bytes."""
    if one is None or other is None:
        return one is other
    for name, value in vars(one).items():
        second = getattr(other, name)
        if isinstance(value, np.ndarray):
            if (value.dtype, value.shape, value.tobytes()) != (second.dtype, second.shape, second.tobytes()):
                return False
        elif value != second:
            return False
    return True
