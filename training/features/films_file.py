"""The films that E_P learns from, normalized once and kept: a file for several trainings on the same ones."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from posenorm_core.condition_skeleton import JOINT_COUNT
from posenorm_core.errors import InputError
from posenorm_core.files import load_archive, require, require_writable, save_archive
from posenorm_core.weights import Weights
from training.dataset import MotionData
from training.features.views import Performance, performances

FORMAT, VERSION = "posenorm-films", 1


def kept_performances(
    path: Path | None, data: MotionData, weights: Weights, films: int, seed: int
) -> list[Performance]:
    """Those of `training.features.views.performances`, read from `path` where they are there already, else kept there.

    Raises InputError where the file is none, or of other data, weights, films or seed, or cannot be written: before the
    work.
    """
    made_of = f"{_digest(data)} {weights.digest} {films} {seed}"
    if path is not None and path.exists():
        return _read(path, made_of)
    if path is not None:
        require_writable(path)
    made = performances(data, weights, films, seed)
    if path is not None and made:
        _keep(path, made, made_of)
    return made


def _keep(path: Path, made: Sequence[Performance], made_of: str) -> None:
    arrays = {
        "rotations": np.concatenate([one.rotations for one in made], axis=1),
        "length": np.array([len(one) for one in made]),
        "family": np.array([one.family for one in made]),
        "clip": np.array([one.clip for one in made]),
    }
    save_archive(path, {"format": FORMAT, "version": VERSION, "made_of": made_of, **arrays})


def _read(path: Path, made_of: str) -> list[Performance]:
    arrays = load_archive(path, FORMAT, VERSION)
    if str(arrays.get("made_of")) != made_of:
        raise InputError(f"{path}: holds films of other data, weights, views or seed; name a new file in --films")
    count = len(arrays.get("family", ()))
    require(arrays, path, rotations=(None, None, JOINT_COUNT, 4), length=(count,), clip=(count,))
    ends = np.cumsum(arrays["length"])
    if not count or ends[-1] != arrays["rotations"].shape[1]:
        raise InputError(f"{path}: its films are not as long as it tells; delete it")
    parts = np.split(arrays["rotations"], ends[:-1], axis=1)
    told = zip(arrays["family"].tolist(), arrays["clip"].tolist(), parts, strict=True)
    return [Performance(family, clip, rotations) for family, clip, rotations in told]


def _digest(data: MotionData) -> str:
    """What tells this motion from other motion: its clips, their lengths and their first frames."""
    begins = data.clip_start[:-1].tolist()
    first = np.array([np.asarray(data.rotations[begin : begin + 1]) for begin in begins], dtype=np.float32)
    told = repr((data.clip_name.tolist(), data.clip_start.tolist())).encode() + first.tobytes()
    return hashlib.sha256(told).hexdigest()[:16]
