"""The client of a generator for event loops; `motion.rpc.generator_client` has the one for all other programs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from operator import attrgetter
from typing import Any

import grpc
import grpc.aio

from motion.errors import PlumbError, ServiceUnavailable
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, GeneratorInfo, SampleOptions
from motion.rpc import wire
from motion.rpc.channel import MAX_ATTEMPTS, open_async_channel
from motion.rpc.client_security import ClientSecurity
from motion.rpc.generator_messages import (
    DESCRIBE_TIMEOUT_S,
    SERVICE,
    check_upload,
    fit_request,
    sample_request,
    upload_requests,
)
from motion.rpc.status import error_from_call
from motion.rpc.stream_retries import StreamRetries
from motion.v1 import generator_pb2, generator_pb2_grpc


class AsyncRemoteGenerator:
    """A generator for programs with an event loop; `RemoteGenerator` with coroutines.

    It is opened and used in one event loop. What `RemoteGenerator` says of broken connections holds here too. A
    coroutine that is cancelled cancels its call.

    Args:
        address: HOST:PORT, or a gRPC target.
        security: TLS, certificate and token; None for what the variables PLUMB_CA and so on say.

    Raises:
        InvalidInput: the address is malformed, or the security does not go with it.
    """

    def __init__(self, address: str, *, security: ClientSecurity | None = None):
        self._peer = f"generator at {address}"
        self._channel = open_async_channel(address, SERVICE, security)
        self._stub = generator_pb2_grpc.GeneratorServiceStub(self._channel)  # pyright: ignore[reportArgumentType]

    async def describe(self) -> GeneratorInfo:
        """Return the description of the server's generator.

        Raises:
            ServiceUnavailable: there is no such server, or it does not answer.
        """
        request = generator_pb2.DescribeGeneratorRequest()
        try:
            return wire.unpack_generator_info(await self._stub.Describe(request, timeout=DESCRIBE_TIMEOUT_S))
        except grpc.RpcError as error:
            raise error_from_call(error, self._peer) from error

    async def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int = 0,
        options: SampleOptions | None = None,
        start_index: int = 0,
    ) -> AsyncGenerator[Motion, None]:
        """Generate one motion per prompt; see `motion.protocols.Generator.sample`.

        Args:
            prompts: descriptions of the motions.
            lengths: number of frames of each motion.
            seed: random seed.
            options: how to sample; None for the defaults.
            start_index: index of the first motion to generate.

        Yields:
            The motions in the order of the prompts. The call is made when the first motion is asked for.

        Raises:
            PlumbError: as `RemoteGenerator.sample` raises.
        """
        request = sample_request(prompts, lengths, seed, options, start_index)
        async with aclosing(_resume(lambda: self._stub.Sample(request), attrgetter("index"), self._peer)) as responses:
            async for response in responses:
                # A stream that breaks after this response is reopened at the next one.
                request.start_index = response.index + 1
                yield wire.unpack_motion(response.motion)

    async def upload(self, dataset: MotionSet) -> str:
        """Upload a data set and return its id, which is computed from its content.

        Raises:
            PlumbError: as `RemoteGenerator.upload` raises.
        """
        check_upload(dataset)
        retries = StreamRetries(needs_response=False, attempts=MAX_ATTEMPTS)
        while True:
            try:
                return (await self._stub.UploadDataset(upload_requests(dataset))).dataset_id
            except grpc.RpcError as error:
                failure, cause = error_from_call(error, self._peer), error
            await _pause(retries, failure, cause)

    async def fit(
        self,
        dataset: str,
        init: str,
        steps: int,
        seed: int = 0,
        settings: Mapping[str, str] | None = None,
        progress: Callable[[FitProgress], None] | None = None,
    ) -> str:
        """Train a checkpoint on an uploaded data set; see `motion.protocols.Generator.fit`.

        Args:
            dataset: id that `upload` returned.
            init: id of the checkpoint to start from; empty to start from random weights.
            steps: number of optimizer steps.
            seed: random seed.
            settings: settings of the generator's own by name; None for the defaults.
            progress: called now and then with the state of the training.

        Returns:
            The id of the new checkpoint.

        Raises:
            PlumbError: as `RemoteGenerator.fit` raises.
        """
        request = fit_request(dataset, init, steps, seed, settings)
        async with aclosing(_resume(lambda: self._stub.Fit(request), attrgetter("step"), self._peer)) as responses:
            async for response in responses:
                if response.checkpoint:
                    return response.checkpoint
                if progress:
                    progress(FitProgress(response.step, response.steps, response.loss))
        raise ServiceUnavailable(f"the {self._peer} ended the fit without a checkpoint")

    async def close(self) -> None:
        """Close the connection and cancel running calls."""
        await self._channel.close()

    async def __aenter__(self) -> AsyncRemoteGenerator:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _resume(
    open_stream: Callable[[], Any], position: Callable[[Any], int], peer: str
) -> AsyncGenerator[Any, None]:
    """Yield the responses of a stream, and reopen it when it breaks, as long as `StreamRetries` allows."""
    retries = StreamRetries()
    while True:
        responses = open_stream()
        try:
            async for response in responses:
                yield response
                retries.received(position(response))
            return
        except grpc.RpcError as error:
            failure, cause = error_from_call(error, peer), error
        finally:
            responses.cancel()
        await _pause(retries, failure, cause)


async def _pause(retries: StreamRetries, failure: PlumbError, cause: grpc.RpcError) -> None:
    try:
        await asyncio.sleep(retries.pause_after(failure))
    except PlumbError as final:
        raise final from cause
