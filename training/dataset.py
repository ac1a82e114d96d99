"""Motion to train on, whole in memory: every clip's frames one after the other, as tensors on one device."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from posenorm_core.builtin_motion import ACTIONS, builtin_clip
from posenorm_core.condition_skeleton import JOINT_COUNT, JOINT_NAMES
from posenorm_core.errors import InputError
from posenorm_core.files import load_archive, require
from training.mocap.dataset import FORMAT, VERSION

BUILTIN_FAMILY = "builtin"
_NAMES = ("clip_name", "clip_subject", "clip_action", "clip_source", "clip_family")


@dataclass(frozen=True)
class MotionData:
    """N frames in C clips at 30 frames/s; rotations as departures from our T-pose, the root in a Y-up world."""

    rotations: torch.Tensor  # (N, 19, 4)
    root_position: torch.Tensor  # (N, 3) metres
    contacts: torch.Tensor  # (N, 2) right and left foot
    clip_start: torch.Tensor  # (C + 1,)
    clip_offsets: torch.Tensor  # (C, 19, 3)
    clip_name: np.ndarray
    clip_subject: np.ndarray
    clip_action: np.ndarray
    clip_source: np.ndarray
    clip_family: np.ndarray

    @property
    def clip_count(self) -> int:
        """C."""
        return len(self.clip_name)

    @property
    def clip_length(self) -> torch.Tensor:
        """(C,) frames."""
        return self.clip_start[1:] - self.clip_start[:-1]

    def to(self, device: torch.device) -> "MotionData":
        """The same data on another device."""
        moved: dict[str, Any] = {k: v.to(device) if isinstance(v, torch.Tensor) else v for k, v in vars(self).items()}
        return MotionData(**moved)

    def subset(self, keep: np.ndarray) -> "MotionData":
        """Only the clips where `keep` (C,) is true."""
        chosen = np.flatnonzero(keep)
        spans = [torch.arange(int(self.clip_start[c]), int(self.clip_start[c + 1])) for c in chosen]
        frames = torch.cat(spans) if spans else torch.arange(0)
        lengths = self.clip_length[torch.from_numpy(chosen)]
        return MotionData(
            rotations=self.rotations[frames],
            root_position=self.root_position[frames],
            contacts=self.contacts[frames],
            clip_start=torch.cat([torch.zeros(1, dtype=torch.int64), torch.cumsum(lengths, 0)]),
            clip_offsets=self.clip_offsets[torch.from_numpy(chosen)],
            **self._names(lambda names: names[chosen]),
        )

    def _names(self, change: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
        """What is told of each clip, changed alike."""
        return {name: change(getattr(self, name)) for name in _NAMES}


def load_data(path: str | Path) -> MotionData:
    """Reads a data set of `training.prepare`; raises InputError naming what is wrong with it."""
    arrays = load_archive(path, FORMAT, VERSION)
    require(arrays, path, rotations=(None, JOINT_COUNT, 4), root_position=(None, 3), contacts=(None, 2))
    require(arrays, path, clip_start=(None,), clip_offsets=(None, JOINT_COUNT, 3))
    if [str(name) for name in arrays.get("joint_names", [])] != list(JOINT_NAMES):
        raise InputError(f"{path}: its joints are not the condition skeleton's; prepare the data again")
    clips, frames = len(arrays["clip_offsets"]), len(arrays["rotations"])
    start = arrays["clip_start"].astype(np.int64)
    if clips == 0 or len(start) != clips + 1 or start[0] != 0 or start[-1] != frames or (np.diff(start) < 1).any():
        raise InputError(f"{path}: its clips do not add up to its {frames} frames; the file is damaged")
    if any(name not in arrays or len(arrays[name]) != clips for name in _NAMES):
        raise InputError(f"{path}: lacks the description of its clips; prepare the data again")
    for name in ("rotations", "root_position", "clip_offsets"):
        if not np.isfinite(arrays[name]).all():
            raise InputError(f"{path}: '{name}' holds values that are not finite; prepare the data again")
    return MotionData(
        rotations=torch.from_numpy(arrays["rotations"].astype(np.float32)),
        root_position=torch.from_numpy(arrays["root_position"].astype(np.float32)),
        contacts=torch.from_numpy(arrays["contacts"].astype(np.float32)),
        clip_start=torch.from_numpy(start),
        clip_offsets=torch.from_numpy(arrays["clip_offsets"].astype(np.float32)),
        **{name: arrays[name].astype(str) for name in _NAMES},
    )


def builtin_data(minutes: float, seed: int, seconds_a_clip: float = 8.0) -> MotionData:
    """Built-in motion, every action in turn and twice as much of the random one, each clip from its own seed."""
    order = [*ACTIONS, "random"]
    count = max(len(order), round(minutes * 60 / seconds_a_clip))
    clips = [builtin_clip(order[k % len(order)], seed=seed + k, seconds=seconds_a_clip) for k in range(count)]
    lengths = np.array([len(clip.rotations) for clip in clips])
    actions = np.array([clip.action for clip in clips])
    return MotionData(
        rotations=torch.from_numpy(np.concatenate([c.rotations for c in clips]).astype(np.float32)),
        root_position=torch.from_numpy(np.concatenate([c.root_position for c in clips]).astype(np.float32)),
        contacts=torch.from_numpy(np.concatenate([c.contacts for c in clips]).astype(np.float32)),
        clip_start=torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)),
        clip_offsets=torch.from_numpy(np.stack([c.skeleton.offsets for c in clips]).astype(np.float32)),
        clip_name=np.array([f"builtin_{action}_{seed + k}" for k, action in enumerate(actions)]),
        clip_subject=np.full(count, "none"),
        clip_action=actions,
        clip_source=np.full(count, "posenorm_core.builtin_motion"),
        clip_family=np.full(count, BUILTIN_FAMILY),
    )


def joined(first: MotionData, second: MotionData) -> MotionData:
    """The clips of both."""
    tensors = ("rotations", "root_position", "contacts", "clip_offsets")
    joint: dict[str, Any] = {name: torch.cat([getattr(first, name), getattr(second, name)]) for name in tensors}
    joint |= {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in _NAMES}
    return MotionData(
        clip_start=torch.cat([first.clip_start, second.clip_start[1:] + first.clip_start[-1]]),
        **joint,
    )
