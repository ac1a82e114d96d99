"""The configuration of a training: one dataclass a section, read from TOML, checked when built.

An unknown key or an impossible value is told by name. The defaults train on the built-in motion in a few
minutes on two cores; `configurations/` holds what the shipped weights were trained with.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posenorm_core.architecture import Architecture
from posenorm_core.errors import InputError
from training.cameras import CAMERA_KINDS
from training.seed import require_seed
from training.toml_tables import from_tables, load_tables

OPTIMIZERS = ("adamw", "muon")  # see `training.optimizers`
MODELS = ("normalizer", "martinez", "semgcn", "videopose3d", "time_attention", "landmark_attention")
# The losses that teach the pose itself; one of them there must be.
_LEARNED_FROM = ("reconstruction", "cycle", "rotation_consistency", "foot_contact", "rotation", "body_consistency")


@dataclass(frozen=True)
class DataOptions:
    """What is trained on."""

    path: str = ""  # a data set of `training.prepare`; empty: the built-in motion alone
    leave_out: tuple[str, ...] = ()  # families, or family/action, that training must not see
    all_clips: bool = False  # train on the test and validation clips too
    builtin_minutes: float = 30.0  # of built-in motion to generate
    builtin_share: float = 0.15  # of the windows that come from it, where there is mocap too
    family_power: float = 0.5  # families are drawn in proportion to their length to this power
    rarity: float = 0.0  # within a family, by (how many poses are like the window's middle)^−rarity


@dataclass(frozen=True)
class LossWeights:
    """Factors of the total loss; 0 switches a loss off, and what only it needs is not computed."""

    reconstruction: float = 1.0
    cycle: float = 0.0  # φ
    rotation_consistency: float = 0.0  # λ
    foot_contact: float = 0.0  # μ
    rotation: float = 0.3  # direct supervision
    draft: float = 0.1  # the same of each pose that is refined, summed over them
    places: float = 0.25  # where these have the landmarks, in the unit of the network's input
    body_consistency: float = 0.0  # the same motion on two bodies must give the same rotations
    twist_limit: float = 0.0  # no joint twisted farther than in 99 of 100 frames of the training data
    contact: float = 0.02
    up: float = 0.05
    doubt: float = 0.01
    cycle_share: float = 0.25  # of a batch that goes through the cycle branch


@dataclass(frozen=True)
class Augmentation:
    """How the same motion is made to look different; shares are probabilities a window."""

    cameras: str = "random"  # or "studio": four that stand around a room, as Human3.6M's
    bone_range: float = 0.25  # each bone's length times U[1 − r, 1 + r], left and right alike
    switch: float = 0.0  # windows that go on with another body: as ΔMPJPE asks, and as a detector's habits change
    mirror: float = 0.5
    recombine: float = 0.3  # the upper body of one clip on the legs of another
    exchange: float = 0.0  # each arm and the head of another clip
    tempo: float = 0.2  # played at e^U[−t, t] times its speed
    tilt: float = 0.0  # the whole body turned any way, for lying and floor work
    perturb: float = 0.1  # smooth random turns on every joint
    perturb_degrees: float = 12.0
    prior: float = 0.0  # a smooth departure of all joints together, drawn as the training's clips differ
    noisy: float = 0.3  # windows with detector noise
    layout: float = 0.3  # windows with the landmarks of one detector only
    occlude: float = 0.1  # windows with limbs hidden for a while
    miss: float = 0.1  # windows with single landmarks missing


@dataclass(frozen=True)
class Optimization:
    """The course of the training."""

    steps: int = 1500
    batch: int = 64  # windows
    frames: int = 16  # output frames a window
    parts: int = 1  # of a batch, each from its own share of the clips; processes divide them among themselves
    optimizer: str = "muon"
    learning_rate: float = 3e-3
    warmup: int = 200
    weight_decay: float = 1e-4
    dropout: float = 0.05
    mixed_precision: bool = True  # bfloat16 where the hardware has it
    detail: float = 5.0  # how many times larger the network sees the points of head and feet apart
    average: float = 0.998  # decay of the running average of the weights that is validated and exported
    validate_every: int = 800
    checkpoint_every: int = 200


@dataclass(frozen=True)
class Configuration:
    """A whole training."""

    data: DataOptions = field(default_factory=DataOptions)
    network: Architecture = field(default_factory=Architecture)
    losses: LossWeights = field(default_factory=LossWeights)
    augmentation: Augmentation = field(default_factory=Augmentation)
    optimization: Optimization = field(default_factory=Optimization)
    model: str = "normalizer"  # or one of those that it is compared with, see `training.models`
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises InputError where a value is impossible."""
        for section, names, words, possible in _BOUNDS:
            for name in names:
                if not possible(getattr(getattr(self, section), name)):
                    raise InputError(f"configuration: {section}.{name} must be {words}")
        course = self.optimization
        if course.batch % course.parts:
            raise InputError(
                f"configuration: optimization.batch {course.batch} must be a multiple of parts ({course.parts})"
            )
        require_seed(self.seed)
        if self.model not in MODELS:
            raise InputError(f"configuration: model '{self.model}' must be one of {', '.join(MODELS)}")
        if course.optimizer not in OPTIMIZERS:
            raise InputError(f"configuration: optimization.optimizer must be one of {', '.join(OPTIMIZERS)}")
        if self.augmentation.cameras not in CAMERA_KINDS:
            raise InputError(f"configuration: augmentation.cameras must be one of {', '.join(CAMERA_KINDS)}")
        if not any(getattr(self.losses, name) for name in _LEARNED_FROM):
            raise InputError(f"configuration: of the losses {', '.join(_LEARNED_FROM)} one must be above 0")


def _not_negative(value: float) -> bool:
    return 0 <= value < math.inf


def _a_share(value: float) -> bool:
    return 0 <= value <= 1


def _below_one(value: float) -> bool:
    return 0 <= value < 1


_SHARES = (
    "switch",
    "mirror",
    "recombine",
    "exchange",
    "tilt",
    "perturb",
    "prior",
    "noisy",
    "layout",
    "occlude",
    "miss",
)
_COUNTS = ("steps", "batch", "frames", "parts", "validate_every", "checkpoint_every")
# What each number may be, and how that is said; what is not a number is nowhere within.
_BOUNDS: tuple[tuple[str, tuple[str, ...], str, Callable[[float], bool]], ...] = (
    ("data", ("builtin_minutes",), "at least 0 and finite", _not_negative),
    # Numbers of frames to a high power are beyond what a double holds.
    ("data", ("family_power", "rarity"), "in [0, 2]", lambda value: 0 <= value <= 2),
    ("data", ("builtin_share",), "in [0, 1]", _a_share),
    ("losses", tuple(f.name for f in dataclasses.fields(LossWeights)), "at least 0 and finite", _not_negative),
    ("losses", ("cycle_share",), "in [0, 1]", _a_share),
    ("augmentation", ("bone_range",), "in [0, 1)", _below_one),
    ("augmentation", _SHARES, "in [0, 1]", _a_share),
    # Played at more than e^3 = 20 times its speed, a window shows little but a clip's ends.
    ("augmentation", ("tempo",), "in [0, 3]", lambda value: 0 <= value <= 3),
    ("augmentation", ("perturb_degrees",), "at least 0 and finite", _not_negative),
    ("optimization", _COUNTS, "at least 1", lambda value: value >= 1),
    ("optimization", ("learning_rate", "detail"), "above 0 and finite", lambda value: 0 < value < math.inf),
    ("optimization", ("warmup", "weight_decay"), "at least 0 and finite", _not_negative),
    ("optimization", ("average", "dropout"), "in [0, 1)", _below_one),
)


def from_mapping(content: dict[str, Any]) -> Configuration:
    """A configuration from nested tables; what is not named keeps its default."""
    return from_tables(Configuration, content)


def load_configuration(path: str | Path) -> Configuration:
    """Reads a TOML file; raises InputError naming the file and the key that is wrong."""
    return load_tables(path, from_mapping)
