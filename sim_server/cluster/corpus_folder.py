"""The folder of a corrected corpus: a packed set for each shard, see `motion.formats.shard_folder`, and what it is of.

corpus.json             how the corpus is corrected; another way needs another folder
shard-000000.npz ...    the packed sets, see `motion.formats.packed`
shard-000000.json ...   what each was made of, and a summary of its reports
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from motion.errors import InvalidInput
from motion.formats.packed import PackedPaths, write_packed
from motion.formats.shard_folder import ShardFolder, read_document
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


class CorpusFolder(ShardFolder):
    """The folder that a corpus is written to; opening it again goes on where it ended.

    Args:
        path: the folder; it is made if it does not exist.
        way: how the corpus is corrected.

    Raises:
        InvalidInput: the folder holds something else, or a corpus that is corrected in another way.
    """

    def __init__(self, path: Path, way: CorpusWay):
        super().__init__(path, _MANIFEST, way.to_json())

    def summary(self, index: int, motions: MotionSet) -> dict[str, Any] | None:
        """Return the summary of a shard that is done, None if it is not.

        Args:
            index: number of the shard.
            motions: what it is made of now.

        Raises:
            InvalidInput: the shard was made of other motions.
        """
        if not self.is_done(index):
            return None
        made = read_document(self._origin_path(index))
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
