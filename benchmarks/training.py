"""How many output frames a second training does, where the time goes, and how near that is to what the machine can.

`python -m benchmarks.training [-o FILE.json]` trains the default network on built-in motion, on all cores or the GPU:
without its refinements, which like the cycle branch have their price beside them. On a larger machine `taskset -c 0,1`
before it keeps it to two cores. The peak is the fastest of large matrix products in the same run and precision. Each
figure is the best of several rounds, in turns, so that a busy moment hits all alike.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from posenorm_core.architecture import Architecture
from posenorm_core.command import exit_code
from posenorm_core.files import write_aside
from posenorm_core.torch_network import NormalizerNetwork
from posenorm_core.weights import layer_shapes
from training.configuration import Configuration, LossWeights, Optimization
from training.dataset import MotionData, builtin_data
from training.fit import chosen_device
from training.precision import has_bfloat16
from training.trainer import Trainer
from training.windows import clip_probabilities

_SHAPES = ((32, 64), (96, 16))
_ROUNDS = 5
_PLAIN = Architecture(refinements=0)
_MATRIX = 2048


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description="Output frames a second.")
    parser.add_argument("--device", help="cpu or cuda (default: cuda where there is one)")
    parser.add_argument("-o", "--output", type=Path, help="a JSON file for the figures")
    options = parser.parse_args()
    device = chosen_device(options.device)
    data = builtin_data(4.0, seed=0).to(device)
    precisions = (False, True) if has_bfloat16(device) else (False,)
    figures = [measured(data, device, batch, frames, mixed) for batch, frames in _SHAPES for mixed in precisions]
    machine = {
        "machine": torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine(),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "parameters": sum(p.numel() for p in NormalizerNetwork(_PLAIN).parameters()),
    }
    report(machine, figures)
    if options.output:
        with write_aside(options.output) as aside:
            aside.write_text(json.dumps({**machine, "figures": figures}, indent=1) + "\n", encoding="utf-8")


def measured(data: MotionData, device: torch.device, batch: int, frames: int, mixed: bool) -> dict[str, Any]:
    """The figures of training on `batch` windows of `frames` output frames."""
    course = Optimization(batch=batch, frames=frames, mixed_precision=mixed)
    plain = Configuration(network=_PLAIN, optimization=course)
    trainer = Trainer(plain, device)
    cycled = Trainer(replace(plain, losses=LossWeights(cycle=0.1, rotation_consistency=0.1)), device)
    refined = Trainer(replace(plain, network=Architecture()), device)
    probabilities = clip_probabilities(data, 0.5, 0.5)
    matrix = torch.randn(_MATRIX, _MATRIX, device=device).to(torch.bfloat16 if mixed else torch.float32)
    work: dict[str, Callable[[], object]] = {
        "product": lambda: matrix @ matrix,
        "data": lambda: trainer.draw(data, probabilities, trainer.step),
        "step": lambda: trainer.train_step(data, probabilities),
        "cycle": lambda: cycled.train_step(data, probabilities),
        "refined": lambda: refined.train_step(data, probabilities),
    }
    seconds = _best_times(work, device)
    peak = 2 * _MATRIX**3 / seconds["product"]
    speed = operations_per_step(plain) / seconds["step"]
    return {
        "windows": batch,
        "frames": frames,
        "precision": "bfloat16" if mixed else "float32",
        "frames_per_second": batch * frames / seconds["step"],
        "data_share": seconds["data"] / seconds["step"],
        "cycle_price": seconds["cycle"] / seconds["step"],
        "refinement_price": seconds["refined"] / seconds["step"],
        "flop_per_second": speed,
        "peak_flop_per_second": peak,
        "peak_share": speed / peak,
        "peak_share_without_data": speed / peak / (1 - seconds["data"] / seconds["step"]),
    }


def operations_per_step(configuration: Configuration) -> int:
    """Multiplications and additions of the network's matrix products in one step.

    Forward, and backward to weights and inputs, which costs twice as much; the first layer's input has no gradient.
    """
    architecture, course = configuration.network, configuration.optimization
    shapes = layer_shapes(architecture)
    # Frames that come out of each layer: the convolutions over time use some up at either end.
    lengths = [course.frames + 2 * sum(architecture.dilations)]
    for dilation in architecture.dilations:
        lengths += [lengths[-1] - 2 * dilation] * 2
    lengths.append(course.frames)
    layers = [
        2 * kernel * inputs * outputs * length
        for (kernel, inputs, outputs), length in zip(shapes, lengths, strict=True)
    ]
    return course.batch * (3 * sum(layers) - layers[0])


def report(machine: dict[str, Any], figures: list[dict[str, Any]]) -> None:
    """Prints what was measured."""
    print(f"{machine['parameters']:,} parameters on {machine['machine']}, {machine['threads']} threads")
    if machine["load"] is not None:
        print(f"load of the machine in the last minute: {machine['load']:.1f} (the figures hold on a quiet one)")
    for case in figures:
        print(f"{case['windows']} windows x {case['frames']} frames, {case['precision']}:")
        print(f"  training:         {case['frames_per_second']:>9,.0f} output frames/s")
        print(f"  data pipeline:    {case['data_share']:>9.0%} of the time")
        print(f"  cycle branch:     {case['cycle_price']:>9.2f} times the time of a step without it")
        print(f"  refinements:      {case['refinement_price']:>9.2f} times the time of a step without it")
        print(
            f"  matrix products:  {case['peak_flop_per_second'] / 1e9:>9,.1f} Gflop/s; the step reaches "
            f"{case['peak_share']:.0%} of it, without the data pipeline {case['peak_share_without_data']:.0%}"
        )


def _best_times(work: dict[str, Callable[[], object]], device: torch.device) -> dict[str, float]:
    """Seconds of one call of each, the best of several rounds; the first calls, not timed, warm caches and threads."""
    times: dict[str, float] = {}
    for each in work.values():
        each()
    for _ in range(_ROUNDS):
        for name, each in work.items():
            times[name] = min(times.get(name, float("inf")), _seconds(each, device))
    return times


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """How long one call takes, with what it has left the GPU to do."""
    _finish(device)
    begun = time.perf_counter()
    work()
    _finish(device)
    return time.perf_counter() - begun


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    sys.exit(exit_code(main))
