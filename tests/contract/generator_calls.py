"""What tests of the generator's service share: a server, a data set, and waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from swaying_body import sway
from swaying_generator import SwayingGenerator

from generator.service import services
from motion.motion_set import MotionSet
from motion.rpc.server import ServerSettings, serving


@contextmanager
def served(generator: SwayingGenerator) -> Iterator[str]:
    with serving(services(generator), ServerSettings("127.0.0.1:0", drain_seconds=0.0)) as address:
        yield address


def a_set() -> MotionSet:
    motions = tuple(sway(40, seed, name=f"m{seed}") for seed in range(3))
    return MotionSet(motions, ((),) * 3)


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.01)
