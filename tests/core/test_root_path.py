"""The root's path: standing feet stay, thrown bodies fall, the picture tells the rest; exact on built-in motion."""

import numpy as np
import pytest

from posenorm_core import quaternion
from posenorm_core.builtin_motion import BuiltinClip, builtin_clip
from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.motion import oriented_root
from posenorm_core.root_path import BALL_HEIGHT, posed_body, root_path, seen_steps, standing_feet
from posenorm_core.synthetic_view import film, true_view_root

FPS = 30.0
OFFSETS = CONDITION_SKELETON.offsets
UP = np.array([0.0, 1.0, 0.0])


def path_of(clip: BuiltinClip) -> np.ndarray:
    return root_path(posed_body(clip.rotations, clip.skeleton.offsets), clip.contacts, clip.fps)


def off(path: np.ndarray, truth: np.ndarray) -> float:
    """The mean horizontal distance from the true path in shares of the distance travelled."""
    plane = [0, 2]
    travelled = np.linalg.norm(np.diff(truth[:, plane], axis=0), axis=1).sum()
    return float(np.linalg.norm((path - path[0] - truth + truth[0])[:, plane], axis=1).mean() / travelled)


def standing_still(frames: int) -> np.ndarray:
    """The T-pose (T, 19, 4)."""
    rotations = np.zeros((frames, 19, 4))
    rotations[..., 0] = 1
    return rotations


@pytest.mark.parametrize(("action", "share"), [("walk", 0.005), ("turn", 0.002), ("squat", 0.002), ("run", 0.08)])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_path_is_the_true_one_in_the_world(action: str, share: float, seed: int) -> None:
    clip = builtin_clip(action, seed, seconds=6.0)
    path = path_of(clip)
    assert off(path, clip.root_position) < share
    assert np.abs(path[:, 1] - clip.root_position[:, 1]).mean() < 0.02


def test_the_pelvis_of_one_who_stands_in_t_pose_is_at_the_height_of_his_legs() -> None:
    path = root_path(posed_body(standing_still(4), OFFSETS), np.ones((4, 2)), FPS)
    height = -OFFSETS[[1, 2, 3, 17], 1].sum() + BALL_HEIGHT
    np.testing.assert_allclose(path, np.tile([0.0, height, 0.0], (4, 1)), atol=1e-12)


def test_turning_the_world_turns_the_path() -> None:
    clip = builtin_clip("walk", 2, seconds=3.0)
    turn = quaternion.from_rotation_vector(1.1 * UP)
    rotations = clip.rotations.astype(np.float64)
    straight = root_path(posed_body(rotations, OFFSETS), clip.contacts, FPS)
    rotations[:, 0] = quaternion.multiply(turn, rotations[:, 0])
    turned = root_path(posed_body(rotations, OFFSETS), clip.contacts, FPS)
    np.testing.assert_allclose(turned, quaternion.rotate(turn, straight), atol=1e-6)


def test_in_heading_the_foot_that_stands_alone_stays_where_it_is_though_the_body_turns() -> None:
    clip = builtin_clip("turn", 0, seconds=6.0)
    rotations = clip.rotations.astype(np.float64)
    rotations[:, 0] = oriented_root(rotations[:, 0], UP, "heading")
    path = root_path(posed_body(rotations, OFFSETS), clip.contacts, FPS)
    soles = posed_body(rotations, OFFSETS).soles + path[:, None, None]
    standing = standing_feet(clip.contacts, FPS) > 0
    alone = (standing.sum(axis=1) == 1)[:, None] & standing
    alone = alone[1:] & alone[:-1]
    assert alone.sum() > 20
    # A flat foot swivels about its middle.
    moved = np.linalg.norm(np.diff(soles.mean(axis=2)[..., [0, 2]], axis=0), axis=-1)
    assert np.median(moved[alone]) < 1e-6


@pytest.mark.parametrize("action", ["walk", "squat", "random", "jumping_jack"])
def test_no_sole_is_under_the_floor_and_the_lowest_standing_one_is_on_it(action: str) -> None:
    clip = builtin_clip(action, 3, seconds=4.0)
    path = path_of(clip)
    lowest = (posed_body(clip.rotations, clip.skeleton.offsets).soles[..., 1] + path[:, None, None, 1]).min(axis=(1, 2))
    stands = (standing_feet(clip.contacts, FPS) > 0).any(axis=1)
    assert lowest.min() >= BALL_HEIGHT - 1e-9
    np.testing.assert_allclose(lowest[stands], BALL_HEIGHT, atol=1e-9)


def thrown(frames: int, air: slice) -> tuple[np.ndarray, np.ndarray]:
    """A body in T-pose that bends its knees as it leaves the ground and lands: rotations, contacts."""
    rotations = standing_still(frames)
    contacts = np.ones((frames, 2))
    contacts[air] = 0
    middle = (air.start + air.stop - 1) / 2
    # Deep before take-off and after landing, straight in between: legs that push at some 2.5 m/s.
    reach = (air.stop - air.start) / 2 + 0.5
    bend = np.clip((np.abs(np.arange(frames) - middle) - reach + 1.0) * 0.42, 0.0, 1.3)
    for joints, sign in (((1, 4), -1.0), ((2, 5), 2.0), ((3, 6), -1.0)):
        turn = quaternion.from_rotation_vector(sign * bend[:, None] * np.array([1.0, 0.0, 0.0]))
        for joint in joints:
            rotations[:, joint] = turn
    return rotations, contacts


def test_a_jump_follows_gravity_and_a_contact_merely_missed_makes_nobody_hop() -> None:
    air = slice(12, 22)
    rotations, contacts = thrown(34, air)
    height = root_path(posed_body(rotations, OFFSETS), contacts, FPS)[:, 1]
    # The pose is held in the middle of the flight, so the pelvis falls as the body does.
    np.testing.assert_allclose(np.diff(height[14:20], 2), -9.81 / FPS**2, rtol=1e-6)
    np.testing.assert_allclose(height, height[::-1], atol=1e-9)
    missed = root_path(posed_body(standing_still(34), OFFSETS), contacts, FPS)[:, 1]
    np.testing.assert_allclose(missed, missed[0], atol=1e-12)


def test_in_flight_the_body_goes_on_as_it_left_the_ground() -> None:
    """A walk with the contacts of a third of a second wiped out goes on at its speed."""
    clip = builtin_clip("walk", 0, seconds=4.0)
    contacts = clip.contacts.astype(np.float64)
    contacts[50:58] = 0
    path = root_path(posed_body(clip.rotations, OFFSETS), contacts, FPS)
    assert off(path, clip.root_position) < 0.02


def test_a_flicker_of_the_contacts_changes_little() -> None:
    clip = builtin_clip("walk", 0, seconds=4.0)
    contacts = clip.contacts.astype(np.float64)
    contacts[::9] = 1 - contacts[::9]
    assert off(root_path(posed_body(clip.rotations, OFFSETS), contacts, FPS), clip.root_position) < 0.02


def test_where_the_contacts_are_not_known_the_lowest_point_carries() -> None:
    clip = builtin_clip("walk", 0, seconds=4.0)
    path = root_path(posed_body(clip.rotations, OFFSETS), np.full(clip.contacts.shape, np.nan), FPS)
    assert off(path, clip.root_position) < 0.05
    lying = standing_still(60)
    lying[:, 0] = quaternion.from_rotation_vector(np.array([-np.pi / 2, 0.0, 0.0]))
    path = root_path(posed_body(lying, OFFSETS), np.zeros((60, 2)), FPS)
    np.testing.assert_allclose(path[:, [0, 2]], 0, atol=1e-9)
    assert 0 < path[0, 1] < 0.3


@pytest.mark.parametrize("frames", [1, 2, 3, 7])
@pytest.mark.parametrize("contact", [0.0, 1.0, np.nan])
@pytest.mark.parametrize("fps", [1.0, 30.0, 240.0])
def test_any_clip_has_a_path_of_numbers(frames: int, contact: float, fps: float) -> None:
    clip = builtin_clip("random", 5, seconds=1.0)
    contacts = np.full((frames, 2), contact)
    unseen = np.full((frames - 1, 3), np.nan)
    path = root_path(posed_body(clip.rotations[:frames], OFFSETS), contacts, fps, unseen)
    assert path.shape == (frames, 3)
    assert np.isfinite(path).all()
    np.testing.assert_array_equal(path[0, [0, 2]], 0)


def test_a_long_clip_is_the_same_as_a_short_one_and_frames_are_not_mixed_up_in_chunks() -> None:
    clip = builtin_clip("walk", 0, seconds=2.0)
    many = np.tile(clip.rotations, (30, 1, 1))
    whole, part = posed_body(many, OFFSETS), posed_body(clip.rotations, OFFSETS)
    np.testing.assert_array_equal(whole.joints, np.tile(part.joints, (30, 1, 1)))
    np.testing.assert_array_equal(whole.soles, np.tile(part.soles, (30, 1, 1, 1)))


CAMERA = {"azimuth": 0.6, "elevation": 0.25, "distance": 7.0}
SIZE = (1280.0, 720.0)


def seen_walk(focal_share: float = 1.0) -> tuple[BuiltinClip, np.ndarray, np.ndarray, np.ndarray]:
    """A walk, its rotations in the view frame, and its landmarks through a lens of so much of the diagonal."""
    clip = builtin_clip("walk", 0, seconds=3.0)
    focal = float(np.hypot(*SIZE)) * focal_share
    filmed = film(clip.rotations, clip.root_position, clip.skeleton, **CAMERA, focal_length=focal, fps=FPS)
    view = clip.rotations.astype(np.float64)
    view[:, 0] = true_view_root(clip.rotations, clip.root_position, **CAMERA)
    return clip, view, filmed.points, filmed.confidence


def test_the_picture_tells_the_pelvis_steps_where_the_lens_is_known() -> None:
    clip, view, points, confidence = seen_walk()
    root = clip.rotations[:, 0].astype(np.float64)
    steps = seen_steps(posed_body(view, OFFSETS), view[:, 0], root, points, confidence, SIZE, FPS)
    path = np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])
    # But for the ends, where the size is the mean over one side only.
    assert off(path[5:-5], clip.root_position[5:-5]) < 0.005
    np.testing.assert_allclose((path - path[5])[-6], (clip.root_position - clip.root_position[5])[-6], atol=0.02)


def test_the_picture_carries_on_where_feet_do_not_stand() -> None:
    """Contacts lost for two seconds in a walk that starts from them: the picture is nearer than the body alone."""
    clip, view, points, confidence = seen_walk(1.2)
    contacts = clip.contacts.astype(np.float64)
    contacts[20:80] = 0
    sliding = clip.rotations.astype(np.float64)
    sliding[20:80, 1:] = sliding[20:21, 1:]  # as on skates: the legs do not tell
    root = clip.rotations[:, 0].astype(np.float64)
    steps = seen_steps(posed_body(view, OFFSETS), view[:, 0], root, points, confidence, SIZE, FPS)
    alone = off(root_path(posed_body(sliding, OFFSETS), contacts, FPS), clip.root_position)
    seen = off(root_path(posed_body(sliding, OFFSETS), contacts, FPS, steps), clip.root_position)
    assert seen < 0.1
    assert seen < alone / 2


def test_steps_are_not_known_where_the_person_or_the_size_of_the_picture_is_not() -> None:
    clip, view, points, confidence = seen_walk()
    root, body = clip.rotations[:, 0].astype(np.float64), posed_body(view, OFFSETS)
    assert np.isnan(seen_steps(body, view[:, 0], root, points, confidence, (0.0, 0.0), FPS)).all()
    hidden = confidence.copy()
    hidden[30:40, 5:] = 0
    steps = seen_steps(body, view[:, 0], root, points, hidden, SIZE, FPS)
    known = np.isfinite(steps).all(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(~known), np.arange(29, 40))
    assert confidence.min() == 1
    assert np.isnan(seen_steps(body, view[:, 0], root, points, 0 * confidence, SIZE, FPS)).all()
    first = posed_body(view[:1], OFFSETS)
    assert seen_steps(first, view[:1, 0], root[:1], points[:1], confidence[:1], SIZE, FPS).shape == (0, 3)
