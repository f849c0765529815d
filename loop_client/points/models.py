"""Models of points by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from loop_client.points.coupling_flow import CouplingFlowModel
from loop_client.points.gaussian import GaussianModel
from loop_client.points.gaussian_mixture import GaussianMixtureModel
from loop_client.points.kernel_density import KernelDensityModel
from loop_client.points.model import PointModel
from loop_client.points.point_networks import DiffusionModel, FlowMatchingModel
from motion.errors import InvalidInput

MODELS: dict[str, Callable[..., PointModel]] = {
    "gaussian": GaussianModel,
    "kernel-density": KernelDensityModel,
    "gaussian-mixture": GaussianMixtureModel,
    "flow-matching": FlowMatchingModel,
    "diffusion": DiffusionModel,
    "coupling-flow": CouplingFlowModel,
}


def make_model(kind: str, settings: Mapping[str, Any]) -> PointModel:
    """The model `kind` with `settings`.

    Raises:
        InvalidInput: it has no such setting, or the value is of another kind.
    """
    known = inspect.signature(MODELS[kind]).parameters
    for name, value in settings.items():
        if name not in known:
            raise InvalidInput.of(f"generator.settings.{name}", f"is unknown; must be one of {', '.join(known)}")
        default = known[name].default
        if isinstance(value, bool) != isinstance(default, bool) or not isinstance(value, (type(default), int)):
            wanted = type(default).__name__
            raise InvalidInput.of(f"generator.settings.{name}", f"is {value!r}; must be of kind {wanted}")
    return MODELS[kind](**settings)
