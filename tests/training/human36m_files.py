"""Small files in Human3.6M's layout, made of built-in motion: what the tests of `training.human36m` read.

The pixels are made by the data set's own formula (Martinez et al.'s `cameras.py`), not by the one under test. Zero
angles are not the T-pose: as in the data set, bones of the arms run along y in their nodes.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from posenorm_core import quaternion
from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.builtin_motion.clip import BuiltinClip
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, PARENTS
from posenorm_core.kinematics import local_rotations, pose_skeleton
from training.human36m.cameras import Camera, cameras_of
from training.human36m.protocol import ACTIONS

KEPT = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]
SYMMETRY = [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]
# Node, parent, the joint of ours that stands there, the one whose rotation it has.
_TRUNK = [(0, -1, "pelvis", "pelvis"), (11, 0, "pelvis", "pelvis"), (12, 11, "spine", "thorax")]
_TRUNK += [(13, 12, "thorax", "thorax"), (14, 13, "neck", "neck"), (15, 14, "head", "neck")]
_SIDES = [("right", 1, 24), ("left", 6, 16)]
NODES = list(_TRUNK)
for _side, _leg, _arm in _SIDES:
    for _k, _joint in enumerate(("hip", "knee", "ankle", "toe", "toe")):
        _turning = f"{_side}_{'ankle' if _joint == 'toe' else _joint}"
        NODES.append((_leg + _k, _leg + _k - 1 if _k else 0, f"{_side}_{_joint}", _turning))
    NODES.append((_arm, 12, "thorax", "thorax"))
    for _k, (_joint, _turning) in enumerate((("shoulder", "shoulder"), ("elbow", "elbow"), *[("wrist", "elbow")] * 5)):
        _parent = {3: _arm + 3, 4: _arm + 4, 5: _arm + 3, 6: _arm + 6}.get(_k, _arm + _k)
        NODES.append((_arm + 1 + _k, _parent, f"{_side}_{_joint}", f"{_side}_{_turning}"))
NODES.sort()
SITES = (5, 10, 15, 21, 23, 29, 31)
_QUARTER = np.sqrt(0.5)
# Takes y onto the T-pose's direction of each arm.
_ARM_TURNS = {"left": np.array([_QUARTER, 0, 0, -_QUARTER]), "right": np.array([_QUARTER, 0, 0, _QUARTER])}


@dataclass(frozen=True)
class Acted:
    """A recording: our rotations as truth, and what the files hold of it."""

    rotations: np.ndarray  # (T, 19, 4), local
    positions: np.ndarray  # (T, 32, 3) metres, z up
    angles: np.ndarray  # (T, 78), z up


def body(subject: str) -> np.ndarray:
    """The offsets (19, 3) of a subject."""
    return CONDITION_SKELETON.offsets * {"S1": 1.0, "S9": 1.08, "S11": 0.94}[subject]


@cache
def acted(subject: str, action: str, frames: int, seed: int = 0, start: int = 0) -> Acted:
    """Built-in motion at 50 frames/s, the thorax turning as the spine does (the files' rig has one joint less)."""
    clip = _builtin(action, seed)
    rotations = clip.rotations[start : start + frames].astype(np.float64)
    rotations[:, JOINT_NAMES.index("thorax")] = [1, 0, 0, 0]
    positions, turned = pose_skeleton(body(subject), rotations, PARENTS)
    root = clip.root_position[start : start + frames].astype(np.float64)
    root[:, [0, 2]] -= root[:, [0, 2]].mean(axis=0)
    stands = [JOINT_NAMES.index(name) for _, _, name, _ in NODES]
    nodes = (positions + root[:, None])[:, stands]
    # The tips of the feet are not the balls.
    nodes[:, [5, 10]] += 0.5 * (nodes[:, [4, 9]] - nodes[:, [3, 8]])
    turning = np.stack([_turned(turned, node, name) for node, _, _, name in NODES], axis=1)
    return Acted(rotations, z_up(nodes), _angles(turning, z_up(root)))


@cache
def _builtin(action: str, seed: int) -> BuiltinClip:
    return builtin_clip(action, seed=seed, seconds=3.0, fps=50.0)


def _turned(turned: np.ndarray, node: int, name: str) -> np.ndarray:
    """How a node is turned (T, 4): as our joint, and for the arms so that their bones run along y."""
    own = turned[:, JOINT_NAMES.index(name)]
    side = "left" if 16 <= node < 24 else "right"
    return np.asarray(quaternion.multiply(own, _ARM_TURNS[side])) if node >= 16 else own


def z_up(vectors: np.ndarray) -> np.ndarray:
    return np.stack([vectors[..., 0], -vectors[..., 2], vectors[..., 1]], axis=-1)


def _angles(turning: np.ndarray, root: np.ndarray) -> np.ndarray:
    """The nodes' rotations (T, 32, 4), y up, as the files tell them: z up, degrees and millimetres."""
    tipped = quaternion.multiply(np.array([_QUARTER, _QUARTER, 0, 0]), turning)
    local = np.asarray(local_rotations(tipped, tuple(parent for _, parent, _, _ in NODES)))
    nodes = [node for node, *_ in NODES if node not in SITES]
    euler = [Rotation.from_quat(local[:, node, [1, 2, 3, 0]]).as_euler("ZXY", degrees=True) for node in nodes]
    return np.concatenate([1000 * root, *euler], axis=1)


def write_metadata(folder: Path, order: str = "zxy") -> None:
    """The part of metadata.xml that tells of the angles."""
    items, column = [], 4
    for node, parent, stands, _ in NODES:
        above = next(name for n, _, name, _ in NODES if n == max(parent, 0))
        offset = _offset(stands, above) if node >= 16 else 100 * _difference(stands, above)
        turning = "" if node in SITES else f"[{column + 1} {column + 2} {column}]"
        column += 0 if node in SITES else 3
        numbers = " ".join(f"{value:.6f}" for value in offset)
        items.append(
            f"<item><name>n{node}</name><parent>{parent + 1}</parent><offset>[{numbers}]</offset>"
            f"<rotInd>{turning}</rotInd><order>{order if turning else ''}</order></item>"
        )
    tree = f"<metadata><skel_angles><tree>{''.join(items)}</tree></skel_angles></metadata>"
    (folder / "metadata.xml").write_text(tree)


def _difference(stands: str, above: str) -> np.ndarray:
    """From a joint of ours to another below it, in the T-pose."""
    names, total = stands, np.zeros(3)
    while names != above:
        joint = JOINT_NAMES.index(names)
        total = total + CONDITION_SKELETON.offsets[joint]
        names = JOINT_NAMES[PARENTS[joint]]
    return total


def _offset(stands: str, above: str) -> np.ndarray:
    """The same of an arm, along y."""
    return np.array([0.0, 100 * np.linalg.norm(_difference(stands, above)), 0.0])


def write_angles(folder: Path, subject: str, recording: str, angles: np.ndarray) -> Path:
    from cdflib.cdfwrite import CDF

    path = folder / subject / "MyPoseFeatures" / "D3_Angles" / f"{recording}.cdf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    file = CDF(path)
    spec = {"Variable": "Pose", "Data_Type": CDF.CDF_DOUBLE, "Num_Elements": 1, "Rec_Vary": True}
    file.write_var({**spec, "Dim_Sizes": list(angles.shape)}, var_data=angles[None])
    file.close()
    return path


def pixels(camera: Camera, positions: np.ndarray) -> np.ndarray:
    """Positions (T, 17, 3), z up, as the data set's own formula projects them: (p1, p2) is the pair reversed."""
    turn = Rotation.from_quat(camera.rotation[[1, 2, 3, 0]]).as_matrix()
    seen = (positions - camera.position) @ turn
    flat = seen[..., :2] / seen[..., 2:]
    p1, p2 = camera.tangential[::-1]
    square = (flat**2).sum(axis=-1)
    radial = 1 + sum(k * square ** (n + 1) for n, k in enumerate(camera.radial))
    bent = flat * (radial + p1 * flat[..., 1] + p2 * flat[..., 0])[..., None] + np.stack([p2 * square, p1 * square], -1)
    return np.asarray(bent * camera.focal_length + camera.principal_point)


def recordings() -> dict[str, dict[str, Acted]]:
    """S9 and S11 share the actions, and both greet; S11's `Directions` is to be dropped; S1 walks and squats."""
    acts = ("walk", "reach", "squat")
    shares = {"S9": (ACTIONS[:8], 26), "S11": (("Directions", "Greeting", *ACTIONS[8:-1], "Walking 1"), 21)}
    found = {
        subject: {name: acted(subject, acts[k % 3], frames, start=k) for k, name in enumerate(names)}
        for subject, (names, frames) in shares.items()
    }
    found["S1"] = {"Walking 1": acted("S1", "walk", 150, 3), "Sitting": acted("S1", "squat", 101, 4)}
    return found


def write_files(folder: Path) -> Path:
    """`data_3d_h36m.npz` and `data_2d_h36m_gt.npz` of `recordings()`."""
    held = recordings()
    positions = {s: {name: r.positions.astype(np.float32) for name, r in acts.items()} for s, acts in held.items()}
    np.savez_compressed(folder / "data_3d_h36m.npz", positions_3d=positions)
    points = {s: {name: seen_by_all(s, r) for name, r in acts.items()} for s, acts in held.items()}
    write_keypoints(folder, points)
    return folder


def seen_by_all(subject: str, recording: Acted) -> list[np.ndarray]:
    return [pixels(camera, recording.positions[:, KEPT]).astype(np.float32) for camera in cameras_of(subject)]


def write_keypoints(folder: Path, points: object, detections: str = "gt", symmetry: object = SYMMETRY) -> None:
    metadata = {"layout_name": "h36m", "num_joints": 17, "keypoints_symmetry": symmetry}
    path = folder / f"data_2d_h36m_{detections}.npz"
    np.savez_compressed(path, positions_2d=points, metadata=metadata)
