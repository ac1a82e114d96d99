"""Inverted lists over a large index (faiss's IVF): the frames near a pose without a look at all of them.

They stand in the index's folder beside the descriptors, and follow them: clips added since are put into the lists
there are, and only where clips were replaced or removed, or most are new, are the lists' centres found anew. Which
clips are in them the names of their files tell, which an index never gives twice. Needs the extra `[search]`; without
it, and for an index that is looked through in no time, there are none.
"""

import contextlib
import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.files import write_aside
from posenorm_core.search.index import Index
from posenorm_core.search.pose_code import DIMENSIONS

# Frames of an index below which a look at all of them takes less than to load the lists.
SMALLEST = 100_000
LISTS = "inverted.json"
# Lists are looked through until they are so many; k-means has so many frames a list and so many rounds.
_PROBED, _FRAMES_A_LIST, _ROUNDS = 32, 64, 8
# Centres are found anew once the index has grown by more than this.
_MOST_GROWTH = 2.0


class Inverted:
    """faiss's index of all frames, in the order of the index's clips."""

    def __init__(self, lists: Any) -> None:
        """Takes faiss's index."""
        self._lists = lists
        self._lists.nprobe = _PROBED

    def nearest(self, poses: np.ndarray, count: int) -> np.ndarray:
        """The rows (N, count) of the frames nearest to `poses` (N, 32); -1 where the lists have no more."""
        _, rows = self._lists.search(np.ascontiguousarray(poses, dtype=np.float32), count)
        return np.asarray(rows)


def load_inverted(index: Index) -> Inverted | None:
    """The lists of `index`, brought up to date; None where faiss is missing or it has fewer frames than `SMALLEST`.

    Where the folder cannot be written the lists serve this once.
    """
    faiss = _faiss()
    if faiss is None or index.frames < SMALLEST:
        return None
    files = [clip.file for clip in index.clips]
    lists, listed = _stored(faiss, index.folder, files)
    first = len(listed)
    trained_on = sum(clip.frames for clip in index.clips[:first])
    if lists is None or lists.ntotal != trained_on or index.frames > _MOST_GROWTH * trained_on:
        lists, first = _trained(faiss, index), 0
    for clip in index.clips[first:]:
        lists.add(np.ascontiguousarray(index.descriptors(clip)))
    if first < len(files):
        with contextlib.suppress(InputError):
            _store(faiss, index.folder, files, lists)
    return Inverted(lists)


def _faiss() -> ModuleType | None:
    try:
        return importlib.import_module("faiss")
    except ImportError:
        return None


def _trained(faiss: ModuleType, index: Index) -> Any:
    """Empty lists, the square root of the frames in number, around the centres of frames drawn from all clips."""
    count = max(1, round(index.frames**0.5))
    share = min(1.0, count * _FRAMES_A_LIST / index.frames)
    rng = np.random.default_rng(1)
    drawn = [
        array[np.sort(rng.choice(len(array), max(1, round(share * len(array))), replace=False))]
        for array in map(index.descriptors, index.clips)
    ]
    quantizer = faiss.IndexFlatL2(DIMENSIONS)
    lists = faiss.IndexIVFFlat(quantizer, DIMENSIONS, count)
    lists.cp.niter, lists.cp.min_points_per_centroid = _ROUNDS, 1
    lists.train(np.ascontiguousarray(np.concatenate(drawn)))
    return lists


def _stored(faiss: ModuleType, folder: Path, files: list[str]) -> tuple[Any, list[str]]:
    """The lists in `folder` and the clips' files that are in them; None where those are not the first of `files`."""
    try:
        told = json.loads((folder / LISTS).read_text(encoding="utf-8"))
        listed = list(told["files"])
        if listed == files[: len(listed)]:
            return faiss.read_index(str(folder / Path(told["lists"]).name)), listed
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, RecursionError):
        pass  # they are made of the descriptors, and can be again
    return None, []


def _store(faiss: ModuleType, folder: Path, files: list[str], lists: Any) -> None:
    """Writes the lists, then what says which they are, then takes away the former ones."""
    name = f"inverted-{len(files)}-{Path(files[-1]).stem}.faiss"
    with write_aside(folder / name) as aside:
        faiss.write_index(lists, str(aside))
    with write_aside(folder / LISTS) as aside:
        aside.write_text(json.dumps({"lists": name, "files": files}), encoding="utf-8")
    for former in folder.glob("inverted-*.faiss"):
        if former.name != name:
            former.unlink(missing_ok=True)
