"""Motion to train on: every clip's frames one after the other, as tensors on one device, or mapped from a folder."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from posenorm_core.builtin_motion import ACTIONS, builtin_clip
from posenorm_core.condition_skeleton import JOINT_COUNT, JOINT_NAMES
from posenorm_core.errors import InputError
from posenorm_core.files import load_archive, require
from training.mapped import MappedFrames, load_folder
from training.mocap.dataset import FORMAT, VERSION

Frames = torch.Tensor | MappedFrames

BUILTIN_FAMILY = "builtin"
_FRAMES = ("rotations", "root_position", "contacts")
_NAMES = ("clip_name", "clip_subject", "clip_action", "clip_source", "clip_family")


@dataclass(frozen=True)
class MotionData:
    """N frames in C clips at 30 frames/s; rotations as departures from our T-pose, the root in a Y-up world."""

    rotations: Frames  # (N, 19, 4)
    root_position: Frames  # (N, 3) metres
    contacts: Frames  # (N, 2) right and left foot
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
        """The same data on another device; mapped data stay, and the windows drawn from them must be moved."""
        if isinstance(self.rotations, MappedFrames):
            return self
        moved: dict[str, Any] = {k: v.to(device) if isinstance(v, torch.Tensor) else v for k, v in vars(self).items()}
        return MotionData(**moved)

    def in_memory(self) -> "MotionData":
        """The same data, its frames read if they were mapped."""
        read: dict[str, Any] = {name: getattr(self, name)[:] for name in _FRAMES}
        return replace(self, **read)

    def subset(self, keep: np.ndarray) -> "MotionData":
        """Only the clips where `keep` (C,) is true."""
        chosen = np.flatnonzero(keep)
        lengths = self.clip_length[torch.from_numpy(chosen)]
        begins = self.clip_start[torch.from_numpy(chosen)]
        frames: dict[str, Any] = {name: _spans(getattr(self, name), begins, lengths) for name in _FRAMES}
        return MotionData(
            **frames,
            clip_start=torch.cat([torch.zeros(1, dtype=torch.int64), torch.cumsum(lengths, 0)]),
            clip_offsets=self.clip_offsets[torch.from_numpy(chosen)],
            **self._names(lambda names: names[chosen]),
        )

    def _names(self, change: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
        """What is told of each clip, changed alike."""
        return {name: change(getattr(self, name)) for name in _NAMES}


def described(data: MotionData) -> str:
    """Which data set it is, for what was measured on it: one of another version or length is another."""
    return f"version {VERSION}, {data.clip_count} clips, {len(data.rotations)} frames"


def _spans(frames: Frames, begins: torch.Tensor, lengths: torch.Tensor) -> Frames:
    """The frames of the spans that begin at `begins` (S,) and last `lengths` (S,), laid end to end."""
    if isinstance(frames, MappedFrames):
        return frames.spans(begins.numpy(), lengths.numpy())
    spans = [torch.arange(int(begin), int(begin + n)) for begin, n in zip(begins, lengths, strict=True)]
    return frames[torch.cat(spans) if spans else torch.arange(0)]


def load_data(path: str | Path) -> MotionData:
    """Reads a data set of `training.prepare`; a folder's frames are not read but mapped.

    Raises InputError naming what is wrong with it.
    """
    mapped = Path(path).is_dir()
    table, frames = load_folder(Path(path)) if mapped else (load_archive(path, FORMAT, VERSION), {})
    arrays = table | frames
    require(arrays, path, rotations=(None, JOINT_COUNT, 4), root_position=(None, 3), contacts=(None, 2))
    require(arrays, path, clip_start=(None,), clip_offsets=(None, JOINT_COUNT, 3))
    if np.asarray(arrays.get("joint_names", [])).tolist() != list(JOINT_NAMES):
        raise InputError(f"{path}: its joints are not the condition skeleton's; prepare the data again")
    _require_whole_clips(arrays, path)
    # Mapped frames were looked at when they were written; here that would be to read them all.
    for name in ("clip_offsets",) if mapped else ("rotations", "root_position", "clip_offsets"):
        if not np.isfinite(arrays[name]).all():
            raise InputError(f"{path}: '{name}' holds values that are not finite; prepare the data again")
    read: dict[str, Any] = {
        name: MappedFrames.whole(arrays[name]) if mapped else torch.from_numpy(arrays[name].astype(np.float32))
        for name in _FRAMES
    }
    read |= {name: arrays[name].astype(str) for name in _NAMES}
    return MotionData(
        **read,
        clip_start=torch.from_numpy(arrays["clip_start"].astype(np.int64)),
        clip_offsets=torch.from_numpy(arrays["clip_offsets"].astype(np.float32)),
    )


def _require_whole_clips(arrays: dict[str, np.ndarray], path: str | Path) -> None:
    """Raises InputError where the clips are not those of the frames, or are not described."""
    clips, frames = len(arrays["clip_offsets"]), len(arrays["rotations"])
    start = arrays["clip_start"].astype(np.int64)
    ends_meet = clips and len(start) == clips + 1 and start[0] == 0 and start[-1] == frames
    if not ends_meet or (np.diff(start) < 1).any() or any(len(arrays[name]) != frames for name in _FRAMES):
        raise InputError(f"{path}: its clips do not add up to its {frames} frames; it is damaged, prepare it again")
    if any(name not in arrays or arrays[name].shape != (clips,) for name in _NAMES):
        raise InputError(f"{path}: lacks the description of its clips; prepare the data again")


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
    """The clips of both; mapped frames stay on the disk."""
    joint: dict[str, Any] = {name: _end_to_end(getattr(first, name), getattr(second, name)) for name in _FRAMES}
    joint |= {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in _NAMES}
    return MotionData(
        clip_start=torch.cat([first.clip_start, second.clip_start[1:] + first.clip_start[-1]]),
        clip_offsets=torch.cat([first.clip_offsets, second.clip_offsets]),
        **joint,
    )


def _end_to_end(first: Frames, second: Frames) -> Frames:
    if isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor):
        return torch.cat([first, second])
    mapped = [f if isinstance(f, MappedFrames) else MappedFrames.whole(f.numpy()) for f in (first, second)]
    return MappedFrames([span for frames in mapped for span in frames.pieces])
