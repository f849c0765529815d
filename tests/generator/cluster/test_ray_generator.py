"""A generator that samples on a cluster answers like the one that it is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path

import pytest

from generator.cli import main
from generator.cluster.ray_generator import RayGenerator
from generator.cluster.ray_sample_task import sample_messages
from generator.generator import DiffusionGenerator
from motion.errors import InvalidInput, NotFound
from motion.motion import Motion
from motion.protocols import Generator, SampleOptions
from motion.rpc import wire
from motion.v1 import motion_pb2


class CallingSampler:
    """Computes each motion as a task of its own, in this process."""

    def __init__(self, store: Path):
        self._store = store

    def sample(
        self, prompts: Sequence[str], lengths: Sequence[int], seed: int, options: SampleOptions, *, start_index: int = 0
    ) -> Iterator[Motion]:
        for index in range(start_index, len(prompts)):
            request = [prompts[index]], [lengths[index]], seed
            (message,) = sample_messages(str(self._store), "cpu", "auto", request, astuple(options), index)
            yield wire.unpack_motion(motion_pb2.Motion.FromString(message))


@pytest.fixture
def generators(tmp_path: Path) -> tuple[DiffusionGenerator, RayGenerator]:
    """Return a generator, and one of it that samples by tasks."""
    own = DiffusionGenerator(tmp_path, "cpu", threads=1)
    return own, RayGenerator(own, CallingSampler(tmp_path))


def test_it_samples_what_the_generator_here_samples(generators: tuple[DiffusionGenerator, RayGenerator]) -> None:
    own, remote = generators
    assert isinstance(remote, Generator) and remote.describe() == own.describe()
    prompts, lengths, options = ["a person walks", "a person turns"], [40, 44], SampleOptions(steps=2)
    wanted = [motion.positions.tobytes() for motion in own.sample(prompts, lengths, 3, options)]
    assert [motion.positions.tobytes() for motion in remote.sample(prompts, lengths, 3, options)] == wanted
    assert [motion.positions.tobytes() for motion in remote.sample(prompts, lengths, 3, options, 1)] == wanted[1:]


def test_it_refuses_before_anything_is_sent_to_the_cluster(generators: tuple[DiffusionGenerator, RayGenerator]) -> None:
    _, remote = generators
    with pytest.raises(InvalidInput, match="length"):
        remote.sample(["a"], [-1])
    with pytest.raises(NotFound):
        remote.sample(["a"], [40], options=SampleOptions("0" * 24))


@pytest.mark.parametrize("other", [["--repository", "recipe.toml"], ["--compile"]])
def test_flags_that_do_not_go_with_a_cluster_are_refused(other: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--ray", "127.0.0.1:1", "--listen", "127.0.0.1:0", *other])
    assert ended.value.code == 2 and "--ray" in capsys.readouterr().err
