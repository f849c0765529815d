"""The parameters of trained models as vectors, one for each run."""

from __future__ import annotations

from typing import Any

import numpy as np

from loop_client.toy.gaussian import Gaussian
from loop_client.toy.image_models import ImageModel, TrainedImageModel
from loop_client.toy.point_networks import NetworkModel, Networks
from loop_client.toy.toy_model import ToyModel

NETWORK_KINDS = ("diffusion", "flow-matching", "edm", "unet-diffusion", "unet-flow", "unet-edm", "wgan-gp")
"""Kinds of generators that are neural networks, whose weights are random before they are trained."""

PARAMETER_KINDS = ("gaussian", *NETWORK_KINDS)
"""Kinds of generators with a fixed number of parameters, which can be compared."""


def parameters_of(model: Any) -> np.ndarray:
    """Return the parameters (runs, p) of a trained model.

    Args:
        model: as the generator's `train` returned it; of one of `PARAMETER_KINDS`.
    """
    if isinstance(model, Gaussian):
        return np.concatenate([model.mean, model.covariance.reshape(len(model.mean), -1)], axis=1)
    if isinstance(model, Networks):
        tensors = [each.detach().double().numpy() for each in (*model.weights, *model.biases)]
        return np.concatenate([each.reshape(len(each), -1) for each in tensors], axis=1)
    runs: list[TrainedImageModel] = model
    vectors = [[each.detach().double().numpy().ravel() for each in run.networks.parameters()] for run in runs]
    return np.stack([np.concatenate(parts) for parts in vectors])


def random_parameters(model: ToyModel, runs: int, dim: int, rng: np.random.Generator) -> np.ndarray:
    """Return the parameters (runs, p) of networks that were not trained.

    Args:
        model: the kind of generator; one of `NETWORK_KINDS`.
        runs: number of runs.
        dim: of the points.
        rng: the source of randomness.
    """
    if isinstance(model, ImageModel):
        return parameters_of(model.untrained(runs, rng))  # the format of the images says how large they are
    assert isinstance(model, NetworkModel)
    return parameters_of(model.untrained(runs, dim, rng))
