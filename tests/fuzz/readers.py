"""Every reader of files there is: the sound files it is tried with, and how it reads, and is looked at when it has."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from posenorm_core.formats import read_clip
from posenorm_core.motion import load_motion
from posenorm_core.motion_files import read_motion_clip
from posenorm_core.npy import read_npy
from posenorm_core.pickle_file import load_pickle
from posenorm_core.skeleton import load_skeleton
from posenorm_core.weights import load_weights
from tests.fuzz import seeds, sound
from tests.fuzz.documents import Document


class Reader(NamedTuple):
    """A row of the table: the sound files, made in a folder, and what reads one and raises where it is not sound."""

    seeds: Callable[[Path], list[Document]]
    read: Callable[[Path], None]


def _clip(path: Path) -> None:
    sound.assert_sound_clip(read_clip(path))


def _motions(path: Path) -> None:
    clip = read_motion_clip(path)
    if clip is not None:
        sound.assert_sound_motions(clip)


def _motion(path: Path) -> None:
    sound.assert_sound_motion(load_motion(path))


def _weights(path: Path) -> None:
    sound.assert_sound_weights(load_weights(path))


def _skeleton(path: Path) -> None:
    sound.assert_sound_skeleton(load_skeleton(path))


def _pickle(path: Path) -> None:
    sound.assert_plain(load_pickle(path))


def _npy(path: Path) -> None:
    sound.assert_plain(read_npy(path.read_bytes(), str(path)))


def _dataset(path: Path) -> None:
    from training.dataset import load_data

    data = load_data(path)
    assert len(data.rotations) == len(data.root_position) == len(data.contacts) == int(data.clip_start[-1]), "frames"
    assert np.isfinite(data.clip_offsets.numpy()).all(), "offsets"
    assert data.clip_count == len(data.clip_family) == len(data.clip_length), "clips"
    data.subset(np.arange(data.clip_count) < 1)


def _configuration(path: Path) -> None:
    from training.configuration import load_configuration

    load_configuration(path)


READERS = {
    "openpose-folder": Reader(seeds.openpose_folder, _clip),
    "openpose-zip": Reader(seeds.openpose_zip, _clip),
    "openpose-list": Reader(seeds.openpose_list, _clip),
    "alphapose": Reader(seeds.alphapose, _clip),
    "coco": Reader(seeds.coco, _clip),
    "coco-wholebody": Reader(seeds.coco_wholebody, _clip),
    "mmpose": Reader(seeds.mmpose, _clip),
    "mediapipe-json": Reader(seeds.mediapipe_json, _clip),
    "mediapipe-csv": Reader(seeds.mediapipe_csv, _clip),
    "videopose3d": Reader(seeds.videopose3d, _clip),
    "human36m17": Reader(seeds.human36m17, _clip),
    "keypoints-file": Reader(seeds.keypoints_file, _clip),
    "smpl-npz": Reader(seeds.smpl_npz, _motions),
    "smpl-pickle": Reader(seeds.smpl_pickle, _motions),
    "torch": Reader(seeds.torch_file, _motions),
    "bvh": Reader(seeds.bvh, _motions),
    "motion-file": Reader(seeds.motion_file, _motion),
    "weights": Reader(seeds.weights, _weights),
    "skeleton": Reader(seeds.skeleton, _skeleton),
    "pickle": Reader(seeds.pickles, _pickle),
    "npy": Reader(seeds.npy, _npy),
    "dataset": Reader(seeds.dataset, _dataset),
    "configuration": Reader(seeds.configuration, _configuration),
}
