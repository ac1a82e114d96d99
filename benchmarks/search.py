"""How fast poses are indexed and found, beside NumPy's own writing and a look at every pose.

`python -m benchmarks.search [--poses 1000000] [--queries 100]`. The poses: built-in motion, every action from many
seeds, as clips of 30 s; beyond what is made of it, its descriptors over and over, displaced by a wave of some
centimetres of each number's own. Indexing is timed from rotations in memory to the clip in the index, per pose, and
beside it the bare writing of the same bytes. Queries are poses of motion that is not in the index; recall is the
share of the exact search's ten nearest hits that faiss finds, in the same run. What a clip costs as an index grows is
told by an index of 10,000 clips of 3 s: the last 1,000 that were added beside the first.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.timing import seconds
from posenorm_core.builtin_motion import ACTIONS, builtin_clip
from posenorm_core.command import exit_code
from posenorm_core.motion import Motion
from posenorm_core.search.index import Index, Person, add_clip, create_index, open_index
from posenorm_core.search.inverted import load_inverted
from posenorm_core.search.pose_code import DIMENSIONS, pose_descriptors
from posenorm_core.search.search import Query, Searcher, query_of
from training.tables import Column, markdown

RESULT = Path(__file__).parent / "results" / "search.md"
_CLIP_SECONDS, _FPS, _SEEDS = 30.0, 30.0, 10
_DISPLACED = 0.02  # metres a number, about
_COUNT = 10  # hits
_MANY, _SOME, _SHORT = 10_000, 1_000, 90  # clips of an index, those that are compared, frames of each
_COLUMNS = (Column("what"), Column("figure", 3), Column("unit"))


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description="Indexing and searching beside plain NumPy.")
    parser.add_argument("--poses", type=int, default=1_000_000, help="in the index (default: 1,000,000)")
    parser.add_argument("--queries", type=int, default=100, help="poses and sequences asked for (default: 100)")
    options = parser.parse_args()
    motions = [
        builtin_clip(action, seed=seed, seconds=_CLIP_SECONDS, fps=_FPS).motion()
        for action in ACTIONS
        for seed in range(_SEEDS)
    ]
    with tempfile.TemporaryDirectory() as folder:
        rows = [*built(Path(folder), motions, options.poses), *grown(Path(folder), motions[0])]
        rows += searched(Path(folder), options.queries)
    table = markdown(_COLUMNS, rows)
    text = (
        f"# Search among {options.poses:,} poses\n\n"
        f"{options.queries} queries of motion that is not in the index, {_COUNT} hits each; medians. "
        f"`python -m benchmarks.search`, in one run, one core (OMP_NUM_THREADS=1) "
        f"of a shared machine; reading the clips is not in it.\n\n{table}\n"
    )
    print(text)
    RESULT.write_text(text, encoding="utf-8")


def built(folder: Path, motions: list[Motion], poses: int) -> list[list[str | float]]:
    """Makes the index in `folder`; the rows of how long that took."""
    clips, taken = added(folder, motions, poses)
    plain = seconds(lambda: write_plainly(folder, clips))
    frames = clips.frames
    index = open_index(clips.folder)
    coded = seconds(lambda: [pose_descriptors(motion) for motion in motions]) / sum(map(len, motions))
    lists = seconds(lambda: load_inverted(index))
    return [
        ["indexed, rotations to the disk, clip by clip", frames / (taken + coded * frames), "poses/s"],
        ["of that the descriptors alone", 1 / coded, "poses/s"],
        ["of that the writing alone", frames / taken, "poses/s"],
        ["the same bytes written by plain NumPy", frames / plain, "poses/s"],
        ["faiss's lists made, once", frames / lists, "poses/s"],
        ["all of it, lists too", frames / (taken + coded * frames + lists), "poses/s"],
        ["the lists loaded again", seconds(lambda: load_inverted(open_index(clips.folder))), "s"],
        ["one clip of 900 poses more, and into the lists", one_more(folder, index, motions[0]), "s"],
    ]


def added(folder: Path, motions: list[Motion], poses: int) -> tuple[Index, float]:
    """The index of clips that are made of `motions` until they hold `poses`, and the seconds of its writing."""
    rng = np.random.default_rng(1)
    index, taken, number, frames = create_index(folder / "index"), 0.0, 0, 0
    coded = [pose_descriptors(motion) for motion in motions]
    while frames < poses:
        descriptors = displaced(coded[number % len(coded)], rng) if number >= len(coded) else coded[number]
        person = Person(1, _FPS, descriptors[: poses - frames])
        path = folder / f"{number}.bvh"
        path.touch()
        begun = time.perf_counter()
        add_clip(index, path, path.name, [person])
        taken += time.perf_counter() - begun
        number, frames = number + 1, frames + len(person.descriptors)
    index.close()
    return index, taken


def grown(folder: Path, motion: Motion) -> list[list[str | float]]:
    """Adds many clips to an index; the rows of what the first and the last of them took."""
    person, path, ends = Person(1, _FPS, pose_descriptors(motion)[:_SHORT]), folder / "clips", [time.perf_counter()]
    path.mkdir()
    with create_index(folder / "many") as index:
        for number in range(_MANY):
            clip = path / f"{number}.bvh"
            clip.touch()
            add_clip(index, clip, clip.name, [person])
            if (number + 1) % _SOME == 0:
                ends.append(time.perf_counter())
    taken = np.diff(ends)
    return [
        [f"a clip of {_SHORT} poses more, of the first {_SOME:,}", 1000 * taken[0] / _SOME, "ms"],
        [f"the same, of the last of {_MANY:,}", 1000 * taken[-1] / _SOME, "ms"],
        ["the last beside the first", taken[-1] / taken[0], "ratio"],
        [f"that index of {_MANY:,} clips opened", seconds(lambda: open_index(folder / "many")), "s"],
    ]


def displaced(descriptors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Descriptors (T, 32) as of somebody who moves in another way: each number moved by a slow wave."""
    times = np.arange(len(descriptors))[:, None] / _FPS
    rate, phase = rng.uniform(0.1, 0.5, DIMENSIONS), rng.uniform(0, 2 * np.pi, DIMENSIONS)
    height = _DISPLACED * rng.normal(size=DIMENSIONS)
    return np.asarray(descriptors + height * np.sin(2 * np.pi * rate * times + phase), dtype=np.float32)


def write_plainly(folder: Path, index: Index) -> None:
    """Writes what the files of the index hold."""
    for clip in index.clips:
        np.save(folder / f"plain-{clip.file}", index.descriptors(clip))


def one_more(folder: Path, index: Index, motion: Motion) -> float:
    """Seconds to add a clip to the index and its lists."""
    path = folder / "more.bvh"
    path.touch()
    with index:
        return seconds(
            lambda: load_inverted(add_clip(index, path, "more", [Person(1, _FPS, pose_descriptors(motion))]))
        )


def searched(folder: Path, count: int) -> list[list[str | float]]:
    """The rows of how long queries take and what faiss finds of them."""
    index = open_index(folder / "index")
    near, exact = Searcher(index), Searcher(index, exact=True)
    rows: list[list[str | float]] = []
    for name, lasting in (("a pose", None), ("a sequence of 1 s", 1.0)):
        queries = unseen(count, lasting)
        by_faiss, found = timed(near, queries)
        by_numpy, expected = timed(exact, queries)
        shared = [len(one & other) / len(other) for one, other in zip(found, expected, strict=True)]
        rows += [
            [f"{name}, exactly by NumPy", 1000 * by_numpy, "ms"],
            [f"{name}, by faiss", 1000 * by_faiss, "ms"],
            [f"{name}, recall of the {_COUNT} hits", float(np.mean(shared)), "share"],
        ]
    return rows


def unseen(count: int, lasting: float | None) -> list[Query]:
    """Poses and sequences of other seeds than the index has."""
    return [
        query_of(builtin_clip(ACTIONS[k % len(ACTIONS)], seed=1000 + k, seconds=4.0, fps=_FPS).motion(), 1.5, lasting)
        for k in range(count)
    ]


def timed(searcher: Searcher, queries: list[Query]) -> tuple[float, list[set[tuple[str, int]]]]:
    """The median seconds a query, and what was found for each."""
    searcher.nearest(queries[0], _COUNT)  # what is mapped is read once
    taken, found = [], []
    for query in queries:
        begun = time.perf_counter()
        hits = searcher.nearest(query, _COUNT)
        taken.append(time.perf_counter() - begun)
        found.append({(hit.clip.file, hit.frame) for hit in hits})
    return float(np.median(taken)), found


if __name__ == "__main__":
    sys.exit(exit_code(main))
