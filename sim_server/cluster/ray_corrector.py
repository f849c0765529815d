"""A corrector whose motions are corrected by replicas on a Ray cluster, as many of them as there is work for."""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from motion.errors import InvalidInput, PlumbError, ServiceUnavailable, Violation
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from motion.rpc import wire
from motion.rpc.ray_connection import connect, is_lost
from motion.score import Score
from motion.shell.extras import explained_imports
from motion.v1 import corrector_pb2
from sim_server.cluster.ray_executor import check_version
from sim_server.cluster.ray_replica import ONGOING, SCORING, CorrectorReplica
from sim_server.cluster.ray_task import correct_messages, request_message
from sim_server.control_rate import check_correctable
from sim_server.corrector import given_up
from sim_server.fair_queue import Sender
from sim_server.queued_corrector import CorrectorLoad, QueuedCorrector, QueueFull, WorkClock

_log = logging.getLogger("motion.rpc.cluster")  # with the other events of servers
_BUSY = ONGOING // 2  # motions in each replica above which Ray Serve starts another one
_LOST_REPLICAS = 2  # that had a motion, after which it runs alone
_ALONE_RETRIES = 2  # of a motion in a process of its own
_DRAIN_S = 20.0


@dataclass(eq=False)
class ReplicaRequest:
    """A motion that someone waits for.

    Attributes:
        motion: the checked motion.
        seed: the seed that the report carries.
        options: how to correct it.
        sender: who waits for it.
        future: the answer.
        clock: when the motion arrived and was begun.
    """

    motion: Motion
    seed: int
    options: CorrectionOptions
    sender: Sender
    future: Future[Correction] = field(default_factory=Future)
    clock: WorkClock = field(default_factory=WorkClock)

    @property
    def progress(self) -> float:
        """The share of the work that is done; a replica tells nothing before the end."""
        return float(self.future.done())


class RayCorrector(QueuedCorrector[ReplicaRequest]):
    """Corrects and scores motions by a deployment of Ray Serve; satisfies `motion.protocols.Corrector`.

    Motions wait here, fair among clients, until the replicas have room. Ray Serve starts and ends replicas with the
    load. What a lost replica held runs again on others. A motion that lost two runs in a process of its own, so that
    one that ends processes does not take others with it; such a one is given up, marked FAILED.

    Args:
        address: `local` for a cluster on this machine alone, `auto` for the one that it belongs to, or HOST:PORT.
        policy: name or folder of the default policy; a folder must be there on every node.
        replicas: replicas at most; 0 for one per core of the cluster.
        queue_size: motions that may wait for a replica before `submit` refuses, and as many that wait for their scores.
        least: replicas that are there without load, too.

    Raises:
        MissingExtra: Ray Serve is not installed.
        ServiceUnavailable: there is no cluster at the address, or no replica could be started.
        InvalidInput: the nodes have another version of Plumb.
    """

    def __init__(
        self, address: str = "local", policy: str = "", replicas: int = 0, queue_size: int = 1024, least: int = 1
    ):
        super().__init__(queue_size)
        self._ray = connect(address)
        with explained_imports():
            from ray import serve  # pyright: ignore[reportMissingImports]
        self._serve = serve
        self._name = f"plumb-{uuid.uuid4().hex[:8]}"
        most = replicas or max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        self._room = most * ONGOING
        self._policy = policy
        serve.start(proxy_location="Disabled")
        deployment: Any = serve.deployment(
            CorrectorReplica,
            ray_actor_options={"num_cpus": 1},
            max_ongoing_requests=ONGOING + SCORING,
            graceful_shutdown_timeout_s=_DRAIN_S,
            autoscaling_config={"min_replicas": least, "max_replicas": most, "target_ongoing_requests": _BUSY},
        )
        try:
            self._handle: Any = serve.run(deployment.bind(policy), name=self._name, route_prefix=None)
        except RuntimeError as error:
            raise ServiceUnavailable(f"no replica could be started on the cluster ({error})") from error
        # A lost replica leaves its core, but perhaps to the next one: these tasks ask for none of their own.
        self._alone: Any = self._ray.remote(num_cpus=0, max_retries=_ALONE_RETRIES, scheduling_strategy="SPREAD")(
            correct_messages
        )
        message = corrector_pb2.DescribeCorrectorResponse.FromString(self._handle.describe.remote().result())
        self._info = wire.unpack_corrector_info(message)
        check_version(self._info)
        self._few_alone = asyncio.Semaphore(max(1, most // 4))  # each is a process more than there are cores
        self._tasks: set[asyncio.Task[None]] = set()
        self._scoring: set[Future[Score]] = set()
        self._most_scoring = queue_size
        self._lost = self._given_up = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ray corrector", daemon=True)
        self._thread.start()

    def describe(self) -> CorrectorInfo:
        """Return the replicas' policies, versions and limits."""
        return self._info

    def submit_score(self, sender: Sender, motion: Motion) -> Future[Score]:
        """Hand over a motion to be scored by a replica, and return a future; cancelling it drops the motion.

        Args:
            sender: who waits for it.
            motion: the motion.

        Raises:
            InvalidInput: the motion is none. The future raises it if no body can be built for the motion.
            QueueFull: too many motions wait for their scores already.
            ServiceUnavailable: the corrector is closed.
        """
        if len(self._scoring) >= self._most_scoring:
            raise QueueFull(f"{len(self._scoring)} motions wait for their scores already; try again shortly")
        motion = check_correctable(motion)
        message = corrector_pb2.ScoreRequest(motion=wire.pack_motion(motion)).SerializeToString()
        with self._changed:
            if self._closed:
                raise ServiceUnavailable("the corrector is closed")
            future = asyncio.run_coroutine_threadsafe(self._score(message), self._loop)
            self._scoring.add(future)
        future.add_done_callback(self._scoring.discard)
        return future

    def load(self) -> CorrectorLoad:
        """Return what the corrector has to do at the moment."""
        with self._changed:
            waiting = len(self._waiting)
        return CorrectorLoad(waiting, len(self._tasks), self._room, lost_workers=self._lost, given_up=self._given_up)

    def close(self) -> None:
        """Remove the deployment from the cluster. Motions that are not done yet fail with `ServiceUnavailable`."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            waiting = list(self._waiting)
        for request in waiting:
            _fail(request.future, ServiceUnavailable("the corrector was closed"))
        for score in list(self._scoring):
            score.cancel()
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._handle.shutdown()
        self._serve.delete(self._name)
        self._ray.shutdown()

    def _policy_names(self) -> Collection[str]:
        return self._info.policies

    def _new_request(self, motion: Motion, sender: Sender, seed: int, options: CorrectionOptions) -> ReplicaRequest:
        return ReplicaRequest(motion, seed, options, sender)

    def _append(self, request: ReplicaRequest) -> None:
        super()._append(request)
        self._loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        """Send the motions whose turn it is, as long as the replicas have room; runs in the loop."""
        while len(self._tasks) < self._room:
            with self._changed:
                request = self._waiting.pop()
            if request is None:
                return
            task = self._loop.create_task(self._correct(request))
            self._tasks.add(task)
            task.add_done_callback(self._take_back)
            request.future.add_done_callback(partial(self._drop, task))

    def _take_back(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._hand_out()

    def _drop(self, task: asyncio.Task[None], future: Future[Correction]) -> None:
        if future.cancelled():
            self._loop.call_soon_threadsafe(task.cancel)

    async def _correct(self, request: ReplicaRequest) -> None:
        """Have one motion corrected, and answer it."""
        request.clock.begin()
        message = request_message(request.motion, request.seed, request.options)
        try:
            answer = await self._answer(message)
            correction = (
                self._give_up(request)
                if answer is None
                else wire.unpack_correction(corrector_pb2.CorrectResponse.FromString(answer))
            )
        except asyncio.CancelledError:
            _fail(request.future, ServiceUnavailable("the corrector was closed"))
            raise
        except Exception as error:
            _log.exception("a motion could not be corrected on the cluster")
            _fail(request.future, error if isinstance(error, PlumbError) else RuntimeError(str(error)))
        else:
            if not request.future.done() and request.future.set_running_or_notify_cancel():
                request.future.set_result(correction)

    async def _score(self, message: bytes) -> Score:
        """Have one motion scored."""
        answer = await self._ask(self._handle.score, message)
        if answer is None:
            self._given_up += 1
            ended = f"ended {_LOST_REPLICAS} processes of the corrector; must be those of a human body"
            raise InvalidInput.of("positions", ended)
        response = corrector_pb2.ScoreResponse.FromString(answer)
        if response.violations:
            raise InvalidInput([Violation(each.field, each.description) for each in response.violations])
        return wire.unpack_score(response.score)

    async def _answer(self, message: bytes) -> bytes | None:
        """Return the answer to a request, from a replica or else alone; None if it ended every process that had it."""
        answer = await self._ask(self._handle, message)
        if answer is not None:
            return answer
        async with self._few_alone:
            return await self._correct_alone(message)

    async def _ask(self, method: Any, message: bytes) -> bytes | None:
        """Return the answer of a replica; None if several replicas were lost with the message."""
        for _ in range(_LOST_REPLICAS):
            try:
                return await method.remote(message)
            except Exception as error:
                if not is_lost(error):
                    raise
                self._lost += 1
                _log.warning("a replica was lost, and what it had runs again: %s", type(error).__name__)
        return None

    async def _correct_alone(self, message: bytes) -> bytes | None:
        try:
            (answer,) = await asyncio.wrap_future(self._alone.remote(self._policy, [message]).future())
        except Exception as error:
            if not is_lost(error):
                raise
            return None
        return answer

    def _give_up(self, request: ReplicaRequest) -> Correction:
        self._given_up += 1
        policy = request.options.policy or self._info.default_policy
        ended = _LOST_REPLICAS + _ALONE_RETRIES + 1
        reason = f"ended {ended} processes of the corrector, the last ones while it was alone in them"
        return given_up(request.motion, policy, request.seed, reason)

    async def _cancel_all(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _fail(future: Future[Correction], error: Exception) -> None:
    if not future.done() and future.set_running_or_notify_cancel():
        future.set_exception(error)
