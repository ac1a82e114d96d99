"""What a seed changes: tempo, reach, posture, symmetry, side and a small sway of every joint.

Seed 0 changes nothing: it is the motion as authored, which tests and the demo use.
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core.builtin_motion.action import Sheet
from posenorm_core.builtin_motion.words import CHANNELS, HIGHEST, JOINT_WORDS, LOWEST, STANDING
from posenorm_core.condition_skeleton import JOINT_NAMES, mirrored_name

# By how much one person's posture differs from another's: degrees each way, by the kind of joint.
_POSTURE = {
    "pelvis": 3.0,
    "spine": 4.0,
    "thorax": 4.0,
    "neck": 8.0,
    "hip": 3.0,
    "knee": 4.0,
    "ankle": 3.0,
    "shoulder": 9.0,
    "elbow": 12.0,
}
# The sway of a joint stays within this many degrees; the limits leave room for it.
_SWAY = {
    "pelvis": 1.2,
    "spine": 1.5,
    "thorax": 1.5,
    "neck": 3.0,
    "hip": 1.2,
    "knee": 1.5,
    "ankle": 1.0,
    "shoulder": 3.5,
    "elbow": 3.0,
}
_WAVES = 3  # sine waves added to make a sway


@dataclass(frozen=True)
class Variation:
    """One seed's way of moving."""

    tempo: float  # a factor
    start: float  # phase of the cycle at time 0
    unevenness: float  # by how much the tempo breathes, in phase
    mirrored: bool
    heading: float  # radians the subject is turned at time 0
    curve: float  # radians a second that one who walks turns
    reach: np.ndarray  # (channels,) factors on the departure from standing
    posture: np.ndarray  # (channels,) degrees added throughout
    sway_size: np.ndarray  # (19, 3, waves) radians
    sway_rate: np.ndarray  # (waves,) cycles a second
    sway_start: np.ndarray  # (19, 3, waves) radians


def as_authored() -> Variation:
    """Nothing changed."""
    shape = (len(JOINT_NAMES), 3, _WAVES)
    none, still = np.zeros(len(CHANNELS)), np.zeros(shape)
    return Variation(1.0, 0.0, 0.0, False, 0.0, 0.0, none + 1, none, still, np.ones(_WAVES), still)


def drawn_variation(rng: np.random.Generator) -> Variation:
    """A way of moving at random."""
    shape = (len(JOINT_NAMES), 3, _WAVES)
    posture_spread = np.array([_POSTURE[_kind(channel.split(".")[0])] for channel in CHANNELS])
    # A posture is mostly the same on both sides.
    both, one = rng.uniform(-1, 1, (2, len(CHANNELS)))
    return Variation(
        tempo=float(np.exp(rng.uniform(-0.3, 0.3))),
        start=float(rng.uniform(0, 1)),
        unevenness=float(rng.uniform(0, 0.03)),
        mirrored=bool(rng.integers(2)),
        heading=float(rng.uniform(-np.pi, np.pi)),
        curve=float(rng.uniform(-0.4, 0.4)),
        reach=_drawn_reach(rng),
        posture=posture_spread * (0.75 * both[_SAME_ON_BOTH_SIDES] + 0.25 * one),
        sway_size=_sway_bounds()[:, :, None] * rng.dirichlet(np.ones(_WAVES), shape[:2]),
        sway_rate=rng.uniform(0.15, 0.9, _WAVES),
        sway_start=rng.uniform(0, 2 * np.pi, shape),
    )


def varied_sheet(sheet: Sheet, variation: Variation) -> Sheet:
    """The sheet in this way of moving, inside the joint limits."""
    departure = (sheet.degrees - STANDING) * variation.reach
    degrees = STANDING + departure + variation.posture
    return Sheet(sheet.phases, np.clip(degrees, LOWEST + _MARGIN, HIGHEST - _MARGIN), sheet.down)


def sway(variation: Variation, time: np.ndarray) -> np.ndarray:
    """Small turns (T, 19, 3) radians at `time` (T,) seconds, different in every joint."""
    angle = 2 * np.pi * variation.sway_rate * time[:, None]
    # sin(a + b) taken apart: one sine a frame and wave, not one a frame, joint, axis and wave.
    sines, cosines = (variation.sway_size * part(variation.sway_start) for part in (np.cos, np.sin))
    return np.asarray(np.tensordot(np.sin(angle), sines, (1, 2)) + np.tensordot(np.cos(angle), cosines, (1, 2)))


def _drawn_reach(rng: np.random.Generator) -> np.ndarray:
    """Factors (channels,): legs, trunk and arms each their own, the two sides a little different."""
    legs, trunk, arms = rng.uniform(0.82, 1.12), rng.uniform(0.6, 1.3), rng.uniform(0.75, 1.15)
    left, right = 1 + rng.uniform(-0.06, 0.06, 2)
    group = {"hip": legs, "knee": legs, "ankle": legs, "shoulder": arms, "elbow": arms, "pelvis": legs}
    side = {"left": left, "right": right}
    joints = [channel.split(".")[0] for channel in CHANNELS]
    return np.array([group.get(_kind(joint), trunk) * side.get(joint.split("_")[0], 1.0) for joint in joints])


def _kind(joint: str) -> str:
    return joint.removeprefix("left_").removeprefix("right_")


def _sway_bounds() -> np.ndarray:
    """(19, 3) radians: how far each joint may sway about each axis; hinges only about their own."""
    bounds = np.zeros((len(JOINT_NAMES), 3))
    for joint, words in JOINT_WORDS.items():
        axes = np.abs([word.axis for word in words]).max(axis=0)
        bounds[JOINT_NAMES.index(joint)] = axes * np.deg2rad(_SWAY[_kind(joint)])
    return bounds


# Where one side's channel finds the value both sides share: that of the left.
_SAME_ON_BOTH_SIDES = [
    CHANNELS.index(channel) if not channel.startswith("right_") else CHANNELS.index(mirrored_name(channel))
    for channel in CHANNELS
]
_MARGIN = np.array([_SWAY[_kind(channel.split(".")[0])] for channel in CHANNELS])
