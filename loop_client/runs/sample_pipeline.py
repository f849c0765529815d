"""Sampling and correction as a pipeline: one chunk is corrected while the next is sampled."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from loop_client.evaluation.checked_sets import concatenate_sets
from loop_client.runs.sample_batch import (
    CORRECTED,
    RAW,
    SampleBatch,
    SampleRequest,
    has_sample_batch,
    read_sample_batch,
)
from motion.errors import PlumbError
from motion.formats.packed import PackedPaths, read_packed, read_reports, write_packed
from motion.motion_set import MotionSet
from motion.protocols import Corrector, Generator

CHUNK = 16
"""Number of motions that are saved and corrected together."""
_PARTS = "parts"


def sample_and_correct(
    request: SampleRequest,
    generator: Generator,
    corrector: Corrector | None,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> SampleBatch:
    """Sample the motions of a request and correct those that it names, if the folder does not hold them already.

    Samples are saved and corrected in chunks, so that a request that was interrupted resumes at the first missing
    chunk.

    Args:
        request: the motions to sample.
        generator: the generator, in-process or remote.
        corrector: the corrector, in-process or remote; None if the request names no motion to correct.
        folder: where the batch is stored.
        progress: called with the number of samples so far and the number of all samples.

    Raises:
        ServiceUnavailable: the generator or the corrector went away.
        NotFound: the generator does not have the checkpoint.
        InvalidInput: the generator or the corrector refuses the request.
    """
    if not has_sample_batch(folder):
        parts = folder / _PARTS
        parts.mkdir(parents=True, exist_ok=True)
        with _worker() as worker:
            corrections: list[Future[None]] = []
            for number, raw in enumerate(_raw_chunks(request, generator, parts, progress)):
                for done in corrections:
                    if done.done():
                        done.result()  # raises the error of a failed correction before more is sampled in vain
                corrections.append(worker.submit(_correct_chunk, parts, number, raw, request, corrector))
            for correction in corrections:
                correction.result()
        _join(folder, parts, len(corrections))
    return read_sample_batch(folder)


def _raw_chunks(
    request: SampleRequest, generator: Generator, parts: Path, progress: Callable[[int, int], None] | None
) -> Iterator[MotionSet]:
    """Yield the samples chunk by chunk, first the saved ones, then new ones, each saved before it is yielded."""
    done = 0
    number = 0
    while done < len(request) and PackedPaths.of(_part(parts, RAW, number)).arrays.exists():
        chunk = read_packed(_part(parts, RAW, number))
        done, number = done + len(chunk), number + 1
        yield chunk
    if done >= len(request):
        return
    samples = generator.sample(request.prompts, request.lengths, request.seed, request.options, start_index=done)
    waiting: list[MotionSet] = []
    for sample in samples:
        waiting.append(request.label(done, sample))
        done += 1
        if progress:
            progress(done, len(request))
        if len(waiting) == CHUNK or done == len(request):
            chunk, waiting = concatenate_sets(waiting), []
            write_packed(_part(parts, RAW, number), chunk)
            number += 1
            yield chunk
    if done < len(request):
        raise PlumbError(f"the generator made {done} of {len(request)} samples and ended")


def _correct_chunk(
    parts: Path, number: int, raw: MotionSet, request: SampleRequest, corrector: Corrector | None
) -> None:
    target = _part(parts, CORRECTED, number)
    if corrector is None or PackedPaths.of(target).arrays.exists():
        return
    chosen = raw.select([i for i, about in enumerate(raw.metadata) if about["corrected"] and "invalid" not in about])
    corrections = corrector.correct(chosen.motions, request.correction_seed, request.correction) if len(chosen) else []
    motions = chosen.with_motions([correction.motion for correction in corrections])
    write_packed(target, motions, [correction.report for correction in corrections])


def _join(folder: Path, parts: Path, chunks: int) -> None:
    """Join the chunks into one batch. The raw samples are written last: their presence means that all is done."""
    corrected = [_part(parts, CORRECTED, number) for number in range(chunks)]
    if all(PackedPaths.of(part).arrays.exists() for part in corrected):
        reports = [report for part in corrected for report in read_reports(part).values()]
        write_packed(folder / CORRECTED, concatenate_sets([read_packed(part) for part in corrected]), reports)
    write_packed(folder / RAW, concatenate_sets([read_packed(_part(parts, RAW, number)) for number in range(chunks)]))
    shutil.rmtree(parts)


def _part(parts: Path, kind: str, number: int) -> Path:
    return parts / f"{kind}-{number:04d}"


@contextmanager
def _worker() -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of one thread for the corrections; if the block raises, those not yet started are cancelled."""
    worker = ThreadPoolExecutor(1, thread_name_prefix="correction")
    try:
        yield worker
    finally:
        worker.shutdown(wait=True, cancel_futures=True)
