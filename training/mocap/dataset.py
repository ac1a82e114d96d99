"""The data set that training reads: every clip's rotations on its own body, at 30 frames/s, in one `.npz`.

`DataClip` is one clip; `save_dataset` lays all clips end to end (format posenorm-dataset, no pickle).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.files import save_archive

# Version 2: the trunk's rest pose is the one of the person standing (`posenorm_core.trunk`).
FORMAT, VERSION = "posenorm-dataset", 2
FPS = 30.0


@dataclass(frozen=True)
class DataClip:
    """One clip: what was done, by whom, from where, and its T frames."""

    name: str
    subject: str
    action: str
    source: str
    family: str
    offsets: np.ndarray  # (19, 3) metres, the T-pose
    rotations: np.ndarray  # (T, 19, 4), local, the root's in the world, +Y up
    root_position: np.ndarray  # (T, 3) metres, the floor at y = 0
    contacts: np.ndarray  # (T, 2), right and left foot stand

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.rotations)


def save_dataset(clips: Sequence[DataClip], path: str | Path) -> None:
    """Writes the clips aside and renames; raises InputError where it cannot."""
    save_archive(
        path,
        clip_table(clips)
        | {
            "rotations": np.concatenate([clip.rotations for clip in clips]).astype(np.float32),
            "root_position": np.concatenate([clip.root_position for clip in clips]).astype(np.float32),
            "contacts": np.concatenate([clip.contacts for clip in clips]).astype(np.uint8),
        },
    )


def clip_table(clips: Sequence[DataClip]) -> dict[str, Any]:
    """All that a data set holds but the frames: what it is, where each clip begins, and what is told of it."""
    texts = {
        f"clip_{name}": np.array([getattr(clip, name) for clip in clips])
        for name in ("name", "subject", "action", "source", "family")
    }
    return {
        "format": FORMAT,
        "version": VERSION,
        "fps": FPS,
        "joint_names": np.array(JOINT_NAMES),
        "clip_start": np.cumsum([0, *(len(clip) for clip in clips)]).astype(np.int64),
        "clip_offsets": np.stack([clip.offsets for clip in clips]),
        **texts,
    }
