"""Why force is missing in a motion, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from motion.array_types import BoolArray, FloatArray
from sim_server.body.humanoid import CONTROL_FPS, WEIGHT_N
from sim_server.feasibility.missing_wrench import PARTS, STILL_M_S, MissingWrench
from sim_server.preparation.spans import true_spans

MAX_REASONS = 4
"""Most sentences about one motion."""

_MISSING_N = 0.15 * WEIGHT_N  # less than this is not spoken of
_MISSING_NM = 60.0
_SWINGING_M_S = 2.0  # a part that passes the floor faster than this does not try to stand on it
_SLIDING_M_S = 0.2  # of a part that carries; feet of good motion capture that stand are slower
_CARRYING_N = 0.25 * WEIGHT_N
_SUNK_M = 0.05
_SUNK_N_PER_M = 2000.0  # weight of a depth among the reasons
_SLIDING_WEIGHT = 0.25  # weight of the load on a part that slides
_GAP_FRAMES = 3  # a fault that pauses for less is one fault
_LEAST_FRAMES = 2
_MOMENT_FRAMES = 5  # a fault that is shorter has one time instead of two
_TIMES = 3  # of faults of one kind that are told


class _Fault(NamedTuple):
    """A span of frames in which something is wrong.

    Attributes:
        kind: what is wrong, with a place for the largest amount.
        amount: how much at the worst frame.
        start: the first frame.
        stop: the frame after the last.
        worst: the worst frame.
        weight: how much the fault counts among the others [N frames].
    """

    kind: str
    amount: float
    start: int
    stop: int
    worst: int
    weight: float


def explain(missing: MissingWrench) -> tuple[str, ...]:
    """Say why force is missing: one sentence for each kind of fault with its times, at most `MAX_REASONS`.

    The worst kinds are told, in the order of their first times.
    """
    kinds: defaultdict[str, list[_Fault]] = defaultdict(list)
    for find in (_missing_forces, _missing_torques, _sliding, _sunk):
        for fault in find(missing):
            kinds[fault.kind].append(fault)
    worst = sorted(kinds.values(), key=lambda faults: -sum(fault.weight for fault in faults))[:MAX_REASONS]
    return tuple(map(_sentence, sorted(worst, key=lambda faults: min(fault.start for fault in faults))))


def _missing_forces(missing: MissingWrench) -> Iterator[_Fault]:
    """Attribute each frame that lacks force: nothing is near the floor, or all that is slides, or it is not enough."""
    force = np.linalg.norm(missing.wrench[:, :3], axis=-1)
    lacking = force > _MISSING_N
    near = missing.in_reach & (missing.speed < _SWINGING_M_S)
    still = (missing.in_reach & (missing.speed < STILL_M_S)).any(1)
    kind = "nothing carries the body {times}; its lowest part is up to {amount:.0f} cm above the floor"
    yield from _faults(kind, lacking & ~near.any(1), force, 100 * np.maximum(missing.height.min(1), 0))
    slowest = np.where(near, missing.speed, np.inf).argmin(1)
    for part in np.unique(slowest):
        kind = f"the {PARTS[part]} slides at up to {{amount:.1f}} m/s where it would have to carry the body, {{times}}"
        slides = lacking & near.any(1) & ~still & (slowest == part)
        yield from _faults(kind, slides, force, missing.speed[:, part])
    horizontal = np.linalg.norm(missing.wrench[:, [0, 2]], axis=-1)
    upwards = missing.wrench[:, 1]
    for verb, acts in {
        "pushed along the floor": horizontal > np.abs(upwards),
        "held up": upwards >= horizontal,
        "pulled down": -upwards >= horizontal,
    }.items():
        kind = f"the body is {verb} by up to {{amount:.0f}} N that no contact gives, {{times}}"
        yield from _faults(kind, lacking & still & acts, force, force)


def _missing_torques(missing: MissingWrench) -> Iterator[_Fault]:
    torque = np.linalg.norm(missing.wrench[:, 3:], axis=-1)
    force = np.linalg.norm(missing.wrench[:, :3], axis=-1)
    kind = "the body is turned by up to {amount:.0f} N m that no contact gives, {times}"
    yield from _faults(kind, (torque > _MISSING_NM) & (force <= _MISSING_N), torque, torque)


def _sliding(missing: MissingWrench) -> Iterator[_Fault]:
    """Find parts that carry, but slide; they lack no force, but a real foot would stand."""
    sliding = (missing.load > _CARRYING_N) & (missing.speed > _SLIDING_M_S)
    for part in np.flatnonzero(sliding.any(0)):
        kind = f"the {PARTS[part]} slides at up to {{amount:.1f}} m/s while it carries the body, {{times}}"
        weight = _SLIDING_WEIGHT * missing.load[:, part]
        yield from _faults(kind, sliding[:, part], weight, np.where(sliding, missing.speed, 0)[:, part])


def _sunk(missing: MissingWrench) -> Iterator[_Fault]:
    lowest, depth = missing.height.argmin(1), -missing.height.min(1)
    for part in np.unique(lowest[depth > _SUNK_M]):
        kind = f"the {PARTS[part]} is up to {{amount:.0f}} cm under the floor, {{times}}"
        yield from _faults(kind, (depth > _SUNK_M) & (lowest == part), _SUNK_N_PER_M * depth, 100 * depth)


def _faults(kind: str, mask: BoolArray, weight: FloatArray, amount: FloatArray) -> Iterator[_Fault]:
    """Yield the spans of a mask (frames,) in which a fault lasts, with short pauses bridged.

    Args:
        kind: what is wrong.
        mask: (frames,) where.
        weight: (frames,) how much each frame counts [N].
        amount: (frames,) what the sentence tells the largest value of.
    """
    bridged = mask.copy()
    for start, stop in true_spans(~mask):
        if 0 < start and stop < len(mask) and stop - start < _GAP_FRAMES:
            bridged[start:stop] = True
    for start, stop in true_spans(bridged):
        if stop - start >= _LEAST_FRAMES:
            worst = start + int(np.where(mask, amount, -np.inf)[start:stop].argmax())
            yield _Fault(kind, float(amount[worst]), start, stop, worst, float((weight * mask)[start:stop].sum()))


def _sentence(faults: list[_Fault]) -> str:
    told = sorted(sorted(faults, key=lambda fault: -fault.weight)[:_TIMES], key=lambda fault: fault.start)
    times = [_when(fault) for fault in told]
    more = len(faults) - len(told)
    times += [f"{more} more time{'s' if more > 1 else ''}"] if more else []
    listed = " and ".join(filter(None, (", ".join(times[:-1]), times[-1])))
    return faults[0].kind.format(amount=max(fault.amount for fault in faults), times=listed)


def _when(fault: _Fault) -> str:
    if fault.stop - fault.start < _MOMENT_FRAMES:
        return f"at {fault.worst / CONTROL_FPS:.1f} s"
    return f"from {fault.start / CONTROL_FPS:.1f} to {(fault.stop - 1) / CONTROL_FPS:.1f} s"
