"""A motion on an armature: keyed in its action, and what keys cannot hold kept with the object.

The rotations live in the action, where the user may edit them. Beside them the object keeps, as plain custom
properties that any Blender opens and saves, the root as seen and whatever else the motion file holds; so the
orientation can be changed, and the motion read back, without computing anything again.
"""

import json
from typing import Any

import bpy
import numpy as np

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.motion import Motion, with_orientation
from posenorm_core.skeleton import Skeleton

from . import actions
from .armature import (
    bone_rest_rotations,
    bone_to_joint_rotations,
    create_armature,
    joint_to_bone_rotations,
    rest_positions,
)
from .axes import blender_to_body, body_to_blender
from .timing import key_frames, scene_fps

PROPERTY = "posenorm"
_NO_TURN = (1.0, 0.0, 0.0, 0.0)
_NO_STEP = (0.0, 0.0, 0.0)
_PRECISION = 1e-5  # metres: keys are single precision, and a motion without a path must come back without one


def add_motion(context: bpy.types.Context, motion: Motion, name: str, start_frame: float) -> bpy.types.Object:
    """A new armature called `name`, keyed with `motion` from `start_frame` on at the motion's own times.

    What was created is removed again should anything fail.
    """
    scene: Any = context.scene
    armature = create_armature(context, motion.skeleton, name)
    try:
        actions.assign_new_action(armature, name)
        _keep(armature, motion, scene_fps(scene) / motion.fps)
        frames = key_frames(len(motion), motion.fps, start_frame, scene)
        _write_rotations(armature, motion, range(len(motion.skeleton.joint_names)), frames)
        _write_place(armature, motion, frames)
    except BaseException:
        discard(armature)
        raise
    return armature


def discard(armature: bpy.types.Object) -> None:
    """Removes an armature of ours with its action, as if it had never been."""
    action = armature.animation_data.action if armature.animation_data else None
    bpy.data.armatures.remove(armature.data)  # type: ignore[arg-type]
    if action is not None:
        bpy.data.actions.remove(action)


def has_motion(candidate: Any) -> bool:
    """Whether `candidate`, an object or None, is an armature that keeps a motion of ours."""
    return candidate is not None and candidate.type == "ARMATURE" and PROPERTY in candidate


def orientation_of(armature: bpy.types.Object) -> str:
    """The orientation the armature's root is keyed in."""
    return str(armature[PROPERTY]["orientation"])


def read_motion(armature: bpy.types.Object) -> Motion:
    """The motion as the armature's action holds it now, edits included, at the motion's own frames.

    The pelvis' keys are its path in `heading`; in the other orientations it stands in one place and the path is kept.
    Raises InputError where the armature keeps no motion, lacks one of its bones, or has no keys (as where its action
    lies in the NLA): it would seem to stand in its T-pose.
    """
    kept = _kept(armature)
    skeleton = Skeleton(tuple(kept["joint_names"]), tuple(kept["parents"]), _array(kept, "offsets", 3))
    missing = [name for name in skeleton.joint_names if name not in armature.pose.bones]
    if missing:
        raise InputError(f"{armature.name}: its bone '{missing[0]}' is gone; undo that, or normalize again")
    require_keys(armature)
    frames = keyed_frames(armature)
    names = skeleton.joint_names
    keyed = [actions.read_curve(armature, name, "rotation_quaternion", frames, _NO_TURN) for name in names]
    rest = bone_rest_rotations(armature, names)
    rotations = bone_to_joint_rotations(quaternion.normalize(np.stack(keyed, axis=1)), rest)
    path = _array(kept, "root_position", 3)
    if kept["orientation"] == "heading":
        path = _keyed_path(armature, names[0], frames, rest[0])
    return Motion(
        fps=float(kept["fps"]),
        skeleton=skeleton,
        rotations=np.asarray(quaternion.make_continuous(rotations)).astype(np.float32),
        orientation=str(kept["orientation"]),
        view_root=_array(kept, "view_root", 4),
        up=_array(kept, "up", 3)[0],
        root_position=path,
        contacts=_array(kept, "contacts", 2),
        confidence=_array(kept, "confidence", len(skeleton.joint_names)),
        source=json.loads(kept["source"]),
    )


def require_keys(armature: bpy.types.Object) -> None:
    """Raises InputError where the armature keeps no motion, or has no keys of it."""
    root = _kept(armature)["joint_names"][0]
    if actions.first_key(armature, root, "rotation_quaternion") is None:
        raise InputError(f"{armature.name}: has no keys; give it its action back (Action Editor), or normalize again")


def _keyed_path(armature: bpy.types.Object, pelvis: str, frames: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """The pelvis' path (T, 3) by its keys at `frames`; its bone rests turned by `rest` (4,)."""
    location = actions.read_curve(armature, pelvis, "location", frames, _NO_STEP)
    path = blender_to_body(np.asarray(quaternion.rotate(rest, location)))
    path[:, 1] -= _kept(armature)["lift"]
    path[np.abs(path) < _PRECISION] = 0.0
    return np.asarray(path, dtype=np.float32)


def keyed_frames(armature: bpy.types.Object) -> np.ndarray:
    """The scene's frames (T,) of the motion's own frames; they follow the keys where the user has moved them all."""
    kept = _kept(armature)
    first = actions.first_key(armature, kept["joint_names"][0], "rotation_quaternion")
    return (0.0 if first is None else first) + np.arange(len(kept["view_root"]) // 4) * kept["frame_step"]


def set_orientation(armature: bpy.types.Object, orientation: str) -> None:
    """Keys the root anew in `orientation`; every other bone keeps its keys.

    Raises InputError where the armature keeps no motion or `orientation` is none of ORIENTATIONS.
    """
    motion = with_orientation(read_motion(armature), orientation)
    frames = keyed_frames(armature)
    _write_rotations(armature, motion, range(1), frames)
    _write_place(armature, motion, frames)


def _write_rotations(armature: bpy.types.Object, motion: Motion, joints: range, frames: np.ndarray) -> None:
    """Keys the rotations of `joints`."""
    names = motion.skeleton.joint_names
    rest = bone_rest_rotations(armature, names)
    turned = np.asarray(quaternion.make_continuous(joint_to_bone_rotations(motion.rotations, rest)))
    for joint in joints:
        actions.write_curve(armature, names[joint], "rotation_quaternion", frames, turned[:, joint])


def _write_place(armature: bpy.types.Object, motion: Motion, frames: np.ndarray) -> None:
    """Keys the pelvis' path, lifted so that the lowest joint of the whole clip touches the floor.

    Notes the orientation and the lift, which go with the keys, and the path, which not every orientation shows. The
    pelvis rests at the T-pose's height.
    """
    kept = armature[PROPERTY]
    names, rest_height = motion.skeleton.joint_names, rest_positions(motion.skeleton)[0, 1]
    heights = motion.positions()[..., 1] + motion.path[:, None, 1]
    kept["lift"] = float(-heights.min() - rest_height)
    kept["orientation"] = motion.orientation
    kept["root_position"] = np.ascontiguousarray(motion.root_position, dtype=np.float32).ravel()
    path = body_to_blender(motion.path + np.array([0.0, kept["lift"], 0.0]))
    to_bone = quaternion.inverse(bone_rest_rotations(armature, names[:1])[0])
    actions.write_curve(armature, names[0], "location", frames, np.asarray(quaternion.rotate(to_bone, path)))
    armature.update_tag(refresh={"OBJECT", "TIME"})


def _keep(armature: bpy.types.Object, motion: Motion, frame_step: float) -> None:
    """Stores with the object what its action cannot hold; `frame_step` is the scene's frames from key to key."""
    arrays = {name: getattr(motion, name) for name in ("view_root", "up", "contacts", "confidence")}
    arrays["offsets"] = motion.skeleton.offsets
    armature[PROPERTY] = {
        "version": 1,
        "fps": float(motion.fps),
        "frame_step": float(frame_step),
        "joint_names": list(motion.skeleton.joint_names),
        "parents": list(motion.skeleton.parents),
        "source": json.dumps(motion.source),
        **{name: np.ascontiguousarray(values, dtype=np.float32).ravel() for name, values in arrays.items()},
    }


def _kept(armature: bpy.types.Object) -> Any:
    """The group of properties that `_keep` stored."""
    if not has_motion(armature):
        raise InputError(f"{armature.name}: keeps no motion; pick an armature that PoseNorm made")
    return armature[PROPERTY]


def _array(kept: Any, name: str, width: int) -> np.ndarray:
    """A stored array (T, width)."""
    return np.array(kept[name], dtype=np.float32).reshape(-1, width)
