"""Correct a corpus: shards are handed to an executor, and written as they are done; a run that ended goes on."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Any

from motion.motion_set import MotionSet
from motion.protocols import CorrectionOptions, ProgressCallback
from motion.report import Correction
from sim_server.cluster.corpus_folder import CorpusFolder
from sim_server.cluster.shard_executor import ShardExecutor

_MEANS = ("completed", "mpjpe_global_mm", "residual_force_n_mean", "residual_torque_nm_mean")


@dataclass
class CorpusSummary:
    """What became of a corpus.

    Attributes:
        shards: shards of the corpus.
        kept_shards: those that were there already.
        motions: motions in all shards.
        ok: how many of them are OK.
        assisted: how many are ASSISTED.
        failed: how many are FAILED.
        sums: sums over the motions of numbers of their reports, by name.
    """

    shards: int = 0
    kept_shards: int = 0
    motions: int = 0
    ok: int = 0
    assisted: int = 0
    failed: int = 0
    sums: dict[str, float] = field(default_factory=dict)

    def add(self, summary: dict[str, Any]) -> None:
        """Add the summary of a shard, see `motion.summary.summarize`."""
        self.shards += 1
        for name in ("motions", "ok", "assisted", "failed"):
            setattr(self, name, getattr(self, name) + summary[name])
        values = {name: summary[name] for name in _MEANS}
        values |= {f"phys_err_mm_{when}": summary[when]["phys_err_mm"] for when in ("before", "after")}
        for name, mean in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + mean * summary["motions"]

    def to_json(self) -> dict[str, Any]:
        """Return counts, and means over the motions, as a JSON document."""
        counts = {
            name: getattr(self, name) for name in ("shards", "kept_shards", "motions", "ok", "assisted", "failed")
        }
        return counts | {name: total / self.motions for name, total in self.sums.items()}

    def __str__(self) -> str:
        """Return a sentence for a person."""
        kept = f" ({self.kept_shards} were there already)" if self.kept_shards else ""
        values = self.to_json()
        return (
            f"{self.motions} motions in {self.shards} shards{kept}: {self.ok} OK, {self.assisted} ASSISTED, "
            f"{self.failed} FAILED; physical error {values['phys_err_mm_before']:.1f} mm to "
            f"{values['phys_err_mm_after']:.1f} mm, assist {values['residual_force_n_mean']:.1f} N"
        )


def correct_corpus(
    shards: Iterable[MotionSet],
    folder: CorpusFolder,
    executor: ShardExecutor,
    seed: int,
    options: CorrectionOptions,
    progress: ProgressCallback | None = None,
) -> CorpusSummary:
    """Correct the shards that are not in the folder yet, and write each as soon as it is done.

    Args:
        shards: the motions, in the order of an earlier run if there was one. They are read as they are needed.
        folder: where the corrected shards are written.
        executor: what corrects.
        seed: seed of the corrections.
        options: how to correct.
        progress: called with the numbers of motions (done, read so far).

    Raises:
        InvalidInput: a shard in the folder was made of other motions.
        ServiceUnavailable: what corrects went away; what is done stays.
    """
    summary = CorpusSummary()
    pending: dict[Future[list[Correction]], tuple[int, MotionSet]] = {}
    read = 0

    def collect() -> None:
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in done:
            index, motions = pending.pop(future)
            summary.add(folder.write(index, motions, future.result()))
            if progress:
                progress(summary.motions, read)

    try:
        for index, motions in enumerate(shards):
            read += len(motions)
            if there := folder.summary(index, motions):
                summary.add(there)
                summary.kept_shards += 1
                continue
            while len(pending) >= executor.window:
                collect()
            pending[executor.submit(motions.motions, seed, options)] = index, motions
        while pending:
            collect()
    finally:
        for future in pending:
            future.cancel()
    return summary
