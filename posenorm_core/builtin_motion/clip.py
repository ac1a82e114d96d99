"""Clips of built-in motion: one action in one way of moving on one body, any length and frame rate.

Everything is computed at 60 frames/s and read off at the times asked for, so that the frame rate changes
nothing but how often one looks.
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core import quaternion
from posenorm_core.builtin_motion import exercises, gestures, locomotion, random_motion
from posenorm_core.builtin_motion.action import Action, Sheet, written_sheet
from posenorm_core.builtin_motion.in_between import cyclic_hermite, cyclic_rotations
from posenorm_core.builtin_motion.planting import Stand, plant_feet
from posenorm_core.builtin_motion.support import carried_weight
from posenorm_core.builtin_motion.variation import Variation, as_authored, drawn_variation, sway, varied_sheet
from posenorm_core.builtin_motion.words import key_rotations
from posenorm_core.condition_skeleton import CONDITION_SKELETON, require_condition_joints
from posenorm_core.errors import InputError
from posenorm_core.mirror import mirrored_points, mirrored_rotations
from posenorm_core.motion import Motion
from posenorm_core.skeleton import Skeleton

_AUTHORED: dict[str, Action] = {
    "walk": locomotion.WALK,
    "run": locomotion.RUN,
    "squat": exercises.SQUAT,
    "jumping_jack": exercises.JUMPING_JACK,
    "wave": gestures.WAVE,
    "kick": gestures.KICK,
    "throw": gestures.THROW,
    "sit_and_stand": exercises.SIT_AND_STAND,
    "reach": gestures.REACH,
    "turn": locomotion.TURN,
}
_RANDOM = Action(period=random_motion.PERIOD, phases=(0.0,), rows={})
ACTIONS = (*_AUTHORED, "random")

_RATE = 60.0  # frames a second of the computation
_MARGIN = 0.5  # seconds before and after that are computed and thrown away: no step is cut at the ends


@dataclass(frozen=True)
class BuiltinClip:
    """T frames of a body that moves in the world: floor at y = 0, metres."""

    fps: float
    skeleton: Skeleton
    rotations: np.ndarray  # (T, 19, 4) float32, local; the root's in the world
    root_position: np.ndarray  # (T, 3) float32
    contacts: np.ndarray  # (T, 2) bool, right and left foot on the floor
    action: str

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.rotations)

    def motion(self) -> Motion:
        """The clip as a motion in the world, its orientation called `heading`: upright, on the floor, turns and all."""
        return Motion(
            fps=self.fps,
            skeleton=self.skeleton,
            rotations=self.rotations,
            orientation="heading",
            view_root=self.rotations[:, 0].copy(),
            up=np.array([0.0, 1.0, 0.0], dtype=np.float32),
            root_position=self.root_position,
            contacts=self.contacts.astype(np.float32),
            confidence=np.ones(self.rotations.shape[:2], dtype=np.float32),
            source={"action": self.action},
        )


def builtin_clip(
    action: str,
    seed: int = 0,
    *,
    seconds: float = 4.0,
    fps: float = 30.0,
    speed: float = 1.0,
    skeleton: Skeleton = CONDITION_SKELETON,
) -> BuiltinClip:
    """A clip of one of ACTIONS on `skeleton`, the same for the same arguments.

    Seed 0 is the motion as authored; every other seed has a tempo, reach, posture, symmetry, side and start
    of its own. The skeleton must have the condition skeleton's joints.

    Raises InputError where the action is unknown or a number makes no sense.

    >>> clip = builtin_clip("walk", seed=3, seconds=2.0)
    >>> clip.rotations.shape, clip.contacts.shape
    ((60, 19, 4), (60, 2))
    """
    _require_sense(action, seconds, fps, speed)
    require_condition_joints(skeleton)
    rng = np.random.default_rng([ACTIONS.index(action), seed])
    authored = _AUTHORED.get(action, _RANDOM)
    sheet = random_motion.drawn_sheet(rng) if action == "random" else written_sheet(authored)
    variation = drawn_variation(rng) if seed else as_authored()
    time = np.arange(-_MARGIN, seconds + _MARGIN, 1 / _RATE)
    rotations, stand = _posed(authored, varied_sheet(sheet, variation), variation, time * speed)
    rotations, root, contacts = plant_feet(rotations, stand, skeleton)
    wanted = np.arange(max(1, round(seconds * fps))) / fps
    return _read_off(BuiltinClip(fps, skeleton, rotations, root, contacts, action), wanted)


def mirrored(clip: BuiltinClip) -> BuiltinClip:
    """The clip as a mirror shows it (x negated): left is right, on the mirrored body.

    >>> walk = builtin_clip("walk")
    >>> bool((mirrored(walk).contacts[:, 0] == walk.contacts[:, 1]).all())
    True
    """
    offsets = np.asarray(mirrored_points(clip.skeleton.offsets))
    return BuiltinClip(
        clip.fps,
        Skeleton(clip.skeleton.joint_names, clip.skeleton.parents, offsets),
        np.asarray(mirrored_rotations(clip.rotations)),
        (clip.root_position * [-1.0, 1.0, 1.0]).astype(clip.root_position.dtype),
        clip.contacts[:, ::-1].copy(),
        clip.action,
    )


def _posed(action: Action, sheet: Sheet, variation: Variation, time: np.ndarray) -> tuple[np.ndarray, Stand]:
    """The floating body: rotations (T, 19, 4) at `time` (T,) seconds of the movement, and what is to carry it."""
    steady = variation.start + time * variation.tempo / action.period
    phase = steady + variation.unevenness * np.sin(2 * np.pi * 0.37 * steady)
    rotations = cyclic_rotations(sheet.phases, key_rotations(sheet.degrees), phase, sway(variation, time))
    heading = np.deg2rad(_turned(action, phase)) + variation.curve * action.travels * time
    down = sheet.down
    if variation.mirrored:
        rotations, heading = np.asarray(mirrored_rotations(rotations)), -heading
        down = down and (down[1], down[0])
    heading = heading + variation.heading
    rotations[:, 0] = quaternion.multiply(_about_vertical(heading), rotations[:, 0])
    weight = None if down is None else np.stack([carried_weight(phase, foot) for foot in down], axis=1)
    return rotations, Stand(heading, weight, _RATE)


def _turned(action: Action, phase: np.ndarray) -> np.ndarray:
    """Degrees (T,) to the left that the action has turned the body by `phase` (T,)."""
    keys = np.array(action.heading)
    return cyclic_hermite(keys[:-1, 0], keys[:-1, 1], phase, gain=float(keys[-1, 1]))


def _read_off(clip: BuiltinClip, wanted: np.ndarray) -> BuiltinClip:
    """The computed clip at the times `wanted` (T,) seconds, the margins left off."""
    place = (wanted + _MARGIN) * _RATE
    before = np.minimum(np.floor(place + 1e-6).astype(int), len(clip) - 2)
    part = np.clip(place - before, 0.0, 1.0)[:, None]
    rotations = quaternion.make_continuous(clip.rotations)
    between = rotations[before] + part[..., None] * (rotations[before + 1] - rotations[before])
    rotations = quaternion.make_continuous(quaternion.normalize(between))
    root = clip.root_position[before] + part * (clip.root_position[before + 1] - clip.root_position[before])
    contacts = clip.contacts[np.where(part[:, 0] > 0.5, before + 1, before)]
    return BuiltinClip(
        clip.fps, clip.skeleton, rotations.astype(np.float32), root.astype(np.float32), contacts, clip.action
    )


def _about_vertical(angle: np.ndarray) -> np.ndarray:
    return np.asarray(quaternion.from_rotation_vector(angle[:, None] * np.array([0.0, 1.0, 0.0])))


def _require_sense(action: str, seconds: float, fps: float, speed: float) -> None:
    """Raises InputError where the action is unknown or a number makes no sense."""
    if action not in ACTIONS:
        raise InputError(f"action '{action}': must be one of {', '.join(ACTIONS)}")
    for name, value in (("seconds", seconds), ("fps", fps), ("speed", speed)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name} is {value}, it must be above 0")
