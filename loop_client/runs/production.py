"""Producing motions: sampled from a generator, and corrected as they come."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from loop_client.runs.real_motions import joined
from motion.motion_set import MotionSet
from motion.errors import InvalidInput, PlumbError
from motion.motion import Motion
from motion.formats.packed import PackedPaths, read_packed, read_reports, write_packed
from motion.protocols import CorrectionOptions, Corrector, Generator, SampleOptions
from motion.report import Correction, Report
from motion.skeleton import JOINT_NAMES
from motion.validation import check_motion

CHUNK = 16
"""Motions that are corrected, and saved, together while the next are sampled."""

_RAW, _CORRECTED, _PARTS = "raw", "corrected", "parts"


@dataclass(frozen=True)
class Order:
    """Motions to produce.

    Attributes:
        names: of the motions; each its own.
        prompts, lengths: one a motion.
        captions: the captions that each is to be stored with.
        seed: of the sampling.
        options: checkpoint, guidance and steps.
        replaced: for each, whether its correction is to take its place.
        verified: correct all of them, for a verifier to look at.
        correction_seed: of the correction.
        correction: options of the corrector.
        provenance: for each, what else is to be remembered of where it came from.
    """

    names: Sequence[str]
    prompts: Sequence[str]
    lengths: Sequence[int]
    captions: Sequence[Sequence[str]]
    seed: int
    options: SampleOptions
    replaced: Sequence[bool]
    verified: bool = False
    correction_seed: int = 0
    correction: CorrectionOptions = field(default_factory=CorrectionOptions)
    provenance: Sequence[dict[str, object]] = ()

    def __len__(self) -> int:
        return len(self.names)

    def described(self, index: int, motion: Motion) -> MotionSet:
        """Sample `index` with its name, captions and provenance; one that is no motion says so in `invalid`."""
        motion = replace(motion, name=self.names[index], caption=self.prompts[index])
        about: dict[str, object] = {
            "prompt": self.prompts[index],
            "checkpoint": self.options.checkpoint,
            "seed": self.seed,
            "index": index,
            "corrected": self.verified or bool(self.replaced[index]),
            "replaced": bool(self.replaced[index]),
            **(self.provenance[index] if self.provenance else {}),
        }
        try:
            motion = check_motion(motion)
        except InvalidInput as error:
            about["invalid"] = str(error)
            motion = replace(motion, joint_names=JOINT_NAMES)  # a set has none but ours; what is wrong is said
        return MotionSet((motion,), (tuple(self.captions[index]),), (about,))


@dataclass(frozen=True, eq=False)
class Production:
    """What came of an order.

    Attributes:
        raw: every sample as the generator made it; those that are no motion have `invalid` in their metadata.
        corrections: of those that were chosen and are motions, by name.
    """

    raw: MotionSet
    corrections: dict[str, Correction]

    def valid(self) -> MotionSet:
        """The samples that are motions."""
        return self.raw.select([i for i, about in enumerate(self.raw.metadata) if "invalid" not in about])

    def reports(self) -> list[Report]:
        return [correction.report for correction in self.corrections.values()]


def produce(
    order: Order,
    generator: Generator,
    corrector: Corrector | None,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Production:
    """Sample an order and correct what was chosen of it, once: what `folder` holds already is not made again.

    Samples are saved and corrected in chunks, those of one chunk while the next is being sampled, so an order that was
    cut off goes on at the first chunk that is missing.

    Args:
        corrector: None where nothing is chosen.
        progress: called with (sampled, all).

    Raises:
        ServiceUnavailable, NotFound, InvalidInput: as generator and corrector do.
    """
    if not is_produced(folder):
        parts = folder / _PARTS
        parts.mkdir(parents=True, exist_ok=True)
        with _worker() as worker:
            corrections: list[Future[None]] = []
            for number, raw in enumerate(_raw_chunks(order, generator, parts, progress)):
                for done in corrections:
                    if done.done():
                        done.result()  # raises what the correction raised, before more is sampled in vain
                corrections.append(worker.submit(_correct_chunk, parts, number, raw, order, corrector))
            for correction in corrections:
                correction.result()
        _join(folder, parts, len(corrections))
    return read_production(folder)


def is_produced(folder: Path) -> bool:
    """Whether an order was produced in `folder` to its end; the raw set is written last."""
    return PackedPaths.of(folder / _RAW).arrays.exists()


def read_production(folder: Path) -> Production:
    """What was produced in `folder`.

    Raises:
        InvalidInput: a file is damaged, or corrections are missing that were made.
    """
    raw = read_packed(folder / _RAW)
    corrections = {}
    if not PackedPaths.of(folder / _CORRECTED).arrays.exists():
        if any(about.get("corrected") and "invalid" not in about for about in raw.metadata):
            raise InvalidInput.of(
                str(folder), f"has lost {_CORRECTED}.npz; to have all of it made again, delete {_RAW}.npz too"
            )
    else:
        reports = read_reports(folder / _CORRECTED)
        motions = read_packed(folder / _CORRECTED)
        corrections = {motion.name or "": Correction(motion, reports[motion.name or ""]) for motion in motions}
    return Production(raw, corrections)


def _raw_chunks(
    order: Order, generator: Generator, parts: Path, progress: Callable[[int, int], None] | None
) -> Iterator[MotionSet]:
    """The samples chunk by chunk, those saved before and then new ones, each saved before it is handed on."""
    done = 0
    number = 0
    while done < len(order) and PackedPaths.of(_part(parts, _RAW, number)).arrays.exists():
        chunk = read_packed(_part(parts, _RAW, number))
        done, number = done + len(chunk), number + 1
        yield chunk
    if done >= len(order):
        return
    samples = generator.sample(order.prompts, order.lengths, order.seed, order.options, start_index=done)
    waiting: list[MotionSet] = []
    for sample in samples:
        waiting.append(order.described(done, sample))
        done += 1
        if progress:
            progress(done, len(order))
        if len(waiting) == CHUNK or done == len(order):
            chunk, waiting = joined(waiting), []
            write_packed(_part(parts, _RAW, number), chunk)
            number += 1
            yield chunk
    if done < len(order):
        raise PlumbError(f"the generator made {done} of {len(order)} samples and ended")


def _correct_chunk(parts: Path, number: int, raw: MotionSet, order: Order, corrector: Corrector | None) -> None:
    target = _part(parts, _CORRECTED, number)
    if corrector is None or PackedPaths.of(target).arrays.exists():
        return
    chosen = raw.select([i for i, about in enumerate(raw.metadata) if about["corrected"] and "invalid" not in about])
    corrections = corrector.correct(chosen.motions, order.correction_seed, order.correction) if len(chosen) else []
    motions = chosen.with_motions([correction.motion for correction in corrections])
    write_packed(target, motions, [correction.report for correction in corrections])


def _join(folder: Path, parts: Path, chunks: int) -> None:
    """Put the parts together; the raw set last, for it says that all is done."""
    corrected = [_part(parts, _CORRECTED, number) for number in range(chunks)]
    if all(PackedPaths.of(part).arrays.exists() for part in corrected):
        reports = [report for part in corrected for report in read_reports(part).values()]
        write_packed(folder / _CORRECTED, joined([read_packed(part) for part in corrected]), reports)
    write_packed(folder / _RAW, joined([read_packed(_part(parts, _RAW, number)) for number in range(chunks)]))
    shutil.rmtree(parts)


def _part(parts: Path, kind: str, number: int) -> Path:
    return parts / f"{kind}-{number:04d}"


@contextmanager
def _worker() -> Iterator[ThreadPoolExecutor]:
    """One thread for the corrections; when the block raises, those that have not begun are dropped."""
    worker = ThreadPoolExecutor(1, thread_name_prefix="correction")
    try:
        yield worker
    finally:
        worker.shutdown(wait=True, cancel_futures=True)
