"""The operators of the root's path do what the substep path does to it."""

from __future__ import annotations

import numpy as np
import pytest

from motion import kinematics
from sim_server.body.humanoid import SUBSTEP_S
from sim_server.body.root_operators import FRAMES_AFTER, FRAMES_BEFORE, WIDTH, root_operators, step_samples
from sim_server.body.substep_path import build_substep_path


def windows(path: np.ndarray) -> np.ndarray:
    """Return the frames (steps, 1, WIDTH, 3) of a path (frames, 3) that each step sees, zeros beyond its ends."""
    padded = np.pad(path, ((FRAMES_BEFORE, FRAMES_AFTER - 1), (0, 0)))
    return np.lib.stride_tricks.sliding_window_view(padded, WIDTH, axis=0).swapaxes(1, 2)[:, None]


@pytest.mark.parametrize("frames", [4, 5, 12, 49, 50, 120])
def test_the_operators_give_the_root_of_the_substep_path_and_its_acceleration(frames: int) -> None:
    root = np.cumsum(np.random.default_rng(frames).normal(0, 0.01, (frames, 3)), axis=0) + (0, 1, 0)
    rotations = np.broadcast_to([1.0, 0, 0, 0], (frames, 22, 4))
    offsets = kinematics.REST_OFFSETS
    positions = kinematics.forward_positions(rotations, root, offsets)
    path = build_substep_path(positions, rotations, offsets).joints[:, 0]
    acceleration = np.gradient(np.gradient(path, SUBSTEP_S, axis=0), SUBSTEP_S, axis=0)

    operators, samples = root_operators(frames), step_samples(frames)
    place = (operators.place[..., None] * windows(root)).sum(2).reshape(-1, 3)
    np.testing.assert_allclose(place, path[samples], atol=0.002)
    # Entries beyond the band are left out; they matter less the smoother a path is, and this one is rough.
    change = (operators.acceleration[..., None] * windows(root - root.mean(0))).sum(2).reshape(-1, 3)
    largest = np.abs(acceleration).max()
    assert np.abs(change - acceleration[samples]).max() < 0.02 * largest


def test_a_path_that_is_moved_as_a_whole_is_not_accelerated() -> None:
    operators = root_operators(80)
    inside = slice(10, -10)
    assert np.abs(operators.acceleration.sum(-1)[inside]).max() < 0.5  # of entries of 300 1/s²
    np.testing.assert_allclose(operators.place.sum(-1)[inside], 1, atol=2e-3)
