"""Reading the skeletal animations of a binary glTF file (`.glb`), version 2.

Every node is a joint (what moves the skeleton may be any ancestor of it); every animation is one clip, sampled at
an even rate. Scale is not followed: rigs of people keep it at 1. Format: Khronos, glTF 2.0, sections 3.6, 3.11.
"""

import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.source_clip import SourceClip

_COMPONENTS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}


def read_glb_clips(content: bytes, path: str, fps: float) -> Iterator[SourceClip]:
    """The animations in a GLB file's `content`, each sampled at `fps`; `path` names the file in errors.

    Raises InputError where it is no GLB, is damaged, or holds no animation.
    """
    try:
        document, binary = _chunks(content)
        order, parents = _tree(document["nodes"])
        if not document.get("animations"):
            raise InputError(f"{path}: holds no animation")
        for animation in document["animations"]:
            yield _clip(document, binary, animation, order, parents, path, fps)
    except (KeyError, IndexError, ValueError, TypeError, struct.error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: is no readable .glb file, or is cut short ({error!r})") from None


def _chunks(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON and the binary chunk; raises ValueError where the file is not a GLB."""
    magic, version, length = struct.unpack_from("<4sII", content)
    if magic != b"glTF" or version != 2 or length > len(content):
        raise ValueError("its header is not that of a whole glTF 2 file")
    json_length, _ = struct.unpack_from("<I4s", content, 12)
    binary_start = 20 + json_length
    binary_length, _ = struct.unpack_from("<I4s", content, binary_start)
    document = json.loads(content[20:binary_start])
    return document, content[binary_start + 8 : binary_start + 8 + binary_length]


def _tree(nodes: list[dict[str, Any]]) -> tuple[list[int], tuple[int, ...]]:
    """Node numbers with every parent before its children, under one added root (-1), and their parents."""
    above = {child: number for number, node in enumerate(nodes) for child in node.get("children", [])}
    order = [-1]
    level = [number for number in range(len(nodes)) if number not in above]
    while level:
        order += level
        level = [child for number in level for child in nodes[number].get("children", [])]
    place = {number: k for k, number in enumerate(order)}
    return order, (-1, *(place[above.get(number, -1)] for number in order[1:]))


def _clip(
    document: dict[str, Any],
    binary: bytes,
    animation: dict[str, Any],
    order: list[int],
    parents: tuple[int, ...],
    path: str,
    fps: float,
) -> SourceClip:
    """One animation sampled at `fps`; nodes without channels stay as the file places them."""
    times = _times(document, binary, animation, fps)
    nodes = document["nodes"]
    rotations = np.tile([1.0, 0.0, 0.0, 0.0], (len(times), len(order), 1))
    translations = np.zeros((len(times), len(order), 3))
    for k, number in enumerate(order[1:], start=1):
        rotations[:, k] = np.roll(nodes[number].get("rotation", [0.0, 0.0, 0.0, 1.0]), 1)
        translations[:, k] = nodes[number].get("translation", [0.0, 0.0, 0.0])
    for channel in animation["channels"]:
        target, sampler = channel["target"], animation["samplers"][channel["sampler"]]
        if target["path"] == "rotation":
            rotations[:, order.index(target["node"])] = np.roll(_sample(document, binary, sampler, times, True), 1, -1)
        elif target["path"] == "translation":
            translations[:, order.index(target["node"])] = _sample(document, binary, sampler, times, False)
    names = ("", *(str(nodes[number].get("name", number)) for number in order[1:]))
    return SourceClip(
        path=f"{path}#{animation.get('name', '')}",
        fps=fps,
        joint_names=names,
        parents=parents,
        rotations=np.asarray(quaternion.normalize(rotations)),
        translations=translations,
        end_parents=(),
        end_offsets=np.zeros((0, 3)),
    )


def _times(document: dict[str, Any], binary: bytes, animation: dict[str, Any], fps: float) -> np.ndarray:
    """The sampling times (T,) from the animation's first key to its last."""
    keys = [_accessor(document, binary, sampler["input"])[[0, -1], 0] for sampler in animation["samplers"]]
    first, last = min(key[0] for key in keys), max(key[1] for key in keys)
    return first + np.arange(int((last - first) * fps + 1e-6) + 1) / fps


def _accessor(document: dict[str, Any], binary: bytes, number: int) -> np.ndarray:
    """An accessor's values (count, width) as floats; normalized integers become -1…1 or 0…1."""
    accessor = document["accessors"][number]
    view = document["bufferViews"][accessor["bufferView"]]
    kind, width = np.dtype(_COMPONENTS[accessor["componentType"]]), _WIDTHS[accessor["type"]]
    stride = view.get("byteStride", kind.itemsize * width)
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    values: np.ndarray = np.ndarray((accessor["count"], width), kind, binary, start, (stride, kind.itemsize))
    if accessor.get("normalized"):
        return np.maximum(values / np.iinfo(kind).max, -1.0)
    return values.astype(np.float64)


def _sample(
    document: dict[str, Any], binary: bytes, sampler: dict[str, Any], times: np.ndarray, turning: bool
) -> np.ndarray:
    """A sampler's values (T, width) at `times`, by its own interpolation; `turning`: quaternions (x, y, z, w)."""
    keys = _accessor(document, binary, sampler["input"])[:, 0]
    values = _accessor(document, binary, sampler["output"])
    mode = sampler.get("interpolation", "LINEAR")
    if mode == "CUBICSPLINE":
        return _cubic(keys, values.reshape(len(keys), 3, -1), times)
    place = np.clip(np.searchsorted(keys, times + 1e-9, side="right") - 1, 0, len(keys) - 1)
    if mode == "STEP" or len(keys) == 1:
        return np.asarray(values[place])
    place = np.minimum(place, len(keys) - 2)
    part = np.clip((times - keys[place]) / (keys[place + 1] - keys[place]), 0.0, 1.0)
    if turning:
        wxyz = np.roll(values, 1, axis=-1)
        return np.roll(np.asarray(quaternion.slerp(wxyz[place], wxyz[place + 1], part)), -1, axis=-1)
    return np.asarray(values[place] + (values[place + 1] - values[place]) * part[:, None])


def _cubic(keys: np.ndarray, values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Hermite interpolation of (in-tangent, value, out-tangent) triples (N, 3, width), glTF 2.0 appendix C.5."""
    if len(keys) == 1:
        return np.repeat(values[:, 1], len(times), axis=0)
    place = np.clip(np.searchsorted(keys, times, side="right") - 1, 0, len(keys) - 2)
    span = (keys[place + 1] - keys[place])[:, None]
    t = np.clip((times - keys[place])[:, None] / span, 0.0, 1.0)
    t2, t3 = t * t, t * t * t
    return np.asarray(
        (2 * t3 - 3 * t2 + 1) * values[place, 1]
        + span * (t3 - 2 * t2 + t) * values[place, 2]
        + (3 * t2 - 2 * t3) * values[place + 1, 1]
        + span * (t3 - t2) * values[place + 1, 0]
    )
