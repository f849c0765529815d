"""What a page needs to draw a figure: joints, rotations, the shapes of its body, curves, and its trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.formats.scenes.body_shapes import Shape, body_shapes
from motion.kinematics import REST_OFFSETS, estimate_offsets, global_rotations
from motion.skeleton import NUM_JOINTS
from motion.viewing.drawn_hands import hands_on_floor
from motion.viewing.frame_curves import lowest_joint_mm, phys_err_by_frame_mm, root_speed_m_s
from motion.viewing.quantized import quantized
from motion.viewing.trace_data import trace_document

if TYPE_CHECKING:
    from motion.viewing.html_player import Figure

SOLE_M = 0.02
"""How far the soles of the body lie below its toe joints, which a motion has at height 0 when they stand [m]."""

ROTATED_JOINTS = (0, 3, 6, 9, 7, 8, 10, 11, 15, 20, 21)
"""Joints whose shape has to be rotated about its bone: trunk, head, feet and hands. Others are round about it."""


def figure_document(figure: Figure, color: str) -> dict[str, Any]:
    """Encode a figure as a JSON document for the player.

    Args:
        figure: the figure.
        color: its CSS colour.

    Raises:
        InvalidInput: its positions have another shape or are not finite.
    """
    positions = checked_positions(figure)
    offsets, rotations = body_pose(positions)
    rotations = hands_on_floor(positions, rotations, offsets, -SOLE_M)
    curves = (lowest_joint_mm(positions), phys_err_by_frame_mm(positions), root_speed_m_s(positions, figure.fps))
    return {
        "label": figure.label,
        "role": figure.role,
        "color": color,
        "fps": figure.fps,
        "frames": len(positions),
        "positions": quantized(positions.reshape(-1, 3)),
        "rotated": ROTATED_JOINTS,
        "rotations": quantized(rotations[:, ROTATED_JOINTS].reshape(-1, 4)),
        "shapes": [_shape_numbers(shape) for shape in body_shapes(offsets)],
        "curves": quantized(np.stack(curves, axis=-1)),
        **({"trace": trace_document(figure.trace)} if figure.trace is not None else {}),
        **({"missing": quantized(_missing_force(figure, len(positions)))} if figure.score is not None else {}),
        **({"failed_s": figure.failed_s} if figure.failed_s is not None else {}),
    }


def checked_positions(figure: Figure) -> FloatArray:
    """Return the positions (frames, 22, 3) of a figure as float64.

    Raises:
        InvalidInput: they have another shape or are not finite.
    """
    positions = np.asarray(figure.positions, np.float64)
    if positions.ndim != 3 or positions.shape[1:] != (NUM_JOINTS, 3) or not len(positions):
        raise InvalidInput.of(f"{figure.label} positions", f"have shape {positions.shape}; must be (frames, 22, 3)")
    if not np.isfinite(positions).all():
        raise InvalidInput.of(f"{figure.label} positions", "hold values that are not finite; they cannot be drawn")
    return positions


def body_pose(positions: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return rest offsets (22, 3) [m] and world rotations (frames, 22, 4) of the body that performs a motion.

    Whatever is to be looked at is drawn: a pose that no rotation explains, such as joints that lie on each other, has
    the rotations and the body of the rest pose.
    """
    with np.errstate(all="ignore"):
        try:
            offsets = estimate_offsets(positions)
            rotations = global_rotations(positions, offsets)
        except np.linalg.LinAlgError:
            offsets, rotations = REST_OFFSETS, np.full((len(positions), NUM_JOINTS, 4), np.nan)
    offsets = np.where(np.isfinite(offsets), offsets, REST_OFFSETS)
    lost = ~np.isfinite(rotations).all(-1, keepdims=True)
    return offsets, rotation.normalized(np.where(lost, np.array([1.0, 0.0, 0.0, 0.0]), rotations))


def _missing_force(figure: Figure, frames: int) -> FloatArray:
    """Return the norm (frames, 1) of the missing force of a figure's score [N].

    Raises:
        InvalidInput: the score is that of another motion.
    """
    assert figure.score is not None
    norm = np.linalg.norm(figure.score.wrench[:, :3].astype(np.float64), axis=-1)
    if len(norm) != frames:
        raise InvalidInput.of(f"{figure.label} score", f"has {len(norm)} frames; must have {frames}, as its motion")
    return norm[:, None]


def _shape_numbers(shape: Shape) -> list[float]:
    """Return a shape as eight numbers: 0 for a capsule or 1 for a box, then its two vectors and its radius."""
    vectors = [float(value) for value in np.round(np.concatenate([shape.first, shape.second]), 4)]
    return [float(shape.kind == "box"), *vectors, round(float(shape.radius), 4)]
