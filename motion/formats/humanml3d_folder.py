"""Read a folder in HumanML3D's layout as a set of motions with captions.

    new_joint_vecs/000021.npy   (frames, 263) features; or new_joints/000021.npy, (frames, 22, 3) positions
    texts/000021.txt            one caption per line: caption#tokens#start#end, in seconds; or no folder of texts
    train.txt val.txt test.txt  ids, one per line
    Mean.npy Std.npy            (263,), optional

A line without `#` is a caption of the whole clip, and so is one whose start and end are both 0. Any other caption makes
a motion of its own, cut from the clip by frames int(start * 20) to int(end * 20), as in the loader of text-to-motion
(Guo et al., CVPR 2022). A clip that has only such captions gives only such motions. That loader silently skips what it
cannot read; this one reports every clip that it skipped and the reason.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motion.errors import InvalidInput, NotFound
from motion.formats.arrays.array_file import read_array
from motion.formats.npz import read_npy
from motion.humanml3d.features import NUM_FEATURES
from motion.motion import DEFAULT_FPS, Motion
from motion.motion_set import MotionSet

MIN_CLIP_FRAMES = 40
"""Fewest frames of a clip that HumanML3D's loaders keep."""
MAX_CLIP_FRAMES = 199
"""Most frames of a clip that HumanML3D's loaders keep."""
_MOTION_FOLDERS = ("new_joint_vecs", "new_joints")


@dataclass(frozen=True)
class HumanML3DFolder:
    """The content of a folder.

    Attributes:
        motions: whole clips under their ids, parts of clips as ID@START-END.
        unreadable: the reason for each listed clip that is missing or damaged.
        outside: names of the clips and parts that are too short or too long.
        mean: (263,) mean for normalization, from Mean.npy; None if the folder has no such file.
        std: (263,) standard deviation for normalization, from Std.npy; None if the folder has no such file.
    """

    motions: MotionSet
    unreadable: dict[str, str]
    outside: tuple[str, ...]
    mean: np.ndarray | None
    std: np.ndarray | None

    def notes(self) -> list[str]:
        """Describe the clips that were skipped: one sentence per reason, with their number and some names."""
        by_reason: dict[str, list[str]] = {"too short or too long": list(self.outside)} if self.outside else {}
        for name, reason in self.unreadable.items():
            by_reason.setdefault(reason, []).append(name)
        return [
            f"{len(names)} skipped, {reason}: {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"
            for reason, names in by_reason.items()
        ]


@dataclass(frozen=True)
class Caption:
    """One line of a text file.

    Attributes:
        text: the caption.
        tokens: its tokens with their parts of speech, such as `walk/VERB`.
        start: start of the part that it describes, seconds.
        end: end of the part, seconds.
    """

    text: str
    tokens: tuple[str, ...]
    start: float
    end: float

    @property
    def whole(self) -> bool:
        """Whether the caption describes the whole clip."""
        return self.start == 0 and self.end == 0


def is_humanml3d_folder(path: Path) -> bool:
    """Return whether `path` is a folder in HumanML3D's layout."""
    return any((path / name).is_dir() for name in _MOTION_FOLDERS)


def read_humanml3d(
    folder: str | os.PathLike[str],
    split: str | None = None,
    min_frames: int = MIN_CLIP_FRAMES,
    max_frames: int = MAX_CLIP_FRAMES,
    progress: Callable[[int, int], None] | None = None,
) -> HumanML3DFolder:
    """Read the clips of a folder.

    Args:
        folder: the folder.
        split: name of a list in the folder, such as `train`; None to read all clips.
        min_frames: shorter clips and parts are skipped.
        max_frames: longer clips and parts are skipped.
        progress: called with the numbers of clips (done, all).

    Raises:
        NotFound: the folder, its motions or the list of the split do not exist.
        InvalidInput: Mean.npy or Std.npy is damaged, or no clip could be read at all.
    """
    root = Path(folder)
    motion_folder = _motion_folder(root)
    motions: list[Motion] = []
    captions: list[tuple[str, ...]] = []
    metadata: list[dict[str, object]] = []
    unreadable: dict[str, str] = {}
    outside: list[str] = []
    names = _split_ids(root, split) if split else sorted(file.stem for file in motion_folder.glob("*.npy"))
    has_texts = (root / "texts").is_dir()
    for number, name in enumerate(names):
        if progress:
            progress(number, len(names))
        try:
            clip, _ = read_array(motion_folder / f"{name}.npy")
            lines = read_captions(root / "texts" / f"{name}.txt") if has_texts else []
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
        raise InvalidInput.of(str(root), f"none of {len(names)} clips could be read (the first: {reason})")
    dataset = MotionSet(tuple(motions), tuple(captions), tuple(metadata))
    mean, std = _statistic(root / "Mean.npy"), _statistic(root / "Std.npy")
    return HumanML3DFolder(dataset, unreadable, tuple(outside), mean, std)


def read_captions(file: Path) -> list[Caption]:
    """Read the captions of one clip.

    Args:
        file: the text file.

    Raises:
        NotFound: the file does not exist.
        InvalidInput: a line has `#` but not four fields, or the file has no line.
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
    if len(fields) == 1:
        return Caption(fields[0], (), 0.0, 0.0)
    if len(fields) != 4:
        raise InvalidInput.of(str(file), "a line of the text file is not caption#tokens#start#end")
    try:
        # Some lines of the published data set have "nan" instead of 0 for the whole clip.
        start, end = (0.0 if math.isnan(float(field)) else float(field) for field in fields[2:])
    except ValueError as error:
        raise InvalidInput.of(str(file), "a line of the text file has a start or end that is not a number") from error
    if math.isinf(start) or math.isinf(end):
        raise InvalidInput.of(str(file), "a line of the text file has a start or end that is infinite")
    return Caption(fields[0].strip(), tuple(fields[1].split()), start, end)


def _parts(clip: Motion, captions: Iterable[Caption]) -> Iterator[tuple[Motion, list[Caption]]]:
    """Yield the whole clip with its captions, then each part with its captions; the whole clip if there are none."""
    spans: dict[tuple[float, float], list[Caption]] = {}
    for caption in captions:
        spans.setdefault((caption.start, caption.end), []).append(caption)
    if not spans:
        yield clip, []
    for (start, end), texts in sorted(spans.items()):
        frames = clip.positions
        name = str(clip.name)
        if not texts[0].whole:
            frames = frames[int(start * DEFAULT_FPS) : int(end * DEFAULT_FPS)]
            name = f"{name}@{start:g}-{end:g}"
        yield Motion(frames, caption=texts[0].text, name=name), texts


def _motion_folder(root: Path) -> Path:
    if not root.is_dir():
        raise NotFound(f"{root} does not exist or is not a folder")
    for name in _MOTION_FOLDERS:
        if (root / name).is_dir():
            return root / name
    there = ", ".join(sorted(entry.name for entry in root.iterdir())[:8])
    raise NotFound(f"{root} has neither new_joint_vecs/ nor new_joints/; it holds {there or 'nothing'}")


def _split_ids(root: Path, split: str) -> list[str]:
    file = root / f"{split}.txt"
    if not file.is_file():
        lists = ", ".join(sorted(entry.stem for entry in root.glob("*.txt"))) or "none"
        raise NotFound(f"{root} has no list {split}.txt; its lists are: {lists}")
    return list(dict.fromkeys(file.read_text(encoding="utf-8").split()))


def _statistic(file: Path) -> np.ndarray | None:
    if not file.exists():
        return None
    array = read_npy(file)
    if array.shape != (NUM_FEATURES,) or array.dtype.kind != "f":
        raise InvalidInput.of(str(file), f"is {array.dtype} {array.shape}; must be ({NUM_FEATURES},)")
    return array.astype(np.float32)
