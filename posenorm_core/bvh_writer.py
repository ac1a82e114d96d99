"""Writing a motion as BVH: Y-up, centimetres, the skeleton's own hierarchy and names, rotation channels Z X Y.

The root carries the motion's root positions. Where a motion has none (all zero), the whole clip is raised by a
constant so that its lowest joint stands on the floor, y = 0; nothing else is invented.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from posenorm_core.files import write_aside
from posenorm_core.motion import Motion
from posenorm_core.skeleton import Skeleton

_CENTIMETRES = 100.0
# An end site continues its joint's bone by this share: a leaf has no length of its own.
_TIP = 0.3
_ROOT_CHANNELS = "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"
_CHANNELS = "CHANNELS 3 Zrotation Xrotation Yrotation"


def write_motion_bvh(motion: Motion, path: str | Path) -> None:
    """Writes the motion aside and renames; raises InputError where it cannot.

    The rotations are written to a hundred-millionth of a degree, the frame time to ten digits: what is read back
    is the same to 1e-6 rad.
    """
    order = _depth_first(motion.skeleton)
    angles = np.degrees(quaternion_to_zxy(motion.rotations[:, order].astype(np.float64)))
    values = np.concatenate([root_positions(motion) * _CENTIMETRES, angles.reshape(len(motion), -1)], axis=1)
    row = " ".join(["%.6f"] * 3 + ["%.8f"] * (values.shape[1] - 3))
    with write_aside(path) as aside, aside.open("w", encoding="utf-8", newline="\n") as file:
        file.write("HIERARCHY\n")
        file.writelines(_hierarchy(motion.skeleton, 0, 0))
        file.write(f"MOTION\nFrames: {len(motion)}\nFrame Time: {1 / motion.fps:.10f}\n")
        file.writelines(row % tuple(frame) + "\n" for frame in values.tolist())


def root_positions(motion: Motion) -> np.ndarray:
    """(T, 3) metres: the motion's path, or where it has none the place that sets its lowest joint on y = 0."""
    if motion.path.any():
        return np.asarray(motion.path, dtype=np.float64)
    lowest = float(motion.positions()[..., 1].min())
    return np.tile([0.0, -lowest, 0.0], (len(motion), 1))


def quaternion_to_zxy(q: np.ndarray) -> np.ndarray:
    """Unit quaternions (…, 4) -> angles (…, 3) in radians, q = turn about Z · about X · about Y.

    At gimbal lock (X at a quarter turn) only Z + Y or Z - Y is determined; Y is then 0. Near it the angles are
    less certain but what they compose to is not.
    """
    w, x, y, z = np.moveaxis(q, -1, 0)
    # q = qz qx qy gives half sums and differences of the Z and Y angles, exact on both sides of the lock.
    total = np.arctan2(z + y, w + x)
    difference = np.arctan2(z - y, w - x)
    minus, plus = np.hypot(z + y, w + x), np.hypot(z - y, w - x)
    about_x = 2 * np.arctan2(minus, plus) - np.pi / 2
    locked = np.minimum(minus, plus) < 1e-7
    about_z = np.where(locked, 2 * np.where(minus > plus, total, difference), total + difference)
    about_y = np.where(locked, 0.0, total - difference)
    return np.stack([about_z, about_x, about_y], axis=-1)


def _depth_first(skeleton: Skeleton, joint: int = 0) -> list[int]:
    """The joints in the order in which BVH writes them."""
    children = [child for child, parent in enumerate(skeleton.parents) if parent == joint]
    return [joint, *(j for child in children for j in _depth_first(skeleton, child))]


def _hierarchy(skeleton: Skeleton, joint: int, depth: int) -> Iterator[str]:
    """The lines of `joint` and what hangs on it; end sites close the leaves."""
    indent = "\t" * depth
    offset = skeleton.offsets[joint] if joint else np.zeros(3)
    yield f"{indent}{'JOINT' if joint else 'ROOT'} {skeleton.joint_names[joint]}\n{indent}{{\n"
    yield f"{indent}\tOFFSET {_triple(offset)}\n{indent}\t{_CHANNELS if joint else _ROOT_CHANNELS}\n"
    children = [child for child, parent in enumerate(skeleton.parents) if parent == joint]
    for child in children:
        yield from _hierarchy(skeleton, child, depth + 1)
    if not children:
        yield f"{indent}\tEnd Site\n{indent}\t{{\n{indent}\t\tOFFSET {_triple(offset * _TIP)}\n{indent}\t}}\n"
    yield f"{indent}}}\n"


def _triple(metres: np.ndarray) -> str:
    """Three numbers in centimetres."""
    return " ".join(f"{value:.6f}" for value in metres * _CENTIMETRES + 0.0)
