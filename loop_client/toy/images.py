"""Sets of small labelled images: as real data, each image is a point with one more coordinate, its class."""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from loop_client.toy.image_features import ImageFeatures, train_features
from motion.errors import InvalidInput, NotFound
from motion.shell.assets import data_path

_HELD_OUT = 500  # digits
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and their classes.

    Attributes:
        shape: channels, height, width.
        classes: how many.
        train, test: (n, channels · height · width + 1), pixels from -1 to 1 and the number of the class.
    """

    shape: tuple[int, int, int]
    classes: int
    train: np.ndarray
    test: np.ndarray

    @cached_property
    def features(self) -> ImageFeatures:
        """What a classifier of the training images sees; trained when first asked for."""
        pixels, classes = split(self.train)
        return train_features(pixels.reshape(-1, *self.shape), classes, self.classes)

    def draw(self, rng: np.random.Generator, runs: int, n: int) -> np.ndarray:
        """`n` training images for each run, without replacement: (runs, n, dim).

        Raises:
            InvalidInput: there are not as many.
        """
        if n > len(self.train):
            raise InvalidInput.of("data", f"has {len(self.train)} images to train with; {n} are asked for")
        return _drawn(self.train, rng, runs, n)

    def draw_test(self, rng: np.random.Generator, runs: int, n: int) -> np.ndarray:
        """The same of the test images; all, where they are fewer."""
        return _drawn(self.test, rng, runs, n)


def _drawn(images: np.ndarray, rng: np.random.Generator, runs: int, n: int) -> np.ndarray:
    return np.stack([images[rng.permutation(len(images))[:n]] for _ in range(runs)])


def split(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (..., dim - 1) and classes (...,) of points (..., dim)."""
    return points[..., :-1], points[..., -1].round().astype(int)


def joined(pixels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The points of `split` again."""
    return np.concatenate([pixels, classes[..., None]], axis=-1)


@cache
def digits() -> ImageSet:
    """Handwritten digits of 8 x 8 pixels, which come with scikit-learn: 1,297 to train with, 500 to test."""
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    points = joined(pixels / 8.0 - 1.0, classes)[np.random.default_rng(0).permutation(len(pixels))]
    return ImageSet((1, 8, 8), 10, points[_HELD_OUT:], points[:_HELD_OUT])


@cache
def mnist(path: str) -> ImageSet:
    """MNIST from its four files (`train-images-idx3-ubyte` and so on, as they are or `.gz`) in a folder.

    Raises:
        NotFound: one is not there.
        InvalidInput: one is something else.
    """
    folder = data_path(path)
    parts = []
    for name in ("train", "t10k"):
        images, classes = _idx(folder, f"{name}-images-idx3-ubyte", 3), _idx(folder, f"{name}-labels-idx1-ubyte", 1)
        if len(images) != len(classes) or classes.max(initial=0) > 9:
            raise InvalidInput.of(str(folder), f"has {len(images)} {name} images and {len(classes)} labels from 0 to 9")
        parts.append(joined(images.reshape(len(images), -1) / 127.5 - 1.0, classes.astype(float)).astype(np.float32))
    return ImageSet((1, *images.shape[1:]), 10, *parts)


def _idx(folder: Path, name: str, dimensions: int) -> np.ndarray:
    """The array of unsigned bytes in a file of the format that MNIST is kept in."""
    file = next((file for file in (folder / name, folder / f"{name}.gz") if file.is_file()), None)
    if file is None:
        raise NotFound(f"there is no {name}, nor {name}.gz, in {folder}")
    try:
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput.of(str(file), f"cannot be read ({error})") from error
    begin = 4 + 4 * dimensions
    if len(data) < begin or data[:4] != bytes([0, 0, 8, dimensions]):
        raise InvalidInput.of(str(file), f"is no file of bytes in {dimensions} dimensions")
    shape = tuple(int(size) for size in np.frombuffer(data[4:begin], ">u4"))
    if math.prod(shape) != len(data) - begin:
        raise InvalidInput.of(str(file), f"says {shape} and holds {len(data) - begin} bytes")
    return np.frombuffer(data, np.uint8, offset=begin).reshape(shape)


@cache
def image_folder(path: str) -> ImageSet:
    """A folder with `train/CLASS/*.png` and `test/CLASS/*.png` (or .jpg, .bmp, .webp), all of one size.

    Raises:
        NotFound: there is no such folder.
        InvalidInput: classes differ or are fewer than two, or an image cannot be read or is of another size.
    """
    folder = data_path(path)
    names = {}
    for part in ("train", "test"):
        if not (folder / part).is_dir():
            raise NotFound(f"there is no folder {folder / part}")
        names[part] = sorted(each.name for each in (folder / part).iterdir() if each.is_dir())
    if names["train"] != names["test"] or len(names["train"]) < 2:
        raise InvalidInput.of(str(folder), f"has classes {names['train']} in train and {names['test']} in test; "
                                           "they must be the same, two at least")  # fmt: skip
    files = {part: [(file, number) for number, name in enumerate(names[part])
                    for file in sorted((folder / part / name).iterdir()) if file.suffix.lower() in _SUFFIXES]
             for part in names}  # fmt: skip
    if not files["train"] or not files["test"]:
        raise InvalidInput.of(str(folder), "has no images in train or in test")
    first = _image(files["train"][0][0])
    parts = [_points(files[part], first.shape) for part in ("train", "test")]
    return ImageSet(first.shape, len(names["train"]), *parts)


def _points(files: list[tuple[Path, int]], shape: tuple[int, int, int]) -> np.ndarray:
    points = np.empty((len(files), math.prod(shape) + 1), np.float32)
    for row, (file, number) in zip(points, files, strict=True):
        image = _image(file)
        if image.shape != shape:
            raise InvalidInput.of(str(file), f"has shape {image.shape}; the first has {shape}")
        row[:-1], row[-1] = image.ravel(), number
    return points


def _image(file: Path) -> np.ndarray:
    """(channels, height, width), from -1 to 1."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as opened:
            pixels = np.asarray(opened.convert("L" if opened.mode in ("L", "1", "I;16") else "RGB"), np.float32)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise InvalidInput.of(str(file), f"is no image that can be read ({error})") from error
    return np.atleast_3d(pixels).transpose(2, 0, 1) / 127.5 - 1.0
