"""The client of a generator: `motion.protocols.Generator` over gRPC."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Protocol, TypeVar

import grpc

from motion.errors import InvalidInput, ServiceUnavailable
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, GeneratorInfo, SampleOptions
from motion.rpc import wire
from motion.rpc.channel import MAX_ATTEMPTS, open_channel
from motion.rpc.client_security import ClientSecurity
from motion.rpc.status import error_from_call
from motion.v1 import generator_pb2, generator_pb2_grpc

SERVICE = generator_pb2.DESCRIPTOR.services_by_name["GeneratorService"].full_name

_DESCRIBE_TIMEOUT_S = 10.0
_FIRST_PAUSE_S = 0.1
_MAX_PAUSE_S = 5.0

_Response = TypeVar("_Response")
_Response_co = TypeVar("_Response_co", covariant=True)


class _Stream(Protocol[_Response_co]):
    """The responses of a call, as gRPC returns them."""

    def __iter__(self) -> Iterator[_Response_co]: ...

    def cancel(self) -> object: ...


class RemoteGenerator:
    """A generator behind gRPC as a `motion.protocols.Generator`, with the same results as one in-process.

    When the connection breaks, sampling resumes at the first missing sample, an upload is repeated, and a training
    resumes from the step that the server last saved. A server that stays away, or dies again and again without
    progress, raises `ServiceUnavailable`.

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
            return wire.unpack_generator_info(self._stub.Describe(request, timeout=_DESCRIBE_TIMEOUT_S))
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
        options = options or SampleOptions()
        request = wire.build(
            generator_pb2.SampleRequest,
            checkpoint=options.checkpoint,
            prompts=list(prompts),
            lengths=list(lengths),
            seed=seed,
            guidance=options.guidance,
            steps=options.steps,
            start_index=start_index,
        )

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
        for _ in _upload_requests(dataset):  # gRPC would swallow an error that is raised while it sends
            pass
        attempts = 0
        while True:
            attempts += 1
            try:
                return self._stub.UploadDataset(_upload_requests(dataset)).dataset_id
            except grpc.RpcError as error:
                failure = error_from_call(error, self._peer)
                if not isinstance(failure, ServiceUnavailable) or attempts >= MAX_ATTEMPTS:
                    raise failure from error
                _pause(attempts - 1)

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
        request = wire.build(
            generator_pb2.FitRequest,
            dataset_id=dataset,
            init=init,
            steps=steps,
            seed=seed,
            settings=dict(settings or {}),
        )

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


def _upload_requests(dataset: MotionSet) -> Iterator[generator_pb2.UploadDatasetRequest]:
    for index, (motion, captions) in enumerate(zip(dataset.motions, dataset.captions, strict=True)):
        try:
            packed = wire.pack_motion(motion)
        except InvalidInput as error:
            raise error.within(f"motions[{index}]") from error
        yield wire.build(generator_pb2.UploadDatasetRequest, motion=packed, captions=list(captions), total=len(dataset))


def _resume(
    open_stream: Callable[[], _Stream[_Response]], position: Callable[[_Response], int], peer: str
) -> Iterator[_Response]:
    """Yield the responses of a stream, and reopen it when it breaks.

    Before each reopening there is a pause, which doubles with each failure in a row. Failures are counted from the
    last progress, and after `MAX_ATTEMPTS` of them the stream is given up. So is one that breaks without any response,
    since gRPC itself has then repeated the call.

    Args:
        open_stream: starts the call.
        position: place of a response in the work; there is progress if it exceeds that of all responses before.
        peer: who is called, for errors.
    """
    reached, failures = -1, 0
    while True:
        responses = open_stream()
        got_response = False
        try:
            for response in responses:
                yield response
                got_response = True
                if position(response) > reached:
                    reached, failures = position(response), 0
            return
        except grpc.RpcError as error:
            failure = error_from_call(error, peer)
            if not (isinstance(failure, ServiceUnavailable) and got_response and failures < MAX_ATTEMPTS):
                raise failure from error
        finally:
            responses.cancel()
        _pause(failures)
        failures += 1


def _pause(failures: int) -> None:
    time.sleep(min(_FIRST_PAUSE_S * 2**failures, _MAX_PAUSE_S))
