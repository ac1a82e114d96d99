"""What cleaning is worth: the figures of known errors, the truth at other rates, and the report that holds them all."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_COUNT, JOINT_NAMES, PARENTS
from posenorm_core.keypoints import save_keypoints
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.weights import load_weights
from training import cleaning_scores as scores
from training import evaluate, splits
from training.cleaning_report import as_markdown
from training.cleaning_scores import Figures, Row
from training.dataset import builtin_data
from training.detector_noise import measure
from training.disturbance import draw_scene

image = pytest.importorskip("matplotlib.image")


@pytest.fixture(scope="module")
def data():
    return builtin_data(0.2, seed=11, seconds_a_clip=2.0)


@pytest.fixture
def clean(data):
    return scores.spoiled(data, 0, 30.0, lambda take, height, rng: take)


@pytest.fixture(scope="module")
def noise(data):
    """Of clips that tremble by three thousandths of the height."""
    take = scores.spoiled(data, 1, 60.0, lambda take, height, rng: take).keypoints
    rng = np.random.default_rng(0)
    return measure([replace(take, points=take.points + 3 * rng.normal(size=take.points.shape))])


def test_who_says_the_truth_has_no_error_and_who_errs_errs_by_as_much(clean):
    acceleration, position, rotation, blows = scores._errors(clean.rotations, clean)
    assert max(acceleration.max(), position.max()) < 1e-6
    assert rotation.max() < 1e-3
    np.testing.assert_allclose(blows[:, 0], blows[:, 1])
    turn = np.array(quaternion.from_axis_angle(np.array([0.0, 0, 1]), np.radians(26)))
    wrong = clean.rotations.copy()
    elbow = JOINT_NAMES.index("left_elbow")
    wrong[10, elbow] = quaternion.multiply(wrong[10, elbow], turn)
    acceleration, position, rotation, _ = scores._errors(wrong, clean)
    wrist = 2 * np.sin(np.radians(13)) * np.linalg.norm(clean.offsets[JOINT_NAMES.index("left_wrist")][:2])
    assert rotation[10] == pytest.approx(2, abs=1e-3)
    assert position[10] == pytest.approx(1000 * wrist / JOINT_COUNT, rel=1e-3)
    # One frame off by d: its second differences are d, −2d, d.
    np.testing.assert_allclose(acceleration[7:12] / position[10], [0, 1, 2, 1, 0], atol=1e-6)


def test_a_blow_found_half_as_fast_is_half_and_tremble_adds_no_speed():
    fps, time = 60.0, np.arange(120) / 60
    true = np.zeros((120, JOINT_COUNT, 3))
    true[:, JOINT_NAMES.index("left_wrist"), 0] = 0.3 * np.sin(2 * np.pi * 3 * time)
    fast = scores.blows(0.5 * true, true, fps)
    assert len(fast) == 4
    np.testing.assert_allclose(fast[:, 0], 0.3 * 2 * np.pi * 3, rtol=0.02)
    np.testing.assert_allclose(fast[:, 1] / fast[:, 0], 0.5)
    shaken = true + [0, 0.1, 0] * np.random.default_rng(0).normal(size=(120, 1, 1))
    np.testing.assert_allclose(*scores.blows(shaken, true, fps).T)
    assert scores.blows(true, 0.5 * true, fps).shape == (0, 2)


def test_a_scene_at_its_own_rate_is_itself_and_at_twice_the_rate_goes_smoothly_through_the_same_poses(data):
    scene = draw_scene(data, 2)
    same, twice = scores.at_rate(scene, 30.0), scores.at_rate(scene, 60.0)
    for changed, step in ((same, 1), (twice, 2)):
        angle = quaternion.geodesic_angle(changed.rotations[::step], scene.rotations[1:-1])
        assert np.degrees(angle).max() < 1e-3
        np.testing.assert_allclose(changed.root_position[::step], scene.root_position[1:-1], atol=1e-9)
    positions = forward_kinematics(scene.offsets, twice.rotations, PARENTS)
    own = forward_kinematics(scene.offsets, scene.rotations, PARENTS)
    # Half the time: a quarter of the second difference, were the motion the same; corners would make it a half.
    ratio = np.abs(np.diff(positions, n=2, axis=0)).mean() / np.abs(np.diff(own, n=2, axis=0)).mean()
    assert ratio == pytest.approx(0.25, abs=0.05)


def test_every_family_counts_the_same_and_one_without_blows_does_not_count_there():
    mean = scores._mean([Figures(1.0, 10.0, 2.0, float("nan")), Figures(3.0, 30.0, 4.0, 0.8)])
    assert mean == Figures(2.0, 20.0, 3.0, 0.8)
    assert np.isnan(scores._mean([Figures(1.0, 10.0, 2.0, float("nan"))]).blow)


def test_inputs_are_worse_by_turns_and_drawn_alike(data, noise):
    takes = {name: scores.spoiled(data, 0, 30.0, spoil).keypoints for name, spoil in scores.inputs(noise).items()}
    again = {name: scores.spoiled(data, 0, 30.0, spoil).keypoints for name, spoil in scores.inputs(noise).items()}
    bare = takes["undisturbed"]
    off = {name: np.linalg.norm(take.points - bare.points, axis=-1).mean() for name, take in takes.items()}
    assert 0 == off["undisturbed"] < off["tremble and gaps"] <= off["all faults"]
    for name, take in takes.items():
        np.testing.assert_array_equal(take.points, again[name].points)


def test_the_report_says_by_how_much_it_changed(noise):
    row = Row("some", 30.0, 0.0, {"mean": Figures(10.0, 40.0, 9.0, float("nan"))})
    cleaned = Row("some", 30.0, scores.GENTLE, {"mean": Figures(3.0, 39.5, 8.9, 0.95)})
    (line,) = {line for line in as_markdown("w", noise, [row, cleaned]).splitlines() if "95.0" in line}
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[3:] == ["mean", "3.00", "-70.0", "39.5", "-0.50", "8.90", "95.0"]


def test_the_command_writes_every_figure(untrained_weights, data, tmp_path, monkeypatch):
    monkeypatch.setattr(scores, "STRENGTHS", (0.0, scores.GENTLE))
    monkeypatch.setattr(evaluate, "load_data", lambda path: data)
    monkeypatch.setattr(splits, "part", lambda data, label: data.subset(np.arange(data.clip_count) < 1))
    clips = tmp_path / "k.npz"
    save_keypoints(scores.spoiled(data, 1, 60.0, lambda take, height, rng: take).keypoints, clips)
    out = tmp_path / "out"
    arguments = ["--data", "d.npz", "--clips", clips, clips, "--weights", untrained_weights, "-o", out]
    monkeypatch.setattr(sys, "argv", ["evaluate", "cleaning", *map(str, arguments)])
    assert evaluate.main() == 0
    content = json.loads((out / "cleaning.json").read_text(encoding="utf-8"))
    assert content["weights"] == load_weights(untrained_weights).name
    assert len(content["rows"]) == 3 * 2 * 2
    assert {row["fps"] for row in content["rows"]} == {30.0, 60.0}
    mean = content["rows"][-1]["families"]["mean"]
    last = (out / "cleaning.md").read_text(encoding="utf-8").splitlines()[-1]
    assert f"{mean['mpjpe']:.1f}" in [cell.strip() for cell in last.split("|")]
    assert image.imread(out / "cleaning.png").shape[0] > 200
