"""The configuration of E_P's training: one dataclass a section, read from TOML, checked when built.

The defaults are the paper's method, with the numbers that it leaves to its supplement chosen here;
`shipped.toml` holds what the shipped weights were trained with.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

from posenorm_core.embedding.architecture import EmbeddingArchitecture
from posenorm_core.errors import InputError
from training.seed import require_seed
from training.toml_tables import from_tables, load_tables

OBJECTIVES = ("triplet", "contrastive")


@dataclass(frozen=True)
class FeatureData:
    """What is trained on."""

    path: str = ""  # a data set of `training.prepare`; empty: the built-in motion
    normalizer: str = ""  # weights file that makes the normalized poses; empty: the shipped one
    builtin_minutes: float = 30.0  # of built-in motion, where there is no data set
    views: int = 8  # cameras before which every performance is filmed
    family_power: float = 0.5  # families are drawn in proportion to their length to this power
    mirror: float = 0.5  # share of performances that are shown left for right
    reverse: float = 0.0  # and that run backwards
    tempo: float = 1.0  # each film runs up to so many times as fast as the performance, or as slow
    dropped: float = 0.0  # share of performances of which each frame is dropped with a probability of one half


@dataclass(frozen=True)
class TripletLoss:
    """The paper's: a positive must be nearer than a negative by a margin, by primary similarity within a video."""

    margin: float = 0.2
    positive: tuple[float, ...] = (0.9, 1.0)  # c_pl, c_pu
    easy_negative: tuple[float, ...] = (0.0, 0.4)  # c_nl, c_nu when the training begins
    hard_negative: tuple[float, ...] = (0.5, 0.8)  # and at the end of the curriculum
    curriculum: float = 0.7  # share of the steps over which the one becomes the other


@dataclass(frozen=True)
class ContrastiveLoss:
    """Ours: of all frames of another view those of the same instant must be the nearest (InfoNCE)."""

    temperature: float = 0.05  # to begin with; it is learnt
    spread: float = 1.5  # frames: instants so near count as the same, by a Gaussian
    across: float = 0.5  # weight of telling them also from frames of other performances
    pairs: int = 48  # of each performance, which are told from those of all others


@dataclass(frozen=True)
class FeatureCourse:
    """The course of the training."""

    steps: int = 1500
    clips: int = 8  # a step
    frames: int = 240  # of each at most: a step's clips have one length, drawn from the shortest to this
    shortest: int = 30
    learning_rate: float = 2e-3
    warmup: int = 50
    weight_decay: float = 0.01
    dropout: float = 0.1  # of the weights between layers, in training
    average: float = 0.995  # decay of the running average of the weights that is validated and exported
    validate_every: int = 250
    checkpoint_every: int = 100


@dataclass(frozen=True)
class FeatureConfiguration:
    """A whole training."""

    data: FeatureData = field(default_factory=FeatureData)
    network: EmbeddingArchitecture = field(default_factory=EmbeddingArchitecture)
    objective: str = "triplet"
    triplet: TripletLoss = field(default_factory=TripletLoss)
    contrastive: ContrastiveLoss = field(default_factory=ContrastiveLoss)
    optimization: FeatureCourse = field(default_factory=FeatureCourse)
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises InputError where a value is impossible."""
        if self.objective not in OBJECTIVES:
            raise InputError(f"configuration: objective '{self.objective}' must be one of {', '.join(OBJECTIVES)}")
        require_seed(self.seed)
        if self.objective == "contrastive" and self.data.views < 2:
            raise InputError("configuration: data.views must be at least 2 for the contrastive objective")
        for section, names, low, high in _BOUNDS:
            for name in names:
                values = getattr(getattr(self, section), name)
                values = values if isinstance(values, tuple) else (values,)
                if not all(low <= value <= high for value in values):
                    raise InputError(f"configuration: {section}.{name} must be from {low:g} to {high:g}")
        for name in ("positive", "easy_negative", "hard_negative"):
            span = getattr(self.triplet, name)
            if len(span) != 2 or span[0] >= span[1]:
                raise InputError(f"configuration: triplet.{name} must be two rising numbers")


_BOUNDS = (
    ("data", ("views",), 1, 64),
    ("data", ("builtin_minutes",), 0.1, 1e5),
    ("data", ("family_power", "mirror", "reverse", "dropped"), 0, 1),
    ("data", ("tempo",), 1, 4),
    ("triplet", ("positive", "easy_negative", "hard_negative", "curriculum"), 0, 1),
    ("triplet", ("margin",), 1e-6, 2),
    ("contrastive", ("temperature",), 0.01, 10),
    ("contrastive", ("spread",), 0.1, 100),
    ("contrastive", ("across",), 0, 100),
    ("contrastive", ("pairs",), 1, 10_000),
    ("optimization", ("steps", "validate_every", "checkpoint_every"), 1, math.inf),
    ("optimization", ("clips",), 1, 1000),
    ("optimization", ("frames", "shortest"), 8, 100_000),
    ("optimization", ("learning_rate",), 1e-8, 1),
    ("optimization", ("warmup", "weight_decay"), 0, 1e6),
    ("optimization", ("average", "dropout"), 0, 0.9999),
)


def load_feature_configuration(path: Path) -> FeatureConfiguration:
    """Reads a TOML file; raises InputError naming the file and the key that is wrong."""
    return load_tables(path, lambda tables: from_tables(FeatureConfiguration, tables))
