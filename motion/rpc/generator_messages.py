"""What a client of a generator sends, whatever carries it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from motion.errors import InvalidInput
from motion.motion_set import MotionSet
from motion.protocols import SampleOptions
from motion.rpc import wire
from motion.v1 import generator_pb2

SERVICE = generator_pb2.DESCRIPTOR.services_by_name["GeneratorService"].full_name
DESCRIBE_TIMEOUT_S = 10.0


def sample_request(
    prompts: Sequence[str], lengths: Sequence[int], seed: int, options: SampleOptions | None, start_index: int
) -> generator_pb2.SampleRequest:
    """Return the request of `Generator.sample`.

    Raises:
        InvalidInput: a value cannot be sent.
    """
    options = options or SampleOptions()
    return wire.build(
        generator_pb2.SampleRequest,
        checkpoint=options.checkpoint,
        prompts=list(prompts),
        lengths=list(lengths),
        seed=seed,
        guidance=options.guidance,
        steps=options.steps,
        start_index=start_index,
    )


def fit_request(
    dataset: str, init: str, steps: int, seed: int, settings: Mapping[str, str] | None
) -> generator_pb2.FitRequest:
    """Return the request of `Generator.fit`.

    Raises:
        InvalidInput: a value cannot be sent.
    """
    return wire.build(
        generator_pb2.FitRequest,
        dataset_id=dataset,
        init=init,
        steps=steps,
        seed=seed,
        settings=dict(settings or {}),
    )


def upload_requests(dataset: MotionSet) -> Iterator[generator_pb2.UploadDatasetRequest]:
    """Yield the requests of an upload, one a motion.

    Raises:
        InvalidInput: a value cannot be sent; the field starts with `motions[i]`.
    """
    for index, (motion, captions) in enumerate(zip(dataset.motions, dataset.captions, strict=True)):
        try:
            packed = wire.pack_motion(motion)
        except InvalidInput as error:
            raise error.within(f"motions[{index}]") from error
        yield wire.build(generator_pb2.UploadDatasetRequest, motion=packed, captions=list(captions), total=len(dataset))


def check_upload(dataset: MotionSet) -> None:
    """Check that a data set can be sent; gRPC would swallow an error that is raised while it sends.

    Raises:
        InvalidInput: a value cannot be sent; the field starts with `motions[i]`.
    """
    for _ in upload_requests(dataset):
        pass
