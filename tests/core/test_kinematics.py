"""Forward kinematics keeps bodies rigid, whatever the tree; a slow twin, joint by joint, is the reference."""

import numpy as np
import pytest
from hypothesis import given
from library import Library, assert_close, assert_same_rotation
from pyquaternion import Quaternion
from strategies import posed_skeletons, unit_quaternions

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.kinematics import forward_kinematics, global_rotations, local_rotations, pose_skeleton
from posenorm_core.skeleton import Skeleton

Posed = tuple[Skeleton, np.ndarray]


def naive_kinematics(skeleton: Skeleton, rotations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One frame (J, 4), one joint after the other: positions (J, 3) and global rotations (J, 4)."""
    positions, turned = [np.zeros(3)], [Quaternion(rotations[0])]
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        positions.append(positions[parent] + turned[parent].rotate(skeleton.offsets[joint]))
        turned.append(turned[parent] * Quaternion(rotations[joint]))
    return np.array(positions), np.array([q.elements for q in turned])


@given(posed=posed_skeletons())
def test_equals_the_naive_twin(library: Library, posed: Posed) -> None:
    """Positions and global rotations, frame by frame and joint by joint."""
    skeleton, rotations = posed
    found = pose_skeleton(library.array(skeleton.offsets), library.array(rotations), skeleton.parents)
    positions, turned = (library.numbers(each) for each in found)
    assert positions.shape == (*rotations.shape[:-1], 3)
    assert turned.shape == rotations.shape
    for frame in np.ndindex(*rotations.shape[:-2]):
        expected_positions, expected_turned = naive_kinematics(skeleton, rotations[frame])
        assert_close(positions[frame], expected_positions, 20 * library.tolerance)
        assert_close(turned[frame], expected_turned, 3 * library.tolerance)


@given(posed=posed_skeletons())
def test_bones_keep_their_lengths(library: Library, posed: Posed) -> None:
    """However the joints turn, each stands its bone's length from its parent."""
    skeleton, rotations = posed
    positions = library.numbers(
        forward_kinematics(library.array(skeleton.offsets), library.array(rotations), skeleton.parents)
    )
    bones = positions[..., 1:, :] - positions[..., list(skeleton.parents[1:]), :]
    lengths = np.linalg.norm(bones, axis=-1)
    assert_close(lengths, np.broadcast_to(skeleton.bone_lengths[1:], lengths.shape), 20 * library.tolerance)


@given(posed=posed_skeletons(), turn=unit_quaternions(1).map(lambda q: q.reshape(-1, 4)[:1]).filter(len))
def test_turning_the_root_turns_the_body(library: Library, posed: Posed, turn: np.ndarray) -> None:
    """The result as a whole, about the root."""
    skeleton, rotations = posed
    offsets, whole = library.array(skeleton.offsets), library.array(turn[0])
    before = forward_kinematics(offsets, library.array(rotations), skeleton.parents)
    turned = rotations.copy()
    turned[..., 0, :] = quaternion.multiply(turn[0], rotations[..., 0, :])
    after = forward_kinematics(offsets, library.array(turned), skeleton.parents)
    expected = library.numbers(quaternion.rotate(whole, before))
    assert_close(library.numbers(after), expected, 30 * library.tolerance)


@given(posed=posed_skeletons())
def test_local_and_global_are_inverse(library: Library, posed: Posed) -> None:
    """Both ways round."""
    skeleton, rotations = posed
    local = library.array(rotations)
    there = global_rotations(local, skeleton.parents)
    assert_same_rotation(library.numbers(local_rotations(there, skeleton.parents)), rotations, 3 * library.tolerance)
    back = global_rotations(local_rotations(local, skeleton.parents), skeleton.parents)
    assert_same_rotation(library.numbers(back), rotations, 3 * library.tolerance)


def test_no_turn_is_the_t_pose(library: Library) -> None:
    """Every joint at the sum of the offsets above it: arms out, head up, toes ahead."""
    still = library.array(np.tile([1.0, 0, 0, 0], (19, 1)))
    found = forward_kinematics(library.array(CONDITION_SKELETON.offsets), still, CONDITION_SKELETON.parents)
    positions = library.numbers(found)
    for joint in range(1, 19):
        parent = CONDITION_SKELETON.parents[joint]
        assert_close(positions[joint], positions[parent] + CONDITION_SKELETON.offsets[joint], library.tolerance)
    place = {name: positions[j] for j, name in enumerate(CONDITION_SKELETON.joint_names)}
    assert place["left_wrist"][0] > 0.5 > -0.5 > place["right_wrist"][0]
    assert place["head"][1] > 0.5 > -0.5 > place["left_ankle"][1]
    assert place["left_toe"][2] > 0.1


def test_an_elbow_turns_the_forearm_alone(library: Library) -> None:
    """About +Y, by a right angle: the left forearm, which points to +X, points back to -Z."""
    rotations = np.tile([1.0, 0, 0, 0], (19, 1))
    elbow, wrist = (CONDITION_SKELETON.index(name) for name in ("left_elbow", "left_wrist"))
    rotations[elbow] = [np.sqrt(0.5), 0, np.sqrt(0.5), 0]
    offsets, parents = CONDITION_SKELETON.offsets, CONDITION_SKELETON.parents
    still = library.numbers(
        forward_kinematics(library.array(offsets), library.array(0 * rotations + [1, 0, 0, 0]), parents)
    )
    bent = library.numbers(forward_kinematics(library.array(offsets), library.array(rotations), parents))
    moved = [j for j in range(19) if not np.allclose(still[j], bent[j], atol=1e-6)]
    assert moved == [wrist]
    length = np.linalg.norm(offsets[wrist])
    assert_close(bent[wrist] - bent[elbow], np.array([0, 0, -length]), library.tolerance)


@pytest.mark.parametrize("body_axes", [(), (1, 1), (5, 1), (1, 7), (5, 7)])
def test_bodies_and_frames_broadcast(library: Library, body_axes: tuple[int, ...]) -> None:
    """A body a clip, a frame or all in one: what each pair gives alone."""
    rng = np.random.default_rng(1)
    offsets = CONDITION_SKELETON.offsets * rng.uniform(0.5, 2, (*body_axes, 19, 1))
    rotations = np.asarray(quaternion.normalize(rng.normal(size=(5, 7, 19, 4))))
    root = rng.normal(size=(5, 7, 3))
    parents = CONDITION_SKELETON.parents
    found = forward_kinematics(library.array(offsets), library.array(rotations), parents, library.array(root))
    each_offsets = np.broadcast_to(offsets, (5, 7, 19, 3))
    for place in np.ndindex(5, 7):
        alone = forward_kinematics(each_offsets[place], rotations[place], parents) + root[place]
        assert_close(library.numbers(found)[place], alone, 20 * library.tolerance)


def test_many_bodies_in_one_pose(library: Library) -> None:
    """The rotations may be those with fewer axes, also on a skeleton of one joint."""
    rng = np.random.default_rng(2)
    rotation = np.asarray(quaternion.normalize(rng.normal(size=(19, 4))))
    offsets = CONDITION_SKELETON.offsets * rng.uniform(0.5, 2, (4, 1, 1))
    found = forward_kinematics(library.array(offsets), library.array(rotation), CONDITION_SKELETON.parents)
    assert_close(
        library.numbers(found)[2],
        np.asarray(forward_kinematics(offsets[2], rotation, CONDITION_SKELETON.parents)),
        20 * library.tolerance,
    )
    lone = forward_kinematics(library.array(np.ones((4, 1, 3))), library.array([[1.0, 0, 0, 0]]), (-1,))
    assert_close(library.numbers(lone), np.zeros((4, 1, 3)), 0)


def test_work_is_counted_in_levels_not_in_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product a level below the root and one turn of all bones, for one frame as for an hour."""
    calls: list[str] = []
    for name in ("multiply", "rotate"):
        original = getattr(quaternion, name)
        monkeypatch.setattr(quaternion, name, lambda a, b, f=original, n=name: (calls.append(n), f(a, b))[1])
    counts = []
    for frames in (1, 100_000):
        calls.clear()
        rotations = np.broadcast_to(np.array([1, 0, 0, 0], dtype=np.float32), (frames, 19, 4))
        offsets = CONDITION_SKELETON.offsets.astype(np.float32)
        positions = forward_kinematics(offsets, rotations, CONDITION_SKELETON.parents)
        assert positions.shape == (frames, 19, 3)
        counts.append((calls.count("multiply"), calls.count("rotate")))
    assert counts == [(5, 1), (5, 1)]
