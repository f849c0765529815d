"""Policies as folders: the weights of a network, and a card with its origin, its settings and its scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from motion.array_types import FloatArray
from motion.errors import InvalidInput, NotFound
from motion.shell.atomic import atomic_group, atomic_path
from sim_server.policies.learned_policy import ACTIVATIONS, DEFAULT_ACTIVATION, LearnedPolicy
from sim_server.policies.observation import ACTION_SIZE, OBSERVATION_SIZES, OBSERVATION_VERSION
from sim_server.policies.policy import check_policy_name

_WEIGHTS, _CARD = "policy.safetensors", "card.json"
_RENAMED = {"trip_m": "assist_threshold_m", "furthest": "clip_range"}  # earlier names of entries of the card


def read_policy(folder: Path) -> LearnedPolicy:
    """Read the policy in a folder with the files `policy.safetensors` and `card.json`.

    Raises:
        NotFound: there is no such folder or file.
        InvalidInput: a file is damaged, the policy has another observation version or the name of one that is not
            learned, or its tensors do not fit.
    """
    card = _read_card(folder)
    weights = folder / _WEIGHTS
    if not weights.is_file():
        raise NotFound(f"no policy in {folder}: it must hold {_WEIGHTS} and {_CARD}")
    try:
        tensors = load_file(weights)
    except (OSError, SafetensorError) as error:
        raise InvalidInput.of("policy", f"{weights} is damaged or something else ({error})") from error
    if fault := _tensor_fault(tensors, OBSERVATION_SIZES[card["observation_version"]]):
        raise InvalidInput.of("policy", f"{folder} {fault}")
    return LearnedPolicy(card["name"], tensors, card)


def write_policy(folder: Path, name: str, tensors: Mapping[str, FloatArray], card: Mapping[str, Any]) -> None:
    """Write a policy of this program's observation version; a reader sees both files or neither.

    Args:
        folder: where to write; it is made if need be.
        name: name of the policy.
        tensors: as `LearnedPolicy` takes them, of any floating type.
        card: further entries of the card.

    Raises:
        InvalidInput: the name is that of a policy that is not learned.
    """
    check_policy_name(name)
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"name": name, "observation_version": OBSERVATION_VERSION, **card}
    with atomic_group([folder / _WEIGHTS, folder / _CARD]) as (weights, text):
        save_file({key: np.ascontiguousarray(tensor, np.float32) for key, tensor in tensors.items()}, weights)
        text.write_text(json.dumps(whole, indent=1) + "\n")


def add_scores(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of `sim_server.evaluation.evaluate` into the card of a policy, in place of the rows that it has.

    Raises:
        NotFound: there is no card in the folder.
        InvalidInput: the card is damaged or of another observation version.
    """
    card = _read_card(folder)
    with atomic_path(folder / _CARD) as path:
        path.write_text(json.dumps({**card, "scores": list(rows)}, indent=1) + "\n")


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
    check_policy_name(card["name"])
    version, activation = card.get("observation_version"), card.get("activation", DEFAULT_ACTIVATION)
    if isinstance(version, bool) or version not in OBSERVATION_SIZES:
        known = " and ".join(map(str, OBSERVATION_SIZES))
        raise InvalidInput.of("policy", f"{folder} has observation version {version}; this program knows {known}")
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise InvalidInput.of("policy", f"{folder} has activation {activation!r}; known are {', '.join(ACTIVATIONS)}")
    for old, new in _RENAMED.items():
        if old in card:
            raise InvalidInput.of("policy", f"{file} has the entry {old}, which is called {new} now; rename it")
    for name in _RENAMED.values():
        value = card.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value > 0):
            raise InvalidInput.of("policy", f"{file} has {name} {value!r}; must be a positive number")
    return card


def _tensor_fault(tensors: Mapping[str, np.ndarray], observation_size: int) -> str | None:
    """Return what is wrong with the tensors of a policy that sees so many numbers, or None."""
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    layers = sum(name.startswith("weight") for name in shapes)
    width = observation_size
    required = {"mean": (width,), "scale": (width,)}
    for index in range(layers):
        out = ACTION_SIZE if index == layers - 1 else (*shapes.get(f"weight{index}", ()), 0)[0]
        required |= {f"weight{index}": (out, width), f"bias{index}": (out,)}
        width = out
    if not layers or shapes != required:
        return (
            f"has tensors {shapes}; its layers must lead from {observation_size} to {ACTION_SIZE} numbers, "
            f"as {required}"
        )
    if not all(tensor.dtype == np.float32 and np.isfinite(tensor).all() for tensor in tensors.values()):
        return "has tensors that are not finite numbers of float32"
    return None
