"""The learned policy: a small network, evaluated in numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from motion.array_types import FloatArray
from sim_server.body.reference_row import ReferenceStep
from sim_server.engine.body_state import BodyState
from sim_server.policies.observation import ACTION_SIZE, decode_action, observe
from sim_server.policies.policy import Action

CLIP_RANGE = 5.0
"""Default bound on normalised observations, in standard deviations from the mean."""
DEFAULT_ACTIVATION = "elu"
ACTIVATIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "elu": lambda values: np.where(values > 0, values, np.expm1(np.minimum(values, 0))),
    "tanh": np.tanh,
    "relu": lambda values: np.maximum(values, 0),
}
"""The activation functions that a policy may have, by name."""
_ASSIST_THRESHOLD_M = 0.18  # a learned policy recovers from further away than the analytic controller
_BLOCK = 8  # rows in one matrix product: always this many, because products of other shapes differ in last bits


class LearnedPolicy:
    """The mean action of a Gaussian policy: a multilayer perceptron on a normalised observation.

    The action of a body does not depend on which other bodies the policy is called for in the same batch.

    Args:
        name: name of the policy.
        tensors: `mean` and `scale` (size,) that normalise an observation, and for each layer i `weight{i}`
            (out, in) and `bias{i}` (out,); all float32.
        card: where the policy comes from. Three of its entries change how it acts: `assist_threshold_m`; `activation`,
            one of `ACTIVATIONS`; and `clip_range`, the bound on normalised observations, null for no bound.
    """

    learned = True

    def __init__(self, name: str, tensors: Mapping[str, FloatArray], card: Mapping[str, Any]):
        self.name = name
        self.assist_threshold_m = float(card.get("assist_threshold_m") or _ASSIST_THRESHOLD_M)
        self.card = card
        self._activation = ACTIVATIONS[card.get("activation", DEFAULT_ACTIVATION)]
        self._clip_range = np.float32(card.get("clip_range", CLIP_RANGE) or np.inf)
        self._mean, self._scale = tensors["mean"], tensors["scale"]
        count = sum(key.startswith("weight") for key in tensors)
        self._layers = [(np.ascontiguousarray(tensors[f"weight{i}"].T), tensors[f"bias{i}"]) for i in range(count)]

    @property
    def tensors(self) -> dict[str, FloatArray]:
        """The tensors of the policy, as it was made of them."""
        tensors = {"mean": self._mean, "scale": self._scale}
        for index, (weight, bias) in enumerate(self._layers):
            tensors |= {f"weight{index}": weight.T, f"bias{index}": bias}
        return tensors

    def act(self, body: BodyState, reference: ReferenceStep, assist_limit: FloatArray) -> Action:
        """Choose the action of n bodies for one control step; see `Policy.act`."""
        seen = observe(body, reference, assist_limit)[:, : len(self._mean)]
        return decode_action(self.actions(seen), body)

    def actions(self, observations: FloatArray) -> FloatArray:
        """Evaluate the network: (n, size of its observation) -> (n, ACTION_SIZE)."""
        count, size = len(observations), len(self._mean)
        blocks = np.zeros((-(-count // _BLOCK), _BLOCK, size), np.float32)
        blocks.reshape(-1, size)[:count] = observations
        values = np.clip((blocks - self._mean) * self._scale, -self._clip_range, self._clip_range)
        for weight, bias in self._layers[:-1]:
            values = self._activation(values @ weight + bias)
        weight, bias = self._layers[-1]
        return (values @ weight + bias).reshape(-1, ACTION_SIZE)[:count]
