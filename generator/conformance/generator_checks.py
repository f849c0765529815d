"""Checks that every generator must pass, in this process or at an address.

    from generator.conformance import CHECKS
    for check in CHECKS:
        check(generator)                  # raises Failure, with a sentence

A generator is an object that satisfies `motion.protocols.Generator`. `loop_client.RemoteGenerator(address)` is one for
a service in any language; `plumb-gen check HOST:PORT` runs the checks on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np

from motion.errors import InvalidInput, NotFound, PlumbError
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, Generator, SampleOptions
from motion.synthesis import synthesize

_STEPS = 3
_PROMPTS = ["a person walks forward", "someone waves", "a person walks forward", "a person squats"]
_CLIENTS = 4
_UNKNOWN_ID = "0" * 24


class Failure(PlumbError):
    """A generator does not do what the contract requires."""


def describes_itself(generator: Generator) -> None:
    """Check that `describe` returns a name, a version, a rate, a range of lengths and the default checkpoint."""
    info = generator.describe()
    _require(bool(info.name and info.version), "describe must return a name and a version")
    valid = info.fps > 0 and 1 <= info.min_frames <= info.max_frames
    _require(valid, "describe must return a positive fps and min_frames <= max_frames", info)
    listed = info.default_checkpoint in info.checkpoints or not info.checkpoints
    _require(listed, "the default checkpoint must be among the checkpoints", info)


def identifies_datasets_by_content(generator: Generator) -> None:
    """Check that `upload` returns equal ids for equal data sets and different ids for different ones."""
    first, again = generator.upload(_dataset()), generator.upload(_dataset())
    other = generator.upload(_dataset().select(range(5)))
    _require(first == again, "equal data sets must have equal ids", first, again)
    _require(first != other, "different data sets must have different ids", first)


def rejects_invalid_datasets(generator: Generator) -> None:
    """Check that `upload` refuses a data set without motions, and one with values that are not finite."""
    _require_error(lambda: generator.upload(MotionSet((), ())), InvalidInput, "a data set without motions")
    broken = _dataset().motions[0].positions.copy()
    broken[3] = np.nan
    motions = [motion.with_positions(broken) if i == 0 else motion for i, motion in enumerate(_dataset())]
    dataset = _dataset().with_motions(motions)
    _require_error(lambda: generator.upload(dataset), InvalidInput, "values that are not finite")


def fits_checkpoints(generator: Generator) -> None:
    """Check that `fit` reports progress and returns a listed checkpoint whose id is a function of the request."""
    dataset, progress = generator.upload(_dataset()), list[FitProgress]()
    checkpoint = generator.fit(dataset, "", _STEPS, seed=5, progress=progress.append)
    _require(checkpoint in generator.describe().checkpoints, "the checkpoint of a fit must be listed", checkpoint)
    steps = [each.step for each in progress]
    _require(
        steps == sorted(steps) and all(0 < step <= _STEPS for step in steps), "progress must rise to the steps", steps
    )
    again = generator.fit(dataset, "", _STEPS, seed=5)
    _require(again == checkpoint, "equal fits must have equal checkpoints", checkpoint, again)
    for other in (generator.fit(dataset, "", _STEPS, seed=6), generator.fit(dataset, checkpoint, _STEPS, seed=5)):
        _require(other != checkpoint, "another seed or start must result in another checkpoint", checkpoint)


def rejects_invalid_fits(generator: Generator) -> None:
    """Check that `fit` refuses steps below 1 and unknown settings, and does not find unknown ids."""
    dataset = generator.upload(_dataset())
    _require_error(lambda: generator.fit(dataset, "", 0), InvalidInput, "a fit of no steps")
    _require_error(lambda: generator.fit(dataset, "", 1, settings={"no_such": "1"}), InvalidInput, "an unknown setting")
    _require_error(lambda: generator.fit(_UNKNOWN_ID, "", 1), NotFound, "a fit on an unknown data set")
    _require_error(lambda: generator.fit(dataset, _UNKNOWN_ID, 1), NotFound, "a fit from an unknown checkpoint")


def resumes_interrupted_fits(generator: Generator) -> None:
    """Check that a fit whose client gave up can be requested again, with the same checkpoint as a whole one."""
    dataset = generator.upload(_dataset())

    class GaveUp(Exception):
        pass

    def give_up(progress: FitProgress) -> None:
        raise GaveUp

    try:
        generator.fit(dataset, "", _STEPS, seed=7, progress=give_up)
    except GaveUp:
        pass
    checkpoint = generator.fit(dataset, "", _STEPS, seed=7)
    again = generator.fit(dataset, "", _STEPS, seed=7)
    _require(checkpoint == again, "an interrupted fit must end in the checkpoint of a whole one", checkpoint, again)
    listed = checkpoint in generator.describe().checkpoints
    _require(listed, "the checkpoint of an interrupted fit must be listed", checkpoint)


def samples_every_prompt(generator: Generator) -> None:
    """Check that `sample` yields one motion per prompt, in order, of the requested length and the generator's rate."""
    info, lengths = generator.describe(), _lengths(generator)
    motions = list(generator.sample(_PROMPTS, lengths, 1, _checkpoint(generator)))
    returned = [len(motion) for motion in motions]
    _require(returned == lengths, "motions must have the requested lengths", lengths, returned)
    _require(all(motion.fps == info.fps for motion in motions), "motions must have the fps of describe", info.fps)
    _require(all(np.isfinite(motion.positions).all() for motion in motions), "positions must be finite")
    _require([motion.caption for motion in motions] == _PROMPTS, "captions must be the prompts")


def samples_deterministically(generator: Generator) -> None:
    """Check that samples are a function of the request, and differ by seed and by index."""
    options, lengths = _checkpoint(generator), _lengths(generator)
    first, again, other = (_bytes_of(generator.sample(_PROMPTS, lengths, seed, options)) for seed in (1, 1, 2))
    _require(first == again, "equal requests must have equal answers, bit by bit")
    _require(all(a != b for a, b in zip(first, other, strict=True)), "another seed must have other motions")
    _require(first[0] != first[2], "equal prompts at two indices must have different motions")


def samples_from_any_index(generator: Generator) -> None:
    """Check that a request with a `start_index` has the same motions from there on, and none at the end."""
    options, lengths = _checkpoint(generator), _lengths(generator)
    whole = _bytes_of(generator.sample(_PROMPTS, lengths, 3, options))
    for start in (1, 3, len(_PROMPTS)):
        part = _bytes_of(generator.sample(_PROMPTS, lengths, 3, options, start_index=start))
        _require(part == whole[start:], f"motions from index {start} on must be those of the whole request")


def rejects_invalid_sample_requests(generator: Generator) -> None:
    """Check that `sample` refuses lengths that are out of range or not one per prompt, and unknown checkpoints."""
    info, options = generator.describe(), _checkpoint(generator)
    for lengths, what in (
        ([info.min_frames], "one length for two prompts"),
        ([info.max_frames + 1] * 2, "a length above max_frames"),
        ([info.min_frames - 1] * 2, "a length below min_frames"),
    ):
        _require_error(
            lambda lengths=lengths: list(generator.sample(["one", "two"], lengths, 0, options)), InvalidInput, what
        )
    unknown = SampleOptions(_UNKNOWN_ID)
    _require_error(
        lambda: list(generator.sample(["one"], [info.min_frames], 0, unknown)), NotFound, "an unknown checkpoint"
    )


def answers_concurrent_clients(generator: Generator) -> None:
    """Check that clients at the same time get the answers that each would get alone."""
    options, lengths = _checkpoint(generator), _lengths(generator)

    def sample(seed: int) -> list[bytes]:
        return _bytes_of(generator.sample(_PROMPTS, lengths, seed, options))

    alone = [sample(seed) for seed in range(_CLIENTS)]
    with ThreadPoolExecutor(_CLIENTS) as pool:
        together = list(pool.map(sample, range(_CLIENTS)))
    _require(alone == together, "answers must not depend on other clients")


CHECKS: tuple[Callable[[Generator], None], ...] = (
    describes_itself,
    identifies_datasets_by_content,
    rejects_invalid_datasets,
    fits_checkpoints,
    rejects_invalid_fits,
    resumes_interrupted_fits,
    samples_every_prompt,
    samples_deterministically,
    samples_from_any_index,
    rejects_invalid_sample_requests,
    answers_concurrent_clients,
)
"""All checks of a generator. They leave small data sets and checkpoints behind."""

PREREQUISITES: tuple[Callable[[Generator], None], ...] = (
    describes_itself,
    identifies_datasets_by_content,
    fits_checkpoints,
    samples_every_prompt,
)
"""Checks that all later ones rely on: after one of them failed, the others fail for the same reason."""


@cache
def _dataset() -> MotionSet:
    return synthesize(6, 11, actions=["walk", "wave", "squat"])


def _checkpoint(generator: Generator) -> SampleOptions:
    return SampleOptions(generator.fit(generator.upload(_dataset()), "", _STEPS, seed=5))


def _lengths(generator: Generator) -> list[int]:
    info = generator.describe()
    return [min(max(length, info.min_frames), info.max_frames) for length in (40, 52, 40, 64)]


def _bytes_of(motions: Iterable[Motion]) -> list[bytes]:
    return [motion.positions.tobytes() for motion in motions]


def _require(met: bool, requirement: str, *values: object) -> None:
    if not met:
        raise Failure(requirement + (f": {', '.join(map(str, values))}" if values else ""))


def _require_error(call: Callable[[], object], kind: type[PlumbError], what: str) -> None:
    try:
        call()
    except kind:
        return
    except Exception as error:
        raise Failure(f"{what} must be refused as {kind.__name__}, not as {type(error).__name__}: {error}") from error
    raise Failure(f"{what} must be refused as {kind.__name__}, but was accepted")
