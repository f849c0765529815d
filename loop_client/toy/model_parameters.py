"""The parameters of trained models as vectors, one for each run."""

from __future__ import annotations

from typing import Any

import numpy as np

from loop_client.toy.gaussian import Gaussian
from loop_client.toy.image_models import TrainedImageModel
from loop_client.toy.point_networks import Networks

_KINDS = ("gaussian", "diffusion", "flow-matching", "edm", "unet-diffusion", "unet-flow", "unet-edm", "wgan-gp")


def has_parameters(kind: str) -> bool:
    """Return whether the models of a kind of generator have a fixed number of parameters that can be compared."""
    return kind in _KINDS


def parameters_of(model: Any) -> np.ndarray:
    """Return the parameters (runs, p) of a trained model.

    Args:
        model: as the generator's `train` returned it; of a kind that `has_parameters`.
    """
    if isinstance(model, Gaussian):
        return np.concatenate([model.mean, model.covariance.reshape(len(model.mean), -1)], axis=1)
    if isinstance(model, Networks):
        tensors = [each.detach().double().numpy() for each in (*model.weights, *model.biases)]
        return np.concatenate([each.reshape(len(each), -1) for each in tensors], axis=1)
    runs: list[TrainedImageModel] = model
    vectors = [[each.detach().double().numpy().ravel() for each in run.networks.parameters()] for run in runs]
    return np.stack([np.concatenate(parts) for parts in vectors])
