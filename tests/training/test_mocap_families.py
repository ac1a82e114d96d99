"""One real clip of every family: limbs to 2 mm, hinges to 10 degrees, an upright person of a plausible height."""

import tarfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from posenorm_core import quaternion
from posenorm_core.bvh import parse_bvh
from posenorm_core.condition_skeleton import JOINT_NAMES, PARENTS
from posenorm_core.frame_rate import resample_rotations
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.motion_files.bvh_file import bvh_recording
from training.mocap.archives import MotionFile
from training.mocap.bodies import Body, bodies, stature
from training.mocap.dataset import FPS
from training.mocap.proof import prove
from training.mocap.report import Report
from training.mocap.stance import standing_straight
from training.prepare import _source_poses, body_to_clips

CLIPS = {
    "papagina": ("cmu_bvh.tar.xz", "papagina_bvh/martial/06.bvh"),
    "chaneyddtt": ("cmu_bvh.tar.xz", "chaneyddtt_bvh/test/walking/walking_1.bvh"),
    "cmu_poser": ("cmu_bvh.tar.xz", "misc/cmu1_jumping_jacks.bvh"),
    "dragonforged": ("cmu_bvh.tar.xz", "dragonforged_ccrig_bvh/007/007_02.bvh"),
    "reactidle": ("reactidle_bvh.tar.xz", "./genuine/000_genuine.bvh"),
    "quaternius": ("quaternius_cc0", "human-base-animations_5222701.glb"),
}
WALKS = ("chaneyddtt", "dragonforged")


@cache
def content(shared_data: Path, family: str) -> bytes:
    """The family's clip."""
    place, name = CLIPS[family]
    path = shared_data / "mocap" / place
    if path.is_dir():
        return (path / name).read_bytes()
    with tarfile.open(path) as archive:
        file = archive.extractfile(name)
        assert file is not None
        return file.read()


@cache
def body(shared_data: Path, family: str) -> Body:
    """The family's clip, converted on its own."""
    place, name = CLIPS[family]
    file = MotionFile(name, place, "subject", "action", content(shared_data, family))
    return bodies(_source_poses(file, Report()))[0]


@pytest.mark.parametrize("family", CLIPS)
def test_the_refit_stands_where_the_source_stands(shared_data: Path, family: str) -> None:
    proof = prove(family, [body(shared_data, family)])
    assert proof.limb_max < 2.0
    assert proof.trunk_mean < 30.0
    assert proof.knee_hinge < 10.0
    assert proof.elbow_hinge < 10.0


@pytest.mark.parametrize("family", [family for family, (_, name) in CLIPS.items() if name.endswith(".bvh")])
def test_the_core_reads_a_bvh_as_training_prepares_it(shared_data: Path, family: str) -> None:
    clip = parse_bvh(content(shared_data, family), CLIPS[family][1])
    (person,) = standing_straight(body(shared_data, family))
    source, prepared = person.clips[0], person.motion.rotations
    read = resample_rotations(
        bvh_recording(clip).rotations, np.arange(len(prepared)) * (clip.fps / FPS) + source.rig.cut
    )
    errors = np.degrees(np.asarray(quaternion.geodesic_angle(read, prepared)).mean(axis=0))
    assert errors.max() < 3, errors


@pytest.mark.parametrize("family", CLIPS)
def test_people_are_upright_and_grown(shared_data: Path, family: str) -> None:
    found = body(shared_data, family)
    assert 1.45 < stature(found.points) < 2.0
    _, turned = pose_skeleton(found.motion.offsets, found.motion.rotations, PARENTS)
    for name in ("pelvis", "thorax", "neck"):
        up = quaternion.rotate(turned[:, JOINT_NAMES.index(name)], np.array([0.0, 1.0, 0.0]))
        assert np.median(np.asarray(up)[:, 1]) > np.cos(np.radians(30)), name


@pytest.mark.parametrize("family", WALKS)
def test_walkers_go_where_they_face_with_knees_bending_back_and_feet_ahead(shared_data: Path, family: str) -> None:
    found = body(shared_data, family)
    positions, turned = pose_skeleton(found.motion.offsets, found.motion.rotations, PARENTS)
    ahead = found.points[-1, 0] - found.points[0, 0]
    ahead = ahead / np.linalg.norm(ahead)
    facing = quaternion.rotate(turned[:, 0], np.array([0.0, 0.0, 1.0]))
    assert (np.asarray(facing) @ ahead).mean() > 0.95
    for side in ("left", "right"):
        hip, knee, ankle, toe = (
            positions[:, JOINT_NAMES.index(f"{side}_{j}")] for j in ("hip", "knee", "ankle", "toe")
        )
        # The knee is ahead of the line from hip to ankle, the toe ahead of the ankle.
        assert ((knee - (hip + ankle) / 2) @ ahead).mean() > 0.02
        assert ((toe - ankle) @ ahead).mean() > 0.08


@pytest.mark.parametrize("family", WALKS)
def test_walkers_stand_on_each_foot_about_three_fifths_of_the_time(shared_data: Path, family: str) -> None:
    (clip,) = body_to_clips(body(shared_data, family), Report())
    assert np.all(np.abs(clip.contacts.mean(axis=0) - 0.6) < 0.12)
    # Some foot is on the ground nearly always, both only for moments.
    assert clip.contacts.any(axis=1).mean() > 0.9
    assert clip.contacts.all(axis=1).mean() < 0.4


def test_the_same_recording_in_two_families_gives_the_same_rotations(shared_data: Path) -> None:
    def convert(name: str) -> np.ndarray:
        with tarfile.open(shared_data / "mocap" / "cmu_bvh.tar.xz") as archive:
            file = archive.extractfile(name)
            assert file is not None
            poses = _source_poses(MotionFile(name, "cmu", "7", "walk", file.read()), Report())
            return bodies(poses)[0].motion.rotations

    one = convert("chaneyddtt_bvh/train/walking/walking_5.bvh")
    other = convert("dragonforged_ccrig_bvh/007/007_02.bvh")
    count = min(len(one), len(other))
    errors = np.degrees(np.asarray(quaternion.geodesic_angle(one[:count], other[:count])).mean(axis=0))
    for name, limit in (("hip", 6), ("knee", 6), ("elbow", 6), ("spine", 10), ("thorax", 10), ("ankle", 15)):
        joints = [j for j, joint in enumerate(JOINT_NAMES) if joint.endswith(name)]
        assert errors[joints].max() < limit, (name, errors[joints])
