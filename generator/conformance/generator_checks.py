"""What every generator must do, as checks that run against any of them, in this process or at an address.

    from generator.conformance.generator_checks import CHECKS, Failure
    for check in CHECKS:
        check(generator)                  # raises Failure, in words

A generator is anything that satisfies `motion.protocols.Generator`; `loop_client.RemoteGenerator(address)` makes one of
a service, in whatever language it is written. `plumb-gen check HOST:PORT` does that from the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from motion.errors import InvalidInput, NotFound, PlumbError
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, Generator, SampleOptions
from motion.synthesis import synthesize

_STEPS = 3
_PROMPTS = ["a person walks forward", "someone waves", "a person walks forward", "a person squats"]
_CLIENTS = 4


class Failure(PlumbError):
    """A generator does not do what the contract says."""


def describes_itself(generator: Generator) -> None:
    """`describe` gives a name, a version, a rate, a range of lengths and the checkpoints, among them the default."""
    info = generator.describe()
    _demand(bool(info.name and info.version), "describe must give a name and a version")
    _demand(info.fps > 0 and 1 <= info.min_frames <= info.max_frames, "fps and the range of frames make no sense", info)
    known = info.default_checkpoint in info.checkpoints or not info.checkpoints
    _demand(known, "the default checkpoint is none of those listed", info)


def names_sets_by_content(generator: Generator) -> None:
    """`upload` gives equal sets one id, and others another."""
    first, again = generator.upload(_motions()), generator.upload(_motions())
    other = generator.upload(_motions().select(range(5)))
    _demand(first == again, "equal sets must have one id", first, again)
    _demand(first != other, "different sets must have different ids", first)


def refuses_useless_sets(generator: Generator) -> None:
    """`upload` refuses a set that has no motions, and one with numbers that are not finite."""
    _refuses(lambda: generator.upload(MotionSet((), ())), InvalidInput, "a set without motions")
    broken = _motions().motions[0].positions.copy()
    broken[3] = np.nan
    motions = [motion.with_positions(broken) if i == 0 else motion for i, motion in enumerate(_motions())]
    _refuses(lambda: generator.upload(_motions().with_motions(motions)), InvalidInput, "numbers that are not finite")


def fits(generator: Generator) -> None:
    """`fit` ends in a checkpoint that is listed and can be sampled; its progress rises to its steps; the same request
    has the same answer, and another has another."""
    dataset, lines = generator.upload(_motions()), list[FitProgress]()
    made = generator.fit(dataset, "", _STEPS, seed=5, progress=lines.append)
    _demand(made in generator.describe().checkpoints, "a fit's checkpoint is not listed", made)
    steps = [line.step for line in lines]
    _demand(steps == sorted(steps) and all(0 < s <= _STEPS for s in steps), "progress must rise to the steps", steps)
    _demand(generator.fit(dataset, "", _STEPS, seed=5) == made, "the same fit must be the same checkpoint")
    for other in (generator.fit(dataset, "", _STEPS, seed=6), generator.fit(dataset, made, _STEPS, seed=5)):
        _demand(other != made, "another seed or start must be another checkpoint", made)


def refuses_useless_fits(generator: Generator) -> None:
    """`fit` refuses steps below 1 and settings that it does not know, and does not find what is not there."""
    dataset = generator.upload(_motions())
    _refuses(lambda: generator.fit(dataset, "", 0), InvalidInput, "a fit of no steps")
    _refuses(lambda: generator.fit(dataset, "", 1, settings={"no_such": "1"}), InvalidInput, "an unknown setting")
    _refuses(lambda: generator.fit("0" * 24, "", 1), NotFound, "a fit on a set that is not there")
    _refuses(lambda: generator.fit(dataset, "0" * 24, 1), NotFound, "a fit from a checkpoint that is not there")


def takes_up_a_fit_that_was_cut_off(generator: Generator) -> None:
    """A fit whose client gave up can be asked for again, and ends in the checkpoint that it would have ended in."""
    dataset = generator.upload(_motions())

    class GaveUp(Exception):
        pass

    def give_up(line: FitProgress) -> None:
        raise GaveUp

    try:
        generator.fit(dataset, "", _STEPS, seed=7, progress=give_up)
    except GaveUp:
        pass
    made = generator.fit(dataset, "", _STEPS, seed=7)
    _demand(made == generator.fit(dataset, "", _STEPS, seed=7), "a fit that was cut off ended elsewhere", made)
    _demand(made in generator.describe().checkpoints, "a fit that was cut off has no checkpoint", made)


def samples(generator: Generator) -> None:
    """`sample` yields a motion a prompt, in order, each finite, of its length and at the rate of `describe`."""
    info, lengths = generator.describe(), _lengths(generator)
    motions = list(generator.sample(_PROMPTS, lengths, 1, _trained(generator)))
    _demand([len(motion) for motion in motions] == lengths, "lengths differ from those asked", lengths)
    _demand(all(motion.fps == info.fps for motion in motions), "rates differ from that of describe", info.fps)
    _demand(all(np.isfinite(motion.positions).all() for motion in motions), "positions are not finite")
    _demand([motion.caption for motion in motions] == _PROMPTS, "captions are not the prompts")


def samples_by_seed(generator: Generator) -> None:
    """Equal requests have equal answers, to the bit; another seed, and another place among equal prompts, have other
    answers."""
    options, lengths = _trained(generator), _lengths(generator)
    first, again, other = (_bits(generator.sample(_PROMPTS, lengths, seed, options)) for seed in (1, 1, 2))
    _demand(first == again, "equal requests must have equal answers")
    _demand(all(a != b for a, b in zip(first, other, strict=True)), "another seed must have another answer")
    _demand(first[0] != first[2], "equal prompts at two places must have two answers")


def begins_anywhere(generator: Generator) -> None:
    """`start_index` begins anew in the middle with the same motions; at the end there are none."""
    options, lengths = _trained(generator), _lengths(generator)
    whole = _bits(generator.sample(_PROMPTS, lengths, 3, options))
    for start in (1, 3, len(_PROMPTS)):
        part = _bits(generator.sample(_PROMPTS, lengths, 3, options, start_index=start))
        _demand(part == whole[start:], f"samples from index {start} on differ from those of the whole")


def refuses_useless_requests(generator: Generator) -> None:
    """`sample` refuses lengths that do not match the prompts or are out of range, and does not find checkpoints that
    are not there."""
    info, options = generator.describe(), _trained(generator)
    for lengths, what in (
        ([info.min_frames], "lengths that do not match"),
        ([info.max_frames + 1] * 2, "a length over the largest"),
        ([info.min_frames - 1] * 2, "a length under the smallest"),
    ):
        _refuses(
            lambda lengths=lengths: list(generator.sample(["one", "two"], lengths, 0, options)), InvalidInput, what
        )
    missing = SampleOptions("0" * 24)
    _refuses(lambda: list(generator.sample(["one"], [info.min_frames], 0, missing)), NotFound, "an unknown checkpoint")


def answers_many_at_once(generator: Generator) -> None:
    """Clients at the same time have the answers that each would have alone."""
    options, lengths = _trained(generator), _lengths(generator)
    alone = [_bits(generator.sample(_PROMPTS, lengths, seed, options)) for seed in range(_CLIENTS)]
    with ThreadPoolExecutor(_CLIENTS) as pool:
        together = list(
            pool.map(lambda seed: _bits(generator.sample(_PROMPTS, lengths, seed, options)), range(_CLIENTS))
        )
    _demand(alone == together, "answers differ when several clients ask at once")


CHECKS: tuple[Callable[[Generator], None], ...] = (
    describes_itself,
    names_sets_by_content,
    refuses_useless_sets,
    fits,
    refuses_useless_fits,
    takes_up_a_fit_that_was_cut_off,
    samples,
    samples_by_seed,
    begins_anywhere,
    refuses_useless_requests,
    answers_many_at_once,
)
"""All checks, each to be called with a generator; they leave small checkpoints behind."""


@cache
def _motions() -> MotionSet:
    return synthesize(6, 11, actions=["walk", "wave", "squat"])


def _trained(generator: Generator) -> SampleOptions:
    return SampleOptions(generator.fit(generator.upload(_motions()), "", _STEPS, seed=5))


def _lengths(generator: Generator) -> list[int]:
    info = generator.describe()
    return [min(max(length, info.min_frames), info.max_frames) for length in (40, 52, 40, 64)]


def _bits(motions: Iterable[Motion]) -> list[bytes]:
    return [motion.positions.tobytes() for motion in motions]


def _demand(met: bool, otherwise: str, *seen: Any) -> None:
    if not met:
        raise Failure(otherwise + (f": {', '.join(map(str, seen))}" if seen else ""))


def _refuses(call: Callable[[], object], kind: type[PlumbError], what: str) -> None:
    try:
        call()
    except kind:
        return
    except Exception as error:
        raise Failure(f"{what} must be refused as {kind.__name__}, not as {type(error).__name__}: {error}") from error
    raise Failure(f"{what} must be refused as {kind.__name__}, and was taken")
