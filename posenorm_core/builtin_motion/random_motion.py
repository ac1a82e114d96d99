"""Random motion within the joint limits: key poses drawn joint by joint, the whole body tilting with them.

Every joint has a pose of its own that it keeps near and a liveliness of its own, so that clips range from one
moving arm to everything at once.
"""

import numpy as np

from posenorm_core.builtin_motion.action import Sheet
from posenorm_core.builtin_motion.words import CHANNELS, HIGHEST, LOWEST, STANDING

PERIOD = 7.0  # seconds until a random motion repeats
_KEYS = 11
# What random poses keep to, where that is less than the limits (degrees). The ankle's are relative to the shin.
_RANGES = {
    "pelvis.twist": (-40.0, 40.0),
    "shoulder.flexion": (-20.0, 50.0),
    "shoulder.horizontal": (-20.0, 95.0),
    "shoulder.twist": (-80.0, 50.0),
    "hip.flexion": (-20.0, 105.0),
    "hip.abduction": (-8.0, 42.0),
    "knee.flexion": (4.0, 125.0),
    "ankle.flexion": (-40.0, 20.0),
    "ankle.turn": (-8.0, 14.0),
}


def drawn_sheet(rng: np.random.Generator) -> Sheet:
    """A cycle of random key poses; which foot is down is left to be found."""
    lowest, highest = _ranges()
    gaps = rng.uniform(0.6, 1.4, _KEYS)
    phases = np.cumsum(gaps) / gaps.sum()
    joints = [channel.split(".")[0] for channel in CHANNELS]
    of_joint = np.array([sorted(set(joints)).index(joint) for joint in joints])
    liveliness = rng.uniform(0.05, 1.0, len(set(joints)))[of_joint]
    kept = _towards(rng.uniform(-1, 1, len(CHANNELS)) ** 3, lowest, highest)
    drawn = _towards(rng.uniform(-1, 1, (_KEYS, len(CHANNELS))), lowest, highest)
    return Sheet(phases - phases[0], kept + liveliness * (drawn - kept))


def _towards(x: np.ndarray, lowest: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """Degrees for x in −1…1: the lowest at −1, standing at 0, the highest at 1."""
    return np.asarray(np.where(x < 0, STANDING + x * (STANDING - lowest), STANDING + x * (highest - STANDING)))


def _ranges() -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest degrees (channels,) of random poses."""
    kinds = [channel.removeprefix("left_").removeprefix("right_") for channel in CHANNELS]
    limits = zip(kinds, LOWEST.tolist(), HIGHEST.tolist(), strict=True)
    pairs = [_RANGES.get(kind, (lowest, highest)) for kind, lowest, highest in limits]
    return np.array([low for low, _ in pairs]), np.array([high for _, high in pairs])
