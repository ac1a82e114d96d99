"""The label files of Penn Action, straight from their archive: a `.mat` a clip, of 13 joints and an action.

Zhang, Zhu and Derpanis, From Actemes to Action (ICCV 2013). A joint that is not in the picture is at the corner; one
that is hidden has a guessed place, and counts half, as COCO's hidden keypoints do here. The frame rate is not told: 30
frames/s are assumed, the usual rate of the films on the web that the clips are cut from.

The columns whose names are "left" in the data set's description are the subject's right: of the subjects filmed from
the front they are on the picture's left in 89% of the frames, of those filmed from behind in 17%, and of those who face
the picture's left they are hidden in 43% of the frames, the others in 13%. Some clips are annotated the other way
round and are left so. What is named "head" is the middle of the head: a median of 0.38 torso lengths above the
shoulders' middle and, seen from the side, not in front of it; on the condition skeleton nose and ears are 0.38 and
0.39 above, the neck 0.26 and the top of the head 0.68. As the nose the network expects the least error of the joints,
against the ears, the neck, the top of the head, or none.
"""

import io
import lzma
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from posenorm_core.errors import InputError
from posenorm_core.formats.layout import Layout, to_landmarks
from posenorm_core.keypoints import LARGEST_COORDINATE, Keypoints

FPS = 30.0
_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
JOINTS = (
    "nose",
    *(f"{side}_{joint}" for joint in _LIMBS for side in ("right", "left")),
)
_NUMBERED = {name: number for number, name in enumerate(JOINTS)}
LAYOUT = Layout(
    "Penn Action",
    len(JOINTS),
    _NUMBERED
    | {
        middle: (_NUMBERED[f"left_{joint}"], _NUMBERED[f"right_{joint}"])
        for middle, joint in (("pelvis", "hip"), ("thorax", "shoulder"))
    },
)
_HIDDEN = 0.5
# Where a joint lies that was not placed: MATLAB's first pixel, or none.
_CORNER = 1.0
# What SciPy raises of files that are cut short, damaged or of another version.
_UNREADABLE = (
    MatReadError, ValueError, TypeError, KeyError, IndexError, OSError, EOFError, NotImplementedError, MemoryError
)  # fmt: skip


@dataclass(frozen=True)
class LabelledClip:
    """One clip: its number in the data set, what is done, whence it is filmed, and the joints."""

    number: int
    action: str
    viewpoint: str
    keypoints: Keypoints


def read_labels(archive: str | Path) -> list[LabelledClip]:
    """The clips of a `.tar` of label files, compressed or not, by number.

    Raises InputError naming the archive, or the label file in it, and what is wrong with it.
    """
    clips = [labelled_clip(content, name, archive) for name, content in _label_files(Path(archive))]
    if not clips:
        raise InputError(f"{archive}: holds no label file of Penn Action (0001.mat, 0002.mat, …)")
    return sorted(clips, key=lambda clip: clip.number)


def _label_files(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each `.mat` in the archive."""
    try:
        with tarfile.open(archive) as files:
            for member in files:
                content = files.extractfile(member) if member.isfile() and member.name.endswith(".mat") else None
                if content is not None:
                    yield Path(member.name).name, content.read()
    except (tarfile.TarError, lzma.LZMAError, EOFError):
        raise InputError(
            f"{archive}: is no whole tar archive; give the .tar or .tar.xz of Penn Action's labels"
        ) from None
    except OSError as error:
        raise InputError(f"{archive}: cannot be read ({error.strerror or error})") from None


def labelled_clip(content: bytes, name: str, archive: str | Path) -> LabelledClip:
    """The clip of one label file; raises InputError where it lacks something or its arrays do not agree."""
    where = f"{archive}: {name}"
    try:
        told = loadmat(io.BytesIO(content), variable_names=("action", "pose", "x", "y", "visibility", "dimensions"))
        x, y, visibility, size = (np.asarray(told[k], np.float64) for k in ("x", "y", "visibility", "dimensions"))
        action, viewpoint = (str(np.ravel(told[key])[0]) for key in ("action", "pose"))
        number = int(Path(name).stem)
    except _UNREADABLE as error:
        raise InputError(f"{where}: is no label file of Penn Action ({error!s:.100})") from None
    if x.ndim != 2 or x.shape[1] != len(JOINTS) or not len(x) or not x.shape == y.shape == visibility.shape:
        raise InputError(f"{where}: x, y and visibility are {x.shape}, {y.shape} and {visibility.shape}; "
                         f"they must be (frames, {len(JOINTS)})")  # fmt: skip
    if size.size < 2 or not (np.isfinite(size).all() and (size > 0).all()):
        raise InputError(f"{where}: dimensions must be height and width in pixels")
    points = np.stack([x, y], axis=-1)
    if not (np.abs(points) <= LARGEST_COORDINATE).all():  # false for nan too
        raise InputError(f"{where}: a joint is at no pixel")
    height, width = size.ravel()[:2]
    return LabelledClip(number, action, viewpoint, _keypoints(points, visibility, (width, height), where))


def _keypoints(points: np.ndarray, visibility: np.ndarray, size: tuple[float, float], where: str) -> Keypoints:
    """The joints (T, 13, 2) and their visibility (T, 13) as landmarks."""
    placed = (points > _CORNER).any(axis=-1)
    confidence = np.where(visibility > 0, 1.0, _HIDDEN) * placed
    landmarks = to_landmarks(LAYOUT, points, confidence)
    source: dict[str, Any] = {"file": where, "format": LAYOUT.name}
    return Keypoints(FPS, (float(size[0]), float(size[1])), *landmarks, source)
