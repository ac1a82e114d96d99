"""Protocol 1: who is scored, on what, and that the figures are what they say."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from human36m_files import body, recordings, seen_by_all, write_files, write_keypoints
from numpy.testing import assert_allclose

from posenorm_core import camera as view
from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, MIRROR, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.frame_rate import resample_times, resample_values
from posenorm_core.landmarks import LANDMARK_NAMES
from posenorm_core.network_input import INPUT_CONTEXT, landmarks_of
from training.answer import Answer, Predict
from training.human36m import protocol, scores
from training.human36m.cameras import CAMERA_NAMES
from training.human36m.files import JOINTS_2D
from training.human36m.skeleton import our_points
from training.layouts import LAYOUTS

CONTEXT = INPUT_CONTEXT + 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("h36m"))


@pytest.fixture(scope="module")
def clips(folder: Path) -> list[protocol.EvaluationClip]:
    return list(protocol.clips(folder))


def answering(shift: dict[str, float], clips: list[protocol.EvaluationClip]) -> Predict:
    """Knows each clip by its features; answers the truth, all joints but the pelvis off by the action's `shift`."""
    known: dict[bytes, torch.Tensor] = {}
    for clip in clips:
        truth = resample_values(clip.positions, resample_times(len(clip.positions), 50.0))
        truth[:, 1:] += [shift.get(clip.action, 0.0), 0, 0]
        known[clip.features(CONTEXT).tobytes()] = torch.from_numpy(truth)[None]

    def predict(features: torch.Tensor, offsets: torch.Tensor) -> Answer:
        frames = features.shape[1] - 2 * (CONTEXT - INPUT_CONTEXT)
        return Answer(known.get(features.numpy().tobytes(), torch.zeros(1, frames, 19, 3)))

    return predict


def test_all_recordings_of_the_test_subjects_from_all_cameras(clips: list[protocol.EvaluationClip]) -> None:
    assert len(clips) == (8 + 8) * 4  # S11's Directions is not among them
    assert {clip.subject for clip in clips} == {"S9", "S11"}
    assert [clip.camera.name for clip in clips[:4]] == list(CAMERA_NAMES)
    assert {clip.action for clip in clips} == set(protocol.ACTIONS)
    assert not set(protocol.TRAIN_SUBJECTS) & set(protocol.TEST_SUBJECTS)


def test_the_layout_is_the_first_landmarks() -> None:
    assert set(LAYOUTS["human36m17"]) == set(LANDMARK_NAMES[:JOINTS_2D])


def test_the_truth_is_the_world_turned_into_the_view_frame(clips: list[protocol.EvaluationClip]) -> None:
    for clip in clips[:4]:
        world = our_points(recordings()[clip.subject][clip.recording].positions)
        relative = world - world[:, :1]
        assert_allclose(np.linalg.norm(clip.positions, axis=-1), np.linalg.norm(relative, axis=-1), atol=1e-6)
        # The camera lies along z from the pelvis, and up is up: cameras look nearly level.
        toward = np.asarray(quaternion.rotate(view.view_rotation(clip.seen[:, 0]), -clip.seen[:, 0]))
        assert_allclose(toward[:, :2], 0, atol=1e-9)
        assert (toward[:, 2] > 0).all()
        assert np.abs(clip.positions[..., 1] - relative[..., 1]).max() < 0.35


def test_features_are_the_pixels_from_the_pelvis_at_30_frames(clips: list[protocol.EvaluationClip]) -> None:
    clip = clips[0]
    features = landmarks_of(clip.features(CONTEXT)[0])
    assert len(features) == len(resample_times(26, 50.0)) + 4
    assert (features[:, :17, 2] == 1).all()
    assert (features[:, 17:] == 0).all()
    assert (features[:, 0, :2] == 0).all()
    # Frame 0 of the clip stands after the two of context; what is seen is told up to its size.
    seen = (clip.pixels[0] - clip.pixels[0, 0]) * [1, -1]
    ratio = features[2, 1:17, :2] / seen[1:]
    assert_allclose(ratio, np.median(ratio), rtol=1e-3)


def test_a_perfect_answer_is_scored_zero_and_every_frame_counts(
    folder: Path, clips: list[protocol.EvaluationClip]
) -> None:
    found = scores.score(answering({}, clips), CONTEXT, folder)
    assert set(found) == {*protocol.ACTIONS, scores.MEAN, scores.MEAN_WITHOUT_SHIFTED}
    # What is left is the way between frames of 30, straight instead of bent.
    assert found[scores.MEAN].mpjpe < 3
    assert found["Greeting"].frames == 4 * (26 + 21)
    assert found[scores.MEAN].frames == 4 * 8 * (26 + 21)


def test_the_mean_is_over_actions_and_over_17_joints(folder: Path, clips: list[protocol.EvaluationClip]) -> None:
    found = scores.score(answering({"Greeting": 1.5}, clips), CONTEXT, folder)
    # The pelvis counts as one of the 17, as in the field.
    assert_allclose(found["Greeting"].mpjpe, 1500 * 16 / 17, atol=5)
    assert_allclose(found[scores.MEAN].mpjpe, 1500 * 16 / 17 / 15, atol=3)
    assert found["Eating"].mpjpe < 3
    # S11 greets too: the action stays, without S9's.
    without = found[scores.MEAN_WITHOUT_SHIFTED]
    assert without.frames == found[scores.MEAN].frames - 4 * 26
    assert found["Greeting"].pa_mpjpe < found["Greeting"].mpjpe / 2


def test_an_answer_that_does_not_look_does_not_move(clips: list[protocol.EvaluationClip]) -> None:
    pose = torch.tensor(CONDITION_SKELETON.offsets)

    def blind(features: torch.Tensor, offsets: torch.Tensor) -> Answer:
        return Answer(pose.expand(1, features.shape[1] - 2 * (CONTEXT - INPUT_CONTEXT), -1, -1))

    found = scores.measure(blind, CONTEXT, clips[0], np.random.default_rng(0))
    assert found.delta_mpjpe_bone == found.delta_mpjpe_chunk == 0
    assert found.mpjpe > 100


def test_other_bones_move_an_answer_that_copies_the_picture(clips: list[protocol.EvaluationClip]) -> None:
    def copying(features: torch.Tensor, offsets: torch.Tensor) -> Answer:
        inner = features[:, CONTEXT - INPUT_CONTEXT : features.shape[1] - (CONTEXT - INPUT_CONTEXT)]
        return Answer(landmarks_of(inner)[:, :, :19])

    found = scores.measure(copying, CONTEXT, clips[0], np.random.default_rng(0))
    # The network's input is scaled by the person's size, so that a body that is only larger hardly shows.
    assert found.delta_mpjpe_bone > 20
    assert found.delta_mpjpe_chunk < found.delta_mpjpe_bone / 4


def test_the_positions_are_asked_of_the_own_body_the_change_of_the_condition_skeleton(
    clips: list[protocol.EvaluationClip],
) -> None:
    asked = []

    def noting(features: torch.Tensor, offsets: torch.Tensor) -> Answer:
        asked.append(offsets[0].numpy())
        return Answer(torch.zeros(1, features.shape[1] - 2 * (CONTEXT - INPUT_CONTEXT), 19, 3))

    scores.measure(noting, CONTEXT, clips[0], np.random.default_rng(0))
    assert_allclose(np.linalg.norm(asked[0], axis=1), np.linalg.norm(body("S9"), axis=1), atol=0.02)
    assert_allclose(asked[1:], np.broadcast_to(CONDITION_SKELETON.offsets, (3, 19, 3)), atol=1e-7)


def test_drawn_bodies_are_symmetric_and_stand_for_50_frames() -> None:
    factors = protocol.drawn_factors(120, np.random.default_rng(0), each_bone=True)
    assert factors.shape == (120, 19)
    assert_allclose(factors, factors[:, list(MIRROR)])
    assert (np.ptp(factors[:50], axis=0) == 0).all()
    assert (factors[49] != factors[50]).any()
    assert len(np.unique(factors[0])) > 5
    assert factors.min() >= 0.75
    assert factors.max() <= 1.25
    assert (np.ptp(protocol.drawn_factors(9, np.random.default_rng(0), each_bone=False), axis=1) == 0).all()


def test_a_clip_on_other_bodies_keeps_its_directions(clips: list[protocol.EvaluationClip]) -> None:
    clip = clips[5]
    factors = protocol.drawn_factors(len(clip.seen), np.random.default_rng(1), each_bone=True)
    other = clip.on_bodies(factors)
    parents = list(PARENTS[1:])
    bones, theirs = clip.seen[:, 1:] - clip.seen[:, parents], other.seen[:, 1:] - other.seen[:, parents]
    assert_allclose(theirs, bones * factors[:, 1:, None], atol=1e-12)
    same = clip.on_bodies(np.ones_like(factors))
    assert_allclose(same.pixels, clip.pixels, atol=1e-3)


def spoilt(folder: Path, tmp_path: Path, points: Any, detections: str = "gt") -> Path:
    shutil.copy(folder / "data_3d_h36m.npz", tmp_path)
    write_keypoints(tmp_path, points, detections)
    return tmp_path


def views_of_tests(change: Any = lambda subject, views: views) -> dict[str, dict[str, Any]]:
    held = recordings()
    return {s: {n: change(s, seen_by_all(s, r)) for n, r in held[s].items()} for s in ("S9", "S11")}


def test_detections_are_read_as_they_are_and_cut_to_the_mocap(folder: Path, tmp_path: Path) -> None:
    longer = views_of_tests(lambda _, views: [np.concatenate([v + 3, v[-4:]]) for v in views])
    found = next(protocol.clips(spoilt(folder, tmp_path, longer, "cpn_ft_h36m_dbb"), "cpn_ft_h36m_dbb"))
    expected = seen_by_all("S9", recordings()["S9"][found.recording])[0] + 3
    assert_allclose(found.pixels, expected, atol=1e-3)


def test_the_score_is_of_the_detections_asked_for(folder: Path) -> None:
    with pytest.raises(InputError, match=r"holds no data_2d_h36m_sh.npz, .* it holds data_2d_h36m_gt.npz"):
        scores.score(answering({}, []), CONTEXT, folder, "sh")


@pytest.mark.parametrize(
    ("points", "told"),
    [
        (views_of_tests(lambda _, views: views[::-1]), "pixels from where the camera sees the positions"),
        (views_of_tests(lambda _, views: [v[:-1] for v in views]), "25 frames of 2D points for 26 of mocap"),
        ({"S9": views_of_tests()["S9"]}, "S11 Greeting: is missing"),
    ],
    ids=["order of cameras", "short", "missing"],
)
def test_wrong_keypoints_are_told(folder: Path, tmp_path: Path, points: Any, told: str) -> None:
    with pytest.raises(InputError, match=told) as error:
        list(protocol.clips(spoilt(folder, tmp_path, points)))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("left_out", "told"), [(("S9", "Eating"), "lacks Eating"), (("S11", None), "lacks S11, ")])
def test_a_figure_of_fewer_actions_is_not_given(folder: Path, tmp_path: Path, left_out: Any, told: str) -> None:
    subject, action = left_out
    held = {s: {n: r.positions for n, r in acts.items()} for s, acts in recordings().items()}
    held[subject] = {n: r for n, r in held[subject].items() if action is not None and n != action}
    np.savez(tmp_path / "data_3d_h36m.npz", positions_3d=held)
    shutil.copy(folder / "data_2d_h36m_gt.npz", tmp_path)
    with pytest.raises(InputError, match=f"{told}.*Protocol 1 is the mean over all 15 actions"):
        next(protocol.clips(tmp_path))


def test_an_answer_that_is_not_finite_is_told(clips: list[protocol.EvaluationClip]) -> None:
    def broken(features: torch.Tensor, offsets: torch.Tensor) -> Answer:
        return Answer(torch.full((1, features.shape[1] - 2 * (CONTEXT - INPUT_CONTEXT), 19, 3), torch.nan))

    with pytest.raises(InputError, match=r"S9 .*: the model's answer is not finite"):
        scores.measure(broken, CONTEXT, clips[0], np.random.default_rng(0))
