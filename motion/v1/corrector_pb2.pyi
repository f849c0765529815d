from motion.v1 import motion_pb2 as _motion_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeCorrectorRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeCorrectorResponse(_message.Message):
    __slots__ = ("name", "default_policy", "policies", "mujoco", "version", "min_frames", "max_frames", "fps", "assist_ladder_n")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_POLICY_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    MUJOCO_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MIN_FRAMES_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAMES_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    ASSIST_LADDER_N_FIELD_NUMBER: _ClassVar[int]
    name: str
    default_policy: str
    policies: _containers.RepeatedScalarFieldContainer[str]
    mujoco: str
    version: str
    min_frames: int
    max_frames: int
    fps: float
    assist_ladder_n: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, name: _Optional[str] = ..., default_policy: _Optional[str] = ..., policies: _Optional[_Iterable[str]] = ..., mujoco: _Optional[str] = ..., version: _Optional[str] = ..., min_frames: _Optional[int] = ..., max_frames: _Optional[int] = ..., fps: _Optional[float] = ..., assist_ladder_n: _Optional[_Iterable[float]] = ...) -> None: ...

class CorrectionOptions(_message.Message):
    __slots__ = ("policy", "assist_auto", "assist_limit_n", "effort", "max_assist_n", "in_place", "effort_name", "trace", "always_simulate", "trace_if_simulated")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    ASSIST_AUTO_FIELD_NUMBER: _ClassVar[int]
    ASSIST_LIMIT_N_FIELD_NUMBER: _ClassVar[int]
    EFFORT_FIELD_NUMBER: _ClassVar[int]
    MAX_ASSIST_N_FIELD_NUMBER: _ClassVar[int]
    IN_PLACE_FIELD_NUMBER: _ClassVar[int]
    EFFORT_NAME_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    ALWAYS_SIMULATE_FIELD_NUMBER: _ClassVar[int]
    TRACE_IF_SIMULATED_FIELD_NUMBER: _ClassVar[int]
    policy: str
    assist_auto: bool
    assist_limit_n: float
    effort: int
    max_assist_n: float
    in_place: bool
    effort_name: str
    trace: bool
    always_simulate: bool
    trace_if_simulated: bool
    def __init__(self, policy: _Optional[str] = ..., assist_auto: _Optional[bool] = ..., assist_limit_n: _Optional[float] = ..., effort: _Optional[int] = ..., max_assist_n: _Optional[float] = ..., in_place: _Optional[bool] = ..., effort_name: _Optional[str] = ..., trace: _Optional[bool] = ..., always_simulate: _Optional[bool] = ..., trace_if_simulated: _Optional[bool] = ...) -> None: ...

class CorrectRequest(_message.Message):
    __slots__ = ("motion", "options", "seed", "id", "priority")
    MOTION_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    motion: _motion_pb2.Motion
    options: CorrectionOptions
    seed: int
    id: str
    priority: int
    def __init__(self, motion: _Optional[_Union[_motion_pb2.Motion, _Mapping]] = ..., options: _Optional[_Union[CorrectionOptions, _Mapping]] = ..., seed: _Optional[int] = ..., id: _Optional[str] = ..., priority: _Optional[int] = ...) -> None: ...

class CorrectResponse(_message.Message):
    __slots__ = ("motion", "report", "id", "violations", "trace")
    MOTION_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    motion: _motion_pb2.Motion
    report: Report
    id: str
    violations: _containers.RepeatedCompositeFieldContainer[FieldViolation]
    trace: Trace
    def __init__(self, motion: _Optional[_Union[_motion_pb2.Motion, _Mapping]] = ..., report: _Optional[_Union[Report, _Mapping]] = ..., id: _Optional[str] = ..., violations: _Optional[_Iterable[_Union[FieldViolation, _Mapping]]] = ..., trace: _Optional[_Union[Trace, _Mapping]] = ...) -> None: ...

class ScoreRequest(_message.Message):
    __slots__ = ("motion", "id")
    MOTION_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    motion: _motion_pb2.Motion
    id: str
    def __init__(self, motion: _Optional[_Union[_motion_pb2.Motion, _Mapping]] = ..., id: _Optional[str] = ...) -> None: ...

class ScoreResponse(_message.Message):
    __slots__ = ("score", "id", "violations")
    SCORE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    score: Score
    id: str
    violations: _containers.RepeatedCompositeFieldContainer[FieldViolation]
    def __init__(self, score: _Optional[_Union[Score, _Mapping]] = ..., id: _Optional[str] = ..., violations: _Optional[_Iterable[_Union[FieldViolation, _Mapping]]] = ...) -> None: ...

class FieldViolation(_message.Message):
    __slots__ = ("field", "description")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    field: str
    description: str
    def __init__(self, field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class PhysicalErrors(_message.Message):
    __slots__ = ("penetrate_mm", "float_mm", "skate_mm", "phys_err_mm", "skate_ratio", "jitter_m_s3", "accel_m_s2")
    PENETRATE_MM_FIELD_NUMBER: _ClassVar[int]
    FLOAT_MM_FIELD_NUMBER: _ClassVar[int]
    SKATE_MM_FIELD_NUMBER: _ClassVar[int]
    PHYS_ERR_MM_FIELD_NUMBER: _ClassVar[int]
    SKATE_RATIO_FIELD_NUMBER: _ClassVar[int]
    JITTER_M_S3_FIELD_NUMBER: _ClassVar[int]
    ACCEL_M_S2_FIELD_NUMBER: _ClassVar[int]
    penetrate_mm: float
    float_mm: float
    skate_mm: float
    phys_err_mm: float
    skate_ratio: float
    jitter_m_s3: float
    accel_m_s2: float
    def __init__(self, penetrate_mm: _Optional[float] = ..., float_mm: _Optional[float] = ..., skate_mm: _Optional[float] = ..., phys_err_mm: _Optional[float] = ..., skate_ratio: _Optional[float] = ..., jitter_m_s3: _Optional[float] = ..., accel_m_s2: _Optional[float] = ...) -> None: ...

class Report(_message.Message):
    __slots__ = ("status", "completed", "mpjpe_global_mm", "mpjpe_local_mm", "before", "after", "residual_force_n_mean", "residual_force_n_max", "residual_torque_nm_mean", "assist_limit_n", "attempts", "policy", "mujoco", "seed", "seconds", "completed_strict", "detailed_status", "reason", "notes", "kept")
    class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATUS_UNSPECIFIED: _ClassVar[Report.Status]
        OK: _ClassVar[Report.Status]
        FAILED: _ClassVar[Report.Status]
        ASSISTED: _ClassVar[Report.Status]
    STATUS_UNSPECIFIED: Report.Status
    OK: Report.Status
    FAILED: Report.Status
    ASSISTED: Report.Status
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    MPJPE_GLOBAL_MM_FIELD_NUMBER: _ClassVar[int]
    MPJPE_LOCAL_MM_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    RESIDUAL_FORCE_N_MEAN_FIELD_NUMBER: _ClassVar[int]
    RESIDUAL_FORCE_N_MAX_FIELD_NUMBER: _ClassVar[int]
    RESIDUAL_TORQUE_NM_MEAN_FIELD_NUMBER: _ClassVar[int]
    ASSIST_LIMIT_N_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    MUJOCO_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_STRICT_FIELD_NUMBER: _ClassVar[int]
    DETAILED_STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    status: Report.Status
    completed: float
    mpjpe_global_mm: float
    mpjpe_local_mm: float
    before: PhysicalErrors
    after: PhysicalErrors
    residual_force_n_mean: float
    residual_force_n_max: float
    residual_torque_nm_mean: float
    assist_limit_n: float
    attempts: int
    policy: str
    mujoco: str
    seed: int
    seconds: float
    completed_strict: float
    detailed_status: Report.Status
    reason: str
    notes: _containers.RepeatedScalarFieldContainer[str]
    kept: bool
    def __init__(self, status: _Optional[_Union[Report.Status, str]] = ..., completed: _Optional[float] = ..., mpjpe_global_mm: _Optional[float] = ..., mpjpe_local_mm: _Optional[float] = ..., before: _Optional[_Union[PhysicalErrors, _Mapping]] = ..., after: _Optional[_Union[PhysicalErrors, _Mapping]] = ..., residual_force_n_mean: _Optional[float] = ..., residual_force_n_max: _Optional[float] = ..., residual_torque_nm_mean: _Optional[float] = ..., assist_limit_n: _Optional[float] = ..., attempts: _Optional[int] = ..., policy: _Optional[str] = ..., mujoco: _Optional[str] = ..., seed: _Optional[int] = ..., seconds: _Optional[float] = ..., completed_strict: _Optional[float] = ..., detailed_status: _Optional[_Union[Report.Status, str]] = ..., reason: _Optional[str] = ..., notes: _Optional[_Iterable[str]] = ..., kept: _Optional[bool] = ...) -> None: ...

class Score(_message.Message):
    __slots__ = ("force_n_mean", "force_n_median", "force_n_p90", "force_n_max", "force_share_mean", "force_share_median", "force_share_p90", "force_share_max", "torque_nm_mean", "torque_nm_max", "carried_share", "reasons", "wrench")
    FORCE_N_MEAN_FIELD_NUMBER: _ClassVar[int]
    FORCE_N_MEDIAN_FIELD_NUMBER: _ClassVar[int]
    FORCE_N_P90_FIELD_NUMBER: _ClassVar[int]
    FORCE_N_MAX_FIELD_NUMBER: _ClassVar[int]
    FORCE_SHARE_MEAN_FIELD_NUMBER: _ClassVar[int]
    FORCE_SHARE_MEDIAN_FIELD_NUMBER: _ClassVar[int]
    FORCE_SHARE_P90_FIELD_NUMBER: _ClassVar[int]
    FORCE_SHARE_MAX_FIELD_NUMBER: _ClassVar[int]
    TORQUE_NM_MEAN_FIELD_NUMBER: _ClassVar[int]
    TORQUE_NM_MAX_FIELD_NUMBER: _ClassVar[int]
    CARRIED_SHARE_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    WRENCH_FIELD_NUMBER: _ClassVar[int]
    force_n_mean: float
    force_n_median: float
    force_n_p90: float
    force_n_max: float
    force_share_mean: float
    force_share_median: float
    force_share_p90: float
    force_share_max: float
    torque_nm_mean: float
    torque_nm_max: float
    carried_share: float
    reasons: _containers.RepeatedScalarFieldContainer[str]
    wrench: _motion_pb2.Tensor
    def __init__(self, force_n_mean: _Optional[float] = ..., force_n_median: _Optional[float] = ..., force_n_p90: _Optional[float] = ..., force_n_max: _Optional[float] = ..., force_share_mean: _Optional[float] = ..., force_share_median: _Optional[float] = ..., force_share_p90: _Optional[float] = ..., force_share_max: _Optional[float] = ..., torque_nm_mean: _Optional[float] = ..., torque_nm_max: _Optional[float] = ..., carried_share: _Optional[float] = ..., reasons: _Optional[_Iterable[str]] = ..., wrench: _Optional[_Union[_motion_pb2.Tensor, _Mapping]] = ...) -> None: ...

class Trace(_message.Message):
    __slots__ = ("fps", "timestep_s", "lift_m", "parts", "policies", "contact_force", "foot_centre", "other_wrench", "joint_torque", "assist", "assist_limit", "distance", "actor", "qpos", "qvel", "ctrl", "qfrc_applied", "model_xml")
    FPS_FIELD_NUMBER: _ClassVar[int]
    TIMESTEP_S_FIELD_NUMBER: _ClassVar[int]
    LIFT_M_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FORCE_FIELD_NUMBER: _ClassVar[int]
    FOOT_CENTRE_FIELD_NUMBER: _ClassVar[int]
    OTHER_WRENCH_FIELD_NUMBER: _ClassVar[int]
    JOINT_TORQUE_FIELD_NUMBER: _ClassVar[int]
    ASSIST_FIELD_NUMBER: _ClassVar[int]
    ASSIST_LIMIT_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    QPOS_FIELD_NUMBER: _ClassVar[int]
    QVEL_FIELD_NUMBER: _ClassVar[int]
    CTRL_FIELD_NUMBER: _ClassVar[int]
    QFRC_APPLIED_FIELD_NUMBER: _ClassVar[int]
    MODEL_XML_FIELD_NUMBER: _ClassVar[int]
    fps: float
    timestep_s: float
    lift_m: float
    parts: _containers.RepeatedScalarFieldContainer[str]
    policies: _containers.RepeatedScalarFieldContainer[str]
    contact_force: _motion_pb2.Tensor
    foot_centre: _motion_pb2.Tensor
    other_wrench: _motion_pb2.Tensor
    joint_torque: _motion_pb2.Tensor
    assist: _motion_pb2.Tensor
    assist_limit: _motion_pb2.Tensor
    distance: _motion_pb2.Tensor
    actor: _motion_pb2.Tensor
    qpos: _motion_pb2.Tensor
    qvel: _motion_pb2.Tensor
    ctrl: _motion_pb2.Tensor
    qfrc_applied: _motion_pb2.Tensor
    model_xml: str
    def __init__(self, fps: _Optional[float] = ..., timestep_s: _Optional[float] = ..., lift_m: _Optional[float] = ..., parts: _Optional[_Iterable[str]] = ..., policies: _Optional[_Iterable[str]] = ..., contact_force: _Optional[_Union[_motion_pb2.Tensor, _Mapping]] = ..., foot_centre: _Optional[_Union[_motion_pb2.Tensor, _Mapping]] = ..., other_wrench: _Optional[_Union[_motion_pb2.Tensor, _Mapping]] = ..., joint_torque: _Optional[_Union[_motion_pb2.Tensor, _Mapping]] = ..., assist: _Optional[_Union[_motion_pb2.Tensor, _Mapping]] = ..., assist_limit: _Optional[_Union[_motion_pb2.Tensor, _Mapping]] = ..., distance: _Optional[_Union[_motion_pb2.Tensor, _Mapping]] = ..., actor: _Optional[_Union[_motion_pb2.Tensor, _Mapping]] = ..., qpos: _Optional[_Union[_motion_pb2.Tensor, _Mapping]] = ..., qvel: _Optional[_Union[_motion_pb2.Tensor, _Mapping]] = ..., ctrl: _Optional[_Union[_motion_pb2.Tensor, _Mapping]] = ..., qfrc_applied: _Optional[_Union[_motion_pb2.Tensor, _Mapping]] = ..., model_xml: _Optional[str] = ...) -> None: ...
