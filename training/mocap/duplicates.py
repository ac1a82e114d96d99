"""The same recording met twice: public collections overlap, and a split must not have one half on either side.

Two clips are the same recording where knees and elbows bend alike all the time: the flexions do not depend on the
rig, the body or the heading.
"""

from collections.abc import Sequence

import numpy as np

from posenorm_core import quaternion
from posenorm_core.arrays import unit
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES
from posenorm_core.rest_pose import LIMBS
from training.mocap.dataset import DataClip

_HINGES = [JOINT_NAMES.index(hinge) for _, hinge, _, _ in LIMBS]
_BONES = unit(CONDITION_SKELETON.offsets[[JOINT_NAMES.index(end) for _, _, end, _ in LIMBS]])
# Copies of a recording differ by up to 2.4 degrees here, other clips of the same walk by 5.5 and more.
_ALIKE = np.radians(4)
_LAG = 3  # frames by which copies may be cut differently
# Families give way where another has the same, the last of these first: one skeleton shared by all, a character.
_GIVING_WAY = ("dragonforged", "chaneyddtt")


def find_duplicates(clips: Sequence[DataClip]) -> dict[int, int]:
    """The clips that repeat another: the number of the one to drop -> the number of the one to keep."""
    ranks = {family: rank for rank, family in enumerate(_GIVING_WAY, start=1)}
    order = sorted(range(len(clips)), key=lambda number: (ranks.get(clips[number].family, 0), number))
    bends = [_flexions(clip.rotations) for clip in clips]
    found: dict[int, int] = {}
    for place, number in enumerate(order):
        kept = (other for other in order[:place] if other not in found and _same(bends[other], bends[number]))
        original = next(kept, None)
        if original is not None:
            found[number] = original
    return found


def _flexions(rotations: np.ndarray) -> np.ndarray:
    """How far knees and elbows are bent, radians (T, 4): rotations (T, 19, 4)."""
    bent = np.asarray(quaternion.rotate(rotations[:, _HINGES], _BONES))
    return np.arccos(np.clip(np.sum(bent * _BONES, axis=-1), -1.0, 1.0))


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether the flexions (T, 4) agree at some lag, the clips being about equally long."""
    if abs(len(a) - len(b)) > _LAG:
        return False
    if np.abs(a.mean(axis=0) - b.mean(axis=0)).max() > 2 * _ALIKE:
        return False
    return min(_difference(a, b, lag) for lag in range(-_LAG, _LAG + 1)) < _ALIKE


def _difference(a: np.ndarray, b: np.ndarray, lag: int) -> float:
    """The root mean square difference where `a` runs `lag` frames behind `b`."""
    a, b = (a[lag:], b) if lag >= 0 else (a, b[-lag:])
    count = min(len(a), len(b))
    return float(np.sqrt(np.mean((a[:count] - b[:count]) ** 2)))
