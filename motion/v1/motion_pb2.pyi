from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Tensor(_message.Message):
    __slots__ = ("dtype", "shape", "data")
    class DType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DTYPE_UNSPECIFIED: _ClassVar[Tensor.DType]
        DTYPE_FLOAT32: _ClassVar[Tensor.DType]
        DTYPE_FLOAT64: _ClassVar[Tensor.DType]
        DTYPE_INT32: _ClassVar[Tensor.DType]
        DTYPE_INT64: _ClassVar[Tensor.DType]
        DTYPE_UINT8: _ClassVar[Tensor.DType]
        DTYPE_BOOL: _ClassVar[Tensor.DType]
    DTYPE_UNSPECIFIED: Tensor.DType
    DTYPE_FLOAT32: Tensor.DType
    DTYPE_FLOAT64: Tensor.DType
    DTYPE_INT32: Tensor.DType
    DTYPE_INT64: Tensor.DType
    DTYPE_UINT8: Tensor.DType
    DTYPE_BOOL: Tensor.DType
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    dtype: Tensor.DType
    shape: _containers.RepeatedScalarFieldContainer[int]
    data: bytes
    def __init__(self, dtype: _Optional[_Union[Tensor.DType, str]] = ..., shape: _Optional[_Iterable[int]] = ..., data: _Optional[bytes] = ...) -> None: ...

class Motion(_message.Message):
    __slots__ = ("positions", "fps", "joint_names", "caption", "name")
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    JOINT_NAMES_FIELD_NUMBER: _ClassVar[int]
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    positions: Tensor
    fps: float
    joint_names: _containers.RepeatedScalarFieldContainer[str]
    caption: str
    name: str
    def __init__(self, positions: _Optional[_Union[Tensor, _Mapping]] = ..., fps: _Optional[float] = ..., joint_names: _Optional[_Iterable[str]] = ..., caption: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...
