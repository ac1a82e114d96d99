"""How many frames a second the shipped network does in NumPy, and how near that is to what the machine can.

`python -m benchmarks.inference [--weights FILE]`; on a larger machine `taskset -c 0,1` before it keeps it to two
cores. The peak is the fastest of large float32 matrix products in the same run. Each figure is the best of several
rounds, in turns, so that a busy moment hits both alike.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np

from benchmarks.timing import seconds
from posenorm_core.command import exit_code
from posenorm_core.embedding.embed import embed
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import LANDMARK_COUNT
from posenorm_core.network import predict
from posenorm_core.network_input import INPUT_SIZE
from posenorm_core.normalizer import CHUNK, normalize
from posenorm_core.weights import Weights, layer_shapes, load_weights

_FRAMES = 6 * CHUNK
_ROUNDS = 5
_MATRIX = 1536


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Frames a second of the network in NumPy.")
    parser.add_argument("--weights", type=Path, help="default: the shipped weights")
    weights = load_weights(parser.parse_args().weights)
    rng = np.random.default_rng(0)
    # One chunk as `normalize` cuts them: the frames around it that its ends need make the layers' work a little more.
    features = rng.normal(size=(CHUNK + 2 * weights.architecture.network_context, INPUT_SIZE)).astype(np.float32)
    keypoints, few = _moving_keypoints(rng, _FRAMES), _moving_keypoints(rng, CHUNK)
    matrix = rng.normal(size=(_MATRIX, _MATRIX)).astype(np.float32)

    predict(weights, features)  # the first call, not timed, warms caches and threads
    motion = normalize(keypoints, weights=weights)
    times = {"product": np.inf, "network": np.inf, "normalize": np.inf, "exact": np.inf, "embed": np.inf}
    for _ in range(_ROUNDS):
        times["product"] = min(times["product"], seconds(lambda: matrix @ matrix))
        times["network"] = min(times["network"], seconds(lambda: predict(weights, features)))
        times["normalize"] = min(times["normalize"], seconds(lambda: normalize(keypoints, weights=weights)))
        times["exact"] = min(times["exact"], seconds(lambda: normalize(few, weights=weights, exact=True)))
        times["embed"] = min(times["embed"], seconds(lambda: embed(motion)))

    peak = 2 * _MATRIX**3 / times["product"]
    reached = CHUNK * operations_per_frame(weights) / times["network"]
    print(f"{weights.name}: {weights.parameter_count:,} parameters, {operations_per_frame(weights):,} flop a frame")
    print(f"cores: {len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()}")
    if hasattr(os, "getloadavg"):
        print(f"load of the machine in the last minute: {os.getloadavg()[0]:.1f} (the figures hold on a quiet one)")
    print(f"network alone:     {CHUNK / times['network']:>9,.0f} frames/s, {reached / 1e9:.1f} Gflop/s")
    print(f"normalize, whole:  {_FRAMES / times['normalize']:>9,.0f} frames/s")
    print(f"normalize --exact: {CHUNK / times['exact']:>9,.0f} frames/s")
    print(f"E_P of a motion:   {_FRAMES / times['embed']:>9,.0f} frames/s")
    print(f"matrix products:   {peak / 1e9:>9,.1f} Gflop/s; the network reaches {reached / peak:.0%} of it")


def operations_per_frame(weights: Weights) -> int:
    """Multiplications and additions of the convolutions for one frame of output, each layer run once a frame."""
    return sum(2 * kernel * inputs * outputs for kernel, inputs, outputs in layer_shapes(weights.architecture))


def _moving_keypoints(rng: np.random.Generator, frames: int) -> Keypoints:
    """A clip of points that swing about as somebody's would, trembling a little, at the network's own rate."""
    place = rng.normal(loc=500, scale=100, size=(LANDMARK_COUNT, 2))
    rate, phase = rng.uniform(1, 6, size=(2, LANDMARK_COUNT, 2))
    swing = 40 * np.sin(rate * np.arange(frames)[:, None, None] / 30 + phase)
    points = place + swing + rng.normal(scale=2, size=swing.shape)
    return Keypoints(30.0, (1000.0, 1000.0), points, np.ones(points.shape[:2]), {})


if __name__ == "__main__":
    sys.exit(exit_code(main))
