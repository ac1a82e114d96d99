"""Poses as stick figures in matplotlib's axes (the extra `[plot]`), and the colours that all pictures of them share.

The subject's left is blue and the right orange (Okabe and Ito's, told apart by the colour-blind), the head a ball.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posenorm_core.condition_skeleton import JOINT_NAMES, PARENTS
from posenorm_core.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".png", ".svg", ".pdf")
LEFT, RIGHT, MIDDLE = "#0072b2", "#d55e00", "#4a5058"
CELL, INK, FAINT = "#f4f5f7", "#2b2f33", "#6b727a"
_HEAD = JOINT_NAMES.index("head")


def require_plotting(path: Path) -> None:
    """Raises InputError where matplotlib is missing, or the name of `path` ends in none of `SUFFIXES`."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: the name of the picture must end in {', '.join(SUFFIXES)}")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputError('pictures need matplotlib; install it by: pip install "posenorm[plot]"') from None


def draw_pose(axes: "Axes", pose: np.ndarray, strength: float = 1.0) -> None:
    """`pose` (19, 3) metres, z towards the reader, what is near over what is far; `strength` is the opacity."""
    for joint in sorted(range(1, len(pose)), key=lambda joint: float(pose[[joint, PARENTS[joint]], 2].mean())):
        name, ends = JOINT_NAMES[joint], pose[[PARENTS[joint], joint]]
        color = LEFT if name.startswith("left_") else RIGHT if name.startswith("right_") else MIDDLE
        if joint == _HEAD:
            axes.plot(*ends.mean(axis=0)[:2], "o", color=color, markersize=9, markeredgewidth=0, alpha=strength)
        else:
            axes.plot(*ends[:, :2].T, color=color, linewidth=2.6, solid_capstyle="round", alpha=strength)
