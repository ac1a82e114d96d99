"""`python -m training.prepare`: mocap in, one data set and a report out; nobody's mistake makes a traceback."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from posenorm_core import quaternion
from posenorm_core.bvh import write_motion_bvh
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES
from posenorm_core.motion import Motion
from posenorm_core.skeleton import Skeleton
from posenorm_core.source_clip import SourceClip
from training.dataset import load_data
from training.mocap.archives import read_motion_files
from training.mocap.families import FAMILIES
from training.mocap.source import resampled
from training.prepare import main

# Our joints by the names of CMU's rig (and two it is known by), in its unit, in the T-pose.
_SIDED = (("hip", "UpLeg"), ("knee", "Leg"), ("ankle", "Foot"), ("toe", "ToeBase"))
_SIDED += (("shoulder", "Arm"), ("elbow", "ForeArm"), ("wrist", "Hand"))
CMU = {"pelvis": "Hips", "spine": "Spine", "thorax": "Spine1", "neck": "Head", "head": "Top"}
CMU |= {f"{side.lower()}_{ours}": f"{side}{theirs}" for side in ("Left", "Right") for ours, theirs in _SIDED}
UNIT = next(family.unit for family in FAMILIES if family.name == "chaneyddtt")
RIG = Skeleton(
    (*(CMU[name] for name in JOINT_NAMES), "LHipJoint", "LowerBack"),
    (*CONDITION_SKELETON.parents, 0, 0),
    np.concatenate([CONDITION_SKELETON.offsets, np.zeros((2, 3))]) / (100 * UNIT),
)


def acted(frames: int, seed: int = 0) -> Motion:
    """A motion of the rig at 60 frames/s."""
    random = np.random.default_rng(seed)
    time = np.arange(frames)[:, None, None] / 60
    speed, phase = random.uniform(1, 3, (2, 1, len(JOINT_NAMES), 3))
    vectors = 0.3 * np.sin(speed * time + phase)
    for name, axis in (("knee", (1, 0, 0)), ("left_elbow", (0, -1, 0)), ("right_elbow", (0, 1, 0))):
        for joint in (j for j, ours in enumerate(JOINT_NAMES) if ours.endswith(name)):
            vectors[:, joint] = (0.8 + 0.5 * np.sin(speed[:, joint] * time[:, 0] + phase[:, joint])) * np.array(axis)
    rotations = np.asarray(quaternion.from_rotation_vector(vectors))
    return Motion(
        fps=60.0,
        skeleton=RIG,
        rotations=np.concatenate([rotations, np.tile([1.0, 0.0, 0.0, 0.0], (frames, 2, 1))], axis=1),
        orientation="heading",
        view_root=np.zeros((frames, 4)),
        up=np.array([0.0, 1.0, 0.0]),
        root_position=np.tile([0.0, 1.0, 0.0], (frames, 1)),
        contacts=np.zeros((frames, 2)),
        confidence=np.ones((frames, len(RIG.joint_names))),
        source={},
    )


def bvh_file(folder: Path, name: str, motion: Motion) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_motion_bvh(motion, path)
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive of two clips of one subject, with the list that describes one of them."""
    folder = tmp_path / "mocap"
    folder.mkdir()
    with tarfile.open(folder / "some_bvh.tar.xz", "w:xz") as file:
        for name, seed in (("clips/01.bvh", 1), ("clips/02.bvh", 2)):
            content = bvh_file(tmp_path, name, acted(121, seed)).read_bytes()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    rows = 'path,source,cmu_subject,action\nsome/clips/01.bvh,papagina_bvh,60?,"salsa, slow"\n'
    (folder / "some_clips.csv").write_text(rows)
    return folder


def test_the_list_beside_an_archive_describes_its_clips(archive: Path) -> None:
    first, second = read_motion_files(archive / "some_bvh.tar.xz")
    assert (first.subject, first.action, first.source) == ("some:60", "salsa, slow", "papagina_bvh")
    assert (second.subject, second.action) == ("some:02", "clips")


def test_mocap_becomes_a_data_set_with_its_report(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "data.npz"
    assert main(["--mocap", str(archive), "-o", str(output)]) == 0
    assert "chaneyddtt" in capsys.readouterr().out
    with np.load(output, allow_pickle=False) as data:
        assert str(data["format"]) == "posenorm-dataset"
        assert data["rotations"].dtype == np.float32
        assert data["clip_start"].tolist() == [0, 61, 122]
        assert data["clip_offsets"].shape == (2, len(JOINT_NAMES), 3)
        assert data["clip_subject"].tolist() == ["some:60", "some:02"]
        assert tuple(data["joint_names"]) == JOINT_NAMES
        knee = JOINT_NAMES.index("left_knee")
        expected = acted(121, 1).rotations[::2, knee]
        assert np.asarray(quaternion.geodesic_angle(data["rotations"][:61, knee], expected)).max() < 1e-3
        assert_allclose(np.linalg.norm(data["clip_offsets"][0, knee]), CONDITION_SKELETON.bone_lengths[knee], atol=1e-5)
    report = json.loads(output.with_suffix(".report.json").read_text())
    assert len(report["taken"]) == 2
    assert report["proofs"][0]["limb_max"] < 0.01
    assert "chaneyddtt" in output.with_suffix(".report.md").read_text()


def test_an_output_that_is_no_npz_is_a_folder_of_the_same_data(archive: Path, tmp_path: Path) -> None:
    assert main(["--mocap", str(archive), "-o", str(tmp_path / "data.npz")]) == 0
    assert main(["--mocap", str(archive), "-o", str(tmp_path / "data")]) == 0
    whole, mapped = load_data(tmp_path / "data.npz"), load_data(tmp_path / "data")
    assert mapped.rotations[:].equal(whole.rotations)
    assert mapped.clip_name.tolist() == whole.clip_name.tolist()
    assert (tmp_path / "data.report.json").is_file()
    assert main(["--mocap", str(archive), "-o", str(tmp_path / "data")]) == 2


def test_resampling_keeps_the_clips_own_time() -> None:
    angles = np.linspace(0, 1, 25)
    vectors = np.zeros((25, 1, 3))
    vectors[:, 0, 1] = angles
    clip = SourceClip(
        path="c",
        fps=24.0,
        joint_names=("root",),
        parents=(-1,),
        rotations=np.asarray(quaternion.from_rotation_vector(vectors)),
        translations=angles[:, None, None] * [[[1.0, 0.0, 0.0]]],
        end_parents=(),
        end_offsets=np.zeros((0, 3)),
    )
    slow = resampled(clip, 30.0)
    assert len(slow) == 31
    assert_allclose(
        np.asarray(quaternion.to_rotation_vector(slow.rotations))[:, 0, 1], np.linspace(0, 1, 31), atol=1e-9
    )
    assert_allclose(slow.translations[:, 0, 0], np.linspace(0, 1, 31), atol=1e-9)


@pytest.mark.parametrize("fault", ["missing", "empty", "text", "truncated", "archive", "unknown", "unwritable"])
def test_a_users_mistake_is_one_line_and_leaves_nothing_behind(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mocap, output = tmp_path / "mocap", tmp_path / "data.npz"
    if fault != "missing":
        mocap.mkdir()
    if fault == "text":
        (mocap / "a.bvh").write_text("not a bvh")
    if fault in ("truncated", "unwritable"):
        path = bvh_file(mocap, "a.bvh", acted(61))
        if fault == "truncated":
            path.write_bytes(path.read_bytes()[:-900])
        else:
            output = tmp_path / "nowhere" / "data.npz"
    if fault == "archive":
        (mocap / "a.tar.xz").write_bytes(b"no archive")
    if fault == "unknown":
        (mocap / "a.bvh").write_text(
            "HIERARCHY\nROOT thing\n{\nOFFSET 0 0 0\nCHANNELS 1 Xrotation\n}\nMOTION\nFrames: 1\nFrame Time: 0.1\n0\n"
        )
    before = sorted(tmp_path.rglob("*"))
    assert main(["--mocap", str(mocap), "-o", str(output)]) == 2
    # One line, once the progress bar is taken away.
    (printed,) = [line for line in capsys.readouterr().err.splitlines() if "clips [" not in line and line.strip()]
    assert str(tmp_path) in printed or "a.bvh" in printed
    assert sorted(tmp_path.rglob("*")) == before
