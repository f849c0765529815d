"""The trace of a correction: what the simulated body did in each step, and what is needed to do it again.

All positions and forces are in the world frame of the simulation: metres, Y up, the floor at y = 0. The joints of the
simulated body lie `lift_m` higher than those of the corrected motion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from motion.array_types import BoolArray, FloatArray, IntArray
from motion.errors import InvalidInput
from motion.skeleton import NUM_JOINTS

FEET = ("left foot", "right foot")
"""The names of the feet among the parts of a trace."""

# The axes of each array: letters stand for sizes that agree between arrays. T are control steps, P parts of the body,
# S physics steps, Q, V and U the lengths of MuJoCo's qpos, qvel and ctrl.
_SHAPES: dict[str, tuple[int | str, ...]] = {
    "contact_force": ("T", "P", 3),
    "foot_centre": ("T", 2, 3),
    "other_wrench": ("T", 6),
    "joint_torque": ("T", NUM_JOINTS - 1, 3),
    "assist": ("T", 6),
    "assist_limit": ("T",),
    "distance": ("T",),
    "actor": ("T",),
    "qpos": ("Q",),
    "qvel": ("V",),
    "ctrl": ("S", "U"),
    "qfrc_applied": ("S", "V"),
}
_REPLAYED = ("qpos", "qvel", "ctrl", "qfrc_applied")
TRACE_TEXTS = ("parts", "policies")
"""The fields of a trace that are lists of names."""
TRACE_ARRAYS: dict[str, np.dtype] = {
    name: np.dtype(np.int32 if name == "actor" else np.float64 if name in _REPLAYED else np.float32) for name in _SHAPES
}
"""The arrays of a trace and their types: exact where they are replayed, float32 elsewhere."""


@dataclass(frozen=True, eq=False)
class Trace:
    """What a simulated body did in T control steps of `physics_steps` physics steps each, S in all.

    The constructor converts arrays to their types and checks shapes and values.

    Attributes:
        fps: control steps per second.
        timestep_s: duration of a physics step [s].
        lift_m: height of the simulated joints over those of the corrected motion [m].
        parts: names of the P parts of the body that can touch the floor; the feet are among them.
        policies: names of the policies that acted.
        contact_force: (T, P, 3) float32 force of the floor on each part, mean over the control step [N].
        foot_centre: (T, 2, 3) float32 centre of pressure of the left and the right foot [m]; NaN where a foot carries
            nothing.
        other_wrench: (T, 6) float32 force [N] and moment about the root [N m] of the floor on all parts but the feet.
        joint_torque: (T, 21, 3) float32 torque of the servo of each joint but the root, in HumanML3D's order, in the
            frame of the joint's own segment, mean over the control step [N m].
        assist: (T, 6) float32 force [N] and torque [N m] on the root that nothing in the world supplies.
        assist_limit: (T,) float32 limit that held for it [N] and [N m].
        distance: (T,) float32 mean distance of the joints to the reference after the step [m].
        actor: (T,) int32 index in `policies` of who acted.
        qpos: (Q,) float64 positions before the first step, as MuJoCo has them.
        qvel: (V,) float64 velocities before the first step, as MuJoCo has them.
        ctrl: (S, U) float64 MuJoCo's `ctrl` in each physics step.
        qfrc_applied: (S, V) float64 MuJoCo's `qfrc_applied` in each physics step.
        model_xml: the body as MJCF. `mj_step` from `qpos` and `qvel` with `ctrl` and `qfrc_applied` repeats the motion.

    Raises:
        InvalidInput: a value is malformed; the field is its name.
    """

    fps: float
    timestep_s: float
    lift_m: float
    parts: tuple[str, ...]
    policies: tuple[str, ...]
    contact_force: FloatArray
    foot_centre: FloatArray
    other_wrench: FloatArray
    joint_torque: FloatArray
    assist: FloatArray
    assist_limit: FloatArray
    distance: FloatArray
    actor: IntArray
    qpos: FloatArray
    qvel: FloatArray
    ctrl: FloatArray
    qfrc_applied: FloatArray
    model_xml: str

    def __post_init__(self) -> None:
        for name, dtype in TRACE_ARRAYS.items():
            object.__setattr__(self, name, _array(name, getattr(self, name), dtype))
        for name in TRACE_TEXTS:
            object.__setattr__(self, name, tuple(getattr(self, name)))
        _check(self)

    def __len__(self) -> int:
        """Return the number of control steps."""
        return len(self.distance)

    @property
    def physics_steps(self) -> int:
        """The number of physics steps in a control step."""
        return len(self.ctrl) // len(self)

    @property
    def touching(self) -> BoolArray:
        """Whether each part bears a force in each control step, (T, P)."""
        return np.any(self.contact_force != 0, axis=-1)

    @property
    def foot_force(self) -> FloatArray:
        """The ground-reaction force of the left and the right foot, (T, 2, 3) [N]."""
        return self.contact_force[:, [self.parts.index(foot) for foot in FEET]]


def _array(name: str, value: Any, dtype: np.dtype) -> np.ndarray:
    """Return a value as an array of a type, and refuse what loses more than precision."""
    array = np.asarray(value)
    if array.dtype.kind not in ("iu" if dtype.kind == "i" else "fiu"):
        raise InvalidInput.of(name, f"holds {array.dtype}; must hold {dtype.name}")
    return np.ascontiguousarray(array, dtype)


def _check(trace: Trace) -> None:
    for name, least in (("fps", "above 0"), ("timestep_s", "above 0"), ("lift_m", "0 or more")):
        value = getattr(trace, name)
        if not isinstance(value, int | float) or not 0 <= value < math.inf or (value == 0 and name != "lift_m"):
            raise InvalidInput.of(name, f"is {value!r:.40}; must be a finite number, {least}")
    for name in TRACE_TEXTS:
        _check_names(name, getattr(trace, name))
    if not all(foot in trace.parts for foot in FEET):
        raise InvalidInput.of("parts", f"are {', '.join(trace.parts)}; must include {' and '.join(FEET)}")
    if not isinstance(trace.model_xml, str) or not trace.model_xml:
        raise InvalidInput.of("model_xml", "is no text, or empty; must be the body as MJCF")
    _check_shapes(trace)
    for name in TRACE_ARRAYS:
        array = getattr(trace, name)
        if name != "foot_centre" and not np.isfinite(array).all():
            raise InvalidInput.of(name, "holds a number that is not finite; must be finite")
    if np.isinf(trace.foot_centre).any():
        raise InvalidInput.of(
            "foot_centre", "holds an infinite number; must be finite, or NaN where nothing is carried"
        )
    if np.any((trace.actor < 0) | (trace.actor >= len(trace.policies))):
        raise InvalidInput.of("actor", f"names a policy that is not there; must be from 0 to {len(trace.policies) - 1}")


def _check_names(field: str, names: tuple[Any, ...]) -> None:
    right = all(isinstance(name, str) and name for name in names)
    if not (names and right and len(set(names)) == len(names)):
        raise InvalidInput.of(field, f"are {list(names)!r:.80}; must be names, each once and none empty")


def _check_shapes(trace: Trace) -> None:
    """Check that sizes which must agree do: the first array that has a size says what it is for the others."""
    sizes = {"P": len(trace.parts)}
    for name, axes in _SHAPES.items():
        shape = getattr(trace, name).shape
        if len(shape) == len(axes):
            for axis, size in zip(axes, shape, strict=True):
                if isinstance(axis, str):
                    sizes.setdefault(axis, size)
        wanted = tuple(sizes.get(axis, axis) if isinstance(axis, str) else axis for axis in axes)
        if shape != wanted:
            raise InvalidInput.of(name, f"has shape {shape}; must be {wanted}".replace("'", ""))
    steps, physics_steps = sizes["T"], sizes["S"]
    if steps == 0 or physics_steps == 0 or physics_steps % steps:
        reason = (
            f"has {physics_steps} physics steps for {steps} control steps; must be a multiple of them, none of it 0"
        )
        raise InvalidInput.of("ctrl", reason)
