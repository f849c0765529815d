"""What is asked of a generator, and the samples and corrections that came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from motion.errors import InvalidInput
from motion.formats.packed import PackedPaths, read_packed, read_reports
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import CorrectionOptions, SampleOptions
from motion.report import Correction, Report
from motion.skeleton import JOINT_NAMES
from motion.validation import check_motion

RAW, CORRECTED = "raw", "corrected"
"""The packed sets of samples and of corrections in the folder of a batch."""


@dataclass(frozen=True)
class SampleRequest:
    """Motions to sample, and which of them to correct. Every sequence has one entry for each motion.

    Attributes:
        names: distinct names of the motions.
        prompts: the texts to sample from.
        lengths: the numbers of frames.
        captions: the captions that the motions are stored with.
        seed: seed of the sampling.
        options: checkpoint, guidance and steps.
        replaced: whether the correction of a motion takes its place in the training set.
        correct_all: correct also the motions that are not replaced, because a verifier needs the corrections.
        correction_seed: seed of the corrections.
        correction: options of the corrector.
        provenance: further metadata to store with the motions; empty for none.
    """

    names: Sequence[str]
    prompts: Sequence[str]
    lengths: Sequence[int]
    captions: Sequence[Sequence[str]]
    seed: int
    options: SampleOptions
    replaced: Sequence[bool]
    correct_all: bool = False
    correction_seed: int = 0
    correction: CorrectionOptions = field(default_factory=CorrectionOptions)
    provenance: Sequence[dict[str, object]] = ()

    def __len__(self) -> int:
        return len(self.names)

    def label(self, index: int, motion: Motion) -> MotionSet:
        """Return a sample as a set of one motion, with its name, captions and provenance.

        Args:
            index: the position of the sample in the request.
            motion: the sample. If it is not a valid motion, the metadata field `invalid` tells why.
        """
        motion = replace(motion, name=self.names[index], caption=self.prompts[index])
        metadata: dict[str, object] = {
            "prompt": self.prompts[index],
            "checkpoint": self.options.checkpoint,
            "seed": self.seed,
            "index": index,
            "corrected": self.correct_all or bool(self.replaced[index]),
            "replaced": bool(self.replaced[index]),
            **(self.provenance[index] if self.provenance else {}),
        }
        try:
            motion = check_motion(motion)
        except InvalidInput as error:
            metadata["invalid"] = str(error)
            # A set holds only motions with our joint names, and the message already tells what is wrong.
            motion = replace(motion, joint_names=JOINT_NAMES)
        return MotionSet((motion,), (tuple(self.captions[index]),), (metadata,))


@dataclass(frozen=True, eq=False)
class SampleBatch:
    """The samples and corrections that came of a request.

    Attributes:
        raw: every sample as the generator made it; the invalid ones have the metadata field `invalid`.
        corrections: corrections of the valid samples that were to be corrected, by name.
    """

    raw: MotionSet
    corrections: dict[str, Correction]

    def valid(self) -> MotionSet:
        """Return the samples that are valid motions."""
        return self.raw.select([i for i, metadata in enumerate(self.raw.metadata) if "invalid" not in metadata])

    def reports(self) -> list[Report]:
        """Return the reports of the corrections."""
        return [correction.report for correction in self.corrections.values()]


def has_sample_batch(folder: Path) -> bool:
    """Return whether a folder holds a complete batch; the raw samples are written last."""
    return PackedPaths.of(folder / RAW).arrays.exists()


def read_sample_batch(folder: Path) -> SampleBatch:
    """Read a batch of samples and corrections.

    Raises:
        InvalidInput: a file is damaged, or the corrections were made and are missing.
    """
    raw = read_packed(folder / RAW)
    corrections = {}
    if not PackedPaths.of(folder / CORRECTED).arrays.exists():
        if any(metadata.get("corrected") and "invalid" not in metadata for metadata in raw.metadata):
            raise InvalidInput.of(
                str(folder), f"has lost {CORRECTED}.npz; to have all of it made again, delete {RAW}.npz too"
            )
    else:
        reports = read_reports(folder / CORRECTED)
        motions = read_packed(folder / CORRECTED)
        corrections = {motion.name or "": Correction(motion, reports[motion.name or ""]) for motion in motions}
    return SampleBatch(raw, corrections)
