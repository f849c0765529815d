"""What a pool has its workers do: a motion to correct, or one to score, for which someone waits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction
from motion.score import Score
from sim_server.corrector import given_up
from sim_server.fair_queue import Sender
from sim_server.queued_corrector import WorkClock
from sim_server.workers.worker_messages import (
    Message,
    order_message,
    read_correction,
    read_refusal,
    read_score,
    score_order_message,
)

_Answer = TypeVar("_Answer")


@dataclass(eq=False, kw_only=True)
class Task(ABC, Generic[_Answer]):
    """A motion that someone waits for.

    Attributes:
        number: what messages call it.
        motion: the checked motion.
        sender: who waits for it.
        future: the answer.
        clock: when the motion arrived and was begun.
        share: the share of the work that is done, as its worker last told.
        deaths: worker processes that ended while they worked on it.
    """

    number: int
    motion: Motion
    sender: Sender
    future: Future[_Answer] = field(default_factory=Future)
    clock: WorkClock = field(default_factory=WorkClock)
    share: float = 0.0
    deaths: int = 0

    @property
    def progress(self) -> float:
        """The share of the work that is done, 1 with the answer."""
        return 1.0 if self.future.done() else self.share

    @property
    @abstractmethod
    def order(self) -> Message:
        """The message that hands the task to a worker."""

    @property
    @abstractmethod
    def request(self) -> Mapping[str, Any]:
        """What was asked for, beside the motion, as JSON has it."""

    @abstractmethod
    def settle(self, message: Message) -> None:
        """Answer with what a worker says of the motion."""

    @abstractmethod
    def give_up(self, default_policy: str) -> None:
        """Answer that the motion ended too many workers."""

    def answer(self, answer: _Answer) -> None:
        """Set the answer, unless the caller has cancelled the task."""
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_result(answer)

    def fail(self, error: Exception) -> None:
        """Answer with an error, unless the caller has cancelled the task."""
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)

    @property
    def _why_given_up(self) -> str:
        return f"ended {self.deaths} worker processes of the corrector, the second one while it was alone in it"


@dataclass(eq=False, kw_only=True)
class CorrectionTask(Task[Correction]):
    """A motion to correct.

    Attributes:
        seed: the seed that the report carries.
        options: how to correct it.
    """

    seed: int
    options: CorrectionOptions

    @property
    def order(self) -> Message:
        """The message that hands the task to a worker."""
        return order_message(self.number, self.motion, self.seed, self.options)

    @property
    def request(self) -> Mapping[str, Any]:
        """What was asked for, beside the motion, as JSON has it."""
        return {"seed": self.seed, "options": asdict(self.options)}

    def settle(self, message: Message) -> None:
        """Answer with what a worker says of the motion."""
        if message.kind == "failed":
            self.fail(_failure(message))
            return
        try:
            correction = read_correction(message)
        except Exception as error:  # a defect that this correction brought out; the others go on
            self.fail(error)
        else:
            self.answer(correction)

    def give_up(self, default_policy: str) -> None:
        """Answer with the motion as it is, marked FAILED."""
        policy = self.options.policy or default_policy
        self.answer(given_up(self.motion, policy, self.seed, self._why_given_up))


@dataclass(eq=False, kw_only=True)
class ScoreTask(Task[Score]):
    """A motion to score."""

    @property
    def order(self) -> Message:
        """The message that hands the task to a worker."""
        return score_order_message(self.number, self.motion)

    @property
    def request(self) -> Mapping[str, Any]:
        """What was asked for, beside the motion, as JSON has it."""
        return {"score": True}

    def settle(self, message: Message) -> None:
        """Answer with what a worker says of the motion."""
        match message.kind:
            case "scored":
                self.answer(read_score(message))
            case "refused":
                self.fail(read_refusal(message))
            case _:
                self.fail(_failure(message))

    def give_up(self, default_policy: str) -> None:
        """Refuse the motion: a score has no place for a failure."""
        self.fail(InvalidInput.of("positions", f"{self._why_given_up}; must be those of a human body"))


def next_wanted(tasks: deque[Any]) -> Any:
    """Take out the first task that someone still waits for; None if there is none.

    Args:
        tasks: `Task`s in the order of their turns.
    """
    while tasks:
        if not (task := tasks.popleft()).future.done():
            return task
    return None


def _failure(message: Message) -> RuntimeError:
    return RuntimeError(f"{message.values['error']}; in the worker:\n{message.values['traceback']}")
