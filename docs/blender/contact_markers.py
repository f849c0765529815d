"""Load a motion (.glb) and its trace (.npz) into Blender, with markers of contacts and arrows of forces.

    plumb-motion convert fixed.bvh fixed.glb
    blender --python contact_markers.py -- fixed.glb trace.npz [scene.blend]

`plumb-sim correct --trace` writes the trace. With the name of a scene it is saved there; add `--background` to
`blender` to do so without a window. Each foot has a disc at its centre of pressure while it bears a force, and an arrow
of one metre for 700 N; the assist, a force that nothing in the world supplies, is an arrow at the pelvis.
"""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

NEWTONS_PER_METRE = 700.0
LEAST_NEWTONS = 2.0
FEET = ("left foot", "right foot")
BLUE, MAGENTA = (0.10, 0.35, 0.90, 1.0), (0.85, 0.10, 0.65, 1.0)


def main() -> None:
    """Read the command line after `--` and build the scene."""
    words = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    if len(words) not in (2, 3):
        sys.exit("use: blender --python contact_markers.py -- MOTION.glb TRACE.npz [SCENE.blend]")
    with np.load(words[1], allow_pickle=False) as file:
        trace = dict(file)
    for thing in list(bpy.data.objects):  # the cube, lamp and camera of a new scene
        bpy.data.objects.remove(thing)
    scene = bpy.context.scene
    fps = float(trace["fps"])
    scene.render.fps, scene.render.fps_base = round(fps), round(fps) / fps
    bpy.ops.import_scene.gltf(filepath=str(Path(words[0]).resolve()))
    scene.frame_start, scene.frame_end = 0, len(trace["assist"]) - 1
    lift = np.array([0.0, float(trace["lift_m"]), 0.0])
    parts = [str(part) for part in trace["parts"]]
    for index, foot in enumerate(FEET):
        force = trace["contact_force"][:, parts.index(foot)]
        centre = trace["foot_centre"][:, index] - lift
        mark(foot, centre, force)
        arrow(f"{foot} force", centre, force, BLUE)
    assist = trace["assist"][:, :3]
    pelvis = armature_path(len(assist))
    arrow("assist", pelvis, assist, MAGENTA)
    if len(words) == 3:
        bpy.ops.wm.save_as_mainfile(filepath=str(Path(words[2]).resolve()))


def to_blender(vector: np.ndarray) -> Vector:
    """Turn a vector with Y up, as in the trace, into one with Z up, as in Blender."""
    x, y, z = (float(value) for value in vector)
    return Vector((x, -z, y))


def mark(name: str, places: np.ndarray, forces: np.ndarray) -> None:
    """Add a disc that lies at a place of each step while a force acts there.

    Args:
        name: of the disc.
        places: (steps, 3) [m], NaN where there is none.
        forces: (steps, 3) [N].
    """
    bpy.ops.mesh.primitive_cylinder_add(radius=0.04, depth=0.004)
    disc = bpy.context.object
    disc.name = name
    paint(disc, BLUE)
    for step, (place, force) in enumerate(zip(places, forces, strict=True)):
        shown = bool(np.isfinite(place).all()) and float(np.linalg.norm(force)) > LEAST_NEWTONS
        if shown:
            disc.location = to_blender(place)
            disc.keyframe_insert("location", frame=step)
        disc.scale = (1.0, 1.0, 1.0) if shown else (0.0, 0.0, 0.0)
        disc.keyframe_insert("scale", frame=step)


def arrow(name: str, places: np.ndarray, forces: np.ndarray, color: tuple[float, float, float, float]) -> None:
    """Add an arrow whose length is the norm of a force in each step.

    Args:
        name: of the arrow.
        places: (steps, 3) where it begins [m], NaN where there is none.
        forces: (steps, 3) [N].
        color: red, green, blue, alpha.
    """
    bpy.ops.mesh.primitive_cone_add(radius1=0.02, radius2=0.004, depth=1.0)
    shaft = bpy.context.object
    shaft.name = name
    for vertex in shaft.data.vertices:
        vertex.co.z += 0.5  # it begins at its origin and is one metre long
    paint(shaft, color)
    shaft.rotation_mode = "QUATERNION"
    for step, (place, force) in enumerate(zip(places, forces, strict=True)):
        newtons = float(np.linalg.norm(force))
        shown = bool(np.isfinite(place).all()) and newtons > LEAST_NEWTONS
        if shown:
            shaft.location = to_blender(place)
            shaft.rotation_quaternion = to_blender(force).to_track_quat("Z", "Y")
            shaft.keyframe_insert("location", frame=step)
            shaft.keyframe_insert("rotation_quaternion", frame=step)
        shaft.scale = (1.0, 1.0, newtons / NEWTONS_PER_METRE) if shown else (0.0, 0.0, 0.0)
        shaft.keyframe_insert("scale", frame=step)


def armature_path(steps: int) -> np.ndarray:
    """Return where the pelvis of the loaded motion is in each step, (steps, 3) [m], Y up."""
    armature = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")
    bone = next((bone for bone in armature.pose.bones if bone.parent is None), armature.pose.bones[0])
    path = np.empty((steps, 3))
    for step in range(steps):
        bpy.context.scene.frame_set(step)
        at = armature.matrix_world @ bone.head
        path[step] = at.x, at.z, -at.y
    return path


def paint(thing: bpy.types.Object, color: tuple[float, float, float, float]) -> None:
    """Give an object a plain colour."""
    material = bpy.data.materials.new(thing.name)
    material.diffuse_color = color
    thing.data.materials.append(material)
    thing.color = color


if __name__ == "__main__":
    main()
