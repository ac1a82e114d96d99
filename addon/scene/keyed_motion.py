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
from .own_frames import OwnFrames, Trace, own_frames
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
        _keep(armature, motion, start_frame, scene_fps(scene) / motion.fps)
        frames = key_frames(len(motion), motion.fps, start_frame, scene)
        turned = _write_rotations(armature, motion, range(len(motion.skeleton.joint_names)), frames)
        for kept, value in traced(turned).items():
            armature[PROPERTY][kept] = value
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

    Those that are cut off are left out, and its rate is that of keys that are stretched. The pelvis' keys are its path
    in `heading`; in the other orientations it stands in one place and the path is kept.
    Raises InputError where the armature keeps no motion, lacks one of its bones, or has no keys (as where its action
    lies in the NLA): it would seem to stand in its T-pose.
    """
    kept = _kept(armature)
    skeleton = Skeleton(tuple(kept["joint_names"]), tuple(kept["parents"]), _array(kept, "offsets", 3))
    missing = [name for name in skeleton.joint_names if name not in armature.pose.bones]
    if missing:
        raise InputError(f"{armature.name}: its bone '{missing[0]}' is gone; undo that, or normalize again")
    require_keys(armature)
    own, names = own_frames_of(armature), skeleton.joint_names
    frames = own.keyed
    keyed = [actions.read_curve(armature, name, "rotation_quaternion", frames, _NO_TURN) for name in names]
    rest = bone_rest_rotations(armature, names)
    rotations = bone_to_joint_rotations(quaternion.normalize(np.stack(keyed, axis=1)), rest)
    path = _array(kept, "root_position", 3)[own.part]
    if kept["orientation"] == "heading":
        path = _keyed_path(armature, names[0], frames, rest[0])
    return Motion(
        fps=keyed_fps(armature),
        skeleton=skeleton,
        rotations=np.asarray(quaternion.make_continuous(rotations)).astype(np.float32),
        orientation=str(kept["orientation"]),
        view_root=_array(kept, "view_root", 4)[own.part],
        up=_array(kept, "up", 3)[0],
        root_position=path,
        contacts=_array(kept, "contacts", 2)[own.part],
        confidence=_array(kept, "confidence", len(skeleton.joint_names))[own.part],
        source=json.loads(kept["source"]),
    )


def require_keys(armature: bpy.types.Object) -> None:
    """Raises InputError where the armature keeps no motion, or has no keys of it."""
    root = _kept(armature)["joint_names"][0]
    if not actions.has_keys(armature, root, "rotation_quaternion"):
        raise InputError(f"{armature.name}: has no keys; give it its action back (Action Editor), or normalize again")


def _keyed_path(armature: bpy.types.Object, pelvis: str, frames: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """The pelvis' path (T, 3) by its keys at `frames`; its bone rests turned by `rest` (4,)."""
    location = actions.read_curve(armature, pelvis, "location", frames, _NO_STEP)
    path = blender_to_body(np.asarray(quaternion.rotate(rest, location)))
    path[:, 1] -= _kept(armature)["lift"]
    path[np.abs(path) < _PRECISION] = 0.0
    return np.asarray(path, dtype=np.float32)


def keyed_frames(armature: bpy.types.Object) -> np.ndarray:
    """The scene's frames (T,) of those of the motion's own frames that are keyed."""
    return own_frames_of(armature).keyed


def keyed_fps(armature: bpy.types.Object) -> float:
    """The motion's rate, by which it lasts as long as its keys do where those are stretched."""
    kept = _kept(armature)
    return float(kept["fps"] * kept["frame_step"] / own_frames_of(armature).step)


def own_frame_count(armature: bpy.types.Object) -> int:
    """How many frames of its own the motion has, keyed or not."""
    return len(_kept(armature)["view_root"]) // 4


def own_frames_of(armature: bpy.types.Object) -> OwnFrames:
    """Where the motion's own frames are on the scene's time line, and which are keyed."""
    kept = _kept(armature)
    names, channel = list(kept["joint_names"]), "rotation_quaternion"
    return own_frames(
        own_frame_count(armature),
        kept.get("first_frame"),  # files of before do not tell it
        float(kept["frame_step"]),
        actions.keys_of(armature, names[0], channel)[:, 0],
        lambda: np.unique(np.concatenate([actions.keys_of(armature, name, channel)[:, 0] for name in names])),
        lambda: _trace(armature),
    )


def traced(turned: np.ndarray) -> dict[str, Any]:
    """What to keep of the bones' keyed rotations (T, J, 4) for `own_frames`: the number that varies most.

    None of the root's, which is keyed anew in another orientation.
    """
    place = int(np.ptp(turned[:, 1:], axis=0).argmax()) + 4
    values = turned.reshape(len(turned), -1)[:, place]
    return {"trace": np.ascontiguousarray(values, dtype=np.float32), "trace_of": float(place)}


def _trace(armature: bpy.types.Object) -> Trace | None:
    """The trace that `traced` made, where there is one: files of before have none."""
    kept = _kept(armature)
    if "trace" not in kept:
        return None
    joint, index = divmod(int(kept["trace_of"]), 4)
    keys = actions.keys_of(armature, kept["joint_names"][joint], "rotation_quaternion", index)
    return Trace(np.array(kept["trace"]), keys)


def set_orientation(armature: bpy.types.Object, orientation: str) -> None:
    """Keys the root anew in `orientation`; every other bone keeps its keys.

    Raises InputError where the armature keeps no motion or `orientation` is none of ORIENTATIONS.
    """
    motion = with_orientation(read_motion(armature), orientation)
    frames = keyed_frames(armature)
    _keep_path(armature, motion)
    _write_rotations(armature, motion, range(1), frames)
    _write_place(armature, motion, frames)


def _write_rotations(armature: bpy.types.Object, motion: Motion, joints: range, frames: np.ndarray) -> np.ndarray:
    """Keys the rotations of `joints` and returns those of all bones (T, J, 4)."""
    names = motion.skeleton.joint_names
    rest = bone_rest_rotations(armature, names)
    turned = np.asarray(quaternion.make_continuous(joint_to_bone_rotations(motion.rotations, rest)))
    for joint in joints:
        actions.write_curve(armature, names[joint], "rotation_quaternion", frames, turned[:, joint])
    return turned


def _write_place(armature: bpy.types.Object, motion: Motion, frames: np.ndarray) -> None:
    """Keys the pelvis' path, lifted so that the lowest joint of the whole clip touches the floor.

    Notes the orientation and the lift, which go with the keys. The pelvis rests at the T-pose's height.
    """
    kept = armature[PROPERTY]
    names, rest_height = motion.skeleton.joint_names, rest_positions(motion.skeleton)[0, 1]
    heights = motion.positions()[..., 1] + motion.path[:, None, 1]
    kept["lift"] = float(-heights.min() - rest_height)
    kept["orientation"] = motion.orientation
    path = body_to_blender(motion.path + np.array([0.0, kept["lift"], 0.0]))
    to_bone = quaternion.inverse(bone_rest_rotations(armature, names[:1])[0])
    actions.write_curve(armature, names[0], "location", frames, np.asarray(quaternion.rotate(to_bone, path)))
    armature.update_tag(refresh={"OBJECT", "TIME"})


def _keep_path(armature: bpy.types.Object, motion: Motion) -> None:
    """Notes the path of what is keyed, which not every orientation shows."""
    kept = armature[PROPERTY]
    path = _array(kept, "root_position", 3)
    path[own_frames_of(armature).part] = motion.root_position
    kept["root_position"] = path.ravel()


def _keep(armature: bpy.types.Object, motion: Motion, first_frame: float, frame_step: float) -> None:
    """Stores with the object what its action cannot hold.

    The scene's frames of the first key, and from key to key, are `first_frame` and `frame_step`.
    """
    arrays = {name: getattr(motion, name) for name in ("view_root", "up", "contacts", "confidence", "root_position")}
    arrays["offsets"] = motion.skeleton.offsets
    armature[PROPERTY] = {
        "version": 1,
        "fps": float(motion.fps),
        "first_frame": float(first_frame),
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
