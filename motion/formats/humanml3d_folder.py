"""HumanML3D's own folder layout as a set of motions with captions.

    new_joint_vecs/000021.npy   (frames, 263) features; or new_joints/000021.npy, (frames, 22, 3) positions
    texts/000021.txt            a caption a line: caption#tokens#start#end, seconds
    train.txt val.txt test.txt  ids, one a line
    Mean.npy Std.npy            (263,), optional

A caption whose start and end are both 0 is about the whole clip. Any other makes a motion of its own, cut from the
clip by frames int(start * 20) to int(end * 20), as in text-to-motion's loader (Guo et al., CVPR 2022); a clip that has
only such captions gives only such motions. That loader passes over what it cannot read, so that a set silently
shrinks; here everything that was left out is named, with the reason.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from motion.errors import InvalidInput, NotFound
from motion.formats.array_file import read_array
from motion.formats.npz import read_npy
from motion.humanml3d.features import NUM_FEATURES
from motion.motion import DEFAULT_FPS, Motion
from motion.motion_set import MotionSet

MIN_FRAMES = 40  # the lengths that HumanML3D's loaders keep
MAX_FRAMES = 199
_MOTION_FOLDERS = ("new_joint_vecs", "new_joints")


@dataclass(frozen=True)
class HumanML3DFolder:
    """What a folder held.

    Attributes:
        motions: whole clips under their ids, parts of clips as ID@START-END.
        unreadable: for each listed clip that is missing or damaged, why.
        outside: the clips and parts that are shorter or longer than was asked for.
        mean: (263,) of the folder's own normalisation, where it has one.
        std: likewise.
    """

    motions: MotionSet
    unreadable: dict[str, str]
    outside: tuple[str, ...]
    mean: np.ndarray | None
    std: np.ndarray | None

    def notes(self) -> list[str]:
        """What was left out, in a sentence a reason with a count and some of the names."""
        by_reason: dict[str, list[str]] = {"too short or too long": list(self.outside)} if self.outside else {}
        for name, reason in self.unreadable.items():
            by_reason.setdefault(reason, []).append(name)
        return [
            f"{len(names)} left out, {reason}: {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"
            for reason, names in by_reason.items()
        ]


@dataclass(frozen=True)
class Caption:
    """One line of a text file: the caption, its tagged tokens (`walk/VERB`), and the seconds that it is about."""

    text: str
    tokens: tuple[str, ...]
    start: float
    end: float

    @property
    def whole(self) -> bool:
        return self.start == 0 and self.end == 0


def is_humanml3d_folder(path: Path) -> bool:
    return any((path / name).is_dir() for name in _MOTION_FOLDERS)


def read_humanml3d(
    folder: str | os.PathLike[str],
    split: str | None = None,
    min_frames: int = MIN_FRAMES,
    max_frames: int = MAX_FRAMES,
) -> HumanML3DFolder:
    """Read the clips of `split` (`train`, `val`, ...: the name of a list in the folder), or all clips if None.

    Raises:
        NotFound: the folder, its motions or the split's list are not there.
        InvalidInput: Mean.npy or Std.npy is there but damaged, or no clip could be read at all.
    """
    root = Path(folder)
    motion_folder = _motion_folder(root)
    motions: list[Motion] = []
    captions: list[tuple[str, ...]] = []
    metadata: list[dict[str, object]] = []
    unreadable: dict[str, str] = {}
    outside: list[str] = []
    names = _split_ids(root, split) if split else sorted(file.stem for file in motion_folder.glob("*.npy"))
    for name in tqdm(names, desc=root.name, unit="clip", disable=None, leave=False):
        try:
            clip, _ = read_array(motion_folder / f"{name}.npy")
            lines = read_captions(root / "texts" / f"{name}.txt")
        except NotFound:
            missing = "text" if (motion_folder / f"{name}.npy").exists() else "motion"
            unreadable[name] = f"no {missing} file"
            continue
        except InvalidInput as error:
            unreadable[name] = error.violations[0].description
            continue
        for part, texts in _parts(clip, lines):
            if not min_frames <= len(part) <= max_frames:
                outside.append(str(part.name))
                continue
            motions.append(part)
            captions.append(tuple(text.text for text in texts))
            metadata.append({"clip": name, "tokens": [list(text.tokens) for text in texts], "split": split or ""})
    if not motions:
        reason = next(iter(unreadable.values()), "too short or too long" if outside else "there is none")
        raise InvalidInput.of(str(root), f"not one of {len(names)} clips could be read (of the first: {reason})")
    dataset = MotionSet(tuple(motions), tuple(captions), tuple(metadata))
    mean, std = _statistic(root / "Mean.npy"), _statistic(root / "Std.npy")
    return HumanML3DFolder(dataset, unreadable, tuple(outside), mean, std)


def read_captions(file: Path) -> list[Caption]:
    """The captions in one text file.

    Raises:
        NotFound: no such file.
        InvalidInput: a line does not have four fields parted by `#`, or the file has no line.
    """
    if not file.is_file():
        raise NotFound(f"{file} does not exist")
    try:
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise InvalidInput.of(str(file), "the text file is not UTF-8") from error
    captions = [_caption(file, line) for line in lines]
    if not captions:
        raise InvalidInput.of(str(file), "the text file is empty")
    return captions


def _caption(file: Path, line: str) -> Caption:
    fields = line.strip().split("#")
    if len(fields) != 4:
        raise InvalidInput.of(str(file), "a line of the text file is not caption#tokens#start#end")
    try:
        # Some lines of the published set say "nan" for a caption about the whole clip.
        start, end = (0.0 if math.isnan(float(field)) else float(field) for field in fields[2:])
    except ValueError as error:
        raise InvalidInput.of(str(file), "a line of the text file has a start or end that is no number") from error
    if math.isinf(start) or math.isinf(end):
        raise InvalidInput.of(str(file), "a line of the text file has a start or end that is infinite")
    return Caption(fields[0].strip(), tuple(fields[1].split()), start, end)


def _parts(clip: Motion, captions: Iterable[Caption]) -> Iterator[tuple[Motion, list[Caption]]]:
    """The whole clip with the captions about it, then each captioned part."""
    spans: dict[tuple[float, float], list[Caption]] = {}
    for caption in captions:
        spans.setdefault((caption.start, caption.end), []).append(caption)
    for (start, end), texts in sorted(spans.items()):
        frames = clip.positions
        name = str(clip.name)
        if not texts[0].whole:
            frames = frames[int(start * DEFAULT_FPS) : int(end * DEFAULT_FPS)]
            name = f"{name}@{start:g}-{end:g}"
        yield Motion(frames, caption=texts[0].text, name=name), texts


def _motion_folder(root: Path) -> Path:
    if not root.is_dir():
        raise NotFound(f"{root} does not exist or is no folder")
    for name in _MOTION_FOLDERS:
        if (root / name).is_dir():
            return root / name
    there = ", ".join(sorted(entry.name for entry in root.iterdir())[:8])
    raise NotFound(f"{root} has neither new_joint_vecs/ nor new_joints/; it holds {there or 'nothing'}")


def _split_ids(root: Path, split: str) -> list[str]:
    file = root / f"{split}.txt"
    if not file.is_file():
        lists = ", ".join(sorted(entry.stem for entry in root.glob("*.txt"))) or "none"
        raise NotFound(f"{root} has no list {split}.txt; the lists there are: {lists}")
    return list(dict.fromkeys(file.read_text(encoding="utf-8").split()))


def _statistic(file: Path) -> np.ndarray | None:
    if not file.exists():
        return None
    array = read_npy(file)
    if array.shape != (NUM_FEATURES,) or array.dtype.kind != "f":
        raise InvalidInput.of(str(file), f"is {array.dtype} {array.shape}; must be ({NUM_FEATURES},)")
    return array.astype(np.float32)
