"""A policy that was learned: a small network in numpy, with a card that says where it comes from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from motion.errors import InvalidInput, NotFound
from motion.shell.atomic import atomic_path
from sim_server.body.retarget import StepFields
from sim_server.engine.controller import BodyState
from sim_server.policies.observation import ACTION_SIZE, OBSERVATION_SIZE, VERSION, observe, residual_of
from sim_server.policies.policy import Residual

FURTHEST = 5.0
"""Deviations from the mean at which a normalised number is cut off."""
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "elu": lambda values: np.where(values > 0, values, np.expm1(np.minimum(values, 0))),
    "tanh": np.tanh,
    "relu": lambda values: np.maximum(values, 0),
}
_WEIGHTS, _CARD = "policy.safetensors", "card.json"
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
        self.trip_m = float(card.get("trip_m") or _TRIP_M)
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
    """Write evaluation rows (`sim_server.evaluation.evaluate`) into a policy's card. Raises as `read_policy`."""
    card = _read_card(folder)
    with atomic_path(folder / _CARD) as path:
        path.write_text(json.dumps({**card, "scores": list(rows)}, indent=1) + "\n")


def read_policy(folder: Path) -> LearnedPolicy:
    """The policy in a folder: `policy.safetensors` and `card.json`.

    Raises:
        NotFound: there is no such folder or file.
        InvalidInput: a file is damaged, it is of another observation version, or its tensors do not fit.
    """
    card = _read_card(folder)
    weights = folder / _WEIGHTS
    if not weights.is_file():
        raise NotFound(f"no policy in {folder}: it must hold {_WEIGHTS} and {_CARD}")
    try:
        tensors = load_file(weights)
    except (OSError, SafetensorError) as error:
        raise InvalidInput.of("policy", f"{weights} is damaged or something else ({error})") from error
    if fault := _fault_of_tensors(tensors):
        raise InvalidInput.of("policy", f"{folder} {fault}")
    return LearnedPolicy(card["name"], tensors, card)


def _read_card(folder: Path) -> dict[str, Any]:
    file = folder / _CARD
    if not file.is_file():
        raise NotFound(f"no policy in {folder}: it must hold {_WEIGHTS} and {_CARD}")
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput.of("policy", f"{file} is damaged or something else ({error})") from error
    if not isinstance(card, dict) or not isinstance(card.get("name"), str):
        raise InvalidInput.of("policy", f"{file} is no card; it must be a JSON object with the policy's name")
    version, activation = card.get("observation_version"), card.get("activation", "elu")
    if version != VERSION:
        raise InvalidInput.of("policy", f"{folder} is of observation version {version}; this program's is {VERSION}")
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise InvalidInput.of("policy", f"{folder} has activation {activation!r}; known are {', '.join(ACTIVATIONS)}")
    for name in ("trip_m", "furthest"):
        value = card.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value > 0):
            raise InvalidInput.of("policy", f"{file} has {name} {value!r}; must be a positive number")
    return card


def _fault_of_tensors(tensors: Mapping[str, np.ndarray]) -> str | None:
    """What is wrong with the tensors of a policy, if anything."""
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    layers = sum(name.startswith("weight") for name in shapes)
    width = OBSERVATION_SIZE
    wanted = {"mean": (width,), "scale": (width,)}
    for index in range(layers):
        out = ACTION_SIZE if index == layers - 1 else (*shapes.get(f"weight{index}", ()), 0)[0]
        wanted |= {f"weight{index}": (out, width), f"bias{index}": (out,)}
        width = out
    if not layers or shapes != wanted:
        return (
            f"has tensors {shapes}; its layers must lead from {OBSERVATION_SIZE} to {ACTION_SIZE} numbers, as {wanted}"
        )
    if not all(tensor.dtype == np.float32 and np.isfinite(tensor).all() for tensor in tensors.values()):
        return "has tensors that are not finite numbers of float32"
    return None
