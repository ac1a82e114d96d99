"""A few small sound files for each reader, made by the builders that the readers' own tests have."""

import base64
import csv
import io
import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import test_alphapose
import test_bvh_motion
import test_coco
import test_human36m17
import test_keypoints_file
import test_mediapipe
import test_mmpose
import test_motion
import test_safe_pickle
import test_smpl_files
import test_videopose3d
from coco_files import figure
from openpose_files import BODY_25, BODY_25B, COCO_18, frame, person, write_frames

from posenorm_core.architecture import Architecture
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES
from posenorm_core.motion import save_motion
from posenorm_core.skeleton import save_skeleton
from posenorm_core.weights import layer_shapes, save_weights
from tests.fuzz.documents import (
    Document,
    array_part,
    bare_part,
    document_of,
    json_part,
    pickle_part,
    text_part,
)

_FRAMES = 4
_BVH_WORDS = (
    "JOINT a { OFFSET 0 1 0 CHANNELS 0 " * 10_000 + "} " * 10_000,
    *("JOINT a { OFFSET 0 1 0 CHANNELS 0 }", "End Site { OFFSET 0 1 0 }", "CHANNELS 3", "ROOT", "MOTION", "Frames: 9"),
    *("Xposition", "Zrotation", "6", "0.033", "1e-9", *JOINT_NAMES[:9]),
)
_TOML_WORDS = ("[", "]", "[losses]", "true", "1e999", "[" * 10_000, "'''", "1979-05-27", "{}", "a.b.c", "0o7")


def _json(*trees: Any) -> list[Document]:
    return [Document("file", {"clip.json": json_part(tree)}) for tree in trees]


def openpose_folder(folder: Path) -> list[Document]:
    """A frame a file, in the layouts; two people."""
    both = frame(person(BODY_25), person(BODY_25, (500, 240)))
    clips: Sequence[list[str]] = ([both] * 2, [frame(person(COCO_18))], [frame(person(BODY_25B)), frame()])
    return [document_of(write_frames(folder / str(number), texts)) for number, texts in enumerate(clips)]


def openpose_zip(folder: Path) -> list[Document]:
    """The same, packed."""
    return [Document("zip", document.parts) for document in openpose_folder(folder)]


def openpose_list(_: Path) -> list[Document]:
    """The lists of one file, and the keys of the first versions."""
    size = {"canvas_width": 640, "canvas_height": 480}
    frames = [{"people": [{"pose_keypoints_2d": person(COCO_18)}]} | size] * 2
    return _json(frames, {"version": 0.1, "bodies": [{"joints": person(COCO_18)}]})


def alphapose(_: Path) -> list[Document]:
    """Lists with names and numbers, COCO's results, and the form of OpenPose."""
    tracked = test_alphapose.walk(["1.jpg", "2.jpg", "4.jpg"], box=[0, 0, 9, 9], idx=[3.0])
    by_image = {f"{t}.jpg": {"version": "AlphaPose v0.3", "people": [{"joints": person(COCO_18)}]} for t in (1, 2)}
    return _json(tracked, test_alphapose.walk([12, 13], "COCO 17"), by_image)


def coco(_: Path) -> list[Document]:
    """Annotations of 17 keypoints, with and without a category that names them."""
    named = {"categories": [{"id": 1, "name": "person", "keypoints": test_coco.ORDERS["COCO 17"]}]}
    return _json(test_coco.detected([0, 1]), test_coco.detected([4, 7]) | named)


def coco_wholebody(_: Path) -> list[Document]:
    """133 keypoints, and the feet in a list of their own."""
    whole = figure("COCO-WholeBody 133")
    apart = test_coco.annotation(4, whole[:17], foot_kpts=whole[17:23].ravel().tolist())
    return _json(test_coco.detected([0], "COCO-WholeBody 133"), test_coco.coco([test_coco.image(4)], [apart]))


def mmpose(_: Path) -> list[Document]:
    """All forms; with names, and in 3D."""
    named = test_mmpose.meta_info(test_mmpose.ORDERS["COCO 17"])
    frames = test_mmpose.framed(test_mmpose.walk("COCO 17", 2))
    points = np.column_stack([np.arange(17) / 10, np.ones(17), np.arange(17) / 9]).tolist()
    lifted = [{"frame_id": 0, "instances": [{"keypoints": points, "keypoint_scores": [1.0] * 17}]}]
    forms = [form(test_mmpose.walk("COCO 17", 2)) for form in test_mmpose.FORMS.values()]
    return _json(*forms, {"meta_info": named, "instance_info": frames}, {"meta_info": {}, "instance_info": lifted})


def mediapipe_json(_: Path) -> list[Document]:
    """Every form that the tests know, cut to a few frames."""
    return _json(*(_cut(form()) for form in test_mediapipe.JSON_FORMS.values()))


def _cut(tree: Any) -> Any:
    """A clip's frames are its only lists of dozens and the only ones of eight."""
    if isinstance(tree, dict):
        return {key: _cut(value) for key, value in tree.items()}
    return tree[:_FRAMES] if isinstance(tree, list) and len(tree) == test_mediapipe.FRAMES else tree


def mediapipe_csv(_: Path) -> list[Document]:
    """Every form that the tests know."""
    found = []
    for form in test_mediapipe.CSV_FORMS.values():
        file = io.StringIO()
        csv.writer(file).writerows(form()[: 40 if "long" in str(form()[0]) else _FRAMES])
        found.append(Document("file", {"clip.csv": text_part(file.getvalue(), ("1e9", "nose", "nose_x", '"' * 3))}))
    return found


def videopose3d(folder: Path) -> list[Document]:
    """Detectron's own nesting, and others."""
    values = test_videopose3d.walk("COCO 17", _FRAMES)
    custom = test_videopose3d.custom(folder / "a.npz", values, video={"w": 640, "h": 480})
    nested = test_videopose3d.nested(folder / "b.npz", {"S1": {"Walking 1": values[None]}})
    return [document_of(custom), document_of(nested)]


def human36m17(folder: Path) -> list[Document]:
    """An array alone, in a zip, and as lists."""
    values = test_human36m17.walk(frames=_FRAMES)
    test_human36m17.save_npz(folder / "a.npz", values)
    alone = [Document("file", {"a.npy": array_part(array)}) for array in (values, values[None, ..., :2])]
    return [*alone, document_of(folder / "a.npz"), *_json(values.tolist(), [None, [], *values[..., :2].tolist()])]


def keypoints_file(folder: Path) -> list[Document]:
    """Our own file."""
    np.savez(folder / "k.npz", **test_keypoints_file.fields(_FRAMES), source="{}")
    return [document_of(folder / "k.npz")]


def smpl_npz(folder: Path) -> list[Document]:
    """AMASS, and parameters in the words of others."""
    names = [name for name in (*test_smpl_files.FORMS, *test_smpl_files.SMPLX_FORMS) if name.endswith(".npz")]
    found = []
    for name in names:
        make, _, _ = (test_smpl_files.FORMS | test_smpl_files.SMPLX_FORMS)[name]
        with np.load(make(folder / name), allow_pickle=True) as archive:
            arrays = {key: archive[key] for key in archive.files}
        parts = {f"{key}.npy": array_part(_first(values)) for key, values in arrays.items()}
        found.append(Document("zip", parts))
    return found


def _first(values: Any) -> Any:
    """The first frames of an array of all, anything else as it is."""
    long = isinstance(values, np.ndarray) and values.ndim and len(values) == test_smpl_files.FRAMES
    return values[:_FRAMES] if long else values


def smpl_pickle(folder: Path) -> list[Document]:
    """WHAM's results, PHALP's, and plain parameters."""
    wham = pickle.loads(test_smpl_files.wham(folder / "wham.pkl").read_bytes())
    wham = {person: {name: _first(values) for name, values in told.items()} for person, told in wham.items()}
    phalp = pickle.loads(test_smpl_files.phalp(folder / "phalp.pkl").read_bytes())
    phalp = dict(list(phalp.items())[:2])
    plain = {"poses": np.zeros((_FRAMES, 72)), "trans": np.zeros((_FRAMES, 3))}
    return [Document("file", {"a.pkl": pickle_part(held)}) for held in (wham, phalp, plain)]


def torch_file(folder: Path) -> list[Document]:
    """GVHMR's results."""
    import torch

    pose, places = test_smpl_files.walk()
    parts = {"global_orient": pose[:_FRAMES, 0], "body_pose": pose[:_FRAMES, 1:].reshape(_FRAMES, -1)}
    world = {name: torch.tensor(values) for name, values in (parts | {"transl": places[:_FRAMES]}).items()}
    torch.save({"smpl_params_global": world, "K_fullimg": torch.eye(3).expand(9, 3, 3)}, folder / "a.pt")
    return [document_of(folder / "a.pt")]


def bvh(folder: Path) -> list[Document]:
    """What we write, and rigs of other names."""
    still = np.tile([1.0, 0.0, 0.0, 0.0], (_FRAMES, len(JOINT_NAMES), 1))
    rigs = (JOINT_NAMES, test_bvh_motion.RIGS["MotionBuilder"], test_bvh_motion.RIGS["Unreal"])
    texts = [test_bvh_motion.on_rig(names, still, folder / "rig.bvh").read_text() for names in rigs]
    return [Document("file", {"a.bvh": text_part(text, _BVH_WORDS)}) for text in texts]


def motion_file(folder: Path) -> list[Document]:
    """Our own file."""
    save_motion(test_motion.some_motion(0, _FRAMES), folder / "m.npz")
    return [document_of(folder / "m.npz")]


def weights(folder: Path) -> list[Document]:
    """A very small network."""
    architecture = Architecture(width=4, dilations=(1,))
    layers = [(np.ones(shape), np.zeros(shape[2:])) for shape in layer_shapes(architecture)]
    save_weights(folder / "w.npz", architecture, layers, {"trained": "never", "figures": [1, 2]})
    return [document_of(folder / "w.npz")]


def skeleton(folder: Path) -> list[Document]:
    """The condition skeleton."""
    save_skeleton(CONDITION_SKELETON, folder / "s.json")
    return _json(json.loads((folder / "s.json").read_text()))


def pickles(_: Path) -> list[Document]:
    """All that may be read, and joblib's files."""
    values = test_safe_pickle.many_values()
    parts = [pickle_part(values), pickle_part({"table": values["table"], "plain": values["plain"]})]
    joblib = [bare_part(base64.b64decode(form)) for form in test_safe_pickle.JOBLIB.values()]
    return [Document("file", {"a.pkl": part}) for part in (*parts, *joblib)]


def npy(_: Path) -> list[Document]:
    """Numbers of some types, and a dictionary."""
    table = np.arange(12.0).reshape(2, 3, 2)
    held = np.array({"S1": {"a": [table]}, "n": np.float64(1.5)}, dtype=object)
    arrays: tuple[Any, ...] = (table, table.astype(">i8"), np.asfortranarray(table), np.array(3), held)
    return [Document("file", {"a.npy": array_part(array)}) for array in arrays]


def dataset(_: Path) -> list[Document]:
    """Two clips of three frames, as `training.prepare` writes them, in one file and in a folder."""
    from training.mocap.dataset import FORMAT, VERSION

    names = ("clip_name", "clip_subject", "clip_action", "clip_source", "clip_family")
    table: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "fps": 30.0,
        "joint_names": np.array(JOINT_NAMES),
        "clip_start": np.array([0, 3, 6]),
        "clip_offsets": np.stack([CONDITION_SKELETON.offsets] * 2).astype(np.float32),
        **{name: np.array(["one", "two"]) for name in names},
    }
    frames: dict[str, Any] = {
        "rotations": np.tile(np.array([1, 0, 0, 0], np.float32), (6, len(JOINT_NAMES), 1)),
        "root_position": np.ones((6, 3), np.float32),
        "contacts": np.ones((6, 2), np.uint8),
    }
    whole = {f"{name}.npy": array_part(np.asarray(values)) for name, values in (table | frames).items()}
    file = io.BytesIO()
    np.savez(file, **table)
    mapped = {f"{name}.npy": array_part(values) for name, values in frames.items()}
    return [Document("zip", whole), Document("folder", mapped | {"clips.npz": bare_part(file.getvalue())})]


def configuration(_: Path) -> list[Document]:
    """What we train with."""
    shipped = sorted((Path(__file__).resolve().parents[2] / "training" / "configurations").glob("*.toml"))
    return [Document("file", {"c.toml": text_part(path.read_text(), _TOML_WORDS)}) for path in shipped[:3]]
