"""Real detections of several people, beside who they are: told by eye, frame by frame."""

import json
from pathlib import Path

import numpy as np
import pytest

from posenorm_core.clip import Clip, Person
from posenorm_core.formats import read_clip

# Who each detection of a frame of two_people_cam01 is, in the file's order: M, the man who balances; W, the woman who
# stands at the wall; S, the figure that was added, half in front of her; a dot where nobody is. In frame 37 the
# detector has the man in two parts.
_WHO = (
    "SW .WS SMW MSW MWS MWS MSW MSW SMW SMW MWS SMW MWS MWS SMW MSW MSW SMW SMW SMW MWS MSW MSW MWS MSW "
    "MSW MSW SMW MSW SMW SMW SMW MWS SMW MSW MWS MSW SMMW MWS MWS MWS MWS SMW MWS MSW MWS MSW SMW MWS MSW "
    "SMW MSW MSW SMW SMW SMW SMW SMW MWS SMW MSW SMW MSW MSW MWS MWS MSW MWS MWS SMW MSW MSW MWS SMW SMW "
    "SMW MWS MSW MWS MWS MWS SMW MWS MSW MWS SMW MWS SMW SMW SMW MSW MSW SMW SMW MSW MSW MSW MWS MSW MWS"
)


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    """Three people at once, two of them over each other in every frame."""
    return shared_data / "keypoints" / "openpose_body25" / "two_people_cam01"


@pytest.fixture(scope="module")
def clip(folder: Path) -> Clip:
    """The clip as it is read."""
    return read_clip(folder, fps=60)


def _shows(person: Person, frame: int, raw: np.ndarray) -> bool:
    """Whether what `person` shows in `frame` holds most of the points of a detection (K, 3)."""
    points = person.points[frame][person.confidence[frame] > 0]
    listed = raw[raw[:, 2] > 0, :2]
    if not len(points):
        return False
    found = np.isclose(points[:, None], listed[None], atol=0.01).all(axis=2).any(axis=0)
    return bool(found.mean() > 0.5)


def test_everybody_is_himself_in_all_frames(folder: Path, clip: Clip) -> None:
    numbers: dict[str, set[int]] = {"M": set(), "W": set(), "S": set()}
    files = sorted(folder.glob("*.json"))
    listed = _WHO.split()
    assert len(files) == len(listed) == len(clip)
    for frame, (file, who) in enumerate(zip(files, listed, strict=True)):
        people = json.loads(file.read_text(encoding="utf-8"))["people"]
        assert len(people) == len(who)
        for name, person in zip(who, people, strict=True):
            raw = np.array(person["pose_keypoints_2d"]).reshape(-1, 3)
            if name != ".":
                numbers[name] |= {p.number for p in clip.people if _shows(p, frame, raw)}
    assert numbers == {"M": {1}, "W": {3}, "S": {2}}


def test_they_are_listed_with_how_long_and_how_surely_they_are_seen(clip: Clip) -> None:
    assert [person.share for person in clip.people] == [0.98, 1.0, 1.0]
    sure = [person.mean_confidence for person in clip.people]
    assert sure[1] > sure[0] > sure[2]  # and yet the man, who is the largest, is the first


def test_the_man_taken_apart_in_one_frame_is_whole_in_it(clip: Clip) -> None:
    seen = (clip.people[0].confidence > 0).sum(axis=1)
    assert seen[37] >= seen[36] - 1
    assert seen[37] >= seen[38] - 1


def test_the_same_two_are_found_where_nobody_was_added(clip: Clip, shared_data: Path) -> None:
    alone = read_clip(shared_data / "keypoints" / "openpose_body25" / "balancing_cam01", fps=60).people
    for person, other in zip(alone, (clip.people[0], clip.people[2]), strict=True):
        assert np.isclose(other.points, person.points).all(axis=(1, 2))[other.frames].all()


def test_pictures_that_have_nothing_to_do_with_each_other_share_nobody(shared_data: Path) -> None:
    people = read_clip(shared_data / "keypoints" / "coco" / "test_coco.json", fps=30).people
    assert {len(person.frames) for person in people} == {1}
