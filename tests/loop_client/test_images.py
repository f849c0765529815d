"""Images in the loop on points: the sets they come from, the models that make them, their correctors and metrics."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from loop_client.toy.distributions import DISTRIBUTIONS, Distribution, of_images
from loop_client.toy.images import digits, image_folder, mnist, split
from loop_client.toy.model_registry import IMAGE_MODELS, make_model
from loop_client.toy.point_set import Part
from loop_client.toy.toy_correctors import centroid, transport
from loop_client.toy.toy_experiment import run_experiment
from loop_client.toy.toy_metrics import Look, accuracy, fid, precision, recall
from loop_client.toy.toy_recipe import DataRecipe, experiment_of
from loop_client.toy.toy_report import write_report
from motion.errors import InvalidInput, NotFound

QUICK: dict[str, dict[str, Any]] = {
    "unet-diffusion": {"width": 8, "first_epochs": 2, "steps": 3, "times": 20},
    "unet-flow": {"width": 8, "first_epochs": 2, "steps": 3},
    "wgan-gp": {"width": 4, "first_epochs": 2, "latent": 4},
}


def chance(purpose: str) -> np.random.Generator:
    return np.random.default_rng(len(purpose))


@pytest.fixture(scope="module")
def real() -> Distribution:
    return of_images(digits())


def test_digits_are_known_by_their_features(real: Distribution) -> None:
    rng = np.random.default_rng(0)
    seen, unseen = real.draw(rng, 2, 300), real.draw_unseen(rng, 2, 300)
    assert seen.shape == unseen.shape == (2, 300, 65) and np.abs(seen[..., :-1]).max() == 1
    look = Look(None, seen, unseen, real)
    assert (accuracy(look) > 0.97).all() and (precision(look) > 0.9).all() and (recall(look) > 0.9).all()
    noise = Look(None, np.where(np.arange(65) < 64, rng.uniform(-1, 1, seen.shape), seen), unseen, real)
    assert (fid(noise) > 10 * fid(look)).all() and (accuracy(noise) < 0.5).all()
    # No image that a model is fitted to is one that it is compared with.
    images = digits()
    assert not {row.tobytes() for row in images.train[:, :-1]} & {row.tobytes() for row in images.test[:, :-1]}


def test_no_more_images_are_drawn_than_there_are(real: Distribution) -> None:
    with pytest.raises(InvalidInput, match="1297 images"):
        real.draw(np.random.default_rng(0), 1, 2000)


@pytest.mark.parametrize("kind", IMAGE_MODELS)
def test_every_model_of_images_trains_on_and_samples(kind: str, real: Distribution) -> None:
    model = make_model(kind, {**QUICK[kind], "batch": 32, "keep_optimizer": True}, real)
    parts = [Part(real.draw(np.random.default_rng(0), 2, 64))]
    first = model.fit(parts, None, chance)
    on = model.fit(parts, first, chance)
    samples = [model.sample(each, 20, bias, np.random.default_rng(0)) for each in (first, on) for bias in (1.0, 0.5)]
    for each in samples:
        assert each.shape == (2, 20, 65) and np.abs(each[..., :-1]).max() <= 1
        assert (np.bincount(split(each[0])[1]) == 2).all()
    assert len({each.tobytes() for each in samples}) == 4  # training on changed the model, bias what it makes
    assert np.array_equal(samples[0], model.sample(model.fit(parts, None, chance), 20, 1.0, np.random.default_rng(0)))


def test_from_scratch_the_model_before_does_not_matter(real: Distribution) -> None:
    model = make_model("wgan-gp", {**QUICK["wgan-gp"], "batch": 32, "scratch": True}, real)
    parts = [Part(real.draw(np.random.default_rng(0), 1, 64))]
    first = model.fit(parts, None, chance)
    made = [model.sample(each, 8, 1.0, np.random.default_rng(0)) for each in (first, model.fit(parts, first, chance))]
    assert np.array_equal(*made)


def test_a_diffusion_model_learns_digits(real: Distribution) -> None:
    settings = {"width": 8, "first_epochs": 30, "first_rate": 5e-3, "batch": 64, "steps": 10, "guidance": 0.5}
    model = make_model("unet-diffusion", settings, real)
    rng = np.random.default_rng(0)
    fitted = model.fit([Part(real.draw(rng, 1, 512))], None, chance)
    samples = model.sample(fitted, 200, 1.0, np.random.default_rng(0))
    beside = real.draw_unseen(rng, 1, 200)
    look = Look(fitted, samples, beside, real)
    assert accuracy(look)[0] > 0.4
    # What it samples with fresh noise in each step is nearer to real images than what DDIM makes of the same network.
    model = make_model("unet-diffusion", {**settings, "ancestral": True}, real)
    ancestral = Look(fitted, model.sample(fitted, 200, 1.0, np.random.default_rng(0)), beside, real)
    assert fid(ancestral)[0] < 0.8 * fid(look)[0] and accuracy(ancestral)[0] > accuracy(look)[0]


def test_centroids_are_of_the_same_class(real: Distribution) -> None:
    samples = real.draw(np.random.default_rng(0), 1, 100)
    noisy = samples + np.where(np.arange(65) < 64, np.random.default_rng(1).normal(0, 0.2, samples.shape), 0)
    corrected = centroid(noisy, np.inf, real, np.random.default_rng(0))
    assert np.array_equal(split(corrected)[1], split(samples)[1])
    assert len(np.unique(corrected[0], axis=0)) < 100
    assert np.array_equal(centroid(noisy, 0.0, real, np.random.default_rng(0)), noisy)
    half = centroid(noisy, 1.0, real, np.random.default_rng(0))
    assert 0.3 < (half == noisy).all(axis=2).mean() < 0.7


def test_centroids_of_points_are_their_modes() -> None:
    ring = DISTRIBUTIONS["ring"](2, "")
    far = 2 * ring.draw(np.random.default_rng(0), 1, 50)
    assert ring.centers is not None
    corrected = centroid(far, np.inf, ring, np.random.default_rng(0))[0]
    assert (np.linalg.norm(corrected[:, None] - ring.centers, axis=2).min(axis=1) < 3 * ring.scale).all()


@pytest.mark.parametrize("kind", ["gaussian", "digits"])
def test_transport_moves_to_real_points_by_its_share(kind: str) -> None:
    real = DISTRIBUTIONS[kind](2, "")
    samples = real.draw(np.random.default_rng(1), 1, 60)
    whole, half, none = (transport(samples, gamma, real, np.random.default_rng(0)) for gamma in (np.inf, 1.0, 0.0))
    np.testing.assert_allclose(half, (samples + whole) / 2)
    assert np.array_equal(none, samples)
    wanted = real.draw(np.random.default_rng(0), 1, 60)
    if kind == "gaussian":
        assert {tuple(row) for row in whole[0].round(9)} == {tuple(row) for row in wanted[0].round(9)}
    else:
        assert np.array_equal(whole[..., -1], samples[..., -1])


def idx(values: np.ndarray) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes() + values.astype(np.uint8).tobytes()


@pytest.fixture
def mnist_folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name, count in (("train", 40), ("t10k", 20)):
        (tmp_path / f"{name}-images-idx3-ubyte").write_bytes(idx(rng.integers(0, 256, (count, 28, 28))))
        (tmp_path / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.arange(count) % 10)))
    return tmp_path


def test_mnist_is_read_from_its_files(mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST", str(mnist_folder))
    recipe = DataRecipe("mnist", 40, path="$MNIST/")
    assert recipe.is_there
    images = recipe.distribution().images
    assert images and images.shape == (1, 28, 28) and images.train.shape == (40, 785) and len(images.test) == 20
    first = np.frombuffer((mnist_folder / "train-images-idx3-ubyte").read_bytes()[16 : 16 + 784], np.uint8)
    np.testing.assert_allclose(images.train[0, :-1], first / 127.5 - 1, atol=1e-6)
    assert split(images.train)[1].tolist() == (np.arange(40) % 10).tolist()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("train-images-idx3-ubyte", None, "no train-images"),
        ("train-images-idx3-ubyte", b"GIF89a", "no file of bytes"),
        ("train-images-idx3-ubyte", idx(np.zeros((3, 28, 28)))[:-1], "holds 2351 bytes"),
        ("t10k-labels-idx1-ubyte.gz", b"\x1f\x8bbroken", "cannot be read"),
        ("t10k-labels-idx1-ubyte.gz", gzip.compress(idx(np.zeros(3)), mtime=0), "20 t10k images and 3 labels"),
    ],
)
def test_files_that_are_not_mnist(mnist_folder: Path, name: str, content: bytes | None, says: str) -> None:
    (mnist_folder / name).unlink()
    if content is not None:
        (mnist_folder / name).write_bytes(content)
    with pytest.raises((InvalidInput, NotFound), match=says):
        mnist(str(mnist_folder))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(3):
                pixels = rng.integers(0, 256, (8, 12, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / part / name / f"{number}.png")
    return tmp_path


def test_an_image_folder_is_read(pictures: Path) -> None:
    images = image_folder(str(pictures))
    assert images.shape == (3, 8, 12) and images.classes == 2 and images.train.shape == (6, 3 * 8 * 12 + 1)
    with Image.open(pictures / "train/dog/1.png") as opened:
        np.testing.assert_allclose((images.train[4, :-1].reshape(3, 8, 12).transpose(1, 2, 0) + 1) * 127.5,
                                   np.asarray(opened), atol=1e-3)  # fmt: skip


def test_image_folders_that_are_none(pictures: Path) -> None:
    Image.new("RGB", (9, 9)).save(pictures / "test/cat/0.png")
    with pytest.raises(InvalidInput, match=r"0\.png: has shape \(3, 9, 9\); the first has \(3, 8, 12\)"):
        image_folder(str(pictures))
    (pictures / "test/cat/0.png").write_bytes(b"no image")
    with pytest.raises(InvalidInput, match="no image that can be read"):
        image_folder(str(pictures))
    (pictures / "test/bird").mkdir()
    with pytest.raises(InvalidInput, match="bird"):
        image_folder(str(pictures))
    with pytest.raises(NotFound, match="train"):
        image_folder(str(pictures / "train"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"generator": {"kind": "gaussian"}}, "generator.kind.*makes points; the data has images"),
        ({"generator": {"kind": "unet-flow", "settings": {"width": 9}}}, "width.*multiple of 8"),
        ({"generator": {"kind": "unet-flow", "settings": {"image": 9}}}, "image.*unknown"),
        ({"metrics": ["gaussian_w2"]}, r"metrics\[0\]"),
        ({"data": {"kind": "mnist", "n": 9}}, "path.*must say where"),
        ({"data": {"kind": "digits", "n": 9, "path": "here"}}, "path.*no place here"),
        ({"data": {"kind": "gaussian", "n": 9}}, "makes images; the data has points"),
    ],
)
def test_a_recipe_that_cannot_be_run_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        experiment_of({**SMALL, **change})


SMALL: dict[str, Any] = {
    "name": "small",
    "title": "Small",
    "paper": "none",
    "row": "none",
    "generations": 2,
    "seeds": 2,
    "samples": 20,
    "data": {"kind": "digits", "n": 64},
    "generator": {"kind": "wgan-gp", "settings": {**QUICK["wgan-gp"], "batch": 32}},
    "metrics": ["fid", "fid_100", "accuracy", "precision", "recall"],
    "arms": [
        {"name": "raw", "strategy": "augment", "synthetic": 20},
        {"name": "corrected", "strategy": "augment", "synthetic": 20, "corrector": "centroid"},
    ],
}


def test_an_experiment_on_images_and_its_report(tmp_path: Path) -> None:
    outcome = run_experiment(experiment_of(SMALL), tmp_path / "one")
    run_experiment(experiment_of(SMALL), tmp_path / "two")
    assert (tmp_path / "one/metrics.jsonl").read_bytes() == (tmp_path / "two/metrics.jsonl").read_bytes()
    first = {arm: curves["fid"][:, 0].tolist() for arm, curves in outcome.curves.items()}
    assert first["raw"] == first["corrected"]  # generation 0 is everyone's
    page = write_report(outcome, tmp_path / "one").read_text("utf-8")
    assert page.count('<img class="grid"') == 1 + 2 * 3
