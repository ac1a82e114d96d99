"""Table 2: pairs whose answers are known, features that say what they say, and figures that are what they are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from posenorm_core.embedding.architecture import EmbeddingArchitecture
from posenorm_core.embedding.embed import embed
from posenorm_core.embedding.network import parameter_shapes
from posenorm_core.embedding.weights import load_embedding, save_embedding
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import LANDMARK_COUNT
from posenorm_core.normalizer import normalize
from posenorm_core.weights import load_weights
from training.configuration import Configuration
from training.correspondence import correspondence, matched, path_error
from training.dataset import MotionData, builtin_data
from training.frame_features import (
    features_2d,
    features_of_weights,
    joint_angles,
    latent_features,
    projectors,
    rows_of,
    with_neighbours,
)
from training.trainer import Trainer
from training.video_pairs import SETTINGS, answering, draw_pair, kept_frames


@pytest.fixture(scope="module")
def data() -> MotionData:
    return builtin_data(0.4, seed=5)


@given(st.integers(1, 400), st.integers(0, 10**6))
def test_half_of_the_frames_stay_and_never_are_five_dropped_together(count: int, seed: int) -> None:
    kept = kept_frames(count, np.random.default_rng(seed))
    gaps = np.diff(np.concatenate([[-1], kept, [count]]))
    assert gaps.max(initial=1) <= 5
    assert (gaps >= 1).all()
    if count > 200:
        assert 0.4 < len(kept) / count < 0.65


def test_a_frame_answers_itself_where_nothing_was_dropped_from_the_source() -> None:
    target = kept_frames(200, np.random.default_rng(1))
    np.testing.assert_array_equal(answering(np.arange(200), target), target)


@given(st.integers(20, 300), st.integers(0, 10**6))
def test_what_answers_is_in_order_and_near(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = kept_frames(count, rng), kept_frames(count, rng)
    found = answering(source, target)
    assert len(found) == len(target)
    assert (np.diff(found) >= 0).all()
    assert np.abs(source[found] - target).mean() < 3


def test_hits_and_errors_are_counted_by_hand() -> None:
    source = np.arange(20.0)[:, None]
    target = np.array([[0.0], [7.2], [10.0], [19.0]])  # nearest: 0, 7, 10, 19
    told = matched(source, target, np.array([0, 9, 3, 13]))  # off by 0, 2, 7, 6
    assert told.hits == pytest.approx(0.5)
    assert told.error == pytest.approx((0 + 4 + 49 + 36) / 4)


def test_only_what_a_setting_is_about_differs(data: MotionData) -> None:
    same, other, noise = (draw_pair(data, 0, setting, 3) for setting in SETTINGS)
    for pair in (other, noise):
        np.testing.assert_array_equal(pair.answers, same.answers)
    np.testing.assert_array_equal(other.source.points, same.source.points)
    assert np.abs(other.target.points - same.target.points).max() > 1
    moved = noise.source.points - same.source.points
    assert 0 < moved.std() < 10
    assert not np.array_equal(draw_pair(data, 0, "same body", 4).answers, same.answers)


def test_the_two_cameras_see_the_body_from_in_front(data: MotionData) -> None:
    """His left is on the right in both pictures, but where he turns away from where he mostly faces."""
    pairs = [draw_pair(data, clip, "same body", 0) for clip in range(data.clip_count)]
    seen = [
        (clip.points[:, _joint("left_hip"), 0] > clip.points[:, _joint("right_hip"), 0]).mean()
        for pair in pairs
        for clip in (pair.source, pair.target)
    ]
    assert np.mean(seen) > 0.85


def _joint(name: str) -> int:
    from posenorm_core.condition_skeleton import JOINT_NAMES

    return JOINT_NAMES.index(name)


def _similar(points: np.ndarray, angle: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray(scale * points @ turn + np.array(shift))


def test_features_in_the_plane_do_not_see_a_similarity() -> None:
    points = np.random.default_rng(0).normal(size=(9, 19, 2))
    turned = _similar(points, 0.7, 3.0, (5.0, -2.0))
    np.testing.assert_allclose(projectors(turned), projectors(points), atol=1e-9)
    np.testing.assert_allclose(joint_angles(turned), joint_angles(points), atol=1e-6)
    mirrored = points * np.array([-1.0, 1.0])
    assert np.linalg.norm(projectors(mirrored) - projectors(points), axis=1).min() > 0.1


def test_distances_of_projectors_order_poses_as_similarity_alignment_does() -> None:
    rng = np.random.default_rng(1)
    one, many = rng.normal(size=(1, 19, 2)), rng.normal(size=(40, 19, 2))

    def residual(a: np.ndarray, b: np.ndarray) -> float:
        """Least squares of a similarity from b onto a, both of length 1, by solving for it."""
        a, b = (p - p.mean(axis=0) for p in (a, b))
        a, b = (p / np.linalg.norm(p) for p in (a, b))
        system = np.concatenate([np.stack([b[:, 0], -b[:, 1]], axis=1), np.stack([b[:, 1], b[:, 0]], axis=1)])
        goal = np.concatenate([a[:, 0], a[:, 1]])
        return float(np.linalg.norm(goal - system @ np.linalg.lstsq(system, goal, rcond=None)[0]))

    apart = np.linalg.norm(projectors(many) - projectors(one), axis=1)
    np.testing.assert_array_equal(np.argsort(apart), np.argsort([residual(one[0], other) for other in many]))


def test_features_that_know_the_instant_hit_and_those_that_know_nothing_do_not(data: MotionData) -> None:
    def blind(clip: Keypoints) -> dict[str, np.ndarray]:
        return {"blind": np.random.default_rng(len(clip)).normal(size=(len(clip), 3))}

    found = correspondence(data.subset(np.arange(data.clip_count) < 2), [features_2d, blind], [0, 1])
    assert set(found) == set(SETTINGS)
    for rows in found.values():
        assert set(rows) == {"2D joint angles", "2D positions, similarity-aligned", "blind"}
        assert rows["blind"].hits < 0.3
        assert all(0 <= row.hits <= 1 and row.error >= 0 and row.hits_spread >= 0 for row in rows.values())
    pair = draw_pair(data, 0, "same body", 0)
    source = np.arange(len(pair.source))[:, None].astype(float)
    assert matched(source, source[pair.answers], pair.answers).hits == 1


def test_a_path_is_off_by_the_frames_between_it_and_what_answers() -> None:
    source = np.arange(50.0)[:, None] ** 2
    answers = np.arange(0, 50, 7)
    assert path_error(source, source[answers], answers) < 2  # the frames between belong to one of two neighbours
    assert path_error(source[:5], source[:5], np.arange(5)) == 0
    assert path_error(source[:5], source[:5], np.arange(5) + 3) == 3


def test_around_a_frame_every_fourth_is_taken_and_beyond_the_ends_the_end() -> None:
    around = with_neighbours(np.arange(100.0)[:, None])
    np.testing.assert_array_equal(around[50], np.arange(10, 91, 4))
    np.testing.assert_array_equal(around[3], [0] * 10 + list(range(3, 44, 4)))
    np.testing.assert_array_equal(around[99], [*range(59, 100, 4), *[99] * 10])


def test_rows_about_the_clip_s_mean_do_not_see_what_lasts(data: MotionData) -> None:
    clip = draw_pair(data, 0, "same body", 0).source
    told = features_of_weights(load_weights(None), {})(clip)
    for name in ("normalized pose, L2", "global rotations, 6D"):
        plain, centred = told[f"{name}, ±40 frames"], told[f"{name}, ±40 frames, less the clip's mean"]
        lasting = (plain - centred).reshape(len(clip), 21, -1)
        np.testing.assert_allclose(lasting, np.broadcast_to(lasting[:1, :1], lasting.shape), atol=1e-5)
        assert np.abs(lasting).max() > 0.1
    middle = told["normalized pose, L2, ±40 frames"].reshape(len(clip), 21, -1)[:, 10]
    np.testing.assert_array_equal(middle, told["normalized pose, L2"])


def test_learnt_features_are_those_of_the_normalized_clip(data: MotionData, tmp_path: Path) -> None:
    clip = draw_pair(data, 0, "same body", 0).source
    architecture = EmbeddingArchitecture(width=8, blocks=1, size=4)
    rng = np.random.default_rng(0)
    parameters = {name: rng.normal(size=shape) for name, shape in parameter_shapes(architecture).items()}
    save_embedding(tmp_path / "other.npz", architecture, parameters, {})
    weights = load_weights(None)
    _, normalized = rows_of(weights, (), (), [("other", tmp_path / "other.npz")])
    told, motion = normalized(clip), normalize(clip, weights=weights)
    np.testing.assert_array_equal(told["E_P"], embed(motion))
    np.testing.assert_array_equal(told["E_P, other"], embed(motion, load_embedding(tmp_path / "other.npz")))


def test_latent_features_are_what_a_semgcn_s_last_layer_makes_the_pose_of(data: MotionData) -> None:
    training = Trainer(Configuration(model="semgcn"), torch.device("cpu"))
    clip = draw_pair(data, 0, "same body", 0).source
    heard: list[torch.Tensor] = []
    training.average.module.register_forward_hook(lambda _, __, answer: heard.append(answer))
    latent = latent_features(training, clip)
    nodes = torch.from_numpy(latent).float().reshape(len(clip), LANDMARK_COUNT, -1).transpose(0, 1)
    with torch.no_grad():
        joints = training.average.module.leave(nodes)[:19].transpose(0, 1)
    torch.testing.assert_close(joints - joints[:, :1], heard[0][0], rtol=1e-4, atol=1e-5)
