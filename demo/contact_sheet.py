"""The contact sheet: a clip's 2D poses in one row, the normalized armature from the front below, frame by frame.

The upper row is in the image's pixels, the lower in Blender's metres; within a row every cell has the same
scale. The subject's left side is blue and his right side orange in both, so that a mirrored limb is seen at once.
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from posenorm_core.condition_skeleton import JOINT_NAMES, PARENTS
from posenorm_core.files import write_aside
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import FIXED_TO, LANDMARK_NAMES

LEFT, RIGHT, MIDDLE = "#2f6fb7", "#e07b28", "#44494f"
_PAPER, _CELL, _GROUND, _FAINT = "#ffffff", "#f4f5f7", "#b9bec5", "#7b828a"
_BONE_WIDTH = 0.075  # metres
_MARGIN = 1.12  # how much wider a cell is than the largest pose in its row

# What each landmark hangs on: the skeleton's parents, then the five fixed points (the ears hang on the nose).
_NOSE = LANDMARK_NAMES.index("nose")
_HANGS_ON = PARENTS + tuple(
    _NOSE if name.endswith("ear") else joint for name, joint in zip(LANDMARK_NAMES[19:], FIXED_TO, strict=True)
)


def draw_contact_sheet(
    path: str | Path, keypoints: Keypoints, frames: np.ndarray, bone_heads: np.ndarray, title: str
) -> None:
    """Writes the picture (`.png`) of `frames` (N,), aside and renamed.

    `bone_heads` (N, 19, 3) are the armature's joints at those frames in Blender's world: metres, +Z up, seen
    from the front, which is from −Y. Raises InputError where the picture cannot be written.
    """
    count = len(frames)
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 9}):
        figure = Figure(figsize=(1.75 * count + 0.7, 5.9), dpi=120, facecolor=_PAPER)
        grid = figure.add_gridspec(2, count, left=0.045, right=0.99, top=0.855, bottom=0.075, wspace=0.05, hspace=0.1)
        upper = [figure.add_subplot(grid[0, column]) for column in range(count)]
        lower = [figure.add_subplot(grid[1, column]) for column in range(count)]
        _draw_image_row(upper, keypoints, frames)
        _draw_armature_row(lower, bone_heads)
        for axes, frame in zip(upper, frames, strict=True):
            axes.set_title(f"{frame / keypoints.fps:.2f} s", color=_FAINT, pad=5)
        upper[0].set_ylabel("2D pose (image)", color=MIDDLE, labelpad=8)
        lower[0].set_ylabel("armature (front)", color=MIDDLE, labelpad=8)
        _draw_heading(figure, title)
        with write_aside(path) as aside:
            figure.savefig(aside, format="png")


def _draw_heading(figure: Figure, title: str) -> None:
    """The title and what the two colours mean."""
    figure.text(0.045, 0.945, title, fontsize=13, color=MIDDLE, weight="bold", va="center")
    meanings = ((LEFT, "subject's left"), (RIGHT, "subject's right"), (MIDDLE, "trunk and head"))
    handles = [Line2D([], [], color=color, linewidth=4, label=label) for color, label in meanings]
    figure.legend(handles=handles, loc="center right", bbox_to_anchor=(0.995, 0.945), ncols=3, frameon=False)


def _draw_image_row(row: list[Axes], keypoints: Keypoints, frames: np.ndarray) -> None:
    """The 2D poses: each centred on the person, all with the same pixels a centimetre of paper."""
    points, confidence = keypoints.points[frames], keypoints.confidence[frames]
    visible = [pose[certain > 0] for pose, certain in zip(points, confidence, strict=True)]
    together = np.concatenate([*visible, np.zeros((0 if any(map(len, visible)) else 1, 2))])
    for axes, pose, certain, seen in zip(row, points, confidence, visible, strict=True):
        _prepare(axes, float(seen[:, 0].mean()) if len(seen) else 0.0)
        for joint, parent in _seen_limbs(certain):
            strength = 0.3 + 0.7 * float(min(certain[joint], certain[parent]))
            _draw_limb(axes, pose[parent], pose[joint], _side_color(LANDMARK_NAMES[joint]), strength)
        for joint in np.flatnonzero(certain > 0).tolist():
            axes.plot(*pose[joint], "o", color=_side_color(LANDMARK_NAMES[joint]), markersize=3.2, zorder=3)
        if not len(seen):
            axes.text(0.5, 0.5, "nobody seen", transform=axes.transAxes, ha="center", color=_FAINT)
    width = max((float(np.ptp(seen[:, 0])) for seen in visible if len(seen)), default=0.0)
    _same_scale(row, width, (float(together[:, 1].max()), float(together[:, 1].min())))


def _draw_armature_row(row: list[Axes], bone_heads: np.ndarray) -> None:
    """The armature from −Y: x to the right, z up, near bones over far ones, above the floor at z = 0."""
    for axes, pose in zip(row, bone_heads, strict=True):
        center = float(pose[0, 0])
        _prepare(axes, center)
        axes.axhline(0, color=_GROUND, linewidth=1.2, zorder=1)
        for joint, parent in enumerate(PARENTS):
            if parent >= 0:
                nearness = 10 - float(pose[joint, 1] + pose[parent, 1])
                _draw_bone(axes, pose[parent, [0, 2]], pose[joint, [0, 2]], _side_color(JOINT_NAMES[joint]), nearness)
    width = 2 * np.abs(bone_heads[..., 0] - bone_heads[:, :1, 0]).max()
    _same_scale(row, float(width), (min(0.0, float(bone_heads[..., 2].min())), float(bone_heads[..., 2].max())))


def _seen_limbs(confidence: np.ndarray) -> list[tuple[int, int]]:
    """(landmark, the nearest landmark it hangs on) among those with a confidence (24,): a missing one is bridged."""
    limbs = []
    for landmark in np.flatnonzero(confidence > 0):
        above = _HANGS_ON[landmark]
        while above >= 0 and confidence[above] == 0:
            above = _HANGS_ON[above]
        if above >= 0:
            limbs.append((int(landmark), above))
    return limbs


def _side_color(name: str) -> str:
    """The colour of the side of the body that a joint is on."""
    return LEFT if name.startswith("left_") else RIGHT if name.startswith("right_") else MIDDLE


def _draw_limb(axes: Axes, start: np.ndarray, end: np.ndarray, color: str, strength: float) -> None:
    """A stick between two joints, with a thin rim of the cell's colour that sets it off from what is behind."""
    line = ([start[0], end[0]], [start[1], end[1]])
    axes.plot(*line, color=_CELL, linewidth=4.4, solid_capstyle="round", zorder=2)
    axes.plot(*line, color=color, linewidth=2.6, solid_capstyle="round", alpha=strength, zorder=2.1)


def _draw_bone(axes: Axes, head: np.ndarray, tail: np.ndarray, color: str, order: float) -> None:
    """A bone as Blender draws its octahedra: thick near its head (2,), pointed at its tail (2,), a ball at both."""
    along = tail - head
    across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9) * _BONE_WIDTH / 2
    shoulder = head + 0.16 * along
    outline = [head, shoulder + across, tail, shoulder - across]
    axes.add_patch(Polygon(outline, facecolor=color, edgecolor=_CELL, linewidth=0.7, joinstyle="round", zorder=order))
    for end in (head, tail):
        axes.plot(*end, "o", color=color, markeredgecolor=_CELL, markeredgewidth=0.7, markersize=4.6, zorder=order)


def _prepare(axes: Axes, center: float) -> None:
    """An empty cell without scales, centred on the person."""
    axes.set_facecolor(_CELL)
    axes.set_xticks([])
    axes.set_yticks([])
    for edge in axes.spines.values():
        edge.set_visible(False)
    axes.set_xlim(center - 1, center + 1)


def _same_scale(row: list[Axes], width: float, vertical: tuple[float, float]) -> None:
    """Gives every cell of a row the same scale: the largest pose's `width`, and the height from bottom to top."""
    bottom, top = vertical
    box = row[0].get_window_extent()
    half_height = _MARGIN / 2 * max(abs(top - bottom), width * box.height / box.width, 1e-3)
    half_width = half_height * box.width / box.height
    upward = half_height if top >= bottom else -half_height
    for axes in row:
        center = float(np.mean(axes.get_xlim()))
        axes.set_xlim(center - half_width, center + half_width)
        axes.set_ylim((bottom + top) / 2 - upward, (bottom + top) / 2 + upward)
