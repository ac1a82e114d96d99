"""Exact landmarks covered: a right pose stays, a wrong one comes nearer whatever the body, and nothing else counts."""

import numpy as np
import pytest
from pictured_motion import doubt, motion, other_body, pictured, seen

from posenorm_core import picture_fit, quaternion
from posenorm_core.body_shape import SHAPE_SIZE, offsets_of
from posenorm_core.camera import project, view_rotation
from posenorm_core.condition_skeleton import CONDITION_SKELETON, LEAVES, NON_LEAVES, PARENTS
from posenorm_core.drawn_body import POSE_SIZE, drawn_body
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.landmarks import LANDMARK_NAMES, MIRROR
from posenorm_core.mirror import mirrored_rotations
from posenorm_core.picture_fit import covering_picture

FRAMES = 120
TURNING = list(NON_LEAVES)
# Not the camera that the fit supposes.
METRES = 5.5


def angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Between the rotations of the joints that turn, degrees (frames, 14)."""
    return np.degrees(quaternion.geodesic_angle(a[:, TURNING], b[:, TURNING]))


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """The mean distance of the joints on one body, millimetres."""
    poses = [forward_kinematics(CONDITION_SKELETON.offsets, rotations, PARENTS) for rotations in (a, b)]
    return float(1000 * np.linalg.norm(poses[0] - poses[1], axis=-1).mean())


def mistaken(rotations: np.ndarray, degrees: float, seed: int = 2) -> np.ndarray:
    """The rotations as a network might tell them: each joint wrong by some degrees, slowly changing."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 4 * np.pi, len(rotations))[:, None, None]
    turns = np.radians(degrees) * np.sin(time + rng.uniform(0, 6, (1, 19, 3)))
    turns[:, list(LEAVES)] = 0
    return np.asarray(quaternion.multiply(rotations, quaternion.from_rotation_vector(turns)))


def filmed(rotations: np.ndarray, offsets: np.ndarray = CONDITION_SKELETON.offsets) -> np.ndarray:
    return pictured(rotations, offsets, METRES)


@pytest.mark.parametrize("offsets", [CONDITION_SKELETON.offsets, other_body()], ids=["usual", "other body"])
def test_the_truth_stays_whatever_the_body(offsets):
    truth = motion(FRAMES)
    kept = covering_picture(truth, doubt(FRAMES, 8), filmed(truth, offsets), seen(FRAMES))
    assert angles(kept, truth).mean() < 1.5


@pytest.mark.parametrize("offsets", [CONDITION_SKELETON.offsets, other_body()], ids=["usual", "other body"])
def test_a_wrong_pose_comes_nearer_to_the_truth(offsets):
    truth = motion(FRAMES)
    wrong = mistaken(truth, 8)
    mended = covering_picture(wrong, doubt(FRAMES, 8), filmed(truth, offsets), seen(FRAMES))
    assert apart(mended, truth) < 0.25 * apart(wrong, truth)


def test_two_people_after_each_other_are_two_bodies():
    truth = motion(FRAMES)
    wrong, half = mistaken(truth, 8), FRAMES // 2 + 1
    bodies = [other_body(), 2 * CONDITION_SKELETON.offsets - other_body()]
    points = np.concatenate([filmed(truth[:half], bodies[0]), filmed(truth[half:], bodies[1])])
    both = covering_picture(wrong, doubt(FRAMES, 8), points, seen(FRAMES))
    one = covering_picture(wrong, doubt(FRAMES, 8), filmed(truth, bodies[0]), seen(FRAMES))
    assert apart(both, truth) < 0.25 * apart(wrong, truth)
    assert apart(both, one) < 0.1 * apart(wrong, truth)  # 0.16 where it must be one body


def test_the_surer_the_network_is_the_less_moves():
    truth = motion(FRAMES)
    wrong, points = mistaken(truth, 8), filmed(truth)
    moves = [angles(covering_picture(wrong, doubt(FRAMES, d), points, seen(FRAMES)), wrong).mean() for d in (1, 4, 16)]
    assert moves[0] < 0.6 * moves[1] < 0.6 * moves[2]


def test_place_and_size_in_the_picture_change_nothing():
    wrong, points = mistaken(motion(FRAMES), 8), filmed(motion(FRAMES))
    here, there = (covering_picture(wrong, doubt(FRAMES, 8), p, seen(FRAMES)) for p in (points, 3.7 * points + 250))
    assert angles(here, there).max() < 0.5


def test_the_mirror_image_gives_the_mirrored_motion():
    wrong, points = mistaken(motion(FRAMES), 8), filmed(motion(FRAMES))
    direct = covering_picture(wrong, doubt(FRAMES, 8), points, seen(FRAMES))
    mirrored = covering_picture(
        mirrored_rotations(wrong), doubt(FRAMES, 8), points[:, list(MIRROR)] * [-1, 1], seen(FRAMES)
    )
    assert angles(mirrored_rotations(mirrored), direct).max() < 0.5


def test_where_a_missing_landmark_is_said_to_be_counts_for_nothing():
    wrong, points, confidence = mistaken(motion(FRAMES), 8), filmed(motion(FRAMES)), seen(FRAMES)
    hidden = [LANDMARK_NAMES.index(name) for name in ("left_wrist", "left_elbow", "right_heel")]
    confidence[20:50, hidden] = 0
    elsewhere = points.copy()
    elsewhere[20:50, hidden] += 1e4
    np.testing.assert_array_equal(
        covering_picture(wrong, doubt(FRAMES, 8), points, confidence),
        covering_picture(wrong, doubt(FRAMES, 8), elsewhere, confidence),
    )


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((FRAMES, 24, 2)),
        -filmed(motion(FRAMES)),
        np.random.default_rng(6).normal(0, 300, (FRAMES, 24, 2)),
        filmed(motion(FRAMES)) + np.random.default_rng(7).normal(0, 300, (FRAMES, 24, 2)),
        filmed(motion(FRAMES)) * np.where(np.arange(FRAMES) % 3, 1.0, 1e4)[:, None, None],
    ],
    ids=["one place", "upside down", "anywhere", "blown about", "near and far"],
)
def test_landmarks_that_no_body_covers_are_survived(points):
    told = motion(FRAMES)
    kept = covering_picture(told, doubt(FRAMES, 20), points, seen(FRAMES))
    assert np.isfinite(kept).all()
    np.testing.assert_allclose(np.linalg.norm(kept, axis=-1), 1, atol=1e-5)


def test_nothing_seen_is_nothing_changed():
    told = motion(9)
    kept = covering_picture(told, doubt(9, 8), filmed(told), 0 * seen(9))
    assert angles(kept, told).max() < 0.1


@pytest.mark.parametrize("frames", [1, 2, 4, 5, 37])
def test_any_number_of_frames(frames):
    truth = motion(FRAMES)[:frames]
    wrong = mistaken(truth, 8)
    mended = covering_picture(wrong, doubt(frames, 8), filmed(truth), seen(frames))
    assert mended.shape == (frames, 19, 4)
    assert apart(mended, truth) < 0.95 * apart(wrong, truth)


def test_chunks_change_nothing(monkeypatch):
    wrong, points = mistaken(motion(FRAMES), 8), filmed(motion(FRAMES))
    whole = covering_picture(wrong, doubt(FRAMES, 8), points, seen(FRAMES))
    monkeypatch.setattr(picture_fit, "_CHUNK", 28)
    pieces = covering_picture(wrong, doubt(FRAMES, 8), points, seen(FRAMES))
    assert angles(pieces, whole).max() < 0.1


def test_progress_goes_up_to_all_frames_and_can_stop_the_work():
    told, told_of = motion(40), []
    covering_picture(told, doubt(40, 8), filmed(told), seen(40), lambda *done: told_of.append(done))
    assert [done for done, _ in told_of] == sorted(done for done, _ in told_of)
    assert told_of[0] == (0, 40)
    assert told_of[-1] == (40, 40)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        covering_picture(told, doubt(40, 8), filmed(told), seen(40), stop)


def test_the_derivatives_are_those_of_the_drawing():
    rng = np.random.default_rng(3)
    rotations, shape = motion(6).astype(np.float32), rng.normal(0, 0.1, (6, SHAPE_SIZE))
    camera = np.tile([0.3, 0.2, -0.1], (6, 1))
    body = drawn_body(rotations, offsets_of(shape), camera)
    step = 1e-3

    def beside(turned: np.ndarray, bodies: np.ndarray) -> np.ndarray:
        return (drawn_body(turned, offsets_of(bodies), camera).points - body.points).reshape(6, -1) / step

    by_shape = body.by_shape()
    for number in range(SHAPE_SIZE):
        other = shape.copy()
        other[:, number] += step
        np.testing.assert_allclose(by_shape[..., number], beside(rotations, other), atol=2e-3)
    by_pose, above = body.by_pose(), picture_fit._above(body)
    for number in range(POSE_SIZE - 1):
        joint, axis = divmod(number, 3)
        turn = np.zeros((6, len(NON_LEAVES), 3))
        turn[:, joint, axis] = step
        further = picture_fit._turned(rotations, quaternion.rotate(quaternion.inverse(above), turn))
        np.testing.assert_allclose(by_pose[..., number], beside(further, shape), atol=2e-3)
    np.testing.assert_allclose(by_pose[..., -1], body.points.reshape(6, -1))


def test_a_body_is_drawn_as_its_camera_sees_it():
    """Beside a camera that stands where it is said to, which `camera` projects."""
    rotations, offsets = motion(6), offsets_of(np.zeros((6, SHAPE_SIZE)))
    right, above, farther = 0.3, -0.2, 0.4
    body = drawn_body(rotations, offsets, np.tile([farther, right, above], (6, 1)))
    ray = np.array([right, -above, 1.0])
    pelvis = 4.0 * np.exp(farther) * ray / np.linalg.norm(ray)
    seen_by_camera = quaternion.rotate(quaternion.inverse(view_rotation(pelvis)), body.landmarks) + pelvis
    pixels = project(seen_by_camera, np.ones(2), np.zeros(2))
    beside = (pixels - pixels[:, :1]) * np.array([1, -1])
    np.testing.assert_allclose(body.points, np.linalg.norm(pelvis) * beside, atol=1e-4)


def test_a_camera_that_looks_past_and_stands_near_is_found():
    truth = motion(FRAMES)
    wrong, offsets = mistaken(truth, 8), np.repeat(offsets_of(np.zeros((1, SHAPE_SIZE))), FRAMES, axis=0)
    apart_from = []
    for camera in ([0.0, 0.0, 0.0], [-0.5, 0.35, 0.25]):
        points = drawn_body(truth, offsets, np.tile(camera, (FRAMES, 1))).points
        apart_from.append(apart(covering_picture(wrong, doubt(FRAMES, 8), points, seen(FRAMES)), truth))
    assert apart_from[1] < 1.5 * apart_from[0] + 2


def test_a_body_is_alike_on_both_sides():
    offsets = offsets_of(np.random.default_rng(4).normal(0, 0.2, (3, SHAPE_SIZE)))
    np.testing.assert_allclose(offsets[:, list(MIRROR)] * [-1, 1, 1], offsets, atol=1e-7)
    assert np.ptp(offsets, axis=0)[1:].max(axis=-1).min() > 0.005


def test_the_chain_is_solved_as_the_whole_system_is():
    rng = np.random.default_rng(5)
    count, size = 7, 4
    roots = rng.normal(size=(count, size, size))
    own, bonds = roots @ np.swapaxes(roots, 1, 2) + 5 * np.eye(size), rng.uniform(0, 1, count - 1)
    right = rng.normal(size=(count, size))
    whole = np.zeros((count, size, count, size))
    for k in range(count):
        whole[k, :, k] = own[k]
        for other in {k - 1, k + 1} & set(range(count)):
            whole[k, :, other] = -bonds[min(k, other)] * np.eye(size)
    expected = np.linalg.solve(whole.reshape(count * size, -1), right.ravel()).reshape(count, size)
    np.testing.assert_allclose(picture_fit._chain(own, bonds, right), expected)
