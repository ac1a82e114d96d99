"""Files of SMPL parameters: the same movement in every form gives the same motion, and what is none is refused."""

import functools
import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from library import assert_same_rotation
from scipy.spatial.transform import Rotation

from posenorm_core.__main__ import main
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.motion import Motion, load_motion, with_orientation
from posenorm_core.motion_files import MotionClip, read_motion_clip
from posenorm_core.recorded_motion import with_skeleton
from posenorm_core.root_path import BALL_HEIGHT, posed_body
from posenorm_core.skeleton import Skeleton
from posenorm_core.smpl import smpl_leg_length

FRAMES = 60
LEG = float(np.linalg.norm(CONDITION_SKELETON.offsets[[2, 3]], axis=1).sum())
# A world where y is up, told in one where z is, and by a camera that looks at what faces it.
Z_UP = Rotation.from_euler("x", 90, degrees=True)
CAMERA = Rotation.from_euler("x", 180, degrees=True)


def walk(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rotation vectors (T, 22, 3) and places (T, 3) of one who goes where he faces, in a circle, at 1 m/s; y is up."""
    rng = np.random.default_rng(seed)
    time = np.arange(FRAMES) / 30
    speed, phase = rng.uniform(1, 4, (2, 22, 3))
    pose = 0.3 * np.sin(speed * time[:, None, None] + phase)
    pose[:, 0] = np.array([0.0, 1.0, 0.0]) * time[:, None]
    return pose, np.stack([4 - np.cos(time), np.full(FRAMES, 0.9), np.sin(time)], axis=1)


def turned(pose: np.ndarray, places: np.ndarray, turn: Rotation) -> tuple[np.ndarray, np.ndarray]:
    """The same movement told in another world."""
    there = pose.copy()
    there[:, 0] = (turn * Rotation.from_rotvec(pose[:, 0])).as_rotvec()
    return there, turn.apply(places)


def matrices(pose: np.ndarray) -> np.ndarray:
    return Rotation.from_rotvec(pose.reshape(-1, 3)).as_matrix().reshape(*pose.shape[:-1], 3, 3)


def with_hands(pose: np.ndarray, joints: int) -> np.ndarray:
    """(T, joints · 3): the hands and the face move too, which is nothing to us."""
    rest = np.random.default_rng(9).normal(size=(len(pose), joints - 22, 3))
    return np.concatenate([pose, rest], axis=1).reshape(len(pose), -1)


def amass(path: Path, joints: int = 52, rate: str = "mocap_framerate", **more: Any) -> Path:
    pose, places = turned(*walk(), Z_UP)
    arrays = {"poses": with_hands(pose, joints), "trans": places, rate: np.array(30.0), "betas": np.zeros(16)}
    np.savez(path, **(arrays | {"gender": np.array("female"), "labels": np.array([{}], dtype=object)} | more))
    return path


def split(path: Path, turn: Rotation, **more: Any) -> Path:
    pose, places = turned(*walk(), turn)
    np.savez(path, global_orient=pose[:, 0], body_pose=pose[:, 1:], transl=places, **more)
    return path


def wham(path: Path) -> Path:
    pose, places = walk()
    seen, seen_places = turned(pose, places, CAMERA)
    whole = with_hands(pose, 24).astype(np.float32)
    person = {"pose": with_hands(seen, 24), "trans": seen_places, "pose_world": whole, "trans_world": places}
    held = {1: person | {"betas": np.zeros((FRAMES, 10)), "frame_ids": np.arange(FRAMES)}}
    path.write_bytes(pickle.dumps(held))
    return path


def phalp_frame(frame: int, people: dict[int, tuple[np.ndarray, int]]) -> dict[str, Any]:
    """A frame as PHALP tells it: number of the person -> (rotation vectors (T, 22, 3), frames since last seen)."""
    smpl = []
    for pose, _ in people.values():
        whole = matrices(with_hands(pose[frame : frame + 1], 24).reshape(1, 24, 3)).astype(np.float32)
        smpl.append({"global_orient": whole[0, :1], "body_pose": whole[0, 1:], "betas": np.zeros(10)})
    since = [unseen for _, unseen in people.values()]
    return {"time": frame, "tid": list(people), "tracked_time": since, "smpl": smpl, "mask": [{"counts": b"x"}]}


def phalp(path: Path) -> Path:
    pose, _ = turned(*walk(), CAMERA)
    held = {f"img/{frame:06d}.jpg": phalp_frame(frame, {1: (pose, 0)}) for frame in range(FRAMES)}
    path.write_bytes(pickle.dumps(held))
    return path


def gvhmr(path: Path) -> Path:
    torch = pytest.importorskip("torch")
    pose, places = walk()
    parts = {"global_orient": pose[:, 0], "body_pose": pose[:, 1:].reshape(FRAMES, -1), "transl": places}
    world = {name: torch.tensor(values, dtype=torch.float32) for name, values in parts.items()}
    torch.save({"smpl_params_global": world, "smpl_params_incam": {}, "K_fullimg": torch.eye(3).expand(9, 3, 3)}, path)
    return path


FORMS: dict[str, tuple[Callable[[Path], Path], str, float | None]] = {
    "amass.npz": (amass, "AMASS", 30),
    "amass_body.npz": (lambda path: amass(path, 22), "AMASS", 30),
    "y_up.npz": (lambda path: split(path, Rotation.identity()), "SMPL parameters", None),
    "z_up.npz": (lambda path: split(path, Z_UP), "SMPL parameters", None),
    "camera.npz": (lambda path: split(path, CAMERA), "SMPL parameters", None),
    "wham.pkl": (wham, "WHAM", None),
    "phalp.pkl": (phalp, "4D-Humans", None),
}
SMPLX_FORMS: dict[str, tuple[Callable[[Path], Path], str, float | None]] = {
    "amass_x.npz": (lambda path: amass(path, 55, "mocap_frame_rate"), "AMASS", 30),
    "smplx.npz": (lambda path: split(path, CAMERA, jaw_pose=np.zeros((FRAMES, 3))), "SMPL parameters", None),
    "gvhmr.pt": (gvhmr, "GVHMR", None),
}


def clip_of(path: Path, fps: float | None = None) -> MotionClip:
    clip = read_motion_clip(path, fps)
    assert clip is not None
    return clip


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Motion]:
    """The walk as the simplest file tells it, by whether it is of SMPL-X."""
    folder = tmp_path_factory.mktemp("expected")
    plain = split(folder / "smpl.npz", Rotation.identity())
    smplx = split(folder / "smplx.npz", Rotation.identity(), jaw_pose=np.zeros((FRAMES, 3)))
    return {False: clip_of(plain).motion(), True: clip_of(smplx).motion()}


@pytest.mark.parametrize("form", [*FORMS, *SMPLX_FORMS])
def test_every_form_gives_the_same_motion(tmp_path: Path, expected: dict[bool, Motion], form: str) -> None:
    write, name, fps = (FORMS | SMPLX_FORMS)[form]
    clip = clip_of(write(tmp_path / form))
    assert (clip.format_name, clip.fps, len(clip.people)) == (name, fps, 1)
    motion, reference = clip.motion(), expected[form in SMPLX_FORMS]
    assert len(motion) == FRAMES
    assert_same_rotation(motion.rotations, reference.rotations, 2e-6)
    assert_same_rotation(motion.view_root, reference.view_root, 2e-6)
    if form != "phalp.pkl":  # which tells no place
        np.testing.assert_allclose(motion.root_position, reference.root_position, atol=1e-5)
    assert np.isnan(motion.contacts).all()
    assert (motion.confidence == 1).all()
    assert motion.orientation == "view"


def test_models_differ_by_their_rest_poses_only(expected: dict[bool, Motion]) -> None:
    assert_same_rotation(expected[False].view_root, expected[True].view_root, 1e-6)
    assert np.abs(expected[False].rotations - expected[True].rotations).max() > 0.01


def test_one_who_goes_where_he_faces_goes_straight_ahead_in_heading(expected: dict[bool, Motion]) -> None:
    motion = with_orientation(expected[False], "heading")
    path = motion.root_position
    scale = LEG / smpl_leg_length("smpl")
    np.testing.assert_allclose(path[:, 2], np.arange(FRAMES) / 30 * scale, atol=0.002)
    np.testing.assert_allclose(path[:, 0], 0, atol=0.002)
    # On the floor, as high as his legs carry him.
    soles = posed_body(motion.rotations, CONDITION_SKELETON.offsets).soles
    lowest = soles[..., 1].min(axis=(1, 2)) + path[:, 1]
    assert np.percentile(lowest, 5) == pytest.approx(BALL_HEIGHT, abs=1e-5)
    assert path[:, 1].std() < 1e-6


def test_jumps_stay_in_the_air(tmp_path: Path) -> None:
    pose, places = np.zeros((40, 22, 3)), np.zeros((40, 3))
    places[20:30, 1] = 0.5
    np.savez(tmp_path / "jump.npz", global_orient=pose[:, 0], body_pose=pose[:, 1:], transl=places)
    height = clip_of(tmp_path / "jump.npz").motion().root_position[:, 1]
    assert height[25] - height[0] == pytest.approx(0.5 * LEG / smpl_leg_length("smpl"), rel=1e-4)


def test_another_body_gets_another_path(expected: dict[bool, Motion]) -> None:
    giant = Skeleton(JOINT_NAMES, PARENTS, CONDITION_SKELETON.offsets * 2)
    posed = with_skeleton(expected[False], giant)
    np.testing.assert_allclose(posed.root_position, expected[False].root_position * 2, rtol=1e-6)
    np.testing.assert_allclose(posed.positions(), expected[False].positions() * 2, rtol=1e-6)


def test_people_are_told_apart_and_gaps_bridged(tmp_path: Path) -> None:
    (first, _), (second, _) = turned(*walk(1), CAMERA), turned(*walk(2), CAMERA)
    held = {}
    for frame in range(FRAMES):
        people = {}
        if frame >= 30:
            people[9] = (first, 0)
        # The second is lost for ten frames, in which the tracker goes on guessing.
        people[4] = (second, 0 if not 20 <= frame < 30 else frame - 19)
        held[f"{frame}.jpg"] = phalp_frame(frame, people)
    (tmp_path / "two.pkl").write_bytes(pickle.dumps(held))
    clip = clip_of(tmp_path / "two.pkl", 25)
    assert (len(clip.people), clip.fps) == (2, 25)
    most, least = clip.motion(1), clip.motion(2)
    assert len(most) == len(least) == FRAMES
    np.testing.assert_array_equal(most.confidence[:, 0], [0.0 if 20 <= frame < 30 else 1.0 for frame in range(FRAMES)])
    np.testing.assert_array_equal(least.confidence[:, 0], [0.0] * 30 + [1.0] * 30)
    np.testing.assert_allclose(least.rotations[:30], np.tile(least.rotations[30], (30, 1, 1)), atol=1e-6)
    turns = np.abs(np.diff(most.rotations, axis=0)).max(axis=(1, 2))
    assert turns[19:30].max() < 0.1
    with pytest.raises(InputError, match="no person 3; it holds 2 people"):
        clip.motion(3)


def test_upright_before_the_camera_is_the_views_identity(tmp_path: Path) -> None:
    pose = np.zeros((3, 22, 3))
    pose[:, 0, 0] = np.pi
    np.savez(tmp_path / "seen.npz", global_orient=pose[:, 0], body_pose=pose[:, 1:])
    assert_same_rotation(clip_of(tmp_path / "seen.npz").motion().view_root, np.tile([1.0, 0, 0, 0], (3, 1)), 1e-6)


def _npz(path: Path, **arrays: Any) -> None:
    np.savez(path, **arrays)


def _pickled(path: Path, held: Any) -> None:
    path.write_bytes(pickle.dumps(held))


def _with_bare_rate(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (("poses", _npy(POSES)), ("mocap_framerate", b"30")):
            archive.writestr(f"{name}.npy", content)


def _npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


POSES = np.zeros((4, 72))
ENDLESS: Any = functools.reduce(lambda inner, _: (inner, inner), range(60), ())  # to print
NOT_FINITE = np.where(np.arange(4)[:, None] == 2, np.nan, POSES)
REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "width": (lambda path: _npz(path, poses=np.zeros((4, 71)), trans=np.zeros((4, 3))), "71 numbers a frame"),
    "few joints": (lambda path: _npz(path, poses=np.zeros((4, 63))), "tells 21 joints, the body has 22"),
    "texts": (lambda path: _npz(path, poses=np.array([["a"]])), "should be numbers"),
    "objects": (lambda path: _npz(path, poses=np.array([{}], dtype=object)), "no readable"),
    "no frames": (lambda path: _npz(path, poses=np.zeros((0, 72))), "should be numbers"),
    "nan": (lambda path: _npz(path, poses=NOT_FINITE), "in frame 2"),
    "infinite place": (lambda path: _npz(path, poses=POSES, trans=np.full((4, 3), np.inf)), "in frame 0"),
    "huge angle": (lambda path: _npz(path, poses=POSES + 1e30), "in frame 0"),
    "places of others": (lambda path: _npz(path, poses=POSES, trans=np.zeros((5, 3))), r"shape \(4, 3\)"),
    "frames differ": (lambda path: _npz(path, global_orient=np.zeros((3, 3)), body_pose=POSES), "tells 3 frames"),
    "no rotations": (
        lambda path: _npz(path, global_orient=np.ones((4, 3, 3)), body_pose=np.zeros((4, 63))),
        "matrices that are none",
    ),
    "rate": (lambda path: _npz(path, poses=POSES, mocap_framerate=0.0), "frame rate 0"),
    "rate that is no array": (_with_bare_rate, "no readable"),
    "rate of text": (lambda path: _npz(path, poses=POSES, mocap_framerate="fast"), "should be one number"),
    "pickled list": (lambda path: _pickled(path, [1]), "no dictionary"),
    "pickled lists": (lambda path: _pickled(path, {"poses": POSES.tolist()}), "should be numbers"),
    "another pickle": (lambda path: _pickled(path, {"a": 1}), "is no result of WHAM or 4D-Humans"),
    "frame numbers": (lambda path: _pickled(path, {0: {"pose": POSES, "frame_ids": np.array([3, 2, 1, 0])}}), "ascend"),
    "far frames": (
        lambda path: _pickled(path, {0: {"pose": POSES, "frame_ids": np.array([0, 1, 2, 10**9])}}),
        "1000000001 frames, but somebody is seen in 4",
    ),
    "the lowest of all numbers": (
        lambda path: _pickled(path, {0: {"pose": POSES, "frame_ids": np.array([0, 1, 2, -(2**63)])}}),
        "ascend",
    ),
    "more than there are": (
        lambda path: _pickled(path, {0: {"pose": POSES[:1], "frame_ids": np.array([2**64 - 1], dtype=np.uint64)}}),
        "ascend",
    ),
    "other frames": (lambda path: _pickled(path, {0: {"pose": POSES, "frame_ids": np.arange(9)}}), "4 poses for 9"),
    "nobody": (lambda path: _pickled(path, {"a.jpg": {"tid": [], "smpl": []}}), "nobody is in any of its 1 frames"),
    "uneven": (lambda path: _pickled(path, {"a.jpg": {"tid": [1], "smpl": []}}), "the same people in frame 0"),
    "no pose": (lambda path: _pickled(path, {"a.jpg": {"tid": [1], "smpl": [{}]}}), "should hold 'global_orient'"),
    "a person last seen in an array": (
        lambda path: _pickled(path, {"a.jpg": {"tid": [1], "smpl": [{}], "tracked_time": [POSES]}}),
        "nobody is in any of its 1 frames",
    ),
    "a person of lists in lists": (
        lambda path: _pickled(path, {"a.jpg": {"tid": [ENDLESS], "smpl": [{}]}}),
        "not tuple: frame 0",
    ),
    "nameless": (lambda path: _pickled(path, {"a.jpg": {"tid": ["x"], "smpl": [{}]}}), "whole numbers"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_movement_is_refused_in_one_line(tmp_path: Path, case: str) -> None:
    spoil, words = REFUSED[case]
    path = tmp_path / "spoilt"
    spoil(path)
    path = path if path.exists() else path.with_suffix(".npz")
    with pytest.raises(InputError, match=words) as refused:
        clip_of(path).motion()
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("form", ["amass.npz", "wham.pkl", "gvhmr.pt"])
def test_files_that_are_cut_short_are_refused(tmp_path: Path, form: str) -> None:
    write, _, _ = (FORMS | SMPLX_FORMS)[form]
    content = write(tmp_path / form).read_bytes()
    for share in (0.2, 0.7, 0.99):
        (tmp_path / form).write_bytes(content[: int(len(content) * share)])
        code = main(["normalize", str(tmp_path / form), "-o", str(tmp_path / "out.npz")])
        assert code == 2
    assert not (tmp_path / "out.npz").exists()


def test_torch_files_of_the_old_form_tell_how_to_convert_them(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"smpl_params_global": {}}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(InputError, match=r"torch\.save"):
        read_motion_clip(tmp_path / "old.pt")


def test_torch_tensors_come_out_as_they_are(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from posenorm_core.torch_file import load_torch

    base = torch.arange(24.0)
    held = {
        "part": base[3:9].view(2, 3),
        "turned": base.view(4, 6).T,
        "whole": base.long(),
        "half": base.half(),
        "n": 1,
    }
    torch.save(held | {"endless": torch.ones(1).expand(10**9)}, tmp_path / "t.pt")
    found = load_torch(tmp_path / "t.pt")
    assert found["endless"] is None
    for name in ("part", "turned", "whole", "half"):
        np.testing.assert_array_equal(found[name], held[name].numpy())
        assert found[name].dtype == held[name].numpy().dtype


def test_a_tensor_that_goes_on_beyond_its_numbers_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"a": torch.zeros(6)}, tmp_path / "t.pt")
    with zipfile.ZipFile(tmp_path / "t.pt") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    short = {name: content[:8] if name.endswith("/data/0") else content for name, content in members.items()}
    with zipfile.ZipFile(tmp_path / "short.pt", "w") as archive:
        for name, content in short.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=r"short\.pt"):
        clip_of(tmp_path / "short.pt")


def test_the_command_writes_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = amass(tmp_path / "walk.npz")
    assert main(["normalize", str(path), "-o", str(tmp_path / "out.npz"), "--orientation", "heading"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("AMASS, person 1 of 1: 60 frames at 30 frames/s, heading, written to ")
    assert told.err == ""
    first = load_motion(tmp_path / "out.npz")
    # What was written is a motion too, and can be brought into another orientation.
    assert (
        main(["normalize", str(tmp_path / "out.npz"), "-o", str(tmp_path / "again.npz"), "--orientation", "view"]) == 0
    )
    again = load_motion(tmp_path / "again.npz")
    np.testing.assert_array_equal(again.rotations, with_orientation(first, "view").rotations)
    np.testing.assert_array_equal(again.root_position, first.root_position)


def test_the_command_warns_of_an_unknown_rate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = split(tmp_path / "walk.npz", Z_UP)
    assert main(["normalize", str(path), "-o", str(tmp_path / "out.bvh")]) == 0
    assert "--fps" in capsys.readouterr().err
    assert main(["normalize", str(path), "-o", str(tmp_path / "out.npz"), "--fps", "25"]) == 0
    assert capsys.readouterr().err == ""
    assert load_motion(tmp_path / "out.npz").fps == 25
