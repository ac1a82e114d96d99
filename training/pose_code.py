"""Finds the directions in which poses differ most: `python -m training.pose_code [--data data/mocap.npz]`.

The principal components of the features (`posenorm_core.search.pose_code`) of the training part of the motion
capture and of its mirror image, every clip by its length. Told are, of the test part, how much of the poses is kept,
and how far the distance of two descriptors is from the RMS joint distance of their poses.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np

from posenorm_core.files import save_archive
from posenorm_core.mirror import mirrored_points
from posenorm_core.search.pose_code import (
    DIMENSIONS,
    FEATURES,
    FORMAT,
    SHIPPED,
    VERSION,
    PoseCode,
    pose_features,
    unified_positions,
)
from training.dataset import MotionData, load_data
from training.splits import part

_FPS = 30.0
_PAIRS = 100_000


def main() -> None:
    """Fits, writes and tells."""
    parser = argparse.ArgumentParser(description="The descriptor of poses that search goes by.")
    parser.add_argument("--data", type=Path, default=Path("data/mocap.npz"), help="of training.prepare")
    parser.add_argument("-o", "--output", type=Path, default=SHIPPED, help=f"default: {SHIPPED.name} of the package")
    options = parser.parse_args()
    data = load_data(options.data)
    code = fitted_code(features_of(part(data, "train")))
    arrays = {"mean": code.mean.astype(np.float32), "basis": code.basis.astype(np.float32)}
    save_archive(options.output, {"format": FORMAT, "version": VERSION, **arrays})
    for line in told(code, features_of(part(data, "test"))):
        print(line)


def features_of(data: MotionData) -> np.ndarray:
    """The features (2N, 114) of all frames of `data`, and of their mirror image."""
    rotations, starts = data.in_memory().rotations, data.clip_start.tolist()
    features = []
    for begin, end in pairwise(starts):
        positions = unified_positions(np.asarray(rotations[begin:end])).astype(np.float64)
        features += [pose_features(positions, _FPS), pose_features(mirrored_points(positions), _FPS)]
    return np.concatenate(features)


def fitted_code(features: np.ndarray) -> PoseCode:
    """The mean of `features` (N, 114) and the 32 principal directions, the largest number of each positive."""
    mean = features.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov(features.T))
    basis = directions[:, ::-1][:, :DIMENSIONS]
    largest = basis[np.abs(basis).argmax(axis=0), np.arange(DIMENSIONS)]
    return PoseCode(mean, basis * np.sign(largest))


def told(code: PoseCode, features: np.ndarray) -> list[str]:
    """What is lost of `features` (N, 114)."""
    away = features - code.mean
    lost = away - away @ code.basis @ code.basis.T
    poses = slice(0, FEATURES // 2)
    pairs = np.random.default_rng(1).integers(len(features), size=(2, _PAIRS))
    apart = np.linalg.norm(np.subtract(*features[pairs][..., poses]), axis=1)
    coded = np.linalg.norm(np.subtract(*(away @ code.basis)[pairs]), axis=1)
    off = np.abs(coded - apart)
    return [
        f"{len(features):,} poses; kept of the variance: {1 - lost.var(axis=0).sum() / away.var(axis=0).sum():.4f}",
        f"RMS of what is lost of the positions: {1000 * np.sqrt((lost[:, poses] ** 2).sum(axis=1).mean()):.1f} mm",
        f"distance of descriptors beside RMS joint distance, {_PAIRS:,} pairs: correlation "
        f"{np.corrcoef(apart, coded)[0, 1]:.4f}, off by {1000 * np.median(off):.1f} mm (median) of "
        f"{1000 * np.median(apart):.0f} mm, 95% within {1000 * np.percentile(off, 95):.1f} mm",
    ]


if __name__ == "__main__":
    main()
