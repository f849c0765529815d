"""Policy folders: what is written is read again, and what does not fit is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from motion.errors import InvalidInput
from sim_server.policies.observation import ACTION_SIZE, OBSERVATION_SIZE
from sim_server.policies.policy_folder import read_policy, write_policy

WIDTH = 4


def tensors() -> dict[str, np.ndarray]:
    """Return the tensors of a small random network."""
    rng = np.random.default_rng(0)
    return {
        "mean": np.zeros(OBSERVATION_SIZE),
        "scale": np.ones(OBSERVATION_SIZE),
        "weight0": rng.normal(0, 0.1, (WIDTH, OBSERVATION_SIZE)),
        "bias0": np.zeros(WIDTH),
        "weight1": rng.normal(0, 0.1, (ACTION_SIZE, WIDTH)),
        "bias1": np.zeros(ACTION_SIZE),
    }


def test_a_policy_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_policy(tmp_path / "small", "small", tensors(), {"assist_threshold_m": 0.25, "source": "here"})
    policy = read_policy(tmp_path / "small")
    assert (policy.name, policy.assist_threshold_m, policy.card["source"]) == ("small", 0.25, "here")
    seen = np.random.default_rng(1).normal(0, 1, (3, OBSERVATION_SIZE)).astype(np.float32)
    assert policy.actions(seen).shape == (3, ACTION_SIZE)


def test_observations_are_cut_to_the_clip_range(tmp_path: Path) -> None:
    for name, clip_range in (("narrow", 0.5), ("wide", None)):
        write_policy(tmp_path / name, name, tensors(), {"clip_range": clip_range})
    far = np.full((1, OBSERVATION_SIZE), 7.0, np.float32)
    narrow, wide = read_policy(tmp_path / "narrow"), read_policy(tmp_path / "wide")
    assert np.array_equal(narrow.actions(far), wide.actions(np.full_like(far, 0.5)))
    assert not np.array_equal(narrow.actions(far), wide.actions(far))


@pytest.mark.parametrize(("old", "new"), [("trip_m", "assist_threshold_m"), ("furthest", "clip_range")])
def test_an_earlier_name_of_an_entry_is_refused_with_the_new_name(tmp_path: Path, old: str, new: str) -> None:
    write_policy(tmp_path, "small", tensors(), {old: 0.2})
    with pytest.raises(InvalidInput, match=f"has the entry {old}, which is called {new} now"):
        read_policy(tmp_path)


@pytest.mark.parametrize("name", ["base", "zero"])
def test_a_policy_may_not_have_the_name_of_one_that_is_built_in(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match=f"has the name '{name}'"):
        write_policy(tmp_path, name, tensors(), {})
    assert not (tmp_path / "card.json").exists()
    write_policy(tmp_path, "small", tensors(), {})
    card = tmp_path / "card.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "name": name}))
    with pytest.raises(InvalidInput, match=f"has the name '{name}'"):
        read_policy(tmp_path)
