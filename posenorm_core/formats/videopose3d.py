"""VideoPose3D's 2D detections (`data_2d_….npz`): subject -> action -> cameras, each (frames, keypoints, 2 or 3).

`positions_2d` is a dictionary that NumPy pickled, and is read without running it. `metadata` names a layout, which
is often the wrong one, for people fill it in by copying: the body decides between COCO's and Human3.6M's 17, the name
only where it does not. `video_metadata`, which VideoPose3D writes for videos of one's own, has the image size.
Format: VideoPose3D, `data/prepare_data_2d_custom.py` and `DATASETS.md`.
"""

from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any

import numpy as np

from posenorm_core.clip import Clip
from posenorm_core.errors import InputError
from posenorm_core.formats.coco_layouts import COCO_17, HUMAN36M_17
from posenorm_core.formats.detection_list import clip_of_detections, common_image_size
from posenorm_core.formats.keypoint_arrays import detections_of_array
from posenorm_core.formats.seventeen_keypoints import layout_of_seventeen
from posenorm_core.formats.source import Source
from posenorm_core.npy import npy_header, read_npy

DESCRIPTION = "VideoPose3D 2D detections (.npz with positions_2d, one clip)"

_POINTS, _POSITIONS, _METADATA = "positions_2d.npy", "positions_3d.npy", "metadata.npy"
# Subject, action and camera: no file is nested deeper.
_DEEPEST = 3
_MOST_NAMED, _MOST_COUNTED = 5, 10_000


def recognises(source: Source) -> bool:
    """Whether `source` is an `.npz` with VideoPose3D's dictionary of keypoints, or of the positions made of them."""
    if source.kind != "zip":
        return False
    names = [name for name in (_POINTS, _POSITIONS) if name in source.names]
    headers = (npy_header(BytesIO(head)) for head in source.heads(names))
    return any(header is not None and header[1].hasobject for header in headers)


def read(source: Source, fps: float | None) -> Clip:
    """Reads the one clip in `source`; `fps` is what the user says the rate is.

    Raises InputError where the file holds 3D positions, several clips (which are named), or no keypoints.
    """
    if _POINTS not in source.names:
        raise InputError(f"{source.path}: holds 3D positions; give the 2D keypoints (data_2d_….npz) they were made of")
    subjects = read_npy(source.read(_POINTS), f"{source.path}: 'positions_2d'")
    metadata = read_npy(source.read(_METADATA), f"{source.path}: 'metadata'") if _METADATA in source.names else {}
    subject, values = _only_clip(subjects, source)
    detections = detections_of_array(values, str(source.path))
    named = HUMAN36M_17 if _told(metadata, "layout_name") == "h36m" else COCO_17
    layout = layout_of_seventeen(detections, named)
    video = _told(_told(metadata, "video_metadata"), subject)
    size = common_image_size([(_told(video, "w"), _told(video, "h"))])
    return clip_of_detections(source.path, "VideoPose3D", detections, [layout], len(values), fps, size)


def _only_clip(subjects: Any, source: Source) -> tuple[str, np.ndarray]:
    """The subject and the array of the only clip in `subjects`; raises InputError where there are several, or none."""
    found = list(islice(_clips(subjects, (), source), _MOST_COUNTED))
    if len(found) == 1:
        (names, values), *_ = found
        return names[0] if names else "", values
    some = ", ".join("/".join(names) for names, _ in found[:_MOST_NAMED])
    keys = "".join(f"[{name if name.isdigit() else repr(name)}]" for name in found[0][0])
    raise InputError(
        f"{source.path}: holds {len(found)} clips ({some}{', …' if len(found) > _MOST_NAMED else ''}); one is read at "
        f"a time: save it alone, such as numpy.save('one.npy', numpy.load(…)['positions_2d'].item(){keys})"
    )


def _clips(held: Any, names: tuple[str, ...], source: Source) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
    """Every array in dictionaries and lists, with the keys that lead to it; raises InputError for anything else."""
    if isinstance(held, np.ndarray) and held.dtype.kind in "fiu" and held.ndim == 3:
        yield names, held
        return
    if isinstance(held, dict):
        inner = [(str(name)[:80], value) for name, value in held.items() if isinstance(name, str | int)]
    else:
        listed = isinstance(held, list | tuple) or (isinstance(held, np.ndarray) and held.ndim > 0)
        cameras = held if listed else []
        inner = [(str(number), value) for number, value in enumerate(cameras)]
    if not inner or len(names) >= _DEEPEST:
        raise InputError(
            f"{source.path}: '{'/'.join(('positions_2d', *names))}' is no array of keypoints (frames, keypoints, 2), "
            "nor a dictionary or list of such"
        )
    for name, value in inner:
        yield from _clips(value, (*names, name), source)


def _told(held: Any, key: str) -> Any:
    """What the dictionary `held` says under `key`; None where it is no dictionary or says nothing."""
    return held.get(key) if isinstance(held, dict) else None
