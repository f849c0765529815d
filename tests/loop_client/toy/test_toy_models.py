"""Generators of points: Gaussians, kernel densities, networks and flows, against formulas and by what they learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from toy_fakes import rng_for

from loop_client.toy.distributions import gaussian
from loop_client.toy.gaussian import Gaussian, GaussianModel
from loop_client.toy.glow import GlowModel
from loop_client.toy.kernel_density import KernelDensityModel
from loop_client.toy.model_registry import POINT_MODELS, make_model
from loop_client.toy.point_set import PointSet
from motion.errors import InvalidInput


@pytest.mark.parametrize("unbiased", [True, False])
def test_a_gaussian_has_the_mean_and_covariance_that_numpy_computes(unbiased: bool) -> None:
    points = np.random.default_rng(0).normal(3, 2, (2, 30, 3))
    whole = PointSet(points)
    model = GaussianModel(unbiased).train([whole.first(10), PointSet(points[:, 10:])], None, rng_for)
    for run in range(2):
        np.testing.assert_allclose(model.mean[run], points[run].mean(axis=0))
        np.testing.assert_allclose(model.covariance[run], np.cov(points[run].T, ddof=int(unbiased)))


def test_samples_of_a_gaussian_have_its_moments() -> None:
    covariance = np.array([[2.0, 1.0], [1.0, 1.0]])
    model = Gaussian(np.array([[1.0, -1.0]]), covariance[None])
    for bias in (1.0, 0.25):
        samples = GaussianModel().sample(model, 200_000, bias, np.random.default_rng(0))[0]
        np.testing.assert_allclose(samples.mean(axis=0), [1, -1], atol=0.02)
        np.testing.assert_allclose(np.cov(samples.T), bias * covariance, atol=0.03)


def test_a_kernel_density_agrees_with_its_formula() -> None:
    points = np.random.default_rng(0).normal(0, 1.5, (2, 50, 1))
    model = KernelDensityModel(0.5).train([PointSet(points)], None, rng_for)
    edges, mass = model.mass()
    middle = (edges[1:] + edges[:-1]) / 2
    bandwidth = 0.5 * 50**-0.2
    for run in range(2):
        apart = (middle[:, None] - points[run, :, 0]) / bandwidth
        density = np.exp(-0.5 * apart**2).mean(axis=1) / (np.sqrt(2 * np.pi) * bandwidth)
        np.testing.assert_allclose(mass[run], density * np.diff(edges), atol=2e-5)


@pytest.mark.parametrize("kind", POINT_MODELS)
def test_every_point_model_learns_a_gaussian(kind: str) -> None:
    quick_settings: dict[str, dict[str, Any]] = {
        "gaussian-mixture": {"components": 2},
        "flow-matching": {"width": 32, "first_epochs": 60, "epochs": 5, "batch": 64, "rate": 5e-3, "steps": 20},
        "diffusion": {"width": 32, "first_epochs": 150, "epochs": 5, "batch": 64, "rate": 5e-3, "steps": 20},
    }
    dim = 2 if kind == "glow" else 1
    model = make_model(kind, quick_settings.get(kind, {}), gaussian(dim))
    points = 2 + 0.5 * np.random.default_rng(0).standard_normal((2, 256, dim))
    first = model.train([PointSet(points)], None, rng_for)
    again = model.train([PointSet(points)], first, rng_for)
    for trained in (first, again):
        samples = model.sample(trained, 500, 1.0, np.random.default_rng(1))
        assert samples.shape == (2, 500, dim)
        np.testing.assert_allclose(samples.mean(axis=(1, 2)), 2, atol=0.25)
        np.testing.assert_allclose(samples.std(axis=(1, 2)), 0.5, atol=0.2)
    assert np.array_equal(samples, model.sample(again, 500, 1.0, np.random.default_rng(1)))


def test_a_glow_is_invertible_and_its_log_determinant_is_right() -> None:
    points = np.random.default_rng(0).normal(1, 3, (2, 64, 2))
    flow = GlowModel(couplings=4, width=16, epochs=20, batch=32, rate=1e-2).train([PointSet(points)], None, rng_for)
    given = torch.tensor(points, dtype=torch.float32)
    noise, volume = flow.to_noise(given)
    torch.testing.assert_close(flow.to_points(noise), given, atol=1e-3, rtol=1e-4)
    for run, place in ((0, 3), (1, 40)):
        one = torch.zeros_like(given[:, :1]) + given[:, place : place + 1]
        full = torch.autograd.functional.jacobian(lambda x: flow.to_noise(x)[0], one)
        assert isinstance(full, torch.Tensor)
        jacobian = full[run, 0, :, run, 0]
        assert float(torch.linalg.slogdet(jacobian).logabsdet) == pytest.approx(volume[run, place].item(), abs=1e-3)


def test_unknown_or_wrong_settings_of_a_model_are_refused() -> None:
    for settings, word in (
        ({"wings": 2}, "wings"),
        ({"ridge": "soft"}, "ridge"),
        ({"ridge": -1.0}, "0 or more"),
        ({"unbiased": 1}, "unbiased"),
    ):
        with pytest.raises(InvalidInput, match=word):
            make_model("gaussian", settings, gaussian(2))
    for value in (0, float("nan")):
        with pytest.raises(InvalidInput, match="above 0"):
            make_model("glow", {"rate": float(value)}, gaussian(2))


@pytest.mark.parametrize("kind", ["diffusion", "flow-matching", "edm"])
def test_a_constant_number_of_updates_does_not_depend_on_the_size_of_the_training_set(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(kind, {"width": 8, "layers": 1, "first_epochs": 1, "updates": 5, "batch": 32}, gaussian(2))
    losses: list[int] = []
    original = type(model)._loss  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setattr(type(model), "_loss", lambda *args: losses.append(1) or original(*args))
    sets = [PointSet(gaussian(2).draw(np.random.default_rng(0), 1, n)) for n in (64, 640)]
    first = model.train([sets[0]], None, rng_for)
    assert len(losses) == 2  # one epoch of two batches
    for each in sets:
        losses.clear()
        model.train([each], first, rng_for)
        assert len(losses) == 5
