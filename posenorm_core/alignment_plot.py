"""The picture of an alignment: the matrix of distances with the path, and keyframes of A above their answers in B.

After Figure 7 of the paper. Where B is turned differently than A by more than `_TOLD` degrees, the joint is ringed.
Needs matplotlib, the extra [plot].
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posenorm_core.alignment import Alignment, joint_angles, matched_keyframes, pose_features
from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.correspondence import distances
from posenorm_core.files import write_aside
from posenorm_core.motion import Motion, with_orientation
from posenorm_core.pose_drawing import CELL, FAINT, INK, LEFT, RIGHT, draw_pose, require_plotting
from posenorm_core.recorded_motion import with_skeleton

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WORSE = "#cc3377"
# Cells of the matrix drawn along each side; more are not seen.
_MOST_CELLS = 1000
# Metres of space that a keyframe's cell shows: the body with arms held up, about the pelvis.
_WIDE, _LOW, _HIGH = 1.5, -1.15, 1.15
_TOLD = 30.0  # degrees
_LONGEST_NAME = 30


def draw_alignment(path: str | Path, alignment: Alignment, a: Motion, b: Motion, names: tuple[str, str]) -> None:
    """Writes the picture of `a` and `b`, called `names`, by the suffix of `path`; raises InputError where it cannot."""
    require_plotting(Path(path))
    import matplotlib
    from matplotlib.figure import Figure

    keyframes = matched_keyframes(alignment.path)
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 8.5}):
        figure = Figure(figsize=(11, 8.4), dpi=130, facecolor="white")
        figure.subplots_adjust(left=0.06, right=0.985, top=0.86, bottom=0.05)
        grid = figure.add_gridspec(2, 1, height_ratios=(1, 1.1), hspace=0.2)
        ((matrix, curve),) = grid[0].subgridspec(1, 2, width_ratios=(1, 1.4), wspace=0.24).subplots(squeeze=False)
        _draw_matrix(matrix, alignment, a, b, names, keyframes)
        _draw_curve(curve, alignment, a, keyframes)
        rows = grid[1].subgridspec(2, len(keyframes), wspace=0.05, hspace=0.12).subplots(squeeze=False)
        _draw_keyframes(rows, keyframes, a, b, names)
        _write_heading(figure, alignment, names)
        with write_aside(path) as aside:
            figure.savefig(aside, format=Path(path).suffix.lower().removeprefix("."))


def _draw_matrix(
    axes: "Axes", alignment: Alignment, a: Motion, b: Motion, names: tuple[str, str], keyframes: np.ndarray
) -> None:
    """The distances of all frames to all, dark where alike, with the path over them; in seconds."""
    features_a, features_b = (_thinned(pose_features(motion)) for motion in (a, b))
    seconds = len(a) / a.fps, len(b) / b.fps
    shown = distances(features_a, features_b).T * 1000
    image = axes.imshow(
        shown, origin="lower", aspect="auto", cmap="Greys_r", extent=(0, seconds[0], 0, seconds[1]), vmin=0
    )
    axes.plot((alignment.path[:, 0] + 0.5) / a.fps, (alignment.path[:, 1] + 0.5) / b.fps, color=RIGHT, linewidth=1.6)
    axes.plot((keyframes[:, 0] + 0.5) / a.fps, (keyframes[:, 1] + 0.5) / b.fps, "o", color=RIGHT, markersize=4)
    axes.set_xlabel(f"A: {_short(names[0])}, seconds", color=INK)
    axes.set_ylabel(f"B: {_short(names[1])}, seconds", color=INK)
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02, fraction=0.05)
    bar.set_label("distance, mm", color=FAINT)


def _thinned(features: np.ndarray) -> np.ndarray:
    """At most `_MOST_CELLS` of the frames, evenly."""
    chosen = np.linspace(0, len(features) - 1, min(len(features), _MOST_CELLS)).round().astype(int)
    return np.asarray(features[chosen])


def _draw_curve(axes: "Axes", alignment: Alignment, a: Motion, keyframes: np.ndarray) -> None:
    """How far each frame of A is from what answers it, the worst frames named."""
    curve = alignment.distance_per_frame() * 1000
    axes.fill_between(np.arange(len(curve)) / a.fps, curve, color=LEFT, alpha=0.2, linewidth=0)
    axes.plot(np.arange(len(curve)) / a.fps, curve, color=LEFT, linewidth=1.2)
    for number, worst in enumerate(alignment.worst_frames[:3], start=1):
        place = worst.frame_a / a.fps, worst.distance * 1000
        axes.plot(*place, "o", color=_WORSE, markersize=5)
        axes.annotate(str(number), place, textcoords="offset points", xytext=(5, 3), color=_WORSE, weight="bold")
    told = [
        f"{number}: " + ", ".join(f"{_words(j.joint)} {j.degrees:.0f}°" for j in worst.joints)
        for number, worst in enumerate(alignment.worst_frames[:3], start=1)
    ]
    axes.text(0.0, 1.02, "\n".join(told), color=_WORSE, fontsize=8, transform=axes.transAxes, va="bottom")
    for frame in keyframes[:, 0]:
        axes.axvline(frame / a.fps, color=FAINT, linewidth=0.5, alpha=0.5)
    axes.set_xlim(0, max(len(curve) - 1, 1) / a.fps)
    axes.set_ylim(0, max(1.25 * curve.max(), 1.0))
    axes.set_xlabel("A, seconds", color=INK)
    axes.set_ylabel("distance, mm", color=INK)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_keyframes(rows: np.ndarray, keyframes: np.ndarray, a: Motion, b: Motion, names: tuple[str, str]) -> None:
    """A's keyframes in the first row, the frames of B that answer them in the second."""
    angles = joint_angles(a, b, keyframes)
    for row, motion, frames, name in zip(rows, (a, b), keyframes.T, names, strict=True):
        poses = with_orientation(with_skeleton(motion, CONDITION_SKELETON), "unified").positions()[frames]
        for axes, pose, frame, differing in zip(row, poses, frames, angles, strict=True):
            draw_pose(axes, pose)
            limits = {"xlim": (-_WIDE / 2, _WIDE / 2), "ylim": (_LOW, _HIGH)}
            axes.set(xticks=[], yticks=[], aspect="equal", facecolor=CELL, **limits)
            axes.spines[:].set_visible(False)
            if motion is b:
                for joint in np.flatnonzero(differing > _TOLD):
                    axes.plot(*pose[joint, :2], "o", markersize=9, markerfacecolor="none", markeredgecolor=_WORSE)
            axes.text(0, _LOW + 0.04, f"{frame / motion.fps:.2f} s", color=FAINT, ha="center", fontsize=7.5)
        letter = "A" if motion is a else "B"
        row[0].set_ylabel(f"{letter}: {_short(name)}", color=INK, fontsize=8)


def _write_heading(figure: "Figure", alignment: Alignment, names: tuple[str, str]) -> None:
    """What was found, in one line."""
    speed = "" if alignment.speed_ratio is None else f", B {alignment.speed_ratio:.2f} times as fast as A"
    worst = ", ".join(f"{_words(joint.joint)} {joint.degrees:.0f}°" for joint in alignment.worst_joints)
    title = f"{_short(names[1])} (B) lined up with {_short(names[0])} (A)"
    figure.text(0.06, 0.97, title, fontsize=12, weight="bold", color=INK)
    told = f"similarity {alignment.similarity:.2f}{speed}; differing most on the whole: {worst}"
    figure.text(0.06, 0.945, told, fontsize=8.5, color=FAINT)
    ringed = f"ringed: joints turned more than {_TOLD:.0f}° differently"
    figure.text(0.985, 0.015, ringed, fontsize=8, color=_WORSE, ha="right")


def _short(name: str) -> str:
    """A clip's name, cut where it would not fit."""
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _words(joint: str) -> str:
    return joint.replace("_", " ")
