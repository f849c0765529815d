"""Answers of a stream: nothing is lost, memory is bounded, and waiting costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import pytest

from motion.errors import InvalidInput, NotFound, Overloaded
from motion.rpc import answer_stream
from motion.rpc.admission import ByteBudget
from motion.rpc.answer_stream import StreamAnswers
from motion.rpc.denials import RetryLater
from motion.v1 import corrector_pb2

Request, Response = corrector_pb2.ScoreRequest, corrector_pb2.ScoreResponse
Answer = Callable[[], Awaitable[corrector_pb2.ScoreResponse]]


def _requests(count: int, caption: str = "") -> list[corrector_pb2.ScoreRequest]:
    requests = [Request(id=str(number)) for number in range(count)]
    for request in requests:
        request.motion.caption = caption
    return requests


async def _each(requests: Iterable[corrector_pb2.ScoreRequest]) -> AsyncIterator[corrector_pb2.ScoreRequest]:
    for request in requests:
        yield request


def _refuse(request: corrector_pb2.ScoreRequest, violations: object) -> corrector_pb2.ScoreResponse:
    return Response(id=f"refused {request.id}")


class Service:
    """Answers at most `places` requests at once, and counts how often it is asked."""

    def __init__(self, places: int):
        self.free = places
        self.asked = 0

    async def start(self, request: corrector_pb2.ScoreRequest) -> Answer:
        self.asked += 1
        if not self.free:
            raise Overloaded("full")
        self.free -= 1

        async def finish() -> corrector_pb2.ScoreResponse:
            await asyncio.sleep(0.01)
            self.free += 1
            return Response(id=request.id)

        return finish


def test_a_full_service_is_asked_by_one_request_at_a_time_however_many_wait() -> None:
    async def run() -> None:
        service = Service(places=1)
        answers = StreamAnswers(service.start, _refuse, window=256)
        streams = [asyncio.create_task(_collected(answers.answer(_each(_requests(10))))) for _ in range(3)]
        found = [await stream for stream in streams]
        assert all(sorted(each, key=int) == [str(number) for number in range(10)] for each in found)
        # Each of the 30 meets at most one refusal, at the head of the line.
        assert service.asked <= 2 * 30

    asyncio.run(run())


async def _collected(responses: AsyncIterator[corrector_pb2.ScoreResponse]) -> list[str]:
    return [response.id async for response in responses]


def test_refused_requests_are_answered_and_the_others_go_on() -> None:
    async def start(request: corrector_pb2.ScoreRequest) -> Answer:
        if request.id == "1":
            raise InvalidInput.of("motion", "is wrong")
        if request.id == "2":
            raise NotFound("no policy")

        async def finish() -> corrector_pb2.ScoreResponse:
            if request.id == "3":
                raise InvalidInput.of("options.trace", "is too long")
            return Response(id=request.id)

        return finish

    answers = StreamAnswers(start, _refuse, window=2)
    found = asyncio.run(_collected(answers.answer(_each([*_requests(5), Request()]))))
    assert sorted(found) == ["0", "4", "refused ", "refused 1", "refused 2", "refused 3"]


def test_a_client_over_its_quota_does_not_hold_up_another() -> None:
    async def run() -> None:
        async def start(request: corrector_pb2.ScoreRequest) -> Answer:
            if request.id.startswith("poor") and not paid.is_set():
                raise RetryLater("later", 0.02)

            async def finish() -> corrector_pb2.ScoreResponse:
                return Response(id=request.id)

            return finish

        paid = asyncio.Event()
        answers = StreamAnswers(start, _refuse, window=8)
        poor = asyncio.create_task(_collected(answers.answer(_each([Request(id="poor")]))))
        assert len(await asyncio.wait_for(_collected(answers.answer(_each(_requests(20)))), 5)) == 20
        assert not poor.done()
        paid.set()
        assert await asyncio.wait_for(poor, 5) == ["poor"]

    asyncio.run(run())


def test_bytes_of_requests_are_bounded_over_all_streams_and_given_back_whatever_happens() -> None:
    async def run() -> None:
        size = _requests(1, "x" * 1000)[0].ByteSize()
        budget = ByteBudget(4 * size)
        release = asyncio.Event()
        started = 0

        async def start(request: corrector_pb2.ScoreRequest) -> Answer:
            nonlocal started
            started += 1

            async def finish() -> corrector_pb2.ScoreResponse:
                await release.wait()
                return Response(id=request.id)

            return finish

        answers = StreamAnswers(start, _refuse, 256, budget)
        stopped = asyncio.create_task(_collected(answers.answer(_each(_requests(10, "x" * 1000)))))
        other = asyncio.create_task(_collected(answers.answer(_each(_requests(10, "x" * 1000)))))
        await asyncio.sleep(0.05)
        assert started == 4
        stopped.cancel()
        release.set()
        assert len(await asyncio.wait_for(other, 5)) == 10
        await asyncio.sleep(0)
        assert budget._left == 4 * size

    asyncio.run(run())


def test_a_client_that_does_not_read_is_not_read_from(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        read = 0

        async def requests() -> AsyncIterator[corrector_pb2.ScoreRequest]:
            nonlocal read
            for request in _requests(50, "x" * 1000):
                read += 1
                yield request

        service = Service(places=100)
        responses = StreamAnswers(service.start, _refuse, window=256).answer(requests())
        await anext(responses)
        await asyncio.sleep(0.1)
        assert read <= 9
        assert len(await asyncio.wait_for(_collected(responses), 5)) == 49

    monkeypatch.setattr(answer_stream, "_STREAM_BYTES", 7 * 1100)
    asyncio.run(run())


def test_an_unexpected_exception_ends_the_stream() -> None:
    async def start(request: corrector_pb2.ScoreRequest) -> Answer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(_collected(StreamAnswers(start, _refuse, 4).answer(_each(_requests(3)))))
