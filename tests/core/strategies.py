"""What the laws are tried on: rotations (singular ones too), vectors, trees of joints, any leading axes.

All are NumPy float64; `Library.array` turns them into what is tested. Arrays are drawn by a seed, so a
failure is reproduced by the seed that hypothesis prints.
"""

import numpy as np
from hypothesis import strategies as st

from posenorm_core.skeleton import Skeleton

BATCH_SHAPES = ((), (1,), (5,), (2, 3), (0,))

_TINY = 5e-10
_AXES = np.eye(3)


def _unit(values: np.ndarray) -> np.ndarray:
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def _with_axis(w: float, length: float) -> np.ndarray:
    return np.concatenate([np.full((3, 1), w), length * _AXES], axis=1)


# Where formulas break: no turn, half turns, and turns barely off either; around the series' limits too.
SINGULAR_QUATERNIONS = _unit(
    np.concatenate(
        [
            [[1, 0, 0, 0], [-1, 0, 0, 0], [0, 1, 1, 1], [0, -1, 1, 0], [1, 1, 1, 1], [1, 1, 0, 0]],
            _with_axis(0, 1),
            _with_axis(1, _TINY),
            _with_axis(-1, _TINY),
            _with_axis(_TINY, 1),
            _with_axis(-_TINY, 1),
            _with_axis(1, 0.99e-4),
            _with_axis(1, 1.01e-4),
            _with_axis(1e-4, -1),
        ]
    )
)

seeds = st.integers(0, 2**32 - 1)


@st.composite
def unit_quaternions(draw: st.DrawFn, count: int, singular_share: float | None = None) -> np.ndarray:
    """(count, …, 4): `count` arrays of rotations with the same leading axes, a part of them singular."""
    shape = (count, *draw(st.sampled_from(BATCH_SHAPES)))
    rng = np.random.default_rng(draw(seeds))
    share = draw(st.sampled_from((0.0, 0.5, 1.0))) if singular_share is None else singular_share
    singular = SINGULAR_QUATERNIONS[rng.integers(len(SINGULAR_QUATERNIONS), size=shape)]
    return np.where(rng.random((*shape, 1)) < share, singular, _unit(rng.normal(size=(*shape, 4))))


@st.composite
def vectors_beside(draw: st.DrawFn, arrays: np.ndarray, count: int = 1) -> np.ndarray:
    """(count, …, 3): vectors of lengths about 1 with the leading axes of one of `arrays` (n, …, m)."""
    rng = np.random.default_rng(draw(seeds))
    return rng.normal(size=(count, *arrays.shape[1:-1], 3))


@st.composite
def unit_vectors(draw: st.DrawFn, count: int) -> np.ndarray:
    """(count, …, 3): directions, among them the axes."""
    shape = (count, *draw(st.sampled_from(BATCH_SHAPES)))
    rng = np.random.default_rng(draw(seeds))
    along_axes = _AXES[rng.integers(3, size=shape)] * rng.choice([-1.0, 1.0], size=(*shape, 1))
    share = draw(st.sampled_from((0.0, 0.5, 1.0)))
    return np.where(rng.random((*shape, 1)) < share, along_axes, _unit(rng.normal(size=(*shape, 3))))


@st.composite
def skeletons(draw: st.DrawFn) -> Skeleton:
    """Any tree of 1 to 12 joints: chains, stars and all between."""
    count = draw(st.integers(1, 12))
    parents = (-1, *(draw(st.integers(0, j - 1)) for j in range(1, count)))
    offsets = np.random.default_rng(draw(seeds)).normal(size=(count, 3))
    return Skeleton(tuple(f"joint_{j}" for j in range(count)), parents, offsets)


@st.composite
def posed_skeletons(draw: st.DrawFn) -> tuple[Skeleton, np.ndarray]:
    """A tree and rotations (…, J, 4) for it."""
    skeleton = draw(skeletons())
    shape = (*draw(st.sampled_from(BATCH_SHAPES)), len(skeleton.parents), 4)
    return skeleton, _unit(np.random.default_rng(draw(seeds)).normal(size=shape))
