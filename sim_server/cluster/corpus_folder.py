"""The folder of a corrected corpus: a packed set for each shard, written whole or not at all, and what it was made of.

    corpus.json             how the corpus is corrected; another way needs another folder
    shard-000000.npz ...    the packed sets, see `motion.formats.packed`
    shard-000000.json ...   what each was made of, and a summary of its reports

A shard is done when its `.npz` is there, since that is put in place last.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from motion.errors import InvalidInput
from motion.formats.packed import PackedPaths, write_packed
from motion.motion_set import MotionSet
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from motion.shell.atomic import atomic_path
from motion.summary import summarize

_MANIFEST = "corpus.json"


@dataclass(frozen=True)
class CorpusWay:
    """How a corpus is corrected; with equal ways, equal motions give equal bytes.

    Attributes:
        options: how each motion is corrected; the policy is named.
        seed: seed of the corrections.
        shard_size: motions in a shard, at most.
        version: version of the corrector.
        mujoco: version of MuJoCo.
    """

    options: CorrectionOptions
    seed: int
    shard_size: int
    version: str
    mujoco: str

    @classmethod
    def of(cls, info: CorrectorInfo, options: CorrectionOptions, seed: int, shard_size: int) -> CorpusWay:
        """Return the way of a corrector."""
        named = CorrectionOptions(**{**asdict(options), "policy": options.policy or info.default_policy})
        return cls(named, seed, shard_size, info.version, info.mujoco)

    def to_json(self) -> dict[str, Any]:
        """Return the way as a JSON document."""
        return {**asdict(self), "format": 1}


class CorpusFolder:
    """The folder that a corpus is written to; opening it again goes on where it ended.

    Args:
        path: the folder; it is made if it does not exist.
        way: how the corpus is corrected.

    Raises:
        InvalidInput: the folder holds something else, or a corpus that is corrected in another way.
    """

    def __init__(self, path: Path, way: CorpusWay):
        self.path = path
        manifest = path / _MANIFEST
        if path.exists() and not path.is_dir():
            raise InvalidInput.of(str(path), "is a file; must be the folder of the corpus")
        if path.is_dir() and not manifest.is_file() and any(path.iterdir()):
            raise InvalidInput.of(str(path), "holds other files; must be a new folder, or one of an earlier run")
        wanted = json.loads(json.dumps(way.to_json()))
        if manifest.is_file():
            _check_same(manifest, wanted)
            return
        path.mkdir(exist_ok=True)
        with atomic_path(manifest) as file:
            file.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")

    def shard_path(self, index: int) -> Path:
        """Return the path of the packed set of a shard."""
        return self.path / f"shard-{index:06d}.npz"

    def summary(self, index: int, motions: MotionSet) -> dict[str, Any] | None:
        """Return the summary of a shard that is done, None if it is not.

        Args:
            index: number of the shard.
            motions: what it is made of now.

        Raises:
            InvalidInput: the shard was made of other motions.
        """
        if not self.shard_path(index).exists():
            return None
        made = _read_json(self._origin_path(index))
        if made.get("source") != motions.content_id():
            reason = "was made of other motions; must have the inputs of the earlier run in their order"
            raise InvalidInput.of(str(self.shard_path(index)), reason)
        return made["summary"]

    def write(self, index: int, motions: MotionSet, corrections: Sequence[Correction]) -> dict[str, Any]:
        """Write a shard and return its summary.

        Args:
            index: number of the shard.
            motions: what it was made of.
            corrections: the corrections, in the same order.
        """
        reports = [correction.report for correction in corrections]
        summary = summarize(reports)
        with atomic_path(self._origin_path(index)) as file:
            file.write_text(json.dumps({"source": motions.content_id(), "summary": summary}) + "\n", encoding="utf-8")
        corrected = motions.with_motions([correction.motion for correction in corrections])
        write_packed(self.shard_path(index), corrected, reports)
        return summary

    def _origin_path(self, index: int) -> Path:
        return PackedPaths.of(self.shard_path(index)).arrays.with_suffix(".json")


def _check_same(manifest: Path, wanted: dict[str, Any]) -> None:
    there = _read_json(manifest)
    for name, value in wanted.items():
        if there.get(name) != value:
            reason = f"was made with {name} {there.get(name)!r} and not {value!r}; must be the same, or another folder"
            raise InvalidInput.of(str(manifest.parent), reason)


def _read_json(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput.of(str(file), f"cannot be read ({error}); remove the shard, and it is made again") from error
    if not isinstance(document, dict):
        raise InvalidInput.of(str(file), "is another JSON value; must be an object")
    return document
