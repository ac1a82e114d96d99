"""Reading BVH: a text file with a hierarchy of joints, then one line of channel values a frame.

Any hierarchy, any channel order, any unit (`scale`), position channels on any joint: they replace its OFFSET in
that frame. A joint's rotation channels are applied in the order written, the first being the outermost; angles
are degrees. Format: Meredith and Maddock, Motion Capture File Formats Explained, 2001.
"""

import contextlib
import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.skeleton import MOST_JOINTS

# Words of their own: a joint's name may hold them.
_MOTION = re.compile(rb"(?<!\S)MOTION(?!\S)")
_MOTION_HEAD = re.compile(rb"\s*frames:\s*(\S+)\s+frame\s+time:\s*(\S+)", re.IGNORECASE)
_OFFSET = re.compile(rb"(?<!\S)OFFSET\s+(\S+\s+\S+\s+\S+)")
_POSITIONS = {"xposition": 0, "yposition": 1, "zposition": 2}
_ROTATIONS = {"xrotation": 0, "yrotation": 1, "zrotation": 2}


@dataclass(frozen=True)
class BvhClip:
    """A BVH file's J joints, E end sites and T frames, lengths in the file's unit times `scale`."""

    path: str
    fps: float
    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray  # (J, 3), the hierarchy's OFFSETs
    rotations: np.ndarray  # (T, J, 4), local
    translations: np.ndarray  # (T, J, 3), from the parent: the OFFSET where there is no position channel
    end_parents: tuple[int, ...]  # (E,), the joints that the end sites hang on
    end_offsets: np.ndarray  # (E, 3)

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.rotations)

    def pose(self) -> tuple[np.ndarray, np.ndarray]:
        """World positions (T, J, 3) and global rotations (T, J, 4) of the joints."""
        positions, turned = pose_skeleton(self.translations, self.rotations, self.parents)
        return positions + self.translations[:, :1], turned

    def end_positions(self) -> np.ndarray:
        """World positions (T, E, 3) of the end sites."""
        positions, turned = self.pose()
        parents = list(self.end_parents)
        return np.asarray(positions[:, parents] + quaternion.rotate(turned[:, parents], self.end_offsets))


@dataclass
class _Hierarchy:
    """What stands above MOTION, as it is read; `channels` are (joint, lower-case name) in the file's order."""

    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[tuple[float, ...]] = field(default_factory=list)
    channels: list[tuple[int, str]] = field(default_factory=list)
    end_parents: list[int] = field(default_factory=list)
    end_offsets: list[tuple[float, ...]] = field(default_factory=list)


def read_bvh(path: str | Path, scale: float = 1.0) -> BvhClip:
    """Reads a BVH file; every length is multiplied by `scale` (0.01 takes centimetres to metres).

    Raises InputError where the file is missing, is no BVH, or is cut short.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    return parse_bvh(content, str(path), scale)


def parse_bvh(content: bytes, path: str, scale: float = 1.0) -> BvhClip:
    """The clip in a BVH file's `content`; `path` names it in errors. Raises InputError as `read_bvh`."""
    head, *rest = _MOTION.split(content, maxsplit=1)
    if not rest or not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"HIERARCHY"):
        raise InputError(f"{path}: is no BVH file, which starts with HIERARCHY and has a MOTION section")
    for offset in _OFFSET.findall(head):
        _require_no_commas(offset, path)
    try:
        hierarchy = _parse_hierarchy(_words(head.decode("utf-8", errors="replace")))
    except (StopIteration, RuntimeError, ValueError, OverflowError, IndexError) as error:
        # A word that is missing inside of a comprehension comes as a RuntimeError.
        told = "it ends too early" if isinstance(error, StopIteration | RuntimeError) else str(error)[:100]
        raise InputError(f"{path}: its HIERARCHY is damaged or cut short ({told})") from None
    if len(hierarchy.names) > MOST_JOINTS:
        raise InputError(f"{path}: has {len(hierarchy.names)} joints; no more than {MOST_JOINTS} can be posed")
    values, frame_time = _parse_motion(rest[0], len(hierarchy.channels), path)
    offsets = np.array(hierarchy.offsets, dtype=np.float64) * scale
    rotations, translations = _channels_to_pose(values, hierarchy.channels, offsets, scale)
    return BvhClip(
        path=path,
        fps=1.0 / frame_time,
        joint_names=tuple(hierarchy.names),
        parents=tuple(hierarchy.parents),
        offsets=offsets,
        rotations=rotations,
        translations=translations,
        end_parents=tuple(hierarchy.end_parents),
        end_offsets=np.array(hierarchy.end_offsets, dtype=np.float64).reshape(-1, 3) * scale,
    )


def _words(head: str) -> list[str]:
    """The words of the hierarchy; a brace may follow a name without a space."""
    return re.sub(r"\{(?!\S)", " {", head).split()


def _parse_hierarchy(words: list[str]) -> _Hierarchy:
    """The tree, read word by word; raises ValueError or StopIteration where it is not one."""
    tree = _Hierarchy()
    open_joints: list[int] = []  # the joints whose brace is open; -1 stands for an end site
    reader = iter(words[1:])
    for word in reader:
        if word in ("ROOT", "JOINT"):
            tree.names.append(_name(reader))
            tree.parents.append(open_joints[-1] if open_joints else -1)
            tree.offsets.append((0.0, 0.0, 0.0))
            open_joints.append(len(tree.names) - 1)
        elif word == "End":
            _name(reader)
            tree.end_parents.append(open_joints[-1])
            tree.end_offsets.append((0.0, 0.0, 0.0))
            open_joints.append(-1)
        elif word == "OFFSET":
            offset = tuple(float(next(reader)) for _ in range(3))
            if open_joints[-1] < 0:
                tree.end_offsets[-1] = offset
            else:
                tree.offsets[open_joints[-1]] = offset
        elif word == "CHANNELS":
            tree.channels += [(open_joints[-1], next(reader).lower()) for _ in range(int(next(reader)))]
        elif word == "}":
            open_joints.pop()
        else:
            raise ValueError(f"unexpected '{word}'")
    unknown = {name for _, name in tree.channels} - _POSITIONS.keys() - _ROTATIONS.keys()
    if unknown or open_joints or tree.parents[:1] != [-1] or tree.parents.count(-1) != 1:
        raise ValueError(f"unknown channel {unknown.pop()}" if unknown else "its braces do not make one tree")
    return tree


def _name(reader: Iterator[str]) -> str:
    """The words up to the opening brace: names may hold spaces."""
    words = list(iter(reader.__next__, "{"))
    return " ".join(words)


def _parse_motion(motion: bytes, channel_count: int, path: str) -> tuple[np.ndarray, float]:
    """The values (T, channels) and the frame time in seconds below MOTION; raises InputError."""
    frames, frame_time = -1, math.nan
    if head := _MOTION_HEAD.match(motion):
        _require_no_commas(head[2], path)
        with contextlib.suppress(ValueError):
            frames, frame_time = int(head[1]), float(head[2])
    if not head or frames < 0:
        raise InputError(f"{path}: its MOTION section should begin with Frames: and Frame Time:; the file is damaged")
    if not 0 < frame_time < math.inf:
        raise InputError(f"{path}: its Frame Time is {frame_time}, it must be a number of seconds above 0")
    if frames == 0 or channel_count == 0:
        raise InputError(f"{path}: holds no motion ({frames} frames of {channel_count} channels)")
    rows = motion[head.end() :].lstrip()
    _require_no_commas(rows, path)
    _require_whole_rows(rows, channel_count, path)
    values = _leading_numbers(rows)
    if values.size < frames * channel_count:
        raise InputError(
            f"{path}: is cut short or damaged: {frames} frames of {channel_count} channels are announced, "
            f"the numbers end in frame {values.size // channel_count + 1}"
        )
    return values[: frames * channel_count].reshape(frames, channel_count), frame_time


def _require_no_commas(numbers: bytes, path: str) -> None:
    """Raises InputError where the first line of `numbers` has decimal commas."""
    first = numbers.split(b"\n", 1)[0].split()
    comma = next((word for word in first if b"," in word), None)
    if comma is not None:
        raise InputError(f"{path}: holds the number '{comma.decode(errors='replace'):.20}'; write points, not commas")


def _require_whole_rows(rows: bytes, channel_count: int, path: str) -> None:
    """Raises InputError where the first line holds more numbers than one frame, or several whole ones, would."""
    width = len(rows.split(b"\n", 1)[0].split())
    if width > channel_count and width % channel_count:
        raise InputError(f"{path}: a line of its MOTION has {width} numbers for {channel_count} channels")


def _leading_numbers(text: bytes) -> np.ndarray:
    """The numbers (N,) up to the first word of `text` that is none."""
    with warnings.catch_warnings():
        # Where the text stops being numbers NumPy warned, and refuses since 2.3.
        warnings.simplefilter("error", DeprecationWarning)
        with contextlib.suppress(DeprecationWarning, ValueError):
            return np.fromstring(text, dtype=np.float64, sep=" ")
    numbers = []
    with contextlib.suppress(ValueError):
        for word in text.split():
            numbers.append(float(word))
    return np.array(numbers, dtype=np.float64)


def _channels_to_pose(
    values: np.ndarray, channels: list[tuple[int, str]], offsets: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Channel values (T, C) -> local rotations (T, J, 4) and translations (T, J, 3)."""
    with np.errstate(invalid="ignore", over="ignore"):  # who asks for finite numbers looks for them himself
        return _posed(values, channels, offsets, scale)


def _posed(
    values: np.ndarray, channels: list[tuple[int, str]], offsets: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    frames, joint_count = len(values), len(offsets)
    translations = np.broadcast_to(offsets, (frames, joint_count, 3)).copy()
    rotations = np.zeros((frames, joint_count, 4))
    rotations[..., 0] = 1.0
    turns: list[list[tuple[int, int, int]]] = []  # by place in the joint's order: (joint, axis, column)
    seen = [0] * joint_count
    for column, (joint, name) in enumerate(channels):
        if name in _POSITIONS:
            translations[:, joint, _POSITIONS[name]] = values[:, column] * scale
            continue
        if seen[joint] == len(turns):
            turns.append([])
        turns[seen[joint]].append((joint, _ROTATIONS[name], column))
        seen[joint] += 1
    for step in turns:
        joints, axes, columns = (list(numbers) for numbers in zip(*step, strict=True))
        half = np.radians(values[:, columns]) / 2
        turn = np.zeros((frames, len(joints), 4))
        turn[..., 0] = np.cos(half)
        turn[:, np.arange(len(joints)), np.array(axes) + 1] = np.sin(half)
        rotations[:, joints] = quaternion.multiply(rotations[:, joints], turn)
    return rotations, translations
