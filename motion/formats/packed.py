"""Read and write packed sets: many motions in one `NAME.npz`, with one line of JSON per motion in `NAME.jsonl`.

`NAME.npz` holds `positions` float32 (sum of frames, 22, 3), `offsets` int64 (n + 1) and `ids` (n); motion i is
`positions[offsets[i]:offsets[i+1]]`. Line i of `NAME.jsonl` holds its `id`, its `captions`, its `fps` unless that is
20, and any other metadata. `NAME.reports.jsonl` is optional; line i is the report of the correction of motion i.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motion.errors import InvalidInput
from motion.formats.npz import decode_text, read_npz, require_file, write_npz_nonatomic
from motion.motion import DEFAULT_FPS, Motion
from motion.motion_set import MotionSet
from motion.report import Report
from motion.shell.atomic import atomic_group
from motion.skeleton import NUM_JOINTS

PACKED_KEYS = frozenset({"positions", "offsets", "ids"})


@dataclass(frozen=True)
class PackedPaths:
    """The files of the packed set NAME.

    Attributes:
        arrays: `NAME.npz`.
        lines: `NAME.jsonl`.
        reports: `NAME.reports.jsonl`.
    """

    arrays: Path
    lines: Path
    reports: Path

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> PackedPaths:
        """Return the files of the set at `path`, which may end in `.npz` or not."""
        stem, suffix = os.path.splitext(path)
        if suffix.lower() != ".npz":
            stem, suffix = os.fspath(path), ".npz"
        return cls(Path(f"{stem}{suffix}"), Path(f"{stem}.jsonl"), Path(f"{stem}.reports.jsonl"))


def read_packed(path: str | os.PathLike[str]) -> MotionSet:
    """Read a packed set.

    A set without `NAME.jsonl` has no captions. Values are not checked here, so that a motion may hold NaN;
    `motion.validation` checks them.

    Args:
        path: name of the set, with or without `.npz`.

    Raises:
        NotFound: `NAME.npz` does not exist.
        InvalidInput: a file is damaged, or the two files do not belong together; the text says which and why.
    """
    paths = PackedPaths.of(path)
    arrays = read_npz(paths.arrays)
    positions, offsets, ids = _checked_arrays(paths.arrays, arrays)
    lines = read_lines(paths.lines) if paths.lines.exists() else [{} for _ in ids]
    if len(lines) != len(ids):
        raise InvalidInput.of(
            str(paths.lines), f"has {len(lines)} lines; must have {len(ids)}, one for each motion of {paths.arrays}"
        )
    motions, captions, metadata = [], [], []
    for index, (name, line) in enumerate(zip(ids, lines, strict=True)):
        where = f"{paths.lines} line {index + 1}"
        if line.get("id", name) != name:
            raise InvalidInput.of(where, f"is about {line['id']!r}; must be about {name!r}, as in {paths.arrays}")
        texts = _checked_captions(where, line.get("captions"))
        fps = _checked_fps(where, line.get("fps", DEFAULT_FPS))
        frames = positions[offsets[index] : offsets[index + 1]]
        motions.append(Motion(frames, fps=fps, caption=texts[0] if texts else None, name=name))
        captions.append(texts)
        metadata.append({key: value for key, value in line.items() if key not in ("id", "captions", "fps")})
    return MotionSet(tuple(motions), tuple(captions), tuple(metadata))


def write_packed(
    path: str | os.PathLike[str], motions: MotionSet, reports: Sequence[Report | dict[str, Any]] | None = None
) -> PackedPaths:
    """Write a packed set atomically; equal sets give equal bytes.

    Captions and metadata are written to the lines; a field `frames` in the metadata is updated.

    Args:
        path: name of the set, with or without `.npz`.
        motions: the motions.
        reports: one report per motion; None to write none, and to remove the reports of an earlier set.

    Returns:
        The files of the set.

    Raises:
        InvalidInput: the path cannot be written, or the number of reports is wrong.
    """
    if reports is not None and len(reports) != len(motions):
        raise InvalidInput.of("reports", f"are {len(reports)} for {len(motions)} motions; must be one for each motion")
    paths = PackedPaths.of(path)
    lengths = [len(motion) for motion in motions]
    names = [motion.name if motion.name is not None else f"{i:06d}" for i, motion in enumerate(motions)]
    arrays = {
        "positions": np.concatenate([np.zeros((0, NUM_JOINTS, 3), np.float32), *(m.positions for m in motions)]),
        "offsets": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        "ids": np.array(names, dtype=np.str_),
    }
    with atomic_group([paths.reports, paths.lines, paths.arrays]) as (reports_file, lines_file, arrays_file):
        write_npz_nonatomic(arrays_file, arrays)
        _write_lines(lines_file, [_line(motions, index, name) for index, name in enumerate(names)])
        if reports is not None:
            documents = [report.to_json() if isinstance(report, Report) else report for report in reports]
            _write_lines(reports_file, [{"id": n, **document} for n, document in zip(names, documents, strict=True)])
    return paths


def read_reports(path: str | os.PathLike[str]) -> dict[str, Report]:
    """Read the reports of a packed set.

    Args:
        path: name of the set, with or without `.npz`.

    Returns:
        The reports by the ids of the motions.

    Raises:
        NotFound: the set has no reports.
        InvalidInput: the file is damaged, or a line is not a report.
    """
    file = PackedPaths.of(path).reports
    require_file(file)
    reports: dict[str, Report] = {}
    for number, line in enumerate(read_lines(file), start=1):
        try:
            name = str(line.pop("id"))
            reports[name] = Report.from_json(line)
        except (KeyError, TypeError) as error:
            raise InvalidInput.of(f"{file} line {number}", f"is not a report ({error})") from error
    return reports


def read_lines(file: Path) -> list[dict[str, Any]]:
    """Read the JSON objects of a `.jsonl` file; blank lines are skipped.

    Args:
        file: the file.

    Raises:
        InvalidInput: the file is not text, or a line is not a JSON object.
    """
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput.of(str(file), f"cannot be read ({error})") from error
    documents = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
            # An escape may be one half of a surrogate pair, which could not be written to a file again.
            if "\\u" in line:
                json.dumps(document, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise InvalidInput.of(f"{file} line {number}", f"is not JSON, or truncated ({error})") from error
        if not isinstance(document, dict):
            raise InvalidInput.of(f"{file} line {number}", "must be a JSON object")
        documents.append(document)
    return documents


def _line(motions: MotionSet, index: int, name: str) -> dict[str, Any]:
    motion, captions = motions.motions[index], list(motions.captions[index])
    if not captions and motion.caption is not None:
        captions = [motion.caption]
    line = {"id": name, **motions.metadata[index], "captions": captions}
    if "frames" in line:
        line["frames"] = len(motion)
    if motion.fps != DEFAULT_FPS:
        line["fps"] = motion.fps
    return line


def _write_lines(file: Path, documents: Sequence[dict[str, Any]]) -> None:
    text = "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
    file.write_text(text, encoding="utf-8", newline="\n")


def _checked_arrays(file: Path, arrays: Any) -> tuple[np.ndarray, np.ndarray, list[str]]:
    missing = sorted(PACKED_KEYS - set(arrays))
    if missing:
        raise InvalidInput.of(str(file), f"lacks {', '.join(missing)}; a packed set has positions, offsets and ids")
    positions, offsets, ids = arrays["positions"], arrays["offsets"], arrays["ids"]
    if positions.ndim != 3 or positions.shape[1:] != (NUM_JOINTS, 3) or positions.dtype.kind not in "fiu":
        shape = f"{positions.dtype} {positions.shape}"
        raise InvalidInput.of(f"{file} positions", f"are {shape}; must be float32 (sum of frames, {NUM_JOINTS}, 3)")
    if ids.ndim != 1 or ids.dtype.kind not in "US":
        raise InvalidInput.of(f"{file} ids", f"are {ids.dtype} {ids.shape}; must be a list of strings")
    if offsets.shape != (len(ids) + 1,) or offsets.dtype.kind not in "iu":
        shape = f"{offsets.dtype} {offsets.shape}"
        raise InvalidInput.of(f"{file} offsets", f"are {shape}; must be {len(ids) + 1} integers for {len(ids)} ids")
    if offsets[0] != 0 or offsets[-1] != len(positions) or (np.diff(offsets.astype(np.int64)) < 0).any():
        bounds = f"run from {offsets[0]} to {offsets[-1]}"
        raise InvalidInput.of(
            f"{file} offsets", f"{bounds}; must rise from 0 to {len(positions)}, the number of frames"
        )
    return positions, offsets, [decode_text(f"{file} ids", name) for name in ids.tolist()]


def _checked_captions(where: str, captions: Any) -> tuple[str, ...]:
    if captions is None:
        return ()
    if not isinstance(captions, list) or not all(isinstance(text, str) for text in captions):
        raise InvalidInput.of(where, f"captions are {captions!r:.60}; must be a list of strings")
    return tuple(captions)


def _checked_fps(where: str, fps: Any) -> float:
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not 0 < fps <= sys.float_info.max:
        raise InvalidInput.of(where, f"fps is {fps!r:.40}; must be a positive number")
    return float(fps)
