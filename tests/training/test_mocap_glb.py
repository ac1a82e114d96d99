"""Binary glTF: animations are sampled by their own interpolation, whatever is no GLB is refused in one line."""

import json
import struct

import numpy as np
import pytest
from numpy.testing import assert_allclose

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from training.mocap.glb import read_glb_clips

HALF = np.sqrt(0.5)


def glb(samplers: list[tuple[str, str, np.ndarray, np.ndarray]]) -> bytes:
    """A file with a root 0 and its child 1, which the samplers (path, mode, times, values) move."""
    binary, views, accessors = b"", [], []
    for _, _, times, values in samplers:
        for array in (np.asarray(times, "<f4").reshape(-1, 1), np.asarray(values, "<f4")):
            views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": array.nbytes})
            kind = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}[array.shape[1]]
            accessors.append({"bufferView": len(views) - 1, "componentType": 5126, "count": len(array), "type": kind})
            binary += array.tobytes()
    document = {
        "asset": {"version": "2.0"},
        "nodes": [{"name": "child", "translation": [0, 1, 0]}, {"name": "root", "children": [0]}],
        "bufferViews": views,
        "accessors": accessors,
        "animations": [
            {
                "name": "go",
                "channels": [
                    {"sampler": k, "target": {"node": 0, "path": path}} for k, (path, *_) in enumerate(samplers)
                ],
                "samplers": [
                    {"input": 2 * k, "output": 2 * k + 1, "interpolation": mode}
                    for k, (_, mode, _, _) in enumerate(samplers)
                ],
            }
        ],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


def test_linear_rotations_turn_at_even_speed_and_steps_hold() -> None:
    content = glb(
        [
            ("rotation", "LINEAR", np.array([0.0, 1.0]), np.array([[0, 0, 0, 1], [0, 0, HALF, HALF]])),
            ("translation", "STEP", np.array([0.0, 0.5, 1.0]), np.array([[0, 1, 0], [0, 2, 0], [0, 3, 0]])),
        ]
    )
    (clip,) = read_glb_clips(content, "f.glb", 10.0)
    child = clip.joint_names.index("child")
    assert clip.path == "f.glb#go"
    assert clip.joint_names[clip.parents[child]] == "root"
    assert len(clip) == 11
    angles = quaternion.geodesic_angle(clip.rotations[:, child], np.array([1.0, 0.0, 0.0, 0.0]))
    assert_allclose(angles, np.linspace(0, np.pi / 2, 11), atol=1e-6)
    assert_allclose(clip.translations[:, child, 1], [1] * 5 + [2] * 5 + [3])


def test_cubic_splines_go_through_their_keys_with_their_tangents() -> None:
    # The cubic t³ has these values and slopes at 0, 1 and 2.
    triples = [
        [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
        [[3, 0, 0], [1, 0, 0], [3, 0, 0]],
        [[12, 0, 0], [8, 0, 0], [12, 0, 0]],
    ]
    content = glb([("translation", "CUBICSPLINE", np.array([0.0, 1.0, 2.0]), np.array(triples).reshape(9, 3))])
    (clip,) = read_glb_clips(content, "f.glb", 8.0)
    assert_allclose(clip.translations[:, clip.joint_names.index("child"), 0], (np.arange(17) / 8) ** 3, atol=1e-6)


WHOLE = glb([("translation", "LINEAR", np.array([0.0, 1.0]), np.zeros((2, 3)))])


@pytest.mark.parametrize("content", [b"", b"HIERARCHY", WHOLE[:100], WHOLE[:-8], WHOLE.replace(b"VEC3", b"MAT9")])
def test_what_is_no_whole_glb_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(InputError, match=r"f\.glb") as refused:
        list(read_glb_clips(content, "f.glb", 30.0))
    assert "\n" not in str(refused.value)
