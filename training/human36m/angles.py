"""Human3.6M's joint angles: `D3_Angles` (CDF files) on the rig that the data set's `metadata.xml` describes.

A frame is 78 degrees and millimetres: where the root is, and three Euler angles for each of 25 joints. Which three
belong to a joint (`rotInd`, for x, y, z, counted from 1) and in which order they turn it (`order`, the outermost
first) is read from `skel_angles/tree` in metadata.xml; its 32 nodes are the 32 joints of the positions.

No real file was seen; programs that read them agree on this much. That the angles are understood is therefore
checked: the rig posed by them must point its bones where the positions do, in one world or another, or
`global_rotations` refuses them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from posenorm_core import quaternion
from posenorm_core.arrays import unit
from posenorm_core.errors import InputError
from posenorm_core.kinematics import global_rotations as chained
from training.human36m.files import JOINTS_3D
from training.human36m.skeleton import y_up

ANGLE_COUNT = 78
# In D3_Angles two actions have longer names than in data_3d_h36m.npz.
_RENAMED = (("TakingPhoto", "Photo"), ("WalkingDog", "WalkDog"))
_SHORTEST = 1e-2  # of the longest bone: what is shorter points nowhere
_FARTHEST = 10.0  # degrees, in the mean over bones and frames


@dataclass(frozen=True)
class Rig:
    """The 32 nodes: `columns` (in x, y, z) is () for those that do not turn."""

    parents: tuple[int, ...]
    offsets: np.ndarray  # (32, 3), with all angles at zero
    orders: tuple[str, ...]  # as `zxy`
    columns: tuple[tuple[int, ...], ...]


def find_angles(folder: Path) -> dict[tuple[str, str], Path]:
    """The CDF files under `folder`, by subject and recording: `S1/MyPoseFeatures/D3_Angles/Walking 1.cdf`."""
    found = {}
    for path in sorted(folder.rglob("D3_Angles/*.cdf")):
        subject = next((part for part in reversed(path.parts) if re.fullmatch(r"S\d+", part)), None)
        recording = path.stem
        for theirs, ours in _RENAMED:
            recording = recording.replace(theirs, ours)
        if subject is not None:
            found[subject, recording] = path
    return found


def read_rig(folder: Path) -> Rig:
    """The rig of `metadata.xml`; raises InputError where it is missing or tells of another one."""
    path = folder / "metadata.xml"
    if not path.is_file():
        raise InputError(f"{folder}: has D3_Angles, but no metadata.xml, which tells the order of their angles")
    try:
        tree = ElementTree.parse(path).getroot().find("skel_angles/tree")
        nodes = [] if tree is None else tree.findall("item")
        rig = Rig(
            parents=tuple(int(_numbers(node, "parent")[0]) - 1 for node in nodes),
            offsets=np.array([_numbers(node, "offset") for node in nodes]),
            orders=tuple("".join(re.findall("[xyz]", node.findtext("order", "").lower())) for node in nodes),
            columns=tuple(tuple(int(n) - 1 for n in _numbers(node, "rotInd")) for node in nodes),
        )
    except (OSError, ValueError, IndexError, ElementTree.ParseError) as error:
        raise InputError(f"{path}: its skel_angles/tree cannot be read ({error})") from None
    _require_rig(rig, path)
    return rig


def _numbers(node: ElementTree.Element, name: str) -> list[float]:
    """The numbers in `<name>[5 6 4]</name>`; none in an empty one."""
    return [float(number) for number in re.findall(r"-?[\d.]+(?:[eE][-+]?\d+)?", node.findtext(name, ""))]


def _require_rig(rig: Rig, path: Path) -> None:
    count = len(rig.parents)
    if count != JOINTS_3D or rig.offsets.shape != (count, 3):
        raise InputError(f"{path}: skel_angles/tree should hold {JOINTS_3D} items with an offset each, holds {count}")
    if rig.parents[0] != -1 or any(not 0 <= parent < j for j, parent in enumerate(rig.parents) if j):
        raise InputError(f"{path}: skel_angles/tree: the first item must be the root, a parent stand before its child")
    for columns, order in zip(rig.columns, rig.orders, strict=True):
        if columns and (len(columns) != 3 or not all(3 <= c < ANGLE_COUNT for c in columns) or len(set(order)) != 3):
            raise InputError(f"{path}: an item of skel_angles/tree has rotInd {columns} and order '{order}'")


def read_angles(path: Path) -> np.ndarray:
    """The angles (T, 78) of a CDF file; raises InputError where it is damaged, or cdflib is not installed."""
    try:
        import cdflib
    except ImportError:
        raise InputError(f"{path}: reading CDF files needs cdflib: python -m pip install cdflib") from None
    try:
        values = np.asarray(cdflib.CDF(path).varget("Pose"), dtype=np.float64)
    # What cdflib raises on a damaged file is whatever its parsing stumbles over.
    except Exception as error:
        raise InputError(f"{path}: holds no readable 'Pose' ({error}); it should be a CDF file of Human3.6M") from None
    if values.size == 0 or values.shape[-1] != ANGLE_COUNT or not np.isfinite(values).all():
        raise InputError(f"{path}: 'Pose' should be {ANGLE_COUNT} finite numbers a frame, is of shape {values.shape}")
    return values.reshape(-1, ANGLE_COUNT)


def local_rotations(rig: Rig, angles: np.ndarray) -> np.ndarray:
    """The nodes' local rotations (T, 32, 4) of `angles` (T, 78)."""
    rotations = np.tile([1.0, 0.0, 0.0, 0.0], (len(angles), JOINTS_3D, 1))
    for joint, (columns, order) in enumerate(zip(rig.columns, rig.orders, strict=True)):
        for letter in order if columns else "":
            axis = "xyz".index(letter)
            turn = quaternion.from_axis_angle(np.eye(3)[axis], np.radians(angles[:, columns[axis]]))
            rotations[:, joint] = quaternion.multiply(rotations[:, joint], turn)
    return rotations


def global_rotations(rig: Rig, angles: Sequence[np.ndarray], positions: Sequence[np.ndarray], where: str) -> np.ndarray:
    """How the nodes are turned (all frames, 32, 4) in the world of `positions`, with y up.

    `angles` (T, 78) and `positions` (T, 32, 3), z up, are those of all recordings of one subject. The world that
    the angles are told in is found from where the bones point. Raises InputError, which names `where`, unless they
    then agree.
    """
    turned = np.asarray(chained(local_rotations(rig, np.concatenate(angles)), rig.parents))
    seen = y_up(np.concatenate(positions).astype(np.float64))
    ours, theirs = _bone_directions(rig, turned, seen)
    left, _, right = np.linalg.svd(np.einsum("tbi,tbj->ij", theirs, ours))
    turn = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    off = np.degrees(np.arccos(np.clip(np.einsum("tbi,ij,tbj->tb", theirs, turn, ours), -1, 1))).mean()
    if not off < _FARTHEST:
        raise InputError(
            f"{where}: the angles of D3_Angles point its bones {off:.0f} degrees away from the positions; "
            "metadata.xml or the recordings' names are not understood. Without D3_Angles the positions alone are used"
        )
    return np.asarray(quaternion.multiply(quaternion.from_matrix(turn), turned))


def _bone_directions(rig: Rig, turned: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The directions (T, B, 3) of the bones with a length: of the rig in its world, of the positions in theirs."""
    lengths = np.linalg.norm(rig.offsets, axis=1)
    parents = np.maximum(rig.parents, 0)
    bones = seen - seen[:, parents]
    seen_lengths = np.median(np.linalg.norm(bones, axis=-1), axis=0)
    long = (lengths > _SHORTEST * lengths.max()) & (seen_lengths > _SHORTEST * seen_lengths.max())
    long[0] = False
    posed = quaternion.rotate(turned[:, parents[long]], rig.offsets[long])
    return np.asarray(unit(posed)), np.asarray(unit(bones[:, long]))
