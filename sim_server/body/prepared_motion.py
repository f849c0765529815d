"""A motion that is cleaned and ready to be retargeted."""

from __future__ import annotations

from dataclasses import dataclass

from motion.array_types import FloatArray
from sim_server.body.preparation_note import PreparationNote


@dataclass(frozen=True)
class PreparedMotion:
    """A motion that is ready to be retargeted.

    Attributes:
        positions: (frames, 22, 3) float64 joint positions [m], Y up, at 20 frames/s, with the floor at height 0 and
            bones of constant length.
        rotations: (frames, 22, 4) rotations of the joints in the world, as unit quaternions (w, x, y, z).
        offsets: (22, 3) rest pose of the skeleton: each joint relative to its parent [m].
        noisy: whether the motion was too noisy to tell its contacts.
        notes: what preparation changed.
    """

    positions: FloatArray
    rotations: FloatArray
    offsets: FloatArray
    noisy: bool = False
    notes: tuple[PreparationNote, ...] = ()
