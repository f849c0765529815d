"""Kinds of generators by name."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from loop_client.toy.distributions import Distribution
from loop_client.toy.edm_models import PointEDM, UNetEDM
from loop_client.toy.gaussian import GaussianModel
from loop_client.toy.gaussian_mixture import GaussianMixtureModel
from loop_client.toy.glow import GlowModel
from loop_client.toy.image_models import ImageFormat
from loop_client.toy.image_unet import UNetDiffusion, UNetFlow
from loop_client.toy.image_wgan import WassersteinGAN
from loop_client.toy.kernel_density import KernelDensityModel
from loop_client.toy.point_networks import DiffusionModel, FlowMatchingModel
from loop_client.toy.toy_model import ToyModel
from motion.errors import InvalidInput

POINT_MODELS: dict[str, Callable[..., ToyModel]] = {
    "gaussian": GaussianModel,
    "kernel-density": KernelDensityModel,
    "gaussian-mixture": GaussianMixtureModel,
    "flow-matching": FlowMatchingModel,
    "diffusion": DiffusionModel,
    "edm": PointEDM,
    "glow": GlowModel,
}
IMAGE_MODELS: dict[str, Callable[..., ToyModel]] = {
    "unet-diffusion": UNetDiffusion,
    "unet-flow": UNetFlow,
    "unet-edm": UNetEDM,
    "wgan-gp": WassersteinGAN,
}
MODEL_KINDS = (*POINT_MODELS, *IMAGE_MODELS)


def make_model(kind: str, settings: Mapping[str, Any], distribution: Distribution) -> ToyModel:
    """Return the generator `kind` with `settings`, for the points of a distribution.

    Args:
        kind: one of `MODEL_KINDS`.
        settings: values by name; the others are the defaults of the kind.
        distribution: the data that is to be generated.

    Raises:
        InvalidInput: the kind has no such setting, a value has the wrong type or range, or the kind cannot generate
            such data.
    """
    images, dim = distribution.images, distribution.dim
    if (kind in IMAGE_MODELS) != (images is not None):
        generated, given = ("images", "points") if images is None else ("points", "images")
        raise InvalidInput.of("generator.kind", f"is {kind!r}, which generates {generated}; the data has {given}")
    if kind == "kernel-density" and dim != 1:
        raise InvalidInput.of("generator.kind", f"is 'kernel-density', which needs one dimension; the data has {dim}")
    if kind == "glow" and dim % 2:
        raise InvalidInput.of("generator.kind", f"is 'glow', which needs an even dimension; the data has {dim}")
    if images is None:
        make = POINT_MODELS[kind]
    else:
        make = partial(IMAGE_MODELS[kind], ImageFormat(images.shape, images.classes))
    known = {name: each for name, each in inspect.signature(make).parameters.items() if each.default is not each.empty}
    for name, value in settings.items():
        if name not in known:
            raise InvalidInput.of(f"generator.settings.{name}", f"is unknown; must be one of {', '.join(known)}")
        default = known[name].default
        if isinstance(value, bool) != isinstance(default, bool) or not isinstance(value, (type(default), int)):
            raise InvalidInput.of(
                f"generator.settings.{name}", f"is {value!r}; must be of type {type(default).__name__}"
            )
        if not isinstance(value, bool):
            _check_number(name, value, zero_allowed=default == 0 or name == "drop")
    return make(**settings)


def _check_number(name: str, value: float, zero_allowed: bool) -> None:
    if not math.isfinite(value) or value < 0 or (value == 0 and not zero_allowed):
        wanted = "0 or more" if zero_allowed else "above 0"
        raise InvalidInput.of(f"generator.settings.{name}", f"is {value!r}; must be a finite number {wanted}")
