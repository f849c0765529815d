"""Corrects the shards of a corpus on a Ray cluster, one task a shard and one core a task."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from motion import __version__
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from motion.rpc import wire
from motion.rpc.ray_connection import connect, is_lost
from motion.v1 import corrector_pb2
from sim_server.cluster.ray_task import correct_messages, describe_message, request_message

_RETRIES = 8  # of a task whose process or node was lost
_RETRIES_ALONE = 2  # of a single motion, which then may be the reason
_joining = threading.Lock()
_AHEAD = 2  # tasks for each core, so that none waits for the next one


class RayExecutor:
    """Corrects shards as tasks of a Ray cluster.

    A task whose process or node is lost runs again elsewhere, with the same result. If that happens again and again,
    each motion of the shard runs alone, and one that ends its processes even then is given up, marked FAILED.

    Args:
        address: `local` for a cluster on this machine alone, `auto` for the one that it belongs to, or HOST:PORT.
        policy: name or folder of the default policy; a folder must be there on every node.

    Raises:
        MissingExtra: Ray is not installed.
        ServiceUnavailable: there is no cluster at the address.
        InvalidInput: the nodes have another version of Plumb.
    """

    def __init__(self, address: str = "local", policy: str = ""):
        self._ray = ray = connect(address)
        self._policy = policy
        remote: Callable[..., Any] = ray.remote
        self._task = remote(num_cpus=1, max_retries=_RETRIES)(correct_messages)
        self._task_alone = remote(num_cpus=1, max_retries=_RETRIES_ALONE)(correct_messages)
        message = ray.get(remote(num_cpus=1, max_retries=_RETRIES)(describe_message).remote(policy))
        self._info = wire.unpack_corrector_info(corrector_pb2.DescribeCorrectorResponse.FromString(message))
        check_version(self._info)

    @property
    def window(self) -> int:
        """Shards that keep the cores of the cluster busy; it grows with the cluster."""
        return max(2, _AHEAD * int(self._ray.cluster_resources().get("CPU", 1)))

    def describe(self) -> CorrectorInfo:
        """Return the description of the correctors on the nodes."""
        return self._info

    def submit(self, motions: Sequence[Motion], seed: int, options: CorrectionOptions) -> Future[list[Correction]]:
        """Hand over the motions of a shard; see `ShardExecutor.submit`."""
        answer: Future[list[Correction]] = Future()
        self._start(answer, [request_message(motion, seed, options) for motion in motions], self._task)
        return answer

    def _start(self, answer: Future[list[Correction]], requests: list[bytes], task: Any) -> None:
        reference = task.remote(self._policy, requests)
        reference.future().add_done_callback(partial(self._settle, answer, requests))

    def _settle(self, answer: Future[list[Correction]], requests: list[bytes], done: Future[list[bytes]]) -> None:
        """Answer with the result of a task, or try its motions one by one if it was lost."""
        error = done.exception()
        if error is None:
            _answer(answer, [_correction_of(each) for each in done.result()])
        elif not is_lost(error):
            _fail(answer, error)
        elif len(requests) == 1:
            _answer(answer, [self._given_up(requests[0])])
        else:
            parts: list[Future[list[Correction]]] = [Future() for _ in requests]
            for part in parts:
                part.add_done_callback(lambda _: _join(answer, parts))
            for part, request in zip(parts, requests, strict=True):
                self._start(part, [request], self._task_alone)

    def _given_up(self, request: bytes) -> Correction:
        from sim_server.corrector import given_up

        message = corrector_pb2.CorrectRequest.FromString(request)
        policy = message.options.policy or self._info.default_policy
        reason = f"the motion ended the process that corrected it {_RETRIES_ALONE + 1} times"
        return given_up(wire.unpack_motion(message.motion), policy, message.seed, reason)

    def __enter__(self) -> RayExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()


def policy_for_nodes(policy: str) -> str:
    """Return the name of a policy, or the whole path of its folder, as the nodes have other working folders."""
    return str(Path(policy).resolve()) if policy and Path(policy).is_dir() else policy


def check_version(info: CorrectorInfo) -> None:
    """Check that what corrects on the nodes is the version that runs here.

    Raises:
        InvalidInput: it is another one.
    """
    if info.version != __version__:
        raise InvalidInput.of("--ray", f"has Plumb {info.version} on its nodes; must be {__version__}, as here")


def _correction_of(response: bytes) -> Correction:
    return wire.unpack_correction(corrector_pb2.CorrectResponse.FromString(response))


def _answer(answer: Future[list[Correction]], corrections: list[Correction]) -> None:
    if answer.set_running_or_notify_cancel():
        answer.set_result(corrections)


def _fail(answer: Future[list[Correction]], error: BaseException) -> None:
    if answer.set_running_or_notify_cancel():
        answer.set_exception(error)


def _join(answer: Future[list[Correction]], parts: Sequence[Future[list[Correction]]]) -> None:
    """Answer once all parts are done; each of them calls this when it is."""
    with _joining:
        if answer.done() or not all(part.done() for part in parts):
            return
        errors = [error for part in parts if (error := part.exception())]
        if errors:
            _fail(answer, errors[0])
        else:
            _answer(answer, [correction for part in parts for correction in part.result()])
