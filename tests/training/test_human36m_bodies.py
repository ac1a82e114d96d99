"""Human3.6M as motion: rotations from angles and from positions alone, and `training.prepare --h36m`."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from human36m_files import acted, body, recordings, write_angles, write_metadata
from numpy.testing import assert_allclose

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_NAMES, NON_LEAVES, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.kinematics import forward_kinematics, global_rotations
from training.dataset import load_data
from training.human36m.angles import find_angles, local_rotations, read_angles, read_rig
from training.human36m.bodies import read_bodies
from training.human36m.skeleton import motion_from_points, our_points
from training.mocap.bodies import Body
from training.mocap.proof import prove
from training.prepare import main

WALK = acted("S1", "walk", 150, 3)
INDEX = {name: number for number, name in enumerate(JOINT_NAMES)}
# Twists that positions do not show, and what the T-pose's rules say of them, are not in these.
TURNING = [j for j in NON_LEAVES if JOINT_NAMES[j] != "spine"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 3D file alone, with S1 and a walk of S9."""
    folder = tmp_path_factory.mktemp("plain")
    held = {"S1": recordings()["S1"], "S9": {"Walking": acted("S9", "walk", 40)}}
    positions = {s: {name: r.positions.astype(np.float32) for name, r in acts.items()} for s, acts in held.items()}
    np.savez(folder / "data_3d_h36m.npz", positions_3d=positions)
    return folder


@pytest.fixture(scope="module")
def with_angles(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """S1's angles beside it; S9 has none."""
    folder = tmp_path_factory.mktemp("angles")
    shutil.copy(plain / "data_3d_h36m.npz", folder)
    write_metadata(folder)
    for name, recording in recordings()["S1"].items():
        write_angles(folder, "S1", name, recording.angles)
    return folder


@pytest.fixture(scope="module")
def bodies(with_angles: Path) -> list[Body]:
    return read_bodies(with_angles)


def of_subject(bodies: list[Body], subject: str) -> Body:
    return next(found for found in bodies if found.clips[0].subject == f"h36m:{subject}")


def degrees_off(one: Body, joints: list[int]) -> np.ndarray:
    """Between the walk's global rotations and the truth's, every third frame of 30 being every fifth of 50."""
    found = global_rotations(one.motion.rotations[: len(one.clips[0].points)], PARENTS)[::3]
    truth = global_rotations(WALK.rotations, PARENTS)[::5][: len(found)]
    return np.degrees(np.asarray(quaternion.geodesic_angle(found, truth)))[:, joints]


def test_our_joints_stand_where_the_files_have_them() -> None:
    points = our_points(WALK.positions)
    lengths = np.linalg.norm(points[:, 1:] - points[:, list(PARENTS[1:])], axis=-1)
    limbs = [j for j, name in enumerate(JOINT_NAMES) if "_" in name]
    assert_allclose(
        lengths[:, [j - 1 for j in limbs]].mean(axis=0), np.linalg.norm(body("S1")[limbs], axis=1), atol=1e-6
    )
    own = forward_kinematics(*skeleton_of(points), PARENTS, points[:, 0])
    assert_allclose(own[:, INDEX["left_toe"]], points[:, INDEX["left_toe"]], atol=1e-6)
    # Upright, y up, toes ahead of the ankles and lower, the left hip on the left of one who walks ahead.
    assert (points[:, INDEX["head"], 1] > points[:, INDEX["pelvis"], 1] + 0.4).all()
    assert (points[:, INDEX["right_toe"], 1] < points[:, INDEX["right_knee"], 1]).all()
    facing = np.asarray(quaternion.rotate(WALK.rotations[:, 0], np.array([0.0, 0.0, 1.0])))
    assert (np.sum((points[:, INDEX["right_toe"]] - points[:, INDEX["right_ankle"]]) * facing, axis=1) > 0).mean() > 0.9
    assert ((points[:, INDEX["left_hip"]] - points[:, INDEX["right_hip"]])[:, 0] > 0).all()


def skeleton_of(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    motion = motion_from_points(points)
    return motion.offsets, motion.rotations


def test_positions_alone_give_back_limbs_and_trunk() -> None:
    points = our_points(WALK.positions)
    offsets, rotations = skeleton_of(points)
    fitted = np.asarray(forward_kinematics(offsets, rotations, PARENTS, points[:, 0]))
    neckless = [j for j in range(len(JOINT_NAMES)) if JOINT_NAMES[j] not in ("neck", "head")]
    assert_allclose(fitted[:, neckless], points[:, neckless], atol=2e-3)
    truth = global_rotations(WALK.rotations, PARENTS)
    off = np.asarray(quaternion.geodesic_angle(global_rotations(rotations, PARENTS), truth))
    limbs = [j for j in TURNING if JOINT_NAMES[j] not in ("thorax", "neck")]
    assert np.degrees(off[:, limbs]).mean() < 5
    assert np.degrees(np.median(off[:, INDEX["left_hip"]])) < 3


def test_shins_and_forearms_do_not_twist_where_positions_cannot_tell() -> None:
    _, rotations = skeleton_of(our_points(WALK.positions))
    for joint, bone in (("left_knee", [0, -1, 0]), ("right_elbow", [-1, 0, 0])):
        _, twist = quaternion.swing_twist(rotations[:, INDEX[joint]], np.array(bone, dtype=float))
        assert np.degrees(2 * np.arccos(np.clip(np.abs(twist[:, 0]), 0, 1))).max() < 5


def test_angles_give_the_true_rotations_the_turn_of_the_head_too(plain: Path, bodies: list[Body]) -> None:
    assert degrees_off(of_subject(bodies, "S1"), TURNING).max() < 3
    head = [INDEX["neck"]]
    assert degrees_off(of_subject(read_bodies(plain), "S1"), head).mean() > 5


def test_bodies_pass_the_proof_of_every_family_with_angles_and_without(bodies: list[Body]) -> None:
    assert [found.clips[0].subject for found in bodies] == ["h36m:S1", "h36m:S9"]
    for found in bodies:
        proof = prove("h36m", [found])
        assert proof.limb_max < 2.0
        assert proof.knee_hinge < 10.0
        assert proof.elbow_hinge < 10.0


def test_a_file_is_read_back_as_it_was_written(with_angles: Path) -> None:
    path = find_angles(with_angles)["S1", "Walking 1"]
    assert_allclose(read_angles(path), WALK.angles, atol=1e-12)


def test_euler_angles_turn_in_the_order_that_metadata_tells(tmp_path: Path) -> None:
    write_metadata(tmp_path, "yzx")
    rig = read_rig(tmp_path)
    angles = np.zeros((1, 78))
    # Node 0's columns for x, y, z are the 5th, 6th and 4th.
    angles[0, [4, 5, 3]] = 30, 40, 50
    x, y, z = (
        np.asarray(quaternion.from_axis_angle(np.eye(3)[axis], np.radians(np.array(turn))))
        for axis, turn in enumerate((30.0, 40.0, 50.0))
    )
    expected = quaternion.multiply(y, quaternion.multiply(z, x))
    found = local_rotations(rig, angles)
    assert float(quaternion.geodesic_angle(found[0, 0], expected)) < 1e-9
    assert_allclose(found[0, 1:], np.tile([1.0, 0, 0, 0], (31, 1)))


def test_the_longer_names_of_two_actions_are_known(tmp_path: Path) -> None:
    for name in ("TakingPhoto 1", "WalkingDog", "Walking"):
        write_angles(tmp_path, "S5", name, WALK.angles[:2])
    assert set(find_angles(tmp_path)) == {("S5", "Photo 1"), ("S5", "WalkDog"), ("S5", "Walking")}


def other_order(folder: Path) -> None:
    write_metadata(folder, "yxz")


def no_metadata(folder: Path) -> None:
    (folder / "metadata.xml").unlink()


def no_tree(folder: Path) -> None:
    (folder / "metadata.xml").write_text("<metadata><skel_pos/></metadata>")


def no_xml(folder: Path) -> None:
    (folder / "metadata.xml").write_text("<metadata><skel_an")


def too_short(folder: Path) -> None:
    write_angles(folder, "S1", "Walking 1", WALK.angles[:-1])


def no_cdf(folder: Path) -> None:
    (folder / "S1" / "MyPoseFeatures" / "D3_Angles" / "Walking 1.cdf").write_bytes(b"no CDF at all" * 100)


def of_another_recording(folder: Path) -> None:
    write_angles(folder, "S1", "Walking 1", acted("S1", "jumping_jack", 150, 2).angles)
    write_angles(folder, "S1", "Sitting", acted("S1", "jumping_jack", 101, 2).angles)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (other_order, "S1: the angles of D3_Angles point its bones .* degrees away"),
        (of_another_recording, "S1: the angles of D3_Angles point its bones .* degrees away"),
        (no_metadata, "has D3_Angles, but no metadata.xml"),
        (no_tree, "metadata.xml: skel_angles/tree should hold 32 items"),
        (no_xml, "metadata.xml: its skel_angles/tree cannot be read"),
        (too_short, "Walking 1.cdf: 149 frames of angles for 150 of positions"),
        (no_cdf, "Walking 1.cdf: holds no readable 'Pose'"),
    ],
)
def test_angles_that_are_not_understood_are_refused(
    with_angles: Path, tmp_path: Path, spoil: Callable[[Path], None], told: str
) -> None:
    folder = tmp_path / "spoilt"
    shutil.copytree(with_angles, folder)
    spoil(folder)
    with pytest.raises(InputError, match=told) as error:
        read_bodies(folder)
    assert "\n" not in str(error.value)


def test_the_reader_of_cdf_files_is_asked_for_where_it_is_missing(
    with_angles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cdflib", None)
    with pytest.raises(InputError, match=r"needs cdflib: python -m pip install cdflib"):
        read_bodies(with_angles)


def test_prepare_writes_a_data_set_that_training_reads(with_angles: Path, tmp_path: Path) -> None:
    output = tmp_path / "h36m.npz"
    assert main(["--h36m", str(with_angles), "-o", str(output)]) == 0
    data = load_data(output)
    assert set(data.clip_family) == {"h36m"}
    assert {"h36m:S1", "h36m:S9"} <= set(data.clip_subject)
    walk = data.clip_name.tolist().index("S1/Walking 1")
    assert data.clip_action[walk] == "Walking"
    # 150 frames at 50 a second are 90 at 30, the last before the end.
    assert int(data.clip_length[walk]) == 90
    start = int(data.clip_start[walk])
    assert_allclose(
        np.abs(np.sum(data.rotations[start : start + 90 : 3].numpy()[:, 1] * WALK.rotations[::5, 1], axis=-1)),
        1.0,
        atol=1e-3,
    )
    assert "h36m" in output.with_suffix(".report.md").read_text()


def test_prepare_tells_what_is_wrong_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--h36m", str(tmp_path), "-o", str(tmp_path / "out.npz")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.iterdir())
