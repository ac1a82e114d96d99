"""Rigs for the tests, made from the condition skeleton, and what a program makes of keys on them, told naively."""

from dataclasses import replace

import numpy as np

from posenorm_core import quaternion
from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.kinematics import forward_kinematics, global_rotations
from posenorm_core.motion import Motion
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.retarget import Retargeted
from posenorm_core.retargeting.rig import Rig

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
JOINTS = CONDITION_SKELETON.joint_names
# The condition skeleton's own joints as the bones of a rig; its spine has the two joints of a chain.
_LIMBS = {"upper_arm": "shoulder", "forearm": "elbow", "hand": "wrist", "thigh": "hip", "shin": "knee", "foot": "ankle"}
MAPPING = BoneMapping(
    "condition",
    {
        "hips": ("pelvis",),
        "spine": ("spine", "thorax"),
        "head": ("neck",),
        **{
            f"{side}_{part}": (f"{side}_{joint}",)
            for side in ("left", "right")
            for part, joint in {**_LIMBS, "toes": "toe"}.items()
        },
    },
)


LIMBS = [
    (f"{side}_{above}", f"{side}_{below}")
    for side in ("left", "right")
    for above, below in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
]
DEGREE = np.pi / 180


def about(axis: str, degrees: float) -> np.ndarray:
    return np.asarray(quaternion.from_rotation_vector(np.eye(3)["xyz".index(axis)] * degrees * DEGREE))


A_POSE = {"left_shoulder": about("z", -45), "right_shoulder": about("z", 45)}
RELAXED = {
    "left_shoulder": about("z", -70),
    "right_shoulder": about("z", 70),
    "left_elbow": about("y", -25),
    "right_elbow": about("y", 25),
    "left_hip": about("z", 8),
    "right_hip": about("z", -8),
    "left_knee": about("x", 15),
    "right_knee": about("x", 15),
}
for side in ("left", "right"):  # feet flat on the floor
    RELAXED[f"{side}_ankle"] = np.asarray(
        quaternion.inverse(quaternion.multiply(RELAXED[f"{side}_hip"], RELAXED[f"{side}_knee"]))
    )


def motion_of(action: str = "wave", seconds: float = 2.0, seed: int = 0) -> Motion:
    return builtin_clip(action, seed, seconds=seconds).motion()


def directions(heads: np.ndarray, bones: list[tuple[str, str]]) -> np.ndarray:
    from_, to = ([JOINTS.index(pair[end]) for pair in bones] for end in (0, 1))
    along = heads[:, to] - heads[:, from_]
    return np.asarray(along / np.linalg.norm(along, axis=-1, keepdims=True))


def degrees_off(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip((a * b).sum(axis=-1), -1, 1))).max())


def random_rotations(shape: tuple[int, ...], seed: int, most: float = 3.0) -> np.ndarray:
    """Unit quaternions (*shape, 4), turned by up to `most` radians."""
    rng = np.random.default_rng(seed)
    axes = rng.normal(size=(*shape, 3))
    axes /= np.linalg.norm(axes, axis=-1, keepdims=True)
    return np.asarray(quaternion.from_rotation_vector(axes * rng.uniform(0, most, (*shape, 1))))


def rig_in(pose: dict[str, np.ndarray] | None = None, seed: int = 0) -> Rig:
    """The condition skeleton as a rig that rests in `pose` (joint -> its local rotation), with bones of any roll."""
    rotations = np.tile(IDENTITY, (len(JOINTS), 1))
    for joint, turn in (pose or {}).items():
        rotations[JOINTS.index(joint)] = turn
    parents = CONDITION_SKELETON.parents
    heads = np.asarray(forward_kinematics(CONDITION_SKELETON.offsets, rotations, parents))
    turned = np.asarray(global_rotations(rotations, parents))
    # A tail that points anywhere, as importers make them, must not matter where a child tells the direction.
    tips = np.asarray(quaternion.rotate(turned, np.random.default_rng(seed).normal(0, 0.05, (len(JOINTS), 3))))
    everywhere = (True,) * len(JOINTS)
    bones = random_rotations((len(JOINTS),), seed)
    return Rig("doll", JOINTS, parents, heads, heads + tips, bones, everywhere, everywhere)


def placed(rig: Rig, turn: np.ndarray, scale: float, shift: np.ndarray) -> Rig:
    """The same rig in an armature of other axes and units."""

    def moved(points: np.ndarray) -> np.ndarray:
        return np.asarray(quaternion.rotate(turn, points * scale)) + shift

    turned = np.asarray(quaternion.multiply(np.broadcast_to(turn, rig.rotations.shape), rig.rotations))
    return replace(rig, heads=moved(rig.heads), tails=moved(rig.tails), rotations=turned)


def posed_heads(rig: Rig, result: Retargeted) -> np.ndarray:
    """Where each bone begins (T, B, 3) once `result` is keyed: bone by bone with 4x4 matrices, as Blender does it."""
    frames = len(result.rotations)
    rest = np.tile(np.eye(4), (len(rig.bone_names), 1, 1))
    rest[:, :3, :3], rest[:, :3, 3] = quaternion.to_matrix(rig.rotations), rig.heads
    back = np.linalg.inv(rest)
    posed = np.empty((frames, len(rig.bone_names), 4, 4))
    for bone, (name, parent) in enumerate(zip(rig.bone_names, rig.parents, strict=True)):
        basis = np.tile(np.eye(4), (frames, 1, 1))
        if name in result.bones:
            basis[:, :3, :3] = quaternion.to_matrix(result.rotations[:, result.bones.index(name)])
        if name == result.hips:
            basis[:, :3, 3] = result.location
        above = posed[:, parent] @ back[parent] if parent >= 0 else np.tile(np.eye(4), (frames, 1, 1))
        if not rig.turns_with_parent[bone]:  # it goes where its parent takes its head, and turns for itself
            carried = above[:, :3, :3] @ rig.heads[bone] + above[:, :3, 3]
            above = np.tile(np.eye(4), (frames, 1, 1))
            above[:, :3, 3] = carried - rig.heads[bone]
        posed[:, bone] = above @ rest[bone] @ basis
    return np.asarray(posed[..., :3, 3])
