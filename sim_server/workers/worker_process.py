"""A worker process: corrects and scores motions from its standard input, and answers on its standard output.

It is started by `worker.WorkerProcess` as a program of its own, so that it shares nothing with a server that has
threads and connections, and so that scripts and notebooks need no guard around their main part. It ends when its input
does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, NoReturn

from motion.errors import InvalidInput, PlumbError
from motion.report import Correction
from sim_server.correction_request import CorrectionRequest
from sim_server.corrector import Corrector
from sim_server.feasibility import score_motion
from sim_server.workers.worker_messages import (
    Message,
    correction_message,
    info_message,
    read_message,
    read_order,
    read_score_order,
    refusal_message,
    score_message,
    write_message,
)

_FAILED_STATUS = 70


@dataclass(frozen=True)
class WorkerSettings:
    """How a worker corrects.

    Attributes:
        policy: name or folder of the default policy; empty for the one that ships.
        slots: motions that are simulated at once.
        max_simulated_s: seconds that may be simulated for one motion; None for no limit.
        heartbeat_s: time between two signs of life [s].
    """

    policy: str = ""
    slots: int = 32
    max_simulated_s: float | None = None
    heartbeat_s: float = 1.0


class _WorkerCorrector(Corrector):
    """A corrector whose process ends when its engine fails: the pool then lets its motions run elsewhere."""

    def _replace_engine(self, error: Exception) -> NoReturn:
        traceback.print_exception(error)
        os._exit(_FAILED_STATUS)


class _Worker:
    """Takes orders and sends answers. Scores have a thread beside that of the corrections, since they are short.

    Args:
        corrector: what corrects.
        answers: where to write messages to.
    """

    def __init__(self, corrector: Corrector, answers: BinaryIO):
        self._corrector = corrector
        self._answers = answers
        self._writing = threading.Lock()
        self._requests: dict[int, CorrectionRequest] = {}
        self._scoring = ThreadPoolExecutor(1, "score")
        self._scores: dict[int, Future[None]] = {}
        self._scored = 0

    def work(self, orders: BinaryIO, heartbeat_s: float) -> None:
        """Work until there are no more orders."""
        self._send(info_message(self._corrector.describe()))
        threading.Thread(target=self._live, args=(heartbeat_s,), name="heartbeat", daemon=True).start()
        while (message := read_message(orders)) is not None:
            if message.kind == "correct":
                self._take(message)
            elif message.kind == "score":
                self._take_score(message)
            elif (request := self._requests.pop(message.task, None)) is not None:
                request.future.cancel()
            elif (score := self._scores.pop(message.task, None)) is not None:
                score.cancel()

    def _take(self, message: Message) -> None:
        task = message.task
        request = self._corrector.enqueue(*read_order(message))
        self._requests[task] = request
        # In this order the begin is told before the answer.
        request.started.add_done_callback(lambda _: self._send(Message("started", task)))
        request.future.add_done_callback(partial(self._answer, task))

    def _answer(self, task: int, future: Future[Correction]) -> None:
        self._requests.pop(task, None)
        if future.cancelled():
            return
        error = future.exception()
        self._send(_failure_message(task, error) if error else correction_message(task, future.result()))

    def _take_score(self, order: Message) -> None:
        score = self._scores[order.task] = self._scoring.submit(self._score, order)
        score.add_done_callback(lambda _: self._scores.pop(order.task, None))

    def _score(self, order: Message) -> None:
        """Score one motion, and answer."""
        task = order.task
        self._send(Message("started", task))
        try:
            answer = score_message(task, score_motion(read_score_order(order)))
        except InvalidInput as error:
            answer = refusal_message(error, task)
        except Exception as error:  # a defect that this motion brought out; the others go on
            answer = _failure_message(task, error)
        self._scored += 1
        self._send(answer)

    def _live(self, heartbeat_s: float) -> None:
        """Tell the pool now and then that the process lives, and how far it is."""
        while True:
            time.sleep(heartbeat_s)
            progress = {task: request.progress for task, request in list(self._requests.items())}
            turns = self._corrector.turns + self._scored
            self._send(Message("alive", values={"turns": turns, "progress": list(progress.items())}))

    def _send(self, message: Message) -> None:
        try:
            with self._writing:
                write_message(self._answers, message)
        except OSError:  # nobody is there to be answered
            os._exit(0)


def _failure_message(task: int, error: BaseException) -> Message:
    """Return the message by which a worker says that it failed with a motion; without memory it ends instead."""
    if isinstance(error, MemoryError):  # perhaps by what others hold here: a new process may have enough
        traceback.print_exception(error)
        os._exit(_FAILED_STATUS)
    text = "".join(traceback.format_exception(error))
    return Message("failed", task, {"error": f"{type(error).__name__}: {error}", "traceback": text})


def _claim_stdout() -> BinaryIO:
    """Return the standard output for messages; whatever is printed goes to stderr from now on."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def main() -> NoReturn:
    """Work as `sys.argv[1]` says, which is `WorkerSettings` as JSON."""
    # Signals to a whole group of processes are meant for the one that drains; this one ends with it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    answers = _claim_stdout()
    settings = WorkerSettings(**json.loads(sys.argv[1]))
    try:
        corrector = _WorkerCorrector(settings.policy, settings.slots, max_simulated_s=settings.max_simulated_s)
    except PlumbError as error:
        write_message(answers, refusal_message(error))
        sys.exit(0)
    _Worker(corrector, answers).work(sys.stdin.buffer, settings.heartbeat_s)
    os._exit(0)  # at once: whatever is under way is for nobody


if __name__ == "__main__":
    main()
