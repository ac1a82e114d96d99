"""SMPL's rotations on the condition skeleton: its bones point where ours point, its hinges bend as ours do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library import assert_close, assert_same_rotation
from scipy.spatial.transform import Rotation

from posenorm_core import quaternion
from posenorm_core.arrays import unit
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, LEAVES, PARENTS, mirrored_name
from posenorm_core.kinematics import forward_kinematics, global_rotations
from posenorm_core.mirror import mirrored_rotations
from posenorm_core.rest_pose import LIMBS, mean_hinge_axis
from posenorm_core.smpl import (
    SMPL_JOINT_NAMES,
    SMPL_PARENTS,
    SMPL_REST_JOINTS,
    smpl_leg_length,
    smpl_to_condition,
)

MODELS = ("smpl", "smplx")
OURS = {name: number for number, name in enumerate(JOINT_NAMES)}
THEIRS = {name: number for number, name in enumerate(SMPL_JOINT_NAMES)}
# SMPL's tree as everybody writes it down.
KINTREE = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
LIMB_BONES = [
    (f"{side}_{upper}", f"{side}_{lower}")
    for side in ("left", "right")
    for upper, lower in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
]


def vectors(seed: int, frames: int = 12, size: float = 0.5) -> np.ndarray:
    """Rotation vectors (T, 22, 3) of any pose."""
    return np.random.default_rng(seed).normal(scale=size, size=(frames, len(SMPL_JOINT_NAMES), 3))


def quaternions(rotation_vectors: np.ndarray) -> np.ndarray:
    return np.asarray(quaternion.from_rotation_vector(rotation_vectors))


def posed_by_matrices(rotation_vectors: np.ndarray, model: str) -> np.ndarray:
    """Joint positions (T, 22, 3), the slow way: joint by joint, with matrices of another library."""
    rest, frames = SMPL_REST_JOINTS[model], len(rotation_vectors)
    matrices = Rotation.from_rotvec(rotation_vectors.reshape(-1, 3)).as_matrix().reshape(frames, -1, 3, 3)
    positions, turned = np.zeros((frames, 22, 3)), np.zeros((frames, 22, 3, 3))
    for frame in range(frames):
        for joint, parent in enumerate(KINTREE):
            if parent < 0:
                turned[frame, joint] = matrices[frame, joint]
                continue
            turned[frame, joint] = turned[frame, parent] @ matrices[frame, joint]
            positions[frame, joint] = positions[frame, parent] + turned[frame, parent] @ (rest[joint] - rest[parent])
    return positions


def directions(positions: np.ndarray, places: dict[str, int], start: str, end: str) -> np.ndarray:
    return np.asarray(unit(positions[:, places[end]] - positions[:, places[start]]))


def test_the_tree_is_smpls() -> None:
    assert SMPL_PARENTS == KINTREE
    assert SMPL_JOINT_NAMES[4] == "left_knee"
    assert SMPL_JOINT_NAMES[18:20] == ("left_elbow", "right_elbow")


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_limbs_and_lines_point_as_smpls_do(model: str, seed: int) -> None:
    pose = vectors(seed)
    theirs = posed_by_matrices(pose, model)
    rotations = smpl_to_condition(quaternions(pose), model)
    ours = np.asarray(forward_kinematics(CONDITION_SKELETON.offsets, rotations, PARENTS))
    for start, end in LIMB_BONES:
        assert_close(directions(ours, OURS, start, end), directions(theirs, THEIRS, start, end), 1e-7)
    shoulders = directions(theirs, THEIRS, "right_shoulder", "left_shoulder")
    assert_close(directions(ours, OURS, "right_shoulder", "left_shoulder"), shoulders, 1e-7)
    middle = (theirs[:, THEIRS["left_shoulder"]] + theirs[:, THEIRS["right_shoulder"]]) / 2
    assert_close(directions(ours, OURS, "spine", "thorax"), unit(middle - theirs[:, THEIRS["spine2"]]), 1e-7)


@pytest.mark.parametrize("model", MODELS)
def test_pelvis_and_head_turn_as_smpls_do(model: str) -> None:
    pose = vectors(3)
    turned = np.asarray(global_rotations(smpl_to_condition(quaternions(pose), model), PARENTS))
    chain = [Rotation.from_rotvec(pose[:, THEIRS[name]]) for name in ("pelvis", "spine1", "spine2", "spine3", "neck")]
    head = chain[0] * chain[1] * chain[2] * chain[3] * chain[4] * Rotation.from_rotvec(pose[:, THEIRS["head"]])
    assert_same_rotation(turned[:, OURS["pelvis"]], chain[0].as_quat()[:, [3, 0, 1, 2]], 1e-9)
    assert_same_rotation(turned[:, OURS["neck"]], head.as_quat()[:, [3, 0, 1, 2]], 1e-9)


@pytest.mark.parametrize(("model", "farthest"), [("smpl", 14.0), ("smplx", 20.5)])
def test_the_rest_pose_is_nearly_the_t_pose(model: str, farthest: float) -> None:
    rotations = smpl_to_condition(quaternions(np.zeros((1, 22, 3))), model)
    turned = np.asarray(global_rotations(rotations, PARENTS))
    angles = np.degrees(np.asarray(quaternion.geodesic_angle(turned, quaternion.identity_like(turned))))[0]
    assert angles[OURS["pelvis"]] == pytest.approx(0, abs=1e-9)
    assert angles.max() < farthest
    np.testing.assert_array_equal(rotations[:, list(LEAVES)], np.tile([1.0, 0.0, 0.0, 0.0], (1, len(LEAVES), 1)))
    # Feet that are flat in the one are flat in the other.
    positions = np.asarray(forward_kinematics(CONDITION_SKELETON.offsets, rotations, PARENTS))
    for side in ("left", "right"):
        drop = positions[0, OURS[f"{side}_toe"], 1] - positions[0, OURS[f"{side}_ankle"], 1]
        assert drop == pytest.approx(CONDITION_SKELETON.offsets[OURS[f"{side}_toe"], 1], abs=1e-9)
        assert positions[0, OURS[f"{side}_toe"], 2] > positions[0, OURS[f"{side}_ankle"], 2] + 0.1


# SMPLify's prior of natural bending (Bogo et al., 2016): knees about +X, the left elbow about -Y, the right about +Y.
NATURAL = {"right_knee": (1, 0, 0), "left_knee": (1, 0, 0), "left_elbow": (0, -1, 0), "right_elbow": (0, 1, 0)}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("upper", "hinge", "end", "axis"), LIMBS)
def test_hinges_bend_about_the_t_poses_axes(model: str, upper: str, hinge: str, end: str, axis: np.ndarray) -> None:
    pose = vectors(5, frames=40, size=0.3)
    bending = np.random.default_rng(1).uniform(0.2, 2.0, size=(40, 1))
    pose[:, THEIRS[hinge]] = bending * np.array(NATURAL[hinge])
    rotations = smpl_to_condition(quaternions(pose), model)[:, OURS[hinge]]
    bone = unit(CONDITION_SKELETON.offsets[OURS[hinge]])
    bent = np.asarray(quaternion.rotate(rotations, unit(CONDITION_SKELETON.offsets[OURS[end]])))
    found = mean_hinge_axis(np.broadcast_to(bone, bent.shape), bent)
    assert np.degrees(np.arccos(found @ axis)) < 10


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_turning_the_whole_body_turns_the_root_alone(seed: int) -> None:
    pose = quaternions(vectors(seed))
    turn = quaternions(np.random.default_rng(seed).normal(size=3))
    there = pose.copy()
    there[:, 0] = quaternion.multiply(turn, pose[:, 0])
    before, after = smpl_to_condition(pose), smpl_to_condition(there)
    assert_same_rotation(after[:, 1:], before[:, 1:], 1e-7)
    assert_same_rotation(after[:, 0], np.asarray(quaternion.multiply(turn, before[:, 0])), 1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_a_mirrored_pose_gives_the_mirrored_rotations(model: str) -> None:
    pose, flip = quaternions(vectors(8)), np.array([1.0, 1.0, -1.0, -1.0])
    there = pose[:, [THEIRS[mirrored_name(name)] for name in SMPL_JOINT_NAMES]] * flip
    assert_same_rotation(smpl_to_condition(there, model), mirrored_rotations(smpl_to_condition(pose, model)), 1e-7)


def test_rotations_are_continuous_and_legs_are_of_a_person() -> None:
    angle = np.linspace(0, 6 * np.pi, 200)
    pose = np.zeros((200, 22, 3))
    pose[:, 0, 1] = angle
    pose[:, THEIRS["left_shoulder"], 2] = angle
    rotations = smpl_to_condition(quaternions(pose))
    assert (np.sum(rotations[1:] * rotations[:-1], axis=-1) > 0).all()
    for model in MODELS:
        assert smpl_leg_length(model) == pytest.approx(0.79, abs=0.03)
