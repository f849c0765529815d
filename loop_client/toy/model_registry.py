"""Models of points by name."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from loop_client.toy.distributions import Distribution
from loop_client.toy.gaussian import GaussianModel
from loop_client.toy.gaussian_mixture import GaussianMixtureModel
from loop_client.toy.glow import GlowModel
from loop_client.toy.image_models import ImageKind
from loop_client.toy.image_unet import UNetDiffusion, UNetFlow
from loop_client.toy.image_wgan import WassersteinGAN
from loop_client.toy.kernel_density import KernelDensityModel
from loop_client.toy.point_networks import DiffusionModel, FlowMatchingModel
from loop_client.toy.toy_model import PointModel
from motion.errors import InvalidInput

MODELS: dict[str, Callable[..., PointModel]] = {
    "gaussian": GaussianModel,
    "kernel-density": KernelDensityModel,
    "gaussian-mixture": GaussianMixtureModel,
    "flow-matching": FlowMatchingModel,
    "diffusion": DiffusionModel,
    "glow": GlowModel,
}
IMAGE_MODELS: dict[str, Callable[..., PointModel]] = {
    "unet-diffusion": UNetDiffusion,
    "unet-flow": UNetFlow,
    "wgan-gp": WassersteinGAN,
}
KINDS = (*MODELS, *IMAGE_MODELS)


def _check_number(name: str, value: float, may_be_nothing: bool) -> None:
    """Raises InvalidInput where a setting's value can't be meant."""
    if not math.isfinite(value) or value < 0 or (value == 0 and not may_be_nothing):
        wanted = "0 or more" if may_be_nothing else "above 0"
        raise InvalidInput.of(f"generator.settings.{name}", f"is {value!r}; must be a finite number {wanted}")


def make_model(kind: str, settings: Mapping[str, Any], distribution: Distribution) -> PointModel:
    """The model `kind` with `settings`, for points of `distribution`.

    Raises:
        InvalidInput: it has no such setting, or the value is of another kind; or it does not make such points.
    """
    images, dim = distribution.images, distribution.dim
    if (kind in IMAGE_MODELS) != (images is not None):
        wants, has = ("images", "points") if images is None else ("points", "images")
        raise InvalidInput.of("generator.kind", f"{kind!r} makes {wants}; the data has {has}")
    if kind == "kernel-density" and dim != 1:
        raise InvalidInput.of("generator.kind", f"'kernel-density' is of one dimension; the data has {dim}")
    if kind == "glow" and dim % 2:
        raise InvalidInput.of("generator.kind", f"'glow' is of an even dimension; the data has {dim}")
    make = MODELS[kind] if images is None else partial(IMAGE_MODELS[kind], ImageKind(images.shape, images.classes))
    known = {name: each for name, each in inspect.signature(make).parameters.items() if each.default is not each.empty}
    for name, value in settings.items():
        if name not in known:
            raise InvalidInput.of(f"generator.settings.{name}", f"is unknown; must be one of {', '.join(known)}")
        default = known[name].default
        if isinstance(value, bool) != isinstance(default, bool) or not isinstance(value, (type(default), int)):
            wanted = type(default).__name__
            raise InvalidInput.of(f"generator.settings.{name}", f"is {value!r}; must be of kind {wanted}")
        if not isinstance(value, bool):
            _check_number(name, value, may_be_nothing=default == 0 or name == "drop")
    return make(**settings)
