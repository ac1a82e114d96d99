"""BVH as motions: what we wrote comes back, and the same movement on any rig gives the same rotations."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from library import assert_same_rotation
from standing import CROOKED, swaying
from test_bvh import motion, random_rotations
from test_rest_pose import hinged_motion

from posenorm_core import quaternion
from posenorm_core.__main__ import main
from posenorm_core.bvh import read_bvh, write_motion_bvh
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, NON_LEAVES, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.kinematics import global_rotations, local_rotations
from posenorm_core.motion import Motion, load_motion, with_orientation
from posenorm_core.motion_files import read_motion_clip
from posenorm_core.skeleton import Skeleton
from posenorm_core.trunk import pitched

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
# Whose rotations are exact on a rig whose knees and elbows are pure hinges; other bones' roll is found as a mean.
EXACT = [j for j in NON_LEAVES if JOINT_NAMES[j].split("_")[-1] in ("pelvis", "hip", "knee", "elbow", "neck")]
LIMB_JOINTS = ("hip", "knee", "ankle", "toe", "shoulder", "elbow", "wrist")


def rig(limbs: tuple[str, ...], sides: tuple[str, str], trunk: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Our 19 joints' names in a program's words: limbs in LIMB_JOINTS' order, trunk from pelvis to head."""
    names = dict(zip(("pelvis", "spine", "thorax", "neck", "head"), trunk or _TRUNK, strict=True))
    for side, mark in zip(("left", "right"), sides, strict=True):
        names |= {f"{side}_{j}": name.replace("*", mark) for j, name in zip(LIMB_JOINTS, limbs, strict=True)}
    return tuple(names[name] for name in JOINT_NAMES)


_TRUNK = ("Hips", "Spine", "Chest", "Head", "HeadTop")
_MOTION_BUILDER = ("*UpLeg", "*Leg", "*Foot", "*ToeBase", "*Arm", "*ForeArm", "*Hand")
_BIPED = ("Bip01 Pelvis", "Bip01 Spine", "Bip01 Spine1", "Bip01 Head", "Bip01 HeadNub")
RIGS = {
    "MotionBuilder": rig(_MOTION_BUILDER, ("Left", "Right")),
    "Mixamo": tuple(f"mixamorig:{name}" for name in rig(_MOTION_BUILDER, ("Left", "Right"))),
    "LAFAN": rig(("*UpLeg", "*Leg", "*Foot", "*Toe", "*Arm", "*ForeArm", "*Hand"), ("Left", "Right")),
    "Xsens": rig(("*UpperLeg", "*LowerLeg", "*Foot", "*Toe", "*UpperArm", "*ForeArm", "*Hand"), ("Left", "Right")),
    "Rokoko": rig(("*Thigh", "*Shin", "*Foot", "*Toe", "*Arm", "*ForeArm", "*Hand"), ("Left", "Right")),
    "Biped": rig(
        tuple(f"Bip01 * {name}" for name in ("Thigh", "Calf", "Foot", "Toe0", "UpperArm", "Forearm", "Hand")),
        ("L", "R"),
        _BIPED,
    ),
    "Daz": rig(("*ThighBend", "*Shin", "*Foot", "*Toe", "*ShldrBend", "*ForearmBend", "*Hand"), ("l", "r")),
    "Unreal": rig(("thigh_*", "calf_*", "foot_*", "ball_*", "upperarm_*", "lowerarm_*", "hand_*"), ("l", "r")),
    "Rigify": rig(("thigh.*", "shin.*", "foot.*", "toe.*", "upper_arm.*", "forearm.*", "hand.*"), ("L", "R")),
    "VRM": rig(
        tuple(f"J_Bip_*_{n}" for n in ("UpperLeg", "LowerLeg", "Foot", "ToeBase", "UpperArm", "LowerArm", "Hand")),
        ("L", "R"),
        ("J_Bip_C_Hips", "J_Bip_C_Spine", "J_Bip_C_Chest", "J_Bip_C_Head", "Top"),
    ),
    "AMC": rig(("*femur", "*tibia", "*foot", "*toes", "*humerus", "*radius", "*hand"), ("l", "r")),
    "SMPL": rig(("*_Hip", "*_Knee", "*_Ankle", "*_Foot", "*_Shoulder", "*_Elbow", "*_Wrist"), ("L", "R")),
}


def on_rig(names: tuple[str, ...], rotations: np.ndarray, path: Path, offsets: np.ndarray | None = None) -> Path:
    """The movement `rotations` (T, 19, 4) as a BVH of joints called `names`."""
    skeleton = Skeleton(names, PARENTS, CONDITION_SKELETON.offsets if offsets is None else offsets)
    place = np.cumsum(np.full((len(rotations), 3), 0.01), axis=0)
    write_motion_bvh(replace(motion(rotations, root=place), skeleton=skeleton), path)
    return path


def read(path: Path) -> Motion:
    clip = read_motion_clip(path)
    assert clip is not None
    assert clip.format_name == "BVH"
    return clip.motion()


def worst(found: np.ndarray, expected: np.ndarray, joints: list[int] = EXACT) -> float:
    """Degrees: the largest difference in any frame of `joints`."""
    angles = np.asarray(quaternion.geodesic_angle(found[:, joints].astype(float), expected[:, joints].astype(float)))
    return float(np.degrees(angles.max()))


@pytest.mark.parametrize("orientation", ["unified", "heading", "view"])
def test_what_we_wrote_comes_back(tmp_path: Path, orientation: str) -> None:
    rotations = random_rotations(4, 30)
    rotations[:, list(CONDITION_SKELETON.leaves)] = IDENTITY
    written = with_orientation(motion(rotations, 29.97, np.cumsum(np.full((30, 3), 0.02), axis=0)), orientation)
    write_motion_bvh(written, tmp_path / "own.bvh")
    found = read(tmp_path / "own.bvh")
    angles = np.asarray(quaternion.geodesic_angle(found.rotations.astype(float), written.rotations.astype(float)))
    assert angles.max() < 1e-4
    assert found.fps == pytest.approx(29.97, rel=1e-7)


def test_the_way_of_what_we_wrote_comes_back(tmp_path: Path) -> None:
    rotations = hinged_motion(3, 50)
    rotations[:, 0] = quaternion.from_rotation_vector(np.linspace(0, 1, 50)[:, None] * np.array([0.3, 0.0, 0.1]))
    path = np.cumsum(np.random.default_rng(2).normal(scale=0.02, size=(50, 3)), axis=0)
    walked = with_orientation(motion(rotations, root=path - path[0]), "heading")
    write_motion_bvh(walked, tmp_path / "own.bvh")
    found = with_orientation(read(tmp_path / "own.bvh"), "heading")
    np.testing.assert_allclose(found.root_position[:, [0, 2]], walked.root_position[:, [0, 2]], atol=1e-3)
    np.testing.assert_allclose(np.diff(found.root_position[:, 1]), np.diff(walked.root_position[:, 1]), atol=1e-5)


@pytest.mark.parametrize("program", RIGS)
def test_joints_are_known_by_many_programs_names(tmp_path: Path, program: str) -> None:
    rotations = hinged_motion(7)
    found = read(on_rig(RIGS[program], rotations, tmp_path / "rig.bvh"))
    assert worst(found.rotations, rotations) < 0.01
    limbs = [j for j, name in enumerate(JOINT_NAMES) if name not in ("neck", "head")]
    np.testing.assert_allclose(found.positions()[:, limbs], motion(rotations).positions()[:, limbs], atol=1e-3)


def test_the_rigs_size_and_unit_make_no_difference(tmp_path: Path) -> None:
    rotations = hinged_motion(8)
    own = read(on_rig(RIGS["Mixamo"], rotations, tmp_path / "own.bvh"))
    in_metres = read_bvh(tmp_path / "own.bvh")
    text = (tmp_path / "own.bvh").read_text().splitlines()
    scaled = [_scaled(line, 0.0254) for line in text]
    (tmp_path / "inch.bvh").write_text("\n".join(scaled))
    found = read(tmp_path / "inch.bvh")
    assert len(in_metres) == len(found)
    assert worst(found.rotations, own.rotations, list(NON_LEAVES)) < 0.05
    np.testing.assert_allclose(found.root_position, own.root_position, atol=1e-3)


def _scaled(line: str, scale: float) -> str:
    """A line of a BVH whose lengths are in another unit."""
    words = line.split()
    if words[:1] == ["OFFSET"]:
        return " ".join(["OFFSET", *(f"{float(word) * scale:.12g}" for word in words[1:])])
    if len(words) > 20:
        return " ".join([*(f"{float(word) * scale:.12g}" for word in words[:3]), *words[3:]])
    return line


@pytest.mark.parametrize("axes", ["z up", "facing back", "facing left", "z up, facing ahead"])
def test_the_rest_poses_axes_make_no_difference(tmp_path: Path, axes: str) -> None:
    half, quarter = np.pi, np.pi / 2
    vector = {"z up": (quarter, 0, 0), "facing back": (0, half, 0), "facing left": (0, quarter, 0)}.get(axes)
    turn = np.asarray(quaternion.from_rotation_vector(np.array(vector or (quarter, 0.0, 0.0), dtype=float)))
    if vector is None:
        turn = np.asarray(quaternion.multiply(quaternion.from_rotation_vector(np.array([0.0, 0.0, half])), turn))
    rotations = hinged_motion(9)
    # The same movement told in axes that are turned: offsets and rotations turn with them.
    there = quaternion.multiply(quaternion.multiply(turn, rotations), quaternion.inverse(turn))
    offsets = np.asarray(quaternion.rotate(turn, CONDITION_SKELETON.offsets))
    found = read(on_rig(RIGS["Rokoko"], np.asarray(there), tmp_path / "rig.bvh", offsets))
    others = [j for j in EXACT if j]
    assert worst(found.rotations, rotations, others) < 0.01
    # He still stands: only the turn about the vertical is another.
    tilts = [with_orientation(m, "heading").rotations for m in (found, motion(rotations))]
    assert worst(*tilts, [0]) < 0.01


@pytest.mark.parametrize("degrees", [50, 90])
def test_hanging_arms_at_rest_make_no_difference(tmp_path: Path, degrees: float) -> None:
    rotations = hinged_motion(10)
    # Elbows that hardly bend, and sideways: the roll of the upper arm comes from the rest pose alone.
    for name in ("left_elbow", "right_elbow"):
        sideways = np.array([0.0, 0.0, 0.06 if name == "left_elbow" else -0.06])
        rotations[:, JOINT_NAMES.index(name)] = quaternion.from_rotation_vector(sideways)
    turned = np.array(global_rotations(rotations, PARENTS))
    offsets = CONDITION_SKELETON.offsets.copy()
    for side, sign in (("left", -1.0), ("right", 1.0)):
        hang = np.asarray(quaternion.from_rotation_vector(np.array([0.0, 0.0, sign * np.radians(degrees)])))
        arm = [JOINT_NAMES.index(f"{side}_{joint}") for joint in ("shoulder", "elbow", "wrist")]
        offsets[arm[1:]] = quaternion.rotate(hang, offsets[arm[1:]])
        turned[:, arm] = quaternion.multiply(turned[:, arm], quaternion.inverse(hang))
    there = np.asarray(local_rotations(turned, PARENTS))
    found = read(on_rig(RIGS["Xsens"], there, tmp_path / "a_pose.bvh", offsets))
    shoulders = [JOINT_NAMES.index(f"{side}_shoulder") for side in ("left", "right")]
    assert worst(found.rotations, rotations, shoulders) < 2


def test_a_rest_pose_that_is_no_stance_makes_no_difference(tmp_path: Path) -> None:
    """LAFAN1 draws every bone along X at rest, the legs beside the spine: its world is Y up all the same."""
    along = np.tile(_axes_of(np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])), (len(JOINT_NAMES), 1))
    for limb, hinge in ((("hip", "knee", "ankle", "toe"), 0), (("shoulder", "elbow", "wrist"), 1)):
        for side in ("right", "left"):
            joints = [JOINT_NAMES.index(f"{side}_{joint}") for joint in limb]
            for joint, end in zip(joints, [*joints[1:], joints[-1]], strict=True):
                along[joint] = _axes_of(CONDITION_SKELETON.offsets[end], np.eye(3)[hinge])
    offsets = quaternion.rotate(quaternion.inverse(along[[max(p, 0) for p in PARENTS]]), CONDITION_SKELETON.offsets)
    rotations = hinged_motion(11)
    turned = quaternion.multiply(global_rotations(rotations, PARENTS), along)
    there = np.asarray(local_rotations(turned, PARENTS))
    found = read(on_rig(RIGS["LAFAN"], there, tmp_path / "rig.bvh", np.asarray(offsets)))
    assert worst(found.rotations, rotations) < 0.01
    np.testing.assert_allclose(found.positions(), motion(rotations).positions(), atol=1e-3)


def _axes_of(bone: np.ndarray, hinge: np.ndarray) -> np.ndarray:
    """A joint's own axes (4) whose X is along `bone` and whose Z is nearest to `hinge`."""
    x = bone / np.linalg.norm(bone)
    z = hinge - (hinge @ x) * x
    z /= np.linalg.norm(z)
    return np.asarray(quaternion.from_matrix(np.stack([x, np.cross(z, x), z], axis=-1)))


def test_an_actors_calibration_makes_no_difference(tmp_path: Path) -> None:
    """On a rig of motion capture the pitch of the trunk's rest pose is each actor's own: who stands is straight."""
    names = rig(
        tuple(f"CC_Base_*_{name}" for name in ("Thigh", "Calf", "Foot", "ToeBase", "Upperarm", "Forearm", "Hand")),
        ("L", "R"),
        ("CC_Base_Hip", "CC_Base_Spine01", "CC_Base_Spine02", "CC_Base_Head", "CC_Base_Waist"),
    )
    upright, crooked = swaying(), pitched(swaying(), CROOKED)
    plain = read(on_rig(names, upright.rotations, tmp_path / "plain.bvh"))
    other = read(on_rig(names, crooked.rotations, tmp_path / "other.bvh", crooked.offsets))
    assert plain.source["rig"] == "dragonforged"
    assert worst(other.rotations, plain.rotations) < 0.01
    trunk = [JOINT_NAMES.index(name) for name in ("pelvis", "thorax")]
    assert worst(plain.rotations, upright.rotations, trunk) < 6
    # A rig that programs name has one rest pose for all who wear it: who leans there leans.
    leaning = pitched(upright, CROOKED).rotations
    found = read(on_rig(RIGS["Mixamo"], leaning, tmp_path / "leaning.bvh"))
    assert worst(found.rotations, leaning, [0]) < 0.01


def test_whole_rates_are_whole_and_others_stay(tmp_path: Path) -> None:
    path = on_rig(RIGS["SMPL"], hinged_motion(1, 5), tmp_path / "rig.bvh")
    for told, rate in (("0.033333", 30.0), ("0.0083333", 120.0), ("0.0333667", 29.97)):
        text = path.read_text()
        line = next(line for line in text.splitlines() if line.startswith("Frame Time:"))
        path.write_text(text.replace(line, f"Frame Time: {told}"))
        clip = read_motion_clip(path)
        assert clip is not None
        assert clip.fps == pytest.approx(rate, abs=1e-9 if rate != 29.97 else 1e-3)


def _without(part: str) -> tuple[str, ...]:
    return tuple(f"thing{number}" if part in name else name for number, name in enumerate(RIGS["Xsens"]))


REFUSED = {
    "no legs": (_without("Leg"), "no joint is named as a left_hip, left_knee, right_hip, right_knee would be"),
    "no head": (_without("Head"), "no joint is named as a head would be"),
    "unknown": (tuple(f"bone{number}" for number in range(19)), "its joints are bone0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_missing_is_named(tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    names, words = REFUSED[case]
    path = on_rig(names, hinged_motion(1, 5), tmp_path / "rig.bvh")
    assert main(["normalize", str(path), "-o", str(tmp_path / "out.npz")]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert (told.count("\n"), str(path) in told) == (1, True)
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("nan", "in frame 2"),
        ("1e300", "in frame 2"),
        ("flat", "bones without length"),
        ("tiny", "bones without length"),
        ("huge", "holds in frame 0"),
        ("far", "its HIERARCHY holds an OFFSET"),
    ],
)
def test_spoilt_numbers_are_refused(tmp_path: Path, change: str, words: str) -> None:
    path = on_rig(RIGS["Xsens"], hinged_motion(1, 5), tmp_path / "rig.bvh")
    lines = path.read_text().splitlines()
    if change in ("nan", "1e300"):
        channels = lines[-3].split()
        lines[-3] = " ".join([*channels[:2], change, *channels[3:]])
    elif change == "far":
        end = next(number for number, line in enumerate(lines) if "End Site" in line)
        lines[end + 2] = "OFFSET 0 1e300 0"
    else:
        lines = [_scaled(line, {"flat": 0.0, "tiny": 1e-200, "huge": 1e200}[change]) for line in lines]
    path.write_text("\n".join(lines))
    with pytest.raises(InputError, match=words):
        read_motion_clip(path)


def test_the_command_brings_a_bvh_to_the_skeleton_asked_for(tmp_path: Path) -> None:
    rotations = hinged_motion(2)
    path = on_rig(RIGS["Mixamo"], rotations, tmp_path / "rig.bvh")
    assert main(["normalize", str(path), "-o", str(tmp_path / "out.npz"), "--orientation", "heading"]) == 0
    found = load_motion(tmp_path / "out.npz")
    assert found.source["rig"] == "named"
    others = [j for j in EXACT if j]
    assert_same_rotation(found.rotations[:, others], rotations[:, others].astype(np.float32), 1e-4)
