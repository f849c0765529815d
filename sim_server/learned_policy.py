"""A policy that was learned: a small network in numpy, with a card that says where it comes from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from motion.atomic import atomic_path
from motion.errors import InvalidInput, NotFound
from sim_server.controller import BodyState
from sim_server.observation import ACTION_SIZE, OBSERVATION_SIZE, VERSION, observe, residual_of
from sim_server.policy import Residual
from sim_server.retarget import StepFields

FURTHEST = 5.0
"""Deviations from the mean at which a normalised number is cut off."""
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "elu": lambda values: np.where(values > 0, values, np.expm1(np.minimum(values, 0))),
    "tanh": np.tanh,
    "relu": lambda values: np.maximum(values, 0),
}
_TRIP_M = 0.18  # it finds back from further away than the analytic controller
_BLOCK = 32  # rows that go through the network together: always that many, so that a row's bits never vary


class LearnedPolicy:
    """The mean action of a Gaussian policy: a multilayer perceptron on a normalised observation.

    Its card may say: `trip_m`; `activation`, one of `ACTIVATIONS`; `furthest`, at how many deviations a normalised
    number is cut off, or null for nowhere.

    Its result for a body does not depend on which others are asked for along with it.
    """

    learned = True

    def __init__(self, name: str, tensors: dict[str, np.ndarray], card: dict[str, Any]):
        self.name = name
        self.trip_m = float(card.get("trip_m", _TRIP_M))
        self.card = card
        self._activation = ACTIVATIONS[card.get("activation", "elu")]
        self._furthest = np.float32(card.get("furthest", FURTHEST) or np.inf)
        self._mean, self._scale = tensors["mean"], tensors["scale"]
        count = sum(key.startswith("weight") for key in tensors)
        self._layers = [(np.ascontiguousarray(tensors[f"weight{i}"].T), tensors[f"bias{i}"]) for i in range(count)]

    def act(self, state: BodyState, step: StepFields, limit: np.ndarray) -> Residual:
        return residual_of(self.actions(observe(state, step, limit)), state)

    def actions(self, observations: np.ndarray) -> np.ndarray:
        """(n, OBSERVATION_SIZE) float32 -> (n, ACTION_SIZE) float32."""
        count = len(observations)
        padded = np.zeros((-(-count // _BLOCK) * _BLOCK, OBSERVATION_SIZE), np.float32)
        padded[:count] = observations
        out = np.empty((len(padded), ACTION_SIZE), np.float32)
        for start in range(0, len(padded), _BLOCK):
            values = (padded[start : start + _BLOCK] - self._mean) * self._scale
            values = np.clip(values, -self._furthest, self._furthest)
            for index, (weight, bias) in enumerate(self._layers):
                values = values @ weight + bias
                if index < len(self._layers) - 1:
                    values = self._activation(values)
            out[start : start + _BLOCK] = values
        return out[:count]


def add_scores(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note in a policy's card how it did: rows of `sim_server.evaluation`. Raises NotFound where there is no card."""
    file = folder / "card.json"
    if not file.is_file():
        raise NotFound(f"no policy in {folder}: it must hold card.json")
    card = json.loads(file.read_text())
    with atomic_path(file) as path:
        path.write_text(json.dumps({**card, "scores": list(rows)}, indent=1) + "\n")


def read_policy(folder: Path) -> LearnedPolicy:
    """The policy in a folder: `policy.safetensors` and `card.json`.

    Raises:
        NotFound: there is no such folder or file.
        InvalidInput: it is of another observation version, or its tensors do not fit.
    """
    weights, card_file = folder / "policy.safetensors", folder / "card.json"
    if not weights.is_file() or not card_file.is_file():
        raise NotFound(f"no policy in {folder}: it must hold policy.safetensors and card.json")
    card = json.loads(card_file.read_text())
    if card.get("observation_version") != VERSION:
        raise InvalidInput.of(
            "policy",
            f"{folder} is of observation version {card.get('observation_version')}; this program's is {VERSION}",
        )
    if card.get("activation", "elu") not in ACTIVATIONS:
        raise InvalidInput.of(
            "policy", f"{folder} has activation {card['activation']!r}; known are {', '.join(ACTIVATIONS)}"
        )
    tensors = load_file(weights)
    sizes = [tensors[f"weight{i}"].shape for i in range(sum(key.startswith("weight") for key in tensors))]
    if not sizes or sizes[0][1] != OBSERVATION_SIZE or sizes[-1][0] != ACTION_SIZE:
        raise InvalidInput.of(
            "policy", f"{folder} has layers {sizes}; must lead from {OBSERVATION_SIZE} to {ACTION_SIZE} numbers"
        )
    return LearnedPolicy(card["name"], tensors, card)
