"""Image sets: digits, MNIST and folders of images, and the features of a classifier of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from loop_client.toy.distributions import Distribution, image_distribution
from loop_client.toy.image_sets import digits, image_folder, mnist, split_images
from loop_client.toy.toy_metrics import MetricInput, accuracy, fid, precision, recall
from loop_client.toy.toy_recipe import ToyDataRecipe
from motion.errors import InvalidInput, NotFound


@pytest.fixture(scope="module")
def real() -> Distribution:
    return image_distribution(digits())


def test_digits_are_told_from_noise_by_their_features(real: Distribution) -> None:
    rng = np.random.default_rng(0)
    seen, unseen = real.draw(rng, 2, 300), real.draw_unseen(rng, 2, 300)
    assert seen.shape == unseen.shape == (2, 300, 65) and np.abs(seen[..., :-1]).max() == 1
    given = MetricInput(None, seen, unseen, real)
    assert (accuracy(given) > 0.97).all() and (precision(given) > 0.9).all() and (recall(given) > 0.9).all()
    noise = MetricInput(None, np.where(np.arange(65) < 64, rng.uniform(-1, 1, seen.shape), seen), unseen, real)
    assert (fid(noise) > 10 * fid(given)).all() and (accuracy(noise) < 0.5).all()
    # No image that a model is trained to is one that it is compared with.
    images = digits()
    assert not {row.tobytes() for row in images.train[:, :-1]} & {row.tobytes() for row in images.test[:, :-1]}


def test_no_more_images_are_drawn_than_there_are(real: Distribution) -> None:
    with pytest.raises(InvalidInput, match="1297 images"):
        real.draw(np.random.default_rng(0), 1, 2000)


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
    recipe = ToyDataRecipe("mnist", 40, path="$MNIST/")
    assert recipe.available
    images = recipe.distribution().images
    assert images and images.shape == (1, 28, 28) and images.train.shape == (40, 785) and len(images.test) == 20
    first = np.frombuffer((mnist_folder / "train-images-idx3-ubyte").read_bytes()[16 : 16 + 784], np.uint8)
    np.testing.assert_allclose(images.train[0, :-1], first / 127.5 - 1, atol=1e-6)
    assert split_images(images.train)[1].tolist() == (np.arange(40) % 10).tolist()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train-images-idx3-ubyte", None, "no train-images"),
        ("train-images-idx3-ubyte", b"GIF89a", "not an IDX file of bytes"),
        ("train-images-idx3-ubyte", idx(np.zeros((3, 28, 28)))[:-1], "holds 2351 bytes"),
        ("t10k-labels-idx1-ubyte.gz", b"\x1f\x8bbroken", "cannot be read"),
        ("t10k-labels-idx1-ubyte.gz", gzip.compress(idx(np.zeros(3)), mtime=0), "20 t10k images and 3 labels"),
    ],
)
def test_files_that_are_not_mnist_are_refused(
    mnist_folder: Path, name: str, content: bytes | None, message: str
) -> None:
    (mnist_folder / name).unlink()
    if content is not None:
        (mnist_folder / name).write_bytes(content)
    with pytest.raises((InvalidInput, NotFound), match=message):
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


def test_damaged_image_folders_are_refused(pictures: Path) -> None:
    Image.new("RGB", (9, 9)).save(pictures / "test/cat/0.png")
    with pytest.raises(InvalidInput, match=r"0\.png: has shape \(3, 9, 9\); the first has \(3, 8, 12\)"):
        image_folder(str(pictures))
    (pictures / "test/cat/0.png").write_bytes(b"no image")
    with pytest.raises(InvalidInput, match="cannot be read as an image"):
        image_folder(str(pictures))
    (pictures / "test/bird").mkdir()
    with pytest.raises(InvalidInput, match="bird"):
        image_folder(str(pictures))
    with pytest.raises(NotFound, match="train"):
        image_folder(str(pictures / "train"))


def test_images_without_classes_may_lie_flat_and_are_told_apart_by_quarter_turns(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 12).astype(np.uint8)
    for number in range(20):
        pixels = np.tile(np.roll(ramp, 0), (12, 1)) // 2 + np.uint8(number)
        Image.fromarray(pixels).save(tmp_path / f"{number:02d}.png")
    images = image_folder(str(tmp_path))
    assert images.classes == 1 and images.shape == (1, 12, 12)
    assert len(images.train) == 18 and len(images.test) == 2
    turned = np.stack([np.rot90(images.test[0, :-1].reshape(12, 12), number) for number in range(4)]).reshape(4, -1)
    assert sorted(images.features.classes(turned)) == [0, 1, 2, 3]


def test_a_folder_may_have_one_class_or_parts_without_classes(tmp_path: Path) -> None:
    for part, count in (("train", 3), ("test", 2)):
        (tmp_path / "one" / part / "face").mkdir(parents=True)
        (tmp_path / "none" / part).mkdir(parents=True)
        for number in range(count):
            picture = Image.new("RGB", (4, 4), (40 * number, 0, 0))
            picture.save(tmp_path / "one" / part / "face" / f"{number}.png")
            picture.save(tmp_path / "none" / part / f"{number}.png")
    for name in ("one", "none"):
        images = image_folder(str(tmp_path / name))
        assert images.classes == 1 and len(images.train) == 3 and len(images.test) == 2
