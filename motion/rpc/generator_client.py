"""A generator that is a service: the protocol of `motion.protocols`, over gRPC."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import grpc

from motion.errors import InvalidInput, ServiceUnavailable
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, GeneratorInfo, SampleOptions
from motion.rpc import wire
from motion.rpc.channel import MAX_ATTEMPTS, open_channel
from motion.rpc.status import error_of
from motion.v1 import generator_pb2, generator_pb2_grpc

SERVICE = generator_pb2.DESCRIPTOR.services_by_name["GeneratorService"].full_name

_DESCRIBE_SECONDS = 10.0

_T = TypeVar("_T")


class RemoteGenerator:
    """The generator at an address; satisfies `motion.protocols.Generator`, with the results of one in-process.

    Where the connection breaks, samples are taken up at the next that is missing, an upload is made anew, and a fit
    goes on from what the server saved; a server that stays away raises `ServiceUnavailable`.

    Raises:
        InvalidInput: the address is none. Whether a server is there shows only in the first call.
    """

    def __init__(self, address: str):
        self._peer = f"generator at {address}"
        self._channel = open_channel(address, SERVICE)
        self._stub = generator_pb2_grpc.GeneratorServiceStub(self._channel)

    def describe(self) -> GeneratorInfo:
        """What the server says about its generator."""
        request = generator_pb2.DescribeGeneratorRequest()
        try:
            return wire.unpack_generator_info(self._stub.Describe(request, timeout=_DESCRIBE_SECONDS))
        except grpc.RpcError as error:
            raise error_of(error, self._peer) from error

    def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int = 0,
        options: SampleOptions | None = None,
        start_index: int = 0,
    ) -> Iterator[Motion]:
        """One motion a prompt, in order, from `start_index` on; asked for when the first is.

        Raises:
            InvalidInput: prompts, lengths or options that the generator refuses.
            NotFound: no checkpoint has the id in `options`.
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

        def call() -> Any:
            return self._stub.Sample(request)

        for response in _persistently(call, self._peer):
            # Should the stream break after this one, it is asked for again from the next on.
            request.start_index = response.index + 1
            yield wire.unpack_motion(response.motion)

    def upload(self, dataset: MotionSet) -> str:
        """Hand over a data set; its id, which is a function of its content.

        Raises:
            InvalidInput: the set is empty, or the generator refuses a motion.
            ServiceUnavailable: there is no such server, or it went away for good.
        """
        for _ in _upload_requests(dataset):  # what cannot be sent is found here; inside the call gRPC would swallow it
            pass
        attempts = 0
        while True:
            attempts += 1
            try:
                return self._stub.UploadDataset(_upload_requests(dataset)).dataset_id
            except grpc.RpcError as error:
                failure = error_of(error, self._peer)
                if not isinstance(failure, ServiceUnavailable) or attempts >= MAX_ATTEMPTS:
                    raise failure from error

    def fit(
        self,
        dataset: str,
        init: str,
        steps: int,
        seed: int = 0,
        settings: Mapping[str, str] | None = None,
        progress: Callable[[FitProgress], None] | None = None,
    ) -> str:
        """Train for `steps` steps on an uploaded data set, from the checkpoint `init` or from scratch; the id of the
        checkpoint that came of it. Whatever ends the call early (an exception in `progress`, an interrupt) lets the
        server stop at its next step; the same call goes on from there.

        Raises:
            InvalidInput: steps or settings that the generator refuses.
            NotFound: no such data set or checkpoint.
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
        for response in _persistently(lambda: self._stub.Fit(request), self._peer):
            if response.checkpoint:
                return response.checkpoint
            if progress:
                progress(FitProgress(response.step, response.steps, response.loss))
        raise ServiceUnavailable(f"the {self._peer} ended the fit without a checkpoint")

    def close(self) -> None:
        """Close the connection; calls under way are cancelled."""
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


def _persistently(call: Callable[[], Any], peer: str) -> Iterator[Any]:
    """The responses of a stream that is opened again, by `call`, where it breaks after having brought something.

    A server that brings nothing is given up: gRPC itself has then already tried `MAX_ATTEMPTS` times.
    """
    while True:
        brought_something = False
        responses = call()
        try:
            for response in responses:
                yield response
                brought_something = True
            return
        except grpc.RpcError as error:
            failure = error_of(error, peer)
            if not (isinstance(failure, ServiceUnavailable) and brought_something):
                raise failure from error
        finally:
            responses.cancel()
