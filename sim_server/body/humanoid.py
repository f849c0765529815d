"""The simulated body: a MuJoCo humanoid with the bones of one motion.

The humanoid has 22 bodies at the motion's joints, a free root and a ball joint at every other joint (without Euler
angles there is no gimbal lock). An orientation servo drives each ball joint, with the gains of UHC (Luo et al.,
"Dynamics-Regulated Kinematic Policy for Egocentric Pose Estimation", NeurIPS 2021) times `GAIN_SCALE`. The world is Y
up; the floor is y = 0. Bodies collide with the floor but not with each other.

Friction is softer than the floor (`impratio` below 1). MuJoCo's friction cones are convex, so a hard contact pushes a
sliding foot off the floor; the foot leaves it, slides on in the air and lands again. A softer one
keeps the foot down until it stops.

The sole lies `SOLE_M` below the ball of the foot. A motion has its floor at the toe joints, so the body has to stand
that much higher: motions are raised by `SOLE_M` before the simulation and lowered again afterwards.
"""

from __future__ import annotations

from functools import cache, lru_cache

import mujoco
import numpy as np

from motion.array_types import FloatArray
from motion.kinematics import REST_OFFSETS
from motion.motion import DEFAULT_FPS
from motion.physics import GRAVITY_M_S2
from motion.skeleton import CHILDREN, JOINT_NAMES, NUM_JOINTS

CONTROL_FPS = DEFAULT_FPS
"""Control steps a second. One control step leads from one frame of the reference to the next."""
SUBSTEPS = 3
"""Substeps of a control step: the controller computes forces in each of them."""
SUBSTEP_S = 1 / (SUBSTEPS * CONTROL_FPS)
PHYSICS_STEPS = 2
"""Physics steps in a substep. With one, contacts are so soft that a landing foot sinks by 1 cm and slides."""

NUM_SERVOS = NUM_JOINTS - 1
"""Ball joints, each with a servo: all joints but the root."""
ROOT_DOFS = 6
ROTATION_DOFS = 3 * NUM_SERVOS
"""Velocity coordinates of all ball joints."""
NUM_DOFS = ROOT_DOFS + ROTATION_DOFS
"""Length of MuJoCo's qvel: linear and angular velocity of the root, then three numbers for each ball joint."""
NUM_CTRL = 4 * NUM_SERVOS
"""Length of MuJoCo's ctrl: one target quaternion for each servo."""
NUM_QPOS = 7 + NUM_CTRL
"""Length of MuJoCo's qpos: position and quaternion of the root, then a quaternion for each ball joint."""

SOLE_M = 0.02
MASS_KG = 70.0
WEIGHT_N = MASS_KG * GRAVITY_M_S2
GAIN_SCALE = 4.0
DAMPING_RATIO_S = 0.05  # kd / kp
ARMATURE = 0.01
FRICTION_STIFFNESS = 0.3  # of contacts along the floor, relative to their stiffness against it
CONTACT_S = 2 * SUBSTEP_S / PHYSICS_STEPS  # time constant of a contact, the shortest that MuJoCo takes for its step

# The relative mass of each joint's segment, after de Leva, "Adjustments to Zatsiorsky-Seluyanov's segment inertia
# parameters", Journal of Biomechanics 29, 1996.
_MASS_SHARE = np.array(
    [8, 9, 9, 6.5, 3.4, 3.4, 6.5, 0.9, 0.9, 10.5, 0.2, 0.2, 1.5, 1.2, 1.2, 4.8, 1.9, 1.9, 1.1, 1.1, 0.5, 0.5]
)
SEGMENT_MASS_KG = _MASS_SHARE / _MASS_SHARE.sum() * MASS_KG

# Servo stiffness [N m/rad] before GAIN_SCALE, and torque limit [N m], by a word in the name of the joint.
_STIFFNESS = {
    "hip": 500, "knee": 500, "ankle": 400, "foot": 200, "spine": 1000, "neck": 100, "head": 100, "collar": 400,
    "shoulder": 400, "elbow": 300, "wrist": 100,
}  # fmt: skip
_TORQUE = {
    "hip": 500, "knee": 500, "ankle": 500, "foot": 500, "spine": 500, "neck": 250, "head": 250, "collar": 500,
    "shoulder": 500, "elbow": 150, "wrist": 150,
}  # fmt: skip


def _by_name(table: dict[str, int], joint: int) -> float:
    return float(next(value for word, value in table.items() if word in JOINT_NAMES[joint]))


STIFFNESS = np.array([0.0] + [_by_name(_STIFFNESS, j) * GAIN_SCALE for j in range(1, NUM_JOINTS)])
DAMPING = STIFFNESS * DAMPING_RATIO_S
TORQUE_LIMIT = np.array([0.0] + [_by_name(_TORQUE, j) for j in range(1, NUM_JOINTS)])


def _depth_first(joint: int = 0) -> list[int]:
    return [joint, *(other for child in CHILDREN[joint] for other in _depth_first(child))]


DEPTH_FIRST = np.array(_depth_first())
"""The joint of each MuJoCo body, in MuJoCo's depth-first order."""
SERVO_JOINTS = DEPTH_FIRST[1:]
"""The joint of each servo, in MuJoCo's order."""
BODY_OF_JOINT = np.argsort(DEPTH_FIRST) + 1
"""The MuJoCo body id of each joint (body 0 is the world)."""
DOF_OF_JOINT = np.array([0] + [ROOT_DOFS + 3 * (BODY_OF_JOINT[j] - 2) for j in range(1, NUM_JOINTS)])
"""The first velocity coordinate of each joint."""

SOLE_SEGMENTS = (7, 8, 10, 11)
"""The joints whose bodies have a sole: both ankles and both toes."""
SOLE_POINT_JOINT = np.repeat(SOLE_SEGMENTS, [4, 4, 2, 2])
"""The joint whose body each of the twelve sole points is fixed to: four for each foot, two for each tip of the toes."""
NUM_SOLE_POINTS = len(SOLE_POINT_JOINT)
SOLE_POINT_SIDE = np.array([0] * 4 + [1] * 4 + [0] * 2 + [1] * 2)
"""The side of each sole point: 0 is left, 1 is right."""


def body_scale(offsets: FloatArray) -> float:
    """Return the size of the body relative to an adult with legs of 0.78 m, from rest offsets (22, 3) [m]."""
    return float((np.linalg.norm(offsets[4]) + np.linalg.norm(offsets[7])) / 0.78)


def _foot_box(offsets: np.ndarray, ankle: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the centre and half size of the box from heel to ball of the foot, in the frame of the ankle."""
    ball, scale = offsets[ankle + 3], body_scale(offsets)
    bottom, top = ball[1] - SOLE_M, -0.005
    heel = -0.055 * scale
    centre = np.array([ball[0] / 2, (bottom + top) / 2, (heel + ball[2]) / 2])
    return centre, np.array([0.045 * scale, max((top - bottom) / 2, 0.01), max((ball[2] - heel) / 2, 0.01)])


def _toe_box(offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = body_scale(offsets)
    return np.array([0, 0, 0.035 * scale]), np.array([0.045 * scale, SOLE_M, 0.035 * scale])


def sole_points(offsets: FloatArray) -> FloatArray:
    """Return the points where the soles can touch the floor.

    Args:
        offsets: (22, 3) rest offsets of the joints [m].

    Returns:
        Points (12, 3) [m], each in the frame of its joint in `SOLE_POINT_JOINT`.
    """
    points = []
    for joint in SOLE_SEGMENTS:
        centre, half = _foot_box(offsets, joint) if joint < 9 else _toe_box(offsets)
        ends = (-1, 1) if joint < 9 else (1,)
        points += [centre + half * (side, -1, end) for end in ends for side in (-1, 1)]
    return np.array(points)


def _numbers(*values: float | np.ndarray) -> str:
    return " ".join(f"{value:.6g}" for value in np.concatenate([np.atleast_1d(value) for value in values]))


def _capsule(start: np.ndarray, end: np.ndarray, radius: float) -> str:
    if np.linalg.norm(end - start) < 1e-3:
        end = start + np.array([0, 1e-3, 0])
    return f'type="capsule" fromto="{_numbers(start, end)}" size="{radius:.5f}"'


def _box(centre: np.ndarray, half: np.ndarray) -> str:
    return f'type="box" pos="{_numbers(centre)}" size="{_numbers(half)}"'


def _shape(offsets: np.ndarray, joint: int) -> str:
    """Return the MJCF attributes of the geom around the bone of one joint."""
    scale = body_scale(offsets)
    across = np.array([scale, 0, 0])
    bone = offsets[CHILDREN[joint][0]] if CHILDREN[joint] else np.zeros(3)
    match JOINT_NAMES[joint].split("_")[-1]:
        case "pelvis":
            return _capsule(offsets[1] * (0.8, 0.24, 0.8), offsets[2] * (0.8, 0.24, 0.8), 0.10 * scale)
        case "hip":
            return _capsule(0.1 * bone, 0.85 * bone, 0.065 * scale)
        case "knee":
            return _capsule(0.1 * bone, 0.88 * bone, 0.048 * scale)
        case "ankle":
            return _box(*_foot_box(offsets, joint))
        case "foot":
            return _box(*_toe_box(offsets))
        case "spine1" | "spine2":
            return _capsule(0.06 * across, -0.06 * across, 0.085 * scale)
        case "spine3":
            lift = np.array([0, 0.08 * scale, 0])
            return _capsule(0.08 * across + lift, -0.08 * across + lift, 0.10 * scale)
        case "neck":
            return _capsule(0.2 * bone, 0.9 * bone, 0.045 * scale)
        case "head":
            return f'type="sphere" pos="0 {0.09 * scale:.5f} 0.01" size="{0.10 * scale:.5f}"'
        case "collar":
            return _capsule(0.2 * bone, 0.9 * bone, 0.05 * scale)
        case "shoulder":
            return _capsule(0.1 * bone, 0.9 * bone, 0.042 * scale)
        case "elbow":
            return _capsule(0.1 * bone, 0.9 * bone, 0.034 * scale)
        case "wrist":
            side = 1 if offsets[joint][0] > 0 else -1
            return _box(side * 0.06 * across, np.array([0.06, 0.015, 0.04]) * (scale, 1, scale))
    raise AssertionError(JOINT_NAMES[joint])


def _body(offsets: np.ndarray, joint: int) -> str:
    name = JOINT_NAMES[joint]
    hinge = f'<joint name="{name}" type="ball" armature="{ARMATURE}"/>' if joint else '<freejoint name="root"/>'
    position = offsets[joint] if joint else np.array([0.0, 1.0, 0.0])
    geom = f'<geom name="{name}" mass="{SEGMENT_MASS_KG[joint]:.6g}" {_shape(offsets, joint)}/>'
    children = "".join(_body(offsets, child) for child in CHILDREN[joint])
    return f'<body name="{name}" pos="{_numbers(position)}">{hinge}{geom}{children}</body>'


def mjcf(offsets: FloatArray) -> str:
    """Return the body with rest offsets (22, 3) [m] as MJCF, the XML format of MuJoCo."""
    servos = "".join(
        f'<orientation name="{JOINT_NAMES[j]}" joint="{JOINT_NAMES[j]}" kp="{STIFFNESS[j]:g}" kv="{DAMPING[j]:g}" '
        'input="quat"/>'
        for j in SERVO_JOINTS
    )
    # All contacts are those of one body: looking for islands among them takes time, and changes nothing. A body whose
    # state diverges must not be put back to where it began, where nobody would see that it has.
    return f"""<mujoco model="plumb humanoid">
<compiler angle="radian" inertiafromgeom="true"/>
<option timestep="{SUBSTEP_S / PHYSICS_STEPS:.12f}" integrator="discrete" gravity="0 {-GRAVITY_M_S2} 0" cone="pyramidal"
 impratio="{FRICTION_STIFFNESS}" solver="Newton" iterations="10" ls_iterations="10">
<flag island="disable" autoreset="disable"/>
</option>
<default><geom condim="3" friction="1 .005 .0001" solref="{CONTACT_S:.12f} 1" contype="0" conaffinity="1"/></default>
<worldbody>
<geom name="floor" type="plane" zaxis="0 1 0" size="0 0 1" contype="1" conaffinity="0"/>
{_body(offsets, 0)}
</worldbody>
<actuator>{servos}</actuator>
</mujoco>"""


def build_model(offsets: FloatArray) -> mujoco.MjModel:
    """Compile the body with rest offsets (22, 3) [m]; the last few are kept, and must not be changed.

    Raises:
        ValueError: MuJoCo cannot build such a body.
        MemoryError: there is not enough memory for it, and nothing is wrong with the body.
    """
    return _compile(tuple(np.asarray(offsets, float).ravel().tolist()))


@lru_cache(maxsize=4)  # preparation, filter and retargeting each ask for the body of the motion they work on
def _compile(offsets: tuple[float, ...]) -> mujoco.MjModel:
    try:
        return mujoco.MjModel.from_xml_string(mjcf(np.reshape(offsets, (NUM_JOINTS, 3))))
    except ValueError as error:  # MuJoCo raises it for whatever is wrong
        if "allocate memory" in str(error):
            raise MemoryError(str(error)) from error
        raise


@cache
def default_model() -> mujoco.MjModel:
    """Return the body with the default skeleton. Every other body has the same layout of states and inputs."""
    return build_model(REST_OFFSETS)
