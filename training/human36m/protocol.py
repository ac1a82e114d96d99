"""Protocol 1 of Human3.6M: who trains, who tests, and the clips a model is asked about.

S1, S5, S6, S7 and S8 train; S9 and S11 test, all recordings, all frames, all four cameras; the 17 joints of the files;
positions from the pelvis, not aligned; the mean over the 15 actions, within each over its frames. A model gets what
`posenorm_core.normalize` gives it: the detected points at 30 frames/s with the pelvis as the centre; its answer is
brought back to the files' own 50, so that every frame is scored.

Truth and answer are in the view frame, which is the camera's turned so that its axis runs through the pelvis:
distances are the same in either, and an answer in the camera's own frame takes the calibration besides.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from posenorm_core import camera as view
from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_COUNT, MIRROR, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.frame_rate import input_times, resample_keypoints, resample_times, resample_values
from posenorm_core.landmarks import LANDMARK_COUNT
from posenorm_core.network_input import network_input
from training.human36m.cameras import Camera, cameras_of
from training.human36m.files import (
    FPS,
    GROUND_TRUTH,
    JOINTS_2D,
    Positions,
    action_of,
    as_long_as,
    read_keypoints,
    read_positions,
)
from training.human36m.skeleton import OUR_JOINTS, motion_from_points, our_points

TRAIN_SUBJECTS = ("S1", "S5", "S6", "S7", "S8")
TEST_SUBJECTS = ("S9", "S11")
ACTIONS = (
    *("Directions", "Discussion", "Eating", "Greeting", "Phoning", "Photo", "Posing", "Purchases", "Sitting"),
    *("SittingDown", "Smoking", "Waiting", "WalkDog", "WalkTogether", "Walking"),
)
# Recordings whose 3D is known to stand beside the person (MHFormer, issue 92). They count in the protocol.
SHIFTED = (("S9", "Greeting"), ("S9", "SittingDown 1"), ("S9", "Waiting 1"))
_FARTHEST = 1.0  # pixels: ground truth is the positions' own projection


@dataclass(frozen=True)
class EvaluationClip:
    """One recording from one camera: T frames at 50 frames/s."""

    subject: str
    recording: str
    camera: Camera
    pixels: np.ndarray  # (T, 17, 2), detected or true
    seen: np.ndarray  # (T, 19, 3) metres, the joints in the camera's frame
    offsets: np.ndarray  # (19, 3) metres, the subject's body in the T-pose

    @property
    def action(self) -> str:
        """One of ACTIONS."""
        return action_of(self.recording)

    @property
    def positions(self) -> np.ndarray:
        """The truth (T, 19, 3): metres from the pelvis, in the view frame."""
        pelvis = self.seen[:, :1]
        return np.asarray(quaternion.rotate(view.view_rotation(pelvis), self.seen - pelvis))

    def features(self, context: int) -> np.ndarray:
        """The network's input at 30 frames/s, (1, N + 2·network_context, 72).

        `context` frames on either side (`Architecture.context`), INPUT_CONTEXT among them, hold the ends.
        """
        points = np.zeros((len(self.pixels), LANDMARK_COUNT, 2))
        confidence = np.zeros(points.shape[:2])
        # The files' 17 joints are the first of the landmarks, in their order.
        points[:, :JOINTS_2D], confidence[:, :JOINTS_2D] = self.pixels, 1
        points, confidence = resample_keypoints(points, confidence, resample_times(len(points), FPS))
        frames = np.clip(np.arange(-context, len(points) + context), 0, len(points) - 1)
        return np.asarray(network_input(points[frames], confidence[frames]))[None].astype(np.float32)

    def at_own_frames(self, positions: np.ndarray) -> np.ndarray:
        """An answer (N, 19, 3) at 30 frames/s at the T frames of the clip."""
        return resample_values(positions, input_times(len(self.pixels), FPS))

    def on_bodies(self, factors: np.ndarray) -> "EvaluationClip":
        """The same motion with every bone's length times `factors` (T, 19), and its true pixels."""
        joints = [self.seen[:, 0]]
        for joint, parent in enumerate(PARENTS[1:], start=1):
            bone = self.seen[:, joint] - self.seen[:, parent]
            joints.append(joints[parent] + bone * factors[:, joint, None])
        seen = np.stack(joints, axis=1)
        return replace(self, seen=seen, pixels=self.camera.project(seen[:, :JOINTS_2D]))


def drawn_factors(frames: int, rng: np.random.Generator, *, each_bone: bool) -> np.ndarray:
    """Lengths for ΔMPJPE (paper, 4.1): U[0.75, 1.25] for every 50 frames, (frames, 19), left and right alike.

    One factor a bone (`each_bone`), or one for the whole body; the paper does not say which.
    """
    drawn = rng.uniform(0.75, 1.25, (-(-frames // 50), JOINT_COUNT if each_bone else 1))
    factors = np.broadcast_to(drawn, (len(drawn), JOINT_COUNT))[:, [min(j, MIRROR[j]) for j in range(JOINT_COUNT)]]
    return np.repeat(factors, 50, axis=0)[:frames]


def clips(folder: Path, detections: str = GROUND_TRUTH) -> Iterator[EvaluationClip]:
    """The test subjects' recordings from each camera, seen through `data_2d_h36m_<detections>.npz`.

    The body is the subject's own, from all of its positions. Raises InputError where a file is not what it should
    be, lacks an action or a recording, or is cut short.
    """
    positions = read_positions(folder)
    _require_actions(positions, folder)
    keypoints = read_keypoints(folder, detections)
    for subject in TEST_SUBJECTS:
        recordings = positions[subject]
        points = np.concatenate([our_points(values) for values in recordings.values()])
        offsets = motion_from_points(points).offsets
        for recording, values in recordings.items():
            where = f"{folder}: data_2d_h36m_{detections}.npz: {subject} {recording}"
            views = keypoints.get(subject, {}).get(recording)
            if views is None:
                raise InputError(f"{where}: is missing; the mocap has it")
            for camera, pixels in zip(cameras_of(subject), views, strict=True):
                clip = EvaluationClip(
                    subject=subject,
                    recording=recording,
                    camera=camera,
                    pixels=as_long_as(pixels, len(values), where).astype(np.float64),
                    seen=camera.see(values[:, list(OUR_JOINTS)].astype(np.float64)),
                    offsets=offsets,
                )
                if detections == GROUND_TRUTH:
                    _require_projection(clip, where)
                yield clip


def _require_actions(positions: Positions, folder: Path) -> None:
    """Raises InputError unless the test subjects are there and do all actions between them."""
    held = {action_of(recording) for subject in TEST_SUBJECTS for recording in positions.get(subject, {})}
    missing = [subject for subject in TEST_SUBJECTS if not positions.get(subject)]
    missing += [action for action in ACTIONS if action not in held]
    if missing:
        raise InputError(
            f"{folder}: data_3d_h36m.npz lacks {', '.join(missing)}; Protocol 1 is the mean over all 15 actions of "
            f"{' and '.join(TEST_SUBJECTS)}"
        )


def _require_projection(clip: EvaluationClip, where: str) -> None:
    """Raises InputError where the true 2D is not what the camera makes of the 3D: another world, order or unit."""
    off = np.linalg.norm(clip.camera.project(clip.seen[:, :JOINTS_2D]) - clip.pixels, axis=-1)
    if not np.median(off) < _FARTHEST:
        raise InputError(
            f"{where}, camera {clip.camera.name}: the points are {np.median(off):.0f} pixels from where the camera "
            "sees the positions; the file is of other cameras, another order of them, or another data set"
        )
