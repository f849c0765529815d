"""The client of a generator: `motion.protocols.Generator` over gRPC."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Protocol, TypeVar

import grpc

from motion.errors import PlumbError, ServiceUnavailable
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, GeneratorInfo, SampleOptions
from motion.rpc import wire
from motion.rpc.channel import MAX_ATTEMPTS, open_channel
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

__all__ = ["SERVICE", "RemoteGenerator"]

_Response = TypeVar("_Response")
_Response_co = TypeVar("_Response_co", covariant=True)


class _Stream(Protocol[_Response_co]):
    """The responses of a call, as gRPC returns them."""

    def __iter__(self) -> Iterator[_Response_co]: ...

    def cancel(self) -> object: ...


class RemoteGenerator:
    """A generator behind gRPC as a `motion.protocols.Generator`, with the same results as one in-process.

    When the connection breaks, sampling resumes at the first missing sample, an upload is repeated, and a training
    resumes from the step that the server last saved. An overloaded server is waited for. One that stays away, or dies
    again and again without progress, raises `ServiceUnavailable`.
    `motion.rpc.async_generator_client.AsyncRemoteGenerator` is the same for event loops.

    Args:
        address: HOST:PORT, or a gRPC target.
        security: TLS, certificate and token; None for what the variables PLUMB_CA and so on say.

    Raises:
        InvalidInput: the address is malformed, or the security does not go with it. Whether there is a server only
            shows in the first call.
    """

    def __init__(self, address: str, *, security: ClientSecurity | None = None):
        self._peer = f"generator at {address}"
        self._channel = open_channel(address, SERVICE, security)
        self._stub = generator_pb2_grpc.GeneratorServiceStub(self._channel)

    def describe(self) -> GeneratorInfo:
        """Return the description of the server's generator.

        Raises:
            ServiceUnavailable: there is no such server, or it does not answer.
        """
        request = generator_pb2.DescribeGeneratorRequest()
        try:
            return wire.unpack_generator_info(self._stub.Describe(request, timeout=DESCRIBE_TIMEOUT_S))
        except grpc.RpcError as error:
            raise error_from_call(error, self._peer) from error

    def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int = 0,
        options: SampleOptions | None = None,
        start_index: int = 0,
    ) -> Iterator[Motion]:
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
            InvalidInput: a prompt, a length or an option is out of range.
            NotFound: the checkpoint does not exist.
            ServiceUnavailable: there is no such server, or it went away for good.
        """
        request = sample_request(prompts, lengths, seed, options, start_index)

        def open_stream() -> _Stream[generator_pb2.SampleResponse]:
            return self._stub.Sample(request)

        for response in _resume(open_stream, attrgetter("index"), self._peer):
            # A stream that breaks after this response is reopened at the next one.
            request.start_index = response.index + 1
            yield wire.unpack_motion(response.motion)

    def upload(self, dataset: MotionSet) -> str:
        """Upload a data set and return its id, which is computed from its content.

        Raises:
            InvalidInput: the set is empty, or the generator refuses a motion.
            ServiceUnavailable: there is no such server, or it went away for good.
        """
        check_upload(dataset)
        retries = StreamRetries(needs_response=False, attempts=MAX_ATTEMPTS)
        while True:
            try:
                return self._stub.UploadDataset(upload_requests(dataset)).dataset_id
            except grpc.RpcError as error:
                failure, cause = error_from_call(error, self._peer), error
            _pause(retries, failure, cause)

    def fit(
        self,
        dataset: str,
        init: str,
        steps: int,
        seed: int = 0,
        settings: Mapping[str, str] | None = None,
        progress: Callable[[FitProgress], None] | None = None,
    ) -> str:
        """Train a checkpoint on an uploaded data set; see `motion.protocols.Generator.fit`.

        If the call ends early (an exception in `progress`, an interrupt), the server stops at its next step. The same
        call resumes from there.

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
            InvalidInput: a setting is unknown or out of range, or the data set cannot be trained on.
            NotFound: the data set or the checkpoint does not exist.
            ServiceUnavailable: there is no such server, or it went away for good.
        """
        request = fit_request(dataset, init, steps, seed, settings)

        def open_stream() -> _Stream[generator_pb2.FitResponse]:
            return self._stub.Fit(request)

        for response in _resume(open_stream, attrgetter("step"), self._peer):
            if response.checkpoint:
                return response.checkpoint
            if progress:
                progress(FitProgress(response.step, response.steps, response.loss))
        raise ServiceUnavailable(f"the {self._peer} ended the fit without a checkpoint")

    def close(self) -> None:
        """Close the connection and cancel running calls."""
        self._channel.close()

    def __enter__(self) -> RemoteGenerator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _resume(
    open_stream: Callable[[], _Stream[_Response]], position: Callable[[_Response], int], peer: str
) -> Iterator[_Response]:
    """Yield the responses of a stream, and reopen it when it breaks, as long as `StreamRetries` allows.

    Args:
        open_stream: starts the call.
        position: place of a response in the work.
        peer: who is called, for errors.
    """
    retries = StreamRetries()
    while True:
        responses = open_stream()
        try:
            for response in responses:
                yield response
                retries.received(position(response))
            return
        except grpc.RpcError as error:
            failure, cause = error_from_call(error, peer), error
        finally:
            responses.cancel()
        _pause(retries, failure, cause)


def _pause(retries: StreamRetries, failure: PlumbError, cause: grpc.RpcError) -> None:
    try:
        time.sleep(retries.pause_after(failure))
    except PlumbError as final:
        raise final from cause
