"""Perturbations of an action: the few numbers that the search for a way without help tries."""

from __future__ import annotations

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from sim_server.body.reference_row import ReferenceStep
from sim_server.engine.balance import add_foot_shift
from sim_server.engine.body_state import BodyState
from sim_server.policies.observation import heading
from sim_server.policies.policy import Action

PERTURBATION_SIZE = 6
"""Horizontal force on the root (2), moment about the horizontal axes (2), displacement of the swinging feet (2)."""
_SCALE = np.array([60.0, 60.0, 25.0, 25.0, 0.08, 0.08])  # [N], [N m] and [m] for a perturbation of 1
KNOT_STEPS = 5
"""Control steps between two knots of a perturbation, which is linear between them."""


def knots_for(steps: int) -> int:
    """Return how many knots a perturbation of some control steps has."""
    return steps // KNOT_STEPS + 2


def interpolate_knots(knots: FloatArray, steps: int) -> FloatArray:
    """Return the values of a perturbation in each of its control steps: (knots, 6) -> (steps, 6)."""
    time = np.arange(steps) / KNOT_STEPS
    before = np.minimum(time.astype(int), len(knots) - 2)
    share = (time - before)[:, None]
    return (1 - share) * knots[before] + share * knots[before + 1]


def perturb(action: Action, body: BodyState, reference: ReferenceStep, values: FloatArray) -> Action:
    """Add perturbations to the actions of n bodies. One of zeros changes nothing, to the last bit.

    Args:
        action: the actions.
        body: the states of the bodies.
        reference: what they follow.
        values: (n, 6) perturbations, in the frame in which the reference's pelvis faces +Z.
    """
    count = len(values)
    scaled = values * _SCALE
    vectors = np.zeros((count, 3, 3))
    vectors[..., 0], vectors[..., 2] = scaled[:, 0::2], scaled[:, 1::2]
    force, moment, shift = rotation.rotate(heading(reference.root_rotation[:, 0])[:, None], vectors).swapaxes(0, 1)
    swings = reference.foot_contact[..., None] < 0.5
    return add_foot_shift(
        Action(action.target_offsets, action.wrench + np.concatenate([force, moment], -1), action.controller_mask),
        body,
        np.where(swings, shift[:, None], 0.0),
    )
