from motion.v1 import motion_pb2 as _motion_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeGeneratorRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeGeneratorResponse(_message.Message):
    __slots__ = ("name", "version", "fps", "min_frames", "max_frames", "checkpoints", "default_checkpoint", "device")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    MIN_FRAMES_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAMES_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    fps: float
    min_frames: int
    max_frames: int
    checkpoints: _containers.RepeatedScalarFieldContainer[str]
    default_checkpoint: str
    device: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., fps: _Optional[float] = ..., min_frames: _Optional[int] = ..., max_frames: _Optional[int] = ..., checkpoints: _Optional[_Iterable[str]] = ..., default_checkpoint: _Optional[str] = ..., device: _Optional[str] = ...) -> None: ...

class SampleRequest(_message.Message):
    __slots__ = ("checkpoint", "prompts", "lengths", "seed", "guidance", "steps", "start_index")
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    PROMPTS_FIELD_NUMBER: _ClassVar[int]
    LENGTHS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    GUIDANCE_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    START_INDEX_FIELD_NUMBER: _ClassVar[int]
    checkpoint: str
    prompts: _containers.RepeatedScalarFieldContainer[str]
    lengths: _containers.RepeatedScalarFieldContainer[int]
    seed: int
    guidance: float
    steps: int
    start_index: int
    def __init__(self, checkpoint: _Optional[str] = ..., prompts: _Optional[_Iterable[str]] = ..., lengths: _Optional[_Iterable[int]] = ..., seed: _Optional[int] = ..., guidance: _Optional[float] = ..., steps: _Optional[int] = ..., start_index: _Optional[int] = ...) -> None: ...

class SampleResponse(_message.Message):
    __slots__ = ("index", "motion")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    MOTION_FIELD_NUMBER: _ClassVar[int]
    index: int
    motion: _motion_pb2.Motion
    def __init__(self, index: _Optional[int] = ..., motion: _Optional[_Union[_motion_pb2.Motion, _Mapping]] = ...) -> None: ...

class UploadDatasetRequest(_message.Message):
    __slots__ = ("motion", "captions", "total")
    MOTION_FIELD_NUMBER: _ClassVar[int]
    CAPTIONS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    motion: _motion_pb2.Motion
    captions: _containers.RepeatedScalarFieldContainer[str]
    total: int
    def __init__(self, motion: _Optional[_Union[_motion_pb2.Motion, _Mapping]] = ..., captions: _Optional[_Iterable[str]] = ..., total: _Optional[int] = ...) -> None: ...

class UploadDatasetResponse(_message.Message):
    __slots__ = ("dataset_id", "motions")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    MOTIONS_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    motions: int
    def __init__(self, dataset_id: _Optional[str] = ..., motions: _Optional[int] = ...) -> None: ...

class FitRequest(_message.Message):
    __slots__ = ("dataset_id", "init", "steps", "seed", "settings")
    class SettingsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    INIT_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    init: str
    steps: int
    seed: int
    settings: _containers.ScalarMap[str, str]
    def __init__(self, dataset_id: _Optional[str] = ..., init: _Optional[str] = ..., steps: _Optional[int] = ..., seed: _Optional[int] = ..., settings: _Optional[_Mapping[str, str]] = ...) -> None: ...

class FitResponse(_message.Message):
    __slots__ = ("step", "steps", "loss", "checkpoint")
    STEP_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    LOSS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    step: int
    steps: int
    loss: float
    checkpoint: str
    def __init__(self, step: _Optional[int] = ..., steps: _Optional[int] = ..., loss: _Optional[float] = ..., checkpoint: _Optional[str] = ...) -> None: ...
