"""The demo's stages: read a clip, normalize it, write the motion, build the armature, picture what was saved.

Each is a call of a documented function of the core or the add-on; Blender works in processes of its own.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from demo.bone_positions import read_bone_heads
from demo.contact_sheet import draw_contact_sheet
from posenorm_core.builtin_motion import demo_clips
from posenorm_core.bvh import write_motion_bvh
from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.errors import InputError
from posenorm_core.formats import read_clip
from posenorm_core.keypoints import Keypoints
from posenorm_core.motion import save_motion
from posenorm_core.normalizer import normalize

_PICTURED = 8  # frames on the contact sheet


@dataclass
class Report:
    """What a run of the demo did."""

    clip_name: str = ""
    frames: int = 0
    fps: float = 0.0
    warning: str = ""
    seconds: dict[str, float] = field(default_factory=dict)  # by stage, in order
    files: list[Path] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times what runs inside."""
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun


def run_demo(source: Path | None, folder: Path) -> Report:
    """Runs all stages on the keypoints at `source`, or on the built-in clip, and leaves the files in `folder`.

    Raises InputError where `source` is no readable keypoints or `folder` cannot be written.
    """
    report = Report()
    with report.stage("clip"):
        keypoints = _keypoints(source, report)
    with report.stage("normalize"):
        motion = normalize(keypoints)
    motion_file, bvh, fbx, blend, picture = report.files = [
        folder / name for name in ("motion.npz", "motion.bvh", "motion.fbx", "motion.blend", "preview.png")
    ]
    with report.stage("motion file and BVH"):
        _make_folder(folder)
        save_motion(motion, motion_file)
        write_motion_bvh(motion, bvh)
    with report.stage("armature, FBX and .blend"):
        _export_from_blender(motion_file, fbx, blend)
    with report.stage("picture of the saved .blend"):
        frames = np.unique(np.linspace(0, len(keypoints) - 1, _PICTURED).round().astype(int))
        heads = read_bone_heads(blend, frames / keypoints.fps, JOINT_NAMES)
        title = f"{report.clip_name}: {report.frames} frames at {report.fps:.4g} frames/s"
        draw_contact_sheet(picture, keypoints, frames, heads, title)
    return report


def _keypoints(source: Path | None, report: Report) -> Keypoints:
    """The most visible person of `source`, or the first built-in clip; notes in `report` what it is."""
    if source is None:
        keypoints = demo_clips()[0]
        report.clip_name = "Built-in clip"
    else:
        clip = read_clip(source)
        keypoints = clip.keypoints()
        report.clip_name = source.name
        if clip.fps is None:
            report.warning = f"{source} does not tell its frame rate; {keypoints.fps:g} is taken"
    report.frames, report.fps = len(keypoints), keypoints.fps
    return keypoints


def _make_folder(folder: Path) -> None:
    """Makes `folder`; raises InputError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror}); make room for a folder of that name") from None


def _export_from_blender(motion: Path, fbx: Path, blend: Path) -> None:
    """Has the add-on build the armature and write both files, by its own command."""
    command = [sys.executable, "-m", "addon", "export", str(motion), "--fbx", str(fbx), "--blend", str(blend)]
    run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if run.returncode == 2:
        raise InputError(run.stderr.strip().rpartition("\n")[2].removeprefix("error: "))
    if run.returncode:
        raise RuntimeError(f"the export from Blender failed:\n{run.stdout[-1000:]}{run.stderr[-2000:]}")
