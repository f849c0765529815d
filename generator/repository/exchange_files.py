"""The files that programs of a repository read and write: data sets, prompts and samples."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from generator.dataset_store import make_folder
from motion.errors import PlumbError
from motion.formats.files import read_file, write_motion
from motion.formats.packed import write_packed
from motion.formats.read_options import ReadOptions
from motion.humanml3d.features import mean_std, positions_to_features
from motion.motion import DEFAULT_FPS, Motion
from motion.motion_set import MotionSet
from motion.resample import resample_motion

_PACKED = "motions.npz"
DATA_FORMATS = ("humanml3d", "packed", "npy", "bvh", "npz", "glb")
"""What a data set can be written as: HumanML3D's layout, a packed set, or a folder of files with captions beside."""


def write_dataset(dataset: MotionSet, folder: Path, data_format: str) -> Path:
    """Write a data set for a program into an empty folder.

    Files are named by their place in the set, because names come from clients.

    Args:
        dataset: motions with captions.
        folder: where to.
        data_format: one of `DATA_FORMATS`.

    Returns:
        What the program is given: the folder, or the name of the packed set with its `.npz`.
    """
    names = [f"{index:06d}" for index in range(len(dataset))]
    if data_format == "packed":
        return write_packed(folder / _PACKED, dataset).arrays
    if data_format == "humanml3d":
        _write_humanml3d(dataset, names, folder)
    else:
        for name, motion, captions in zip(names, dataset.motions, dataset.captions, strict=True):
            write_motion(folder / f"{name}.{data_format}", motion)
            _write_lines(folder / f"{name}.txt", [_one_line(text) for text in captions])
    return folder


def exchange_dataset(dataset: MotionSet, identity: str, folder: Path, data_format: str) -> Path:
    """Write a data set into a folder of such sets unless it is there, and return what a program is given.

    Args:
        dataset: motions with captions.
        identity: id of the set.
        folder: where such sets are; made if necessary.
        data_format: one of `DATA_FORMATS`.
    """
    make_folder(folder)
    target = folder / f"{data_format}-{identity}"
    if not target.exists():
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as temporary:
            written = Path(temporary, "set")
            written.mkdir()
            write_dataset(dataset, written, data_format)
            os.replace(written, target)
    return target / _PACKED if data_format == "packed" else target


def write_prompts(folder: Path, prompts: Sequence[str], lengths: Sequence[int]) -> dict[str, str]:
    """Write what is to be sampled, and return the paths by the names of their places in a command.

    Args:
        folder: where to.
        prompts: texts, one per motion; line breaks in them become spaces.
        lengths: frames of each motion.
    """
    files = {"prompts": folder / "prompts.txt", "lengths": folder / "lengths.txt", "request": folder / "request.json"}
    _write_lines(files["prompts"], [_one_line(prompt) for prompt in prompts])
    _write_lines(files["lengths"], [str(length) for length in lengths])
    files["request"].write_text(json.dumps({"prompts": list(prompts), "lengths": list(lengths)}), encoding="utf-8")
    return {name: str(file) for name, file in files.items()}


def read_samples(
    folder: Path, prompts: Sequence[str], lengths: Sequence[int], fps: float, options: ReadOptions
) -> list[Motion]:
    """Read the samples that a program wrote, in the order of their numbers.

    Args:
        folder: where it wrote them, in any format that `motion.formats` reads.
        prompts: what they are samples of.
        lengths: frames of each, to which a longer sample is cut.
        fps: frames per second of the result.
        options: what the files do not say of themselves.

    Raises:
        PlumbError: they cannot be read, are not one for each prompt, or one is too short or not finite.
    """
    try:
        source = read_file(folder, options=options)
    except PlumbError as error:
        raise PlumbError(f"the samples cannot be read: {str(error).replace(f'{folder}/', '')}") from error
    if len(source.motions) != len(prompts):
        left_out = f" ({source.notes[0]})" if source.unreadable and source.notes else ""
        raise PlumbError(f"there are {len(source.motions)} samples of {len(prompts)} prompts{left_out}")
    motions = sorted(source.motions, key=lambda motion: _by_numbers(motion.name or ""))
    samples = []
    for index, (motion, prompt, length) in enumerate(zip(motions, prompts, lengths, strict=True)):
        positions = resample_motion(motion, fps).positions[:length]
        if len(positions) < length:
            raise PlumbError(f"sample {index} has {len(positions)} frames at {fps:g} fps; {length} were asked for")
        if not np.isfinite(positions).all():
            raise PlumbError(f"sample {index} has numbers that are not finite")
        samples.append(Motion(np.ascontiguousarray(positions, np.float32), fps, caption=prompt))
    return samples


def _write_humanml3d(dataset: MotionSet, names: Sequence[str], folder: Path) -> None:
    for part in ("new_joints", "new_joint_vecs", "texts"):
        (folder / part).mkdir()
    features = []
    for name, motion, captions in zip(names, dataset.motions, dataset.captions, strict=True):
        positions = resample_motion(motion, DEFAULT_FPS).positions
        features.append(positions_to_features(positions))
        np.save(folder / "new_joints" / f"{name}.npy", positions)
        np.save(folder / "new_joint_vecs" / f"{name}.npy", features[-1])
        _write_lines(folder / "texts" / f"{name}.txt", [_humanml3d_caption(text) for text in captions])
    for name, values in zip(("Mean.npy", "Std.npy"), mean_std(features), strict=True):
        np.save(folder / name, values)
    for split in ("all", "train"):
        _write_lines(folder / f"{split}.txt", list(names))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _humanml3d_caption(text: str) -> str:
    words = text.replace("#", " ").split()  # a number sign separates the fields of a line
    return f"{' '.join(words)}#{' '.join(f'{word}/OTHER' for word in words)}#0.0#0.0"


def _write_lines(file: Path, lines: Sequence[str]) -> None:
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _by_numbers(name: str) -> list[tuple[int, str]]:
    """Return the key that sorts `sample_2` before `sample_10`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
