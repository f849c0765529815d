"""Trained networks as plain arrays, and back, to continue training as if nothing had happened in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from loop_client.toy.image_models import ImageModel, TrainedImageModel
from loop_client.toy.point_networks import NetworkModel, Networks
from loop_client.toy.toy_model import ToyModel

Arrays = dict[str, np.ndarray]
_WEIGHT, _OPTIMIZER = "weight", "optimizer"


def model_arrays(model: Any) -> Arrays:
    """Return the weights and the optimizer's moments of a trained model, by name.

    Args:
        model: as `train` returned it, of a kind of generator that is one of `model_parameters.NETWORK_KINDS`.
    """
    if isinstance(model, Networks):
        weights = {f"{_WEIGHT}.{i}": _array(each) for i, each in enumerate((*model.weights, *model.biases))}
        return weights | _prefixed(_OPTIMIZER, _optimizer_arrays(model.optimizer.state_dict()))
    runs: list[TrainedImageModel] = model
    found: Arrays = {}
    for number, run in enumerate(runs):
        weights = {name: _array(tensor) for name, tensor in run.networks.state_dict().items()}
        found |= _prefixed(f"{number}.{_WEIGHT}", weights)
        for network, state in run.optimizers.items():
            found |= _prefixed(f"{number}.{_OPTIMIZER}.{network}", _optimizer_arrays(state))
    return found


def model_from_arrays(model: ToyModel, arrays: Mapping[str, np.ndarray]) -> Any:
    """Return the trained model whose `model_arrays` these are.

    Args:
        model: the kind of generator, with its settings.
        arrays: by name.
    """
    if isinstance(model, ImageModel):
        return [_image_model(model, _within(arrays, str(run))) for run in range(_count(arrays))]
    assert isinstance(model, NetworkModel)
    tensors = [torch.from_numpy(array.copy()) for array in _numbered(_within(arrays, _WEIGHT))]
    half = len(tensors) // 2
    networks = model.from_weights(tensors[:half], tensors[half:])
    _load_optimizer(networks.optimizer, _within(arrays, _OPTIMIZER))
    return networks


def _image_model(model: ImageModel, arrays: Mapping[str, np.ndarray]) -> TrainedImageModel:
    (run,) = model.untrained(1, np.random.default_rng(0))
    weights = _within(arrays, _WEIGHT)
    run.networks.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
    states = {}
    for network, module in run.networks.items():
        state = _within(arrays, f"{_OPTIMIZER}.{network}")
        if state:
            optimizer = model.make_optimizer(module, model.rate)
            _load_optimizer(optimizer, state)
            states[network] = optimizer.state_dict()
    return TrainedImageModel(run.networks, states)


def _optimizer_arrays(state: Mapping[str, Any]) -> Arrays:
    """Return the moments in the state of an optimizer; its settings are those of the recipe."""
    return {f"{i}.{name}": _array(value) for i, each in state["state"].items() for name, value in each.items()}


def _load_optimizer(optimizer: torch.optim.Optimizer, arrays: Mapping[str, np.ndarray]) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, array in arrays.items():
        number, key = name.split(".")
        state.setdefault(int(number), {})[key] = torch.from_numpy(array.copy())
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def _prefixed(prefix: str, arrays: Mapping[str, np.ndarray]) -> Arrays:
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def _within(arrays: Mapping[str, np.ndarray], prefix: str) -> Arrays:
    """Return the arrays whose names begin with a prefix, without it."""
    begin = f"{prefix}."
    return {name.removeprefix(begin): array for name, array in arrays.items() if name.startswith(begin)}


def _count(arrays: Mapping[str, np.ndarray]) -> int:
    return len({name.split(".")[0] for name in arrays})


def _numbered(arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    return [arrays[str(number)] for number in range(len(arrays))]
