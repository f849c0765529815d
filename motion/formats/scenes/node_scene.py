"""A scene of nodes that move, as FBX and glTF files have them, and the motions of the bodies in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.formats.skeletons.posed_skeleton import PosedSkeleton
from motion.formats.skeletons.skeleton_match import SkeletonMatch
from motion.skeleton import JOINT_NAMES

MAX_NODES = 5000
"""Most nodes of a scene; those of several people with all their fingers and twist bones are some hundreds."""
_FEWEST_JOINTS = 9  # a body has more joints than a prop, a camera or a marker


@dataclass(frozen=True, eq=False)
class NodeScene:
    """Nodes with their transforms over time, each relative to its parent.

    Attributes:
        names: names of the nodes.
        parents: index of each node's parent, which stands before it; -1 at the top.
        bones: for each node, whether the file says that it belongs to a skeleton.
        translations: (frames, nodes, 3) in the unit of the file.
        rotations: (frames, nodes, 4) unit quaternions, w first.
        scales: (frames, nodes, 3).
        rest_translations: (nodes, 3) without any animation.
        rest_rotations: (nodes, 4) without any animation.
        rest_scales: (nodes, 3) without any animation.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    bones: tuple[bool, ...]
    translations: FloatArray
    rotations: FloatArray
    scales: FloatArray
    rest_translations: FloatArray
    rest_rotations: FloatArray
    rest_scales: FloatArray

    @cached_property
    def world(self) -> tuple[FloatArray, FloatArray]:
        """World positions (frames, nodes, 3) and rotations (frames, nodes, 4)."""
        return _chain(self.parents, self.translations, self.rotations, self.scales)

    @cached_property
    def rest(self) -> FloatArray:
        """World positions (nodes, 3) without any animation."""
        still = (self.rest_translations[None], self.rest_rotations[None], self.rest_scales[None])
        return _chain(self.parents, *still)[0][0]

    def below(self, top: int) -> list[int]:
        """Return a node and all nodes below it, parents before children."""
        inside = [False] * len(self.names)
        for node, parent in enumerate(self.parents):
            inside[node] = node == top or (parent >= 0 and inside[parent])
        return [node for node, taken in enumerate(inside) if taken]


@dataclass(frozen=True, eq=False)
class SceneBody:
    """A body in a scene.

    Attributes:
        top: name of its topmost node.
        count: number of its nodes.
        joints: (frames, 22, 3) positions in the unit and the axes of the file.
        match: how its skeleton was understood.
    """

    top: str
    count: int
    joints: FloatArray
    match: SkeletonMatch

    @property
    def names(self) -> dict[str, str | None]:
        """The name in the file of each of our joints; None where it has none."""
        return {joint: self.match.found.get(joint) for joint in JOINT_NAMES}


def find_bodies(scene: NodeScene, overrides: Mapping[str, str] | None = None) -> tuple[list[SceneBody], list[str]]:
    """Find the bodies in a scene.

    A body begins at a bone that has none above it. Where what is below is no body, it begins higher, since some tools
    write the hips, or whatever holds a skeleton together, as a node that is no bone.

    Args:
        scene: the scene.
        overrides: names in the file for some of the 22 joints, which the user gave.

    Returns:
        The bodies, and the names of skeletons beside them that are none.

    Raises:
        InvalidInput: there is no body.
    """
    if len(scene.names) > MAX_NODES:
        raise InvalidInput.of("skeleton", f"has {len(scene.names)} nodes; must be at most {MAX_NODES}")
    starts = _topmost(scene, scene.bones if any(scene.bones) else [True] * len(scene.names))
    bodies: dict[int, SceneBody] = {}
    covered: set[int] = set()
    errors: list[tuple[int, InvalidInput]] = []
    tops = list(starts)
    while tops:
        higher: list[int] = []
        for top in tops:
            nodes = scene.below(top)
            if covered & set(nodes):
                continue
            try:
                bodies[top] = _read_body(scene, nodes, overrides)
                covered |= set(nodes)
            except InvalidInput as error:
                errors.append((len(nodes), error))
                higher += [scene.parents[top]] if scene.parents[top] >= 0 else []
        tops = list(dict.fromkeys(higher))
    if not bodies:
        raise max(errors, key=lambda each: each[0])[1]
    return [bodies[top] for top in sorted(bodies)], [scene.names[start] for start in starts if start not in covered]


def _topmost(scene: NodeScene, chosen: Sequence[bool]) -> list[int]:
    """Return the chosen nodes that have no chosen node above them."""
    above = [False] * len(chosen)
    for node, parent in enumerate(scene.parents):
        above[node] = parent >= 0 and (above[parent] or chosen[parent])
    return [node for node, taken in enumerate(chosen) if taken and not above[node]]


def _read_body(scene: NodeScene, nodes: list[int], overrides: Mapping[str, str] | None) -> SceneBody:
    if len(nodes) < _FEWEST_JOINTS:
        top = scene.names[nodes[0]] or "the root"
        raise InvalidInput.of(
            "skeleton", f"is no body, {top} has {len(nodes)} joints; must be at least {_FEWEST_JOINTS}"
        )
    positions, rotations = scene.world
    at = {node: index for index, node in enumerate(nodes)}
    parents = tuple(at.get(scene.parents[node], -1) for node in nodes)
    rest = scene.rest[nodes]
    body = PosedSkeleton(
        names=tuple(scene.names[node] or f"joint {node}" for node in nodes),
        parents=parents,
        offsets=rest - np.where(np.array(parents)[:, None] >= 0, rest[list(parents)], 0.0),
        end_sites=(),
        positions=positions[:, nodes],
        rotations=rotations[:, nodes],
    )
    match, joints = body.read(overrides)
    return SceneBody(body.names[0], len(nodes), joints, match)


def _chain(
    parents: Sequence[int], steps: FloatArray, turns: FloatArray, scales: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Chain transforms (frames, nodes, ...) to world positions and rotations."""
    matrices = np.zeros((*steps.shape[:2], 3, 3))
    positions, rotations = np.zeros_like(steps), np.zeros_like(turns)
    for node, parent in enumerate(parents):
        local = rotation.to_matrix(turns[:, node]) * scales[:, node, None, :]
        if parent < 0:
            positions[:, node], rotations[:, node], matrices[:, node] = steps[:, node], turns[:, node], local
            continue
        positions[:, node] = positions[:, parent] + (matrices[:, parent] @ steps[:, node, :, None])[..., 0]
        rotations[:, node] = rotation.multiply(rotations[:, parent], turns[:, node])
        matrices[:, node] = matrices[:, parent] @ local
    return positions, rotations
