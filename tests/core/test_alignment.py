"""Motions lined up: what is found does not depend on the speed, the body, the view, or who is called A."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rigs import motion_of

from posenorm_core import __main__ as command_line
from posenorm_core import quaternion
from posenorm_core.alignment import UNRELATED, Alignment, align, find, matched_keyframes, pose_features, save_alignment
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES
from posenorm_core.dtw import warping_path
from posenorm_core.errors import InputError
from posenorm_core.frame_rate import resample_rotations, resample_values
from posenorm_core.motion import Motion, load_motion, save_motion, with_orientation
from posenorm_core.retiming import retimed, time_map
from posenorm_core.skeleton import Skeleton


def at(motion: Motion, times: np.ndarray) -> Motion:
    """The motion at `times`, in frames."""
    values = {name: getattr(motion, name) for name in ("root_position", "contacts", "confidence")}
    return replace(
        motion,
        rotations=resample_rotations(motion.rotations, times),
        view_root=resample_rotations(motion.view_root, times),
        **{name: resample_values(value, times) for name, value in values.items()},
    )


def turned(motion: Motion, joint: str, angle: float, frames: slice = slice(None)) -> Motion:
    """The motion with one joint turned by `angle` degrees more."""
    rotations = motion.rotations.copy()
    place = JOINT_NAMES.index(joint)
    more = quaternion.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.array(np.radians(angle))).astype(rotations.dtype)
    rotations[frames, place] = quaternion.multiply(rotations[frames, place], more)
    return replace(motion, rotations=rotations)


def test_a_motion_is_like_itself() -> None:
    motion = motion_of("squat")
    found = align(motion, motion)
    assert found.similarity == pytest.approx(1)
    assert found.speed_ratio == pytest.approx(1)
    np.testing.assert_array_equal(found.path[:, 0], found.path[:, 1])


def test_neither_the_body_nor_the_view_counts() -> None:
    motion = motion_of("jumping_jack")
    tall = Skeleton(JOINT_NAMES, CONDITION_SKELETON.parents, CONDITION_SKELETON.offsets * 1.3)
    around = quaternion.from_axis_angle(np.array([0.3, 0.8, 0.5]) / np.linalg.norm([0.3, 0.8, 0.5]), np.array(2.0))
    view = quaternion.multiply(around, motion.view_root.astype(np.float64)).astype(np.float32)
    other = replace(motion, skeleton=tall, view_root=view, orientation="view")
    np.testing.assert_allclose(pose_features(other), pose_features(motion), atol=1e-6)


def test_unlike_performances_are_lined_up_by_their_poses() -> None:
    """What the features know of an instant beyond its pose costs next to nothing where no instant is the same."""
    for one, other in (("wave", "squat"), ("jumping_jack", "squat"), ("wave", "jumping_jack")):
        a, b = motion_of(one), motion_of(other)
        by_poses = warping_path(pose_features(a), pose_features(b))
        least = np.linalg.norm(pose_features(a)[by_poses[:, 0]] - pose_features(b)[by_poses[:, 1]], axis=1)
        assert align(a, b).distance.mean() < 1.03 * least.mean()


def test_a_distance_is_the_root_mean_square_over_the_joints() -> None:
    a, b = motion_of("wave"), motion_of("squat")
    poses = [with_orientation(motion, "unified").positions() for motion in (a, b)]
    naive = np.sqrt(((poses[0][3] - poses[1][5]) ** 2).sum(axis=-1).mean())
    between = np.linalg.norm(pose_features(a)[3] - pose_features(b)[5])
    assert between == pytest.approx(naive, rel=1e-5)


@pytest.mark.parametrize("speed", [0.5, 1.25, 2.0])
def test_the_speed_is_found_though_the_faster_waits_at_both_ends(speed: float) -> None:
    slow = motion_of("jumping_jack", 4.0)
    moving = np.arange(0, len(slow) - 1 + 1e-9, speed)
    waiting = np.concatenate([np.zeros(20), moving, np.full(15, moving[-1])])
    assert align(slow, at(slow, waiting)).speed_ratio == pytest.approx(speed, rel=0.05)


def test_other_frame_rates_are_not_other_speeds() -> None:
    motion = motion_of("jumping_jack", 4.0)
    halved = replace(at(motion, np.arange(0, len(motion), 2.0)), fps=motion.fps / 2)
    assert align(motion, halved).speed_ratio == pytest.approx(1, rel=0.03)


def test_the_joint_and_the_frame_that_differ_are_named() -> None:
    motion = motion_of("squat", 3.0)
    found = align(motion, turned(motion, "left_elbow", 35.0, slice(40, 45)))
    assert found.worst_frames[0].frame_a in range(38, 47)
    assert found.worst_frames[0].joints[0].joint == "left_elbow"
    assert found.worst_frames[0].joints[0].degrees == pytest.approx(35, abs=3)
    apart = [worst.frame_a for worst in found.worst_frames]
    assert all(abs(x - y) >= motion.fps / 2 for x in apart for y in apart if x != y)
    everywhere = align(motion, turned(motion, "right_knee", 20.0))
    assert everywhere.worst_joints[0].joint == "right_knee"
    assert everywhere.worst_joints[0].degrees == pytest.approx(20, abs=2)


def test_similarity_falls_from_1_to_0() -> None:
    motion = motion_of("squat")
    bends = [align(motion, turned(motion, "left_hip", angle)) for angle in (0, 10, 30, 90)]
    values = [found.similarity for found in bends]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(1)
    assert all(found.similarity == pytest.approx(max(0, 1 - found.distance.mean() / UNRELATED)) for found in bends)


def test_the_distance_of_a_frame_is_the_mean_of_its_pairs() -> None:
    path = np.array([[0, 0], [0, 1], [1, 1], [2, 2]])
    found = Alignment(path, np.array([0.1, 0.3, 0.5, 0.7]), 0.0, None, (), ())
    np.testing.assert_allclose(found.distance_per_frame(), [0.2, 0.5, 0.7])


@pytest.mark.parametrize("frames", [(1, 1), (1, 60), (60, 1)])
def test_one_frame_lines_up_with_anything(frames: tuple[int, int]) -> None:
    a, b = (at(motion_of("wave"), np.arange(float(count))) for count in frames)
    found = align(a, b)
    assert found.speed_ratio is None
    assert len(found.path) == max(frames)
    assert len(retimed(b, found.path, a.fps)) == len(a)


def test_retimed_b_is_a() -> None:
    """A motion slowed unevenly and brought back: within a few millimetres of what it was, and as smooth."""
    motion = motion_of("jumping_jack", 4.0)
    last = len(motion) - 1
    times = np.linspace(0, 1, 3 * len(motion) // 2) ** 1.3 * last
    uneven = at(motion, times)
    back = retimed(uneven, align(motion, uneven).path, motion.fps)
    assert len(back) == len(motion)
    apart = np.linalg.norm(pose_features(back) - pose_features(motion), axis=1)
    assert np.median(apart) < 0.005
    rough = np.abs(np.diff(pose_features(back), 2, axis=0)).max()
    assert rough < 2 * np.abs(np.diff(pose_features(motion), 2, axis=0)).max()


def test_the_time_map_rises() -> None:
    rng = np.random.default_rng(0)
    steps = np.array([[1, 1], [1, 0], [0, 1]])[rng.integers(0, 3, 400)]
    path = np.concatenate([[[0, 0]], np.cumsum(steps, axis=0)])
    times = time_map(path, 30.0)
    assert len(times) == path[-1, 0] + 1
    assert (np.diff(times) >= -1e-9).all()


def test_keyframes_are_pairs_of_the_path_evenly_over_a() -> None:
    path = np.array([[0, 0], [0, 1], [0, 2], *([k, k + 2] for k in range(1, 71))])
    chosen = matched_keyframes(path)
    assert chosen[:, 0].tolist() == [0, 10, 20, 30, 40, 50, 60, 70]
    assert chosen[0].tolist() == [0, 1]  # the middle of the three that answer
    assert {tuple(pair) for pair in chosen} <= {tuple(pair) for pair in path}
    assert matched_keyframes(path[:2]).tolist() == [[0, 0]]


def test_an_action_is_found_in_a_long_clip() -> None:
    squat, wave = motion_of("squat", 2.0), motion_of("wave", 6.0)
    long = np.concatenate([wave.rotations, squat.rotations, wave.rotations])
    clip = replace(at(wave, np.zeros(len(long))), rotations=long)
    hit = find(squat, clip, 1)[0]
    assert abs(hit.first - len(wave)) <= 5
    assert abs(hit.last - (len(wave) + len(squat) - 1)) <= 5


def test_joints_of_another_kind_are_refused() -> None:
    motion = motion_of("wave")
    other = replace(motion, skeleton=Skeleton(tuple(f"j{k}" for k in range(19)), *_rest(motion)))
    with pytest.raises(InputError, match="joint"):
        align(motion, other)


def _rest(motion: Motion) -> tuple[tuple[int, ...], np.ndarray]:
    return motion.skeleton.parents, motion.skeleton.offsets


@pytest.fixture
def clips(tmp_path: Path) -> tuple[Path, Path]:
    slow = motion_of("jumping_jack", 3.0)
    paths = tmp_path / "slow.npz", tmp_path / "fast.npz"
    save_motion(slow, paths[0])
    save_motion(at(slow, np.arange(0, len(slow), 1.5)), paths[1])
    return paths


def test_the_command_writes_the_alignment_the_plot_and_the_retimed_motion(
    clips: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    outputs = [str(tmp_path / name) for name in ("x.json", "x.png", "x.npz")]
    words = ["align", *map(str, clips), "-o", outputs[0], "--plot", outputs[1], "--retime", outputs[2]]
    words += ["--orientation", "heading"]
    assert command_line.main(words) == 0
    told = capsys.readouterr().out
    record = json.loads(Path(outputs[0]).read_text(encoding="utf-8"))
    slow = load_motion(clips[0])
    assert record["format"] == "posenorm-alignment"
    assert record["speed_ratio"] == pytest.approx(1.5, rel=0.05)
    assert f"{record['speed_ratio']:.2f} times as fast" in told
    assert len(record["path"]) == len(record["distance"])
    assert (record["path"][-1][0], record["a"]["frames"]) == (len(slow) - 1, len(slow))
    assert Path(outputs[1]).read_bytes().startswith(b"\x89PNG")
    back = load_motion(outputs[2])
    assert (len(back), back.fps, back.orientation) == (len(slow), slow.fps, "heading")


def test_the_command_finds_places(clips: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "x.json"
    assert command_line.main(["align", str(clips[1]), str(clips[0]), "-o", str(output), "--find", "2"]) == 0
    hits = json.loads(output.read_text(encoding="utf-8"))["hits"]
    assert capsys.readouterr().out.count("found in B from") == len(hits) > 0
    assert 0 <= hits[0]["first"] <= hits[0]["last"] < len(load_motion(clips[0]))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-o", "x.txt"], "must end in .json"),
        (["-o", "x.json", "--plot", "x.doc"], "must end in .png"),
        (["-o", "x.json", "--retime", "x.fbx"], "must end in .npz or .bvh"),
        (["-o", "x.json", "--retime", "fast.npz"], "to be read and written at once"),
        (["-o", "x.json", "--weights", "w.npz", "--retime", "./w.npz"], "to be read and written at once"),
        (["-o", "x.json", "--start", "1"], "this is none"),
        (["-o", "nowhere/x.json"], "cannot write there"),
        (["-o", "x.json", "--find", "0"], "must be 1 or more"),
        (["-o", "x.json", "--person-b", "7"], "person"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_line(
    words: list[str],
    told: str,
    clips: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(clips[0].parent)
    before = sorted(clips[0].parent.iterdir())
    assert command_line.main(["align", clips[0].name, clips[1].name, *words]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert sorted(clips[0].parent.iterdir()) == before


def test_nothing_is_lost_where_the_alignment_cannot_be_written(tmp_path: Path) -> None:
    motion = motion_of("wave")
    with pytest.raises(InputError, match="cannot write there"):
        save_alignment(align(motion, motion), motion, motion, tmp_path / "nowhere" / "x.json")


@pytest.mark.parametrize("frames", [2, 5, 90])
def test_the_time_map_begins_and_ends_where_the_path_does(frames: int) -> None:
    path = np.stack([np.arange(frames), np.arange(frames) * 2], axis=1)
    times = time_map(path, 30.0)
    np.testing.assert_allclose(times, path[:, 1], atol=1e-9)  # an even path is not bent at its ends
