"""The robustness curves: a disturbance does what it says and no more, the figures too; cliffs are told."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import spearmanr

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_COUNT, JOINT_NAMES, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.landmarks import LANDMARK_NAMES
from posenorm_core.mirror import mirrored_rotations
from posenorm_core.weights import load_weights
from training import disturbance, plots, robustness, robustness_report
from training.dataset import builtin_data
from training.robustness import Curve, Figures, Point, Samples

image = pytest.importorskip("matplotlib.image")
OF = {one.name: one.takes for one in disturbance.DISTURBANCES}
UNDISTURBED = {"missing": 0, "limbs": 0, "noise": 0, "habit": 0, "frame_rate": 30, "length": 1000}
UNDISTURBED |= {"speed": 1, "size": 1, "proportions": 0}


@pytest.fixture(scope="module")
def data():
    return builtin_data(0.2, seed=11, seconds_a_clip=1.0)


@pytest.fixture(scope="module")
def scene(data):
    return disturbance.draw_scene(data, 3)


@pytest.fixture(scope="module")
def weights(untrained_weights):
    return load_weights(untrained_weights)


@pytest.mark.parametrize(("name", "value"), UNDISTURBED.items())
def test_a_disturbance_of_no_strength_changes_nothing(scene, name, value):
    clean = disturbance.film_scene(scene)
    (take,) = OF[name](scene, value)
    np.testing.assert_allclose(take.keypoints.points, clean.keypoints.points, atol=0.02)
    np.testing.assert_array_equal(take.keypoints.confidence, clean.keypoints.confidence)
    assert take.keypoints.fps == clean.keypoints.fps
    assert np.degrees(quaternion.geodesic_angle(take.rotations, clean.rotations)).max() < 1e-3


@pytest.mark.parametrize("one", disturbance.DISTURBANCES, ids=lambda one: one.name)
def test_the_truth_is_what_was_filmed(scene, one):
    # From 500 metres a picture is a parallel projection: of the true pose on the true body, in the view frame.
    far = replace(scene, distance=500.0, focal_length=scene.focal_length / scene.distance * 500)
    for value in (max(one.values), min(one.values)):
        if one.name in ("noise", "habit"):
            value = 0
        takes = one.takes(far, 300.0 if one.name == "focal_length" else value)
        for take in takes:
            positions = forward_kinematics(take.offsets, take.rotations, PARENTS)
            points = take.keypoints.points - take.keypoints.points[:, :1]
            seen = take.keypoints.confidence[:, :JOINT_COUNT] > 0
            seen &= take.keypoints.confidence[:, :1] > 0
            pictured = points[:, :JOINT_COUNT] * [1, -1]
            metre = disturbance._PERSON_PIXELS / disturbance.stature(scene.offsets)
            assert np.abs(pictured - positions[..., :2] * metre)[seen].max() < 0.02 * metre


def test_a_person_is_a_thousand_pixels_tall_in_the_middle_of_the_picture(scene):
    upright = np.tile([1.0, 0, 0, 0], (2, JOINT_COUNT, 1))
    far = {"distance": 100.0, "focal_length": scene.focal_length / scene.distance * 100}
    standing = replace(scene, rotations=upright, root_position=np.zeros((2, 3)), elevation=0.0, roll=0.0, **far)
    take = disturbance.film_scene(standing)
    assert np.ptp(take.keypoints.points[0, :JOINT_COUNT, 1]) == pytest.approx(1000, rel=0.005)
    np.testing.assert_allclose(take.keypoints.points[:, 0], np.array([[1500, 850]] * 2), atol=0.1)


def test_what_is_missing_at_one_share_is_missing_at_a_larger_one(scene):
    few, many = (OF["missing"](scene, percent)[0].keypoints.confidence == 0 for percent in (20, 60))
    assert few.mean() == pytest.approx(0.2, abs=0.05)
    assert many.mean() == pytest.approx(0.6, abs=0.05)
    assert many[few].all()


def test_a_hidden_limb_is_hidden_in_every_frame_and_hips_and_shoulders_stay(scene):
    counts = []
    for limbs in range(5):
        hidden = OF["limbs"](scene, limbs)[0].keypoints.confidence == 0
        assert (hidden == hidden[0]).all()
        assert not hidden[:, [LANDMARK_NAMES.index(name) for name in ("pelvis", "left_hip", "right_shoulder")]].any()
        counts.append(
            sum(hidden[0, LANDMARK_NAMES.index(end)] for end in JOINT_NAMES if "wrist" in end or "toe" in end)
        )
    assert counts == [0, 1, 2, 3, 4]


def test_noise_is_as_large_as_it_says_and_a_habit_lasts(scene):
    clean = disturbance.film_scene(scene).keypoints.points
    noise, habit = (OF[name](scene, 10)[0].keypoints.points - clean for name in ("noise", "habit"))
    assert noise.std() == pytest.approx(10, rel=0.1)
    assert habit.std() == pytest.approx(10, rel=0.4)
    np.testing.assert_allclose(habit, np.broadcast_to(habit[:1], habit.shape), atol=0.01)
    assert np.abs(np.diff(noise, axis=0)).mean() > 5


def test_a_rate_has_its_frames_a_speed_its_seconds_and_pieces_their_length(scene):
    frames = len(scene.rotations)
    (slow,), (fast,) = OF["frame_rate"](scene, 10), OF["frame_rate"](scene, 120)
    assert (len(slow.keypoints), len(fast.keypoints)) == ((frames - 1) // 3 + 1, 4 * (frames - 1) + 1)
    # Not the root: the camera aims at the mean of the path, which is of other frames.
    np.testing.assert_allclose(fast.rotations[::12, 1:], slow.rotations[:, 1:], atol=1e-6)
    assert len(OF["speed"](scene, 2)[0].rotations) == (frames + 1) // 2
    pieces = OF["length"](scene, 7)
    assert max(len(piece.keypoints) for piece in pieces) <= 7
    joined = np.concatenate([piece.keypoints.points for piece in pieces])
    np.testing.assert_array_equal(joined, disturbance.film_scene(scene).keypoints.points)


def test_a_nearer_camera_with_a_wider_lens_sees_the_person_as_tall(scene):
    heights = [np.ptp(OF["focal_length"](scene, f)[0].keypoints.points[..., 1]) for f in (2, 4)]
    assert heights[0] == pytest.approx(heights[1], rel=0.1)


def test_left_and_right_stay_alike_on_another_body(scene):
    (take,) = OF["proportions"](scene, 50)
    ratio = np.linalg.norm(take.offsets[1:], axis=1) / np.linalg.norm(scene.offsets[1:], axis=1)
    assert ratio[JOINT_NAMES.index("left_knee") - 1] == pytest.approx(ratio[JOINT_NAMES.index("right_knee") - 1])
    assert np.ptp(ratio) > 0.2


def test_known_turns_are_the_figures(scene, monkeypatch):
    take = disturbance.film_scene(scene)
    turn = quaternion.from_rotation_vector(np.array([0.0, 0.0, np.radians(26)]))
    wrong = take.rotations.copy()
    wrong[:, JOINT_NAMES.index("left_elbow")] = quaternion.multiply(wrong[:, JOINT_NAMES.index("left_elbow")], turn)

    class Found(SimpleNamespace):
        def __len__(self):
            return len(wrong)

    found = Found(rotations=-wrong, confidence=np.full(wrong.shape[:2], 0.25))
    monkeypatch.setattr(robustness, "normalize", lambda keypoints, **_: found)
    figures = robustness.point(0, robustness.measured(None, [take])).mean
    assert figures.rotation == pytest.approx(26 / 13, abs=1e-3)
    assert figures.root == pytest.approx(0, abs=1e-3)
    forearm = np.linalg.norm(scene.offsets[JOINT_NAMES.index("left_wrist")])
    assert 0 < figures.mpjpe <= 1000 * forearm * 2 * np.sin(np.radians(13)) / JOINT_COUNT + 1e-6
    assert figures.confidence == pytest.approx(0.25)


def samples(families, mpjpe):
    count = len(families)
    return Samples(np.array(families), np.zeros((count, 19)), np.array(mpjpe, float), np.ones((count, 19)))


def test_every_family_counts_the_same_and_a_class_of_frames_keeps_their_shares():
    some = samples(["x", "x", "x", "y"], [10, 20, 30, 100])
    assert robustness.point(0, some).mean.mpjpe == pytest.approx((20 + 100) / 2)
    assert robustness.point(0, some).families["x"].mpjpe == pytest.approx(20)
    of_two = robustness.point(0, some, np.array([True, False, False, True]))
    assert of_two.mean.mpjpe == pytest.approx((10 / 6 + 100 / 2) / (1 / 6 + 1 / 2))


def curve(values, errors, logarithmic=False):
    points = [Point(v, Figures(e, 5.0, 40.0, 1.0), {}) for v, e in zip(values, errors, strict=True)]
    return Curve("some", "some", logarithmic, tuple(points))


def test_a_cliff_is_a_step_much_steeper_than_its_neighbours():
    steady = robustness.cliffs(curve([0, 1, 2, 3, 4], [10, 12, 14, 16, 18]))
    assert not any(step.cliff for step in steady.values())
    assert steady["rotation"].ratio == pytest.approx(1)
    fallen = robustness.cliffs(curve([0, 1, 2, 3, 4], [10, 12, 20, 21, 22]))
    assert (fallen["rotation"].begin, fallen["rotation"].end, fallen["rotation"].cliff) == (1, 2, True)
    assert fallen["rotation"].ratio == pytest.approx(8 / 2)
    assert not fallen["root"].cliff
    backwards = robustness.cliffs(curve([0, 1, 2, 3, 4], [22, 21, 20, 12, 10]))
    assert backwards["rotation"].ratio == pytest.approx(4)


def test_a_wide_step_may_rise_more_and_small_rises_are_no_cliff():
    # Ten times as much over ten times the width, and over equal factors where the scale is logarithmic.
    assert not robustness.cliffs(curve([0, 1, 11], [10, 12, 32]))["rotation"].cliff
    assert not robustness.cliffs(curve([1, 10, 100], [10, 20, 30], True))["rotation"].cliff
    assert robustness.cliffs(curve([1, 10, 100], [10, 30, 32], True))["rotation"].cliff
    assert not robustness.cliffs(curve([0, 1, 2, 3], [10, 10, 12.9, 12.9]))["rotation"].cliff
    assert robustness.cliffs(curve([0, 1, 2, 3], [10, 10, 13.1, 13.1]))["rotation"].cliff


def test_rank_correlation_is_spearmans_with_ties():
    rng = np.random.default_rng(3)
    a = rng.integers(0, 5, 200).astype(float)
    b = a + rng.normal(size=200)
    assert robustness.rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert robustness.rank_correlation(b, np.exp(b)) == pytest.approx(1)
    assert robustness.rank_correlation(np.ones(200), b) == 0


def test_confidence_that_falls_where_the_error_rises_correlates_fully():
    rng = np.random.default_rng(5)
    angle = rng.uniform(0, 40, (50, 19))
    honest = Samples(np.full(50, "x"), angle, angle[:, 0], 1 - angle / 90)
    assert robustness.confidence_correlation([honest]) == pytest.approx({"joints": 1, "frames": 1})
    upside_down = replace(honest, confidence=angle / 90)
    assert robustness.confidence_correlation([upside_down])["joints"] == pytest.approx(-1)


def test_novelty_is_the_turn_from_the_nearest_known_pose_or_its_mirror_image(data, scene):
    known = data.rotations[: 6 * 4 : 6].double().numpy()
    turned = known.copy()
    joint = JOINT_NAMES.index("thorax")
    turn = quaternion.from_rotation_vector(np.array([np.radians(8), 0, 0]))
    turned[:, joint] = quaternion.multiply(turned[:, joint], turn)
    poses = [known, mirrored_rotations(known), turned]
    found = robustness.novelty([replace(scene, rotations=pose) for pose in poses], data).reshape(3, -1)
    np.testing.assert_allclose(found[:2], 0, atol=0.1)
    assert found[2].max() <= 8 / np.sqrt(13) + 0.01
    one = data.subset(np.arange(data.clip_count) == 0)
    still = replace(one, rotations=one.rotations[:1])
    far = robustness.novelty([replace(scene, rotations=turned[:1])], still)
    assert far[0] == pytest.approx(8 / np.sqrt(13), abs=0.01)


def test_classes_of_novelty_ascend_and_weigh_alike():
    rng = np.random.default_rng(2)
    degrees = rng.uniform(0, 30, 600)
    made = robustness.novelty_curve(samples(["x"] * 500 + ["y"] * 100, degrees), degrees)
    values = [one.value for one in made.points]
    assert values == sorted(values)
    assert len(values) == 6
    assert [one.mean.mpjpe for one in made.points] == pytest.approx(values, abs=0.06)


def test_the_report_is_all_there(data, weights, tmp_path, monkeypatch):
    few = [replace(one, values=(one.values[0], 30, 60)) for one in disturbance.DISTURBANCES if one.name == "missing"]
    monkeypatch.setattr(robustness, "DISTURBANCES", few)
    report = robustness.robustness(weights, data.subset(np.arange(data.clip_count) < 3), data)
    robustness_report.write_report(report, tmp_path)
    content = json.loads((tmp_path / "robustness.json").read_text(encoding="utf-8"))
    missing, novelty = content["curves"]
    assert [one["value"] for one in missing["points"]] == [0, 30, 60]
    assert missing["points"][0]["mean"] == content["clean"]["mean"]
    confidence = [one["mean"]["confidence"] for one in missing["points"]]
    assert confidence[0] > confidence[1] > confidence[2]
    assert novelty["name"] == "novelty"
    steps = [step for one in content["curves"] for step in one["cliffs"].values()]
    assert content["cliff_count"] == sum(step["ratio"] > content["cliff_multiple"] for step in steps)
    assert f" {missing['points'][2]['mean']['mpjpe']:,.1f} |" in (tmp_path / "robustness.md").read_text("utf-8")
    assert image.imread(tmp_path / "robustness.png").shape[0] > 300
    assert len(list(tmp_path.iterdir())) == 3


def test_a_figure_shares_its_scales_and_needs_a_folder(tmp_path):
    def chart(top):
        return plots.Chart("x", np.array([1.0, 2, 3]), (plots.Panel("mm", {"error": np.array([0, 1, top])}),))

    assert plots._tops([chart(2.0), chart(50.0)]) == pytest.approx([54])
    plots.draw_charts(tmp_path / "two.png", "two", [chart(2.0), chart(50.0)])
    assert image.imread(tmp_path / "two.png").std() > 0
    with pytest.raises(InputError, match="nowhere"):
        plots.draw_charts(tmp_path / "nowhere" / "two.png", "two", [chart(2.0)])


def test_ticks_stand_clear_of_each_other_and_both_ends_have_one():
    crowded = plots.Chart("x", np.array([10.0, 29.97, 30, 31, 100, 119, 120]), ())
    ticks = plots._roomy(crowded)
    assert (ticks[0], ticks[-1]) == (10, 120)
    assert np.diff(ticks).min() >= 0.11 * 110
