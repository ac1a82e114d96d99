"""What is found is what a look at every frame finds, a click goes there; what cannot be is told, nothing is lost."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np
import pytest
from motions import nudge

from addon.job import JobCancelledError
from addon.operators.similar import PosenormFindSimilar
from addon.scene import actions
from addon.scene.compare import compare
from addon.scene.confidence_marks import mark_uncertain, uncertain_stretches
from addon.scene.keyed_motion import add_motion, keyed_frames, read_motion, set_orientation
from addon.scene.retimed_keys import RETIMED
from addon.status import status
from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.errors import InputError
from posenorm_core.mirror import mirrored_rotations
from posenorm_core.motion import Motion, save_motion
from posenorm_core.search.index import Person, add_clip, create_index
from posenorm_core.search.index_list import LIST
from posenorm_core.search.pose_code import pose_descriptors

pytestmark = pytest.mark.usefixtures("addon")

FPS, APART = 30.0, 15  # frames of half a second
FRAMES = 90
MILLIMETRES = 0.001
START = 5  # the scene's frame of the first


def clip(action: str, seed: int = 1) -> Motion:
    return builtin_clip(action, seed=seed, seconds=FRAMES / FPS, fps=FPS).motion()


def cut(motion: Motion, frames: slice) -> Motion:
    names = ("rotations", "view_root", "root_position", "contacts", "confidence")
    return replace(motion, **{name: getattr(motion, name)[frames] for name in names})


def mirrored(motion: Motion) -> Motion:
    return replace(motion, rotations=np.asarray(mirrored_rotations(motion.rotations)))


def add(motion: Motion, name: str, start: float = START) -> Any:
    return add_motion(bpy.context, motion, name, start)


def settings() -> Any:
    return bpy.context.scene.posenorm_similar


def rows() -> list[Any]:
    return list(settings().places)


def scene_frame(motion_frame: int, start: float = START) -> int:
    """In a scene of 24 frames/s; a multiple of five is one of them."""
    return round(start + motion_frame * 24 / FPS)


def find(armature: Any, motion_frame: int, **chosen: Any) -> list[Any]:
    """The rows for a frame of the armature, which is active."""
    for name, value in chosen.items():
        setattr(settings(), name, value)
    bpy.context.view_layer.objects.active = armature
    bpy.context.scene.frame_set(scene_frame(motion_frame, float(keyed_frames(armature)[0])))
    assert bpy.ops.posenorm.find_similar() == {"FINISHED"}
    return rows()


def go(row: int) -> None:
    settings().chosen = row


def keys(armature: Any) -> str:
    return actions.digest(armature)


def state() -> Any:
    """All that is in the file but for the places."""
    armatures = [each for each in bpy.data.objects if "posenorm" in each]
    return (
        sorted((action.name, action.users, action.use_fake_user) for action in bpy.data.actions),
        [(each.name, each.animation_data.action.name, keys(each), kept(each)) for each in armatures],
        bpy.context.scene.frame_current,
        bpy.context.object.name,
    )


def kept(armature: Any) -> dict[str, Any]:
    group = armature["posenorm"].to_dict()
    return {name: list(value) if hasattr(value, "__len__") else value for name, value in sorted(group.items())}


@pytest.fixture
def walk() -> Any:
    return add(clip("walk"), "walk")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index of two clips; the second is "kick", of which the person is 1."""
    folder = tmp_path / "index"
    with create_index(folder) as made:
        for action in ("squat", "kick"):
            save_motion(clip(action), tmp_path / f"{action}.npz")
            add_clip(made, tmp_path / f"{action}.npz", action, [Person(1, FPS, pose_descriptors(clip(action)))])
    return folder


Candidate = tuple[float, str, int]  # distance, motion, first frame


def apart(candidates: list[Candidate], own: tuple[str, int], count: int) -> list[Candidate]:
    """The nearest that are half a second from `own` and from each other."""
    found: list[Candidate] = []
    for distance, name, begin in sorted(candidates):
        taken = [own, *(each[1:] for each in found)]
        if len(found) < count and all(name != other or abs(begin - at) >= APART for other, at in taken):
            found.append((distance, name, begin))
    return found


def naively(motions: dict[str, Motion], own: tuple[str, int], length: int, side: bool) -> list[Candidate]:
    """All places by a look at every frame of every motion, all of one rate."""
    query = pose_descriptors(motions[own[0]], side)[own[1] : own[1] + length].astype(float)
    candidates = []
    for name, motion in motions.items():
        poses = pose_descriptors(motion).astype(float)
        for begin in range(len(poses) - length + 1):
            distance = np.linalg.norm(poses[begin : begin + length] - query, axis=1).mean()
            candidates.append((float(distance), name, begin))
    return candidates


@pytest.mark.parametrize("sides", [(False,), (False, True)])
@pytest.mark.parametrize(("frame", "length", "count"), [(40, 1, 8), (10, 1, 40), (40, 25, 6), (0, 31, 3)])
def test_it_finds_what_a_look_at_every_frame_finds(
    walk: Any, frame: int, length: int, count: int, sides: tuple[bool, ...]
) -> None:
    motions = {"walk": clip("walk"), "kick": clip("kick"), "squat": cut(clip("squat"), slice(0, 40))}
    add(motions["kick"], "kick", 1)
    add(motions["squat"], "squat", 30)
    found = find(walk, frame, count=count, seconds=(length - 1) / FPS, mirrored=len(sides) == 2)
    own = "walk", frame
    nearest = [each for side in sides for each in naively(motions, own, length, side)]
    expected = apart(nearest, own, count)
    assert [(row.name, round(row.seconds * FPS)) for row in found] == [each[1:] for each in expected]
    np.testing.assert_allclose([row.distance for row in found], [each[0] for each in expected], atol=1e-5)


def test_a_copy_of_the_motion_is_found_at_the_same_time(walk: Any) -> None:
    add(clip("walk"), "copy", 100)
    found = find(walk, 40, count=3)[0]
    assert (found.name, found.frame, found.mirrored) == ("copy", scene_frame(40, 100), False)
    assert found.seconds == pytest.approx(40 / FPS)
    assert found.distance < 0.1 * MILLIMETRES
    assert status.text == f"3 places like walk at frame {scene_frame(40)}"


def test_it_is_found_at_another_rate_and_on_another_body(walk: Any) -> None:
    twice = cut(clip("walk"), slice(0, 90, 2))
    body = replace(twice.skeleton, offsets=twice.skeleton.offsets * 0.7)
    add(replace(twice, fps=FPS / 2, skeleton=body), "child")
    found = find(walk, 40, seconds=0.5)[0]
    assert (found.name, found.frame) == ("child", scene_frame(40))
    assert found.distance < 15 * MILLIMETRES


def test_the_mirror_image_is_found_only_where_it_is_asked_for(walk: Any) -> None:
    add(mirrored(clip("walk")), "other way", 100)
    assert not any(row.mirrored or row.distance < MILLIMETRES for row in find(walk, 40))
    found = find(walk, 40, mirrored=True)[0]
    assert (found.name, found.frame, found.mirrored) == ("other way", scene_frame(40, 100), True)
    assert found.distance < 0.1 * MILLIMETRES


def test_its_own_surroundings_are_left_out_and_the_rest_of_it_is_not(walk: Any) -> None:
    found = find(walk, 40, count=100)
    begins = np.array([round(row.seconds * FPS) for row in found])
    assert np.abs(begins - 40).min() >= APART
    assert (begins < 40).any()
    assert (begins > 40).any()


def test_before_and_after_its_keys_it_stands_as_at_their_ends(walk: Any) -> None:
    copy = add(clip("walk"), "copy", 100)
    bpy.context.view_layer.objects.active = walk
    for far, end in ((-50, 0), (900, FRAMES - 1)):
        bpy.context.scene.frame_set(far)
        bpy.ops.posenorm.find_similar()
        assert (rows()[0].name, rows()[0].distance) == ("copy", pytest.approx(0, abs=1e-4))
        assert rows()[0].frame == round(float(keyed_frames(copy)[end]))


def test_a_single_frame_can_be_asked_about_and_found(walk: Any) -> None:
    still = add(cut(clip("walk"), slice(40, 41)), "still", 7)
    found = find(still, 0, count=1)[0]
    assert (found.name, abs(round(found.seconds * FPS) - 40) <= 3) == ("walk", True)  # it alone does not move
    assert "still" in {row.name for row in find(walk, 40, count=20)}


def test_a_is_asked_about_where_none_of_ours_is_active(walk: Any) -> None:
    add(clip("walk"), "copy", 100)
    bpy.context.scene.posenorm_compare.armature_a = walk
    bpy.ops.object.armature_add()
    assert bpy.ops.posenorm.find_similar() == {"FINISHED"}
    assert "like walk at" in status.text


def test_what_is_in_the_index_is_found_among_the_files(walk: Any, index: Path) -> None:
    kick = add(clip("kick"), "kick here", 100)
    found = find(kick, 50, index=str(index))
    assert (found[0].name, found[0].armature, found[0].path) == ("kick", "", str(index.parent / "kick.npz"))
    assert (found[0].seconds, found[0].distance) == (pytest.approx(50 / FPS), pytest.approx(0, abs=1e-4))
    assert {row.armature for row in found} >= {"", "walk"}
    assert [row.distance for row in found] == sorted(row.distance for row in found)
    assert len(found) == 10
    assert not any(row.path for row in find(kick, 50, index=""))


def test_a_click_goes_to_the_place(walk: Any) -> None:
    copy = add(clip("walk"), "copy", 100)
    find(walk, 40, count=3)
    other = bpy.data.objects.new("selected", None)
    bpy.context.collection.objects.link(other)
    other.select_set(True)
    go(0)
    assert bpy.context.scene.frame_current == scene_frame(40, 100)
    assert bpy.context.object == copy
    assert bpy.context.selected_objects == [copy]
    assert status.text == f"copy: frame {scene_frame(40, 100)} of 'copy'"
    assert len(rows()) == 3, "the places stay"
    bpy.ops.posenorm.find_similar()
    assert settings().chosen == -1, "nothing is chosen of other places"


def test_a_click_leaves_the_mode_of_another_and_keeps_that_of_its_own(walk: Any) -> None:
    add(clip("walk"), "copy", 100)
    find(walk, 40)
    bpy.ops.object.mode_set(mode="POSE")
    own = next(number for number, row in enumerate(rows()) if row.name == "walk")
    go(own)
    assert (bpy.context.object, walk.mode) == (walk, "POSE")
    go(0)
    assert (bpy.context.object.name, walk.mode) == ("copy", "OBJECT")


def test_what_is_hidden_stays_hidden_and_is_told(walk: Any) -> None:
    copy = add(clip("walk"), "copy", 100)
    find(walk, 40)
    copy.hide_set(True)
    go(0)
    assert copy.hide_get()
    assert bpy.context.scene.frame_current == scene_frame(40, 100)
    assert "it is hidden" in status.text


# The walk from its first half second on, with a pause.
LATE = np.r_[15:40, [40] * 12, 41:90]


def retimed_pair(marked: bool = False) -> tuple[Any, Any]:
    """The walk, and the late one retimed to it, of which some frames are uncertain."""
    walk, motion = add(clip("walk"), "walk"), cut(clip("walk"), LATE)
    motion.confidence[50:80] = 0.1
    late = add(motion, "late", 200)
    if marked:
        mark_uncertain(late)
    compare(bpy.context, walk, late)
    return walk, late


def test_marks_of_uncertainty_follow_to_the_older_action_and_back() -> None:
    walk, late = retimed_pair(marked=True)
    found = find(walk, 20, count=100)
    retimed = uncertain_stretches(late)
    go(next(number for number, row in enumerate(found) if row.action == "late"))
    own = keyed_frames(late)
    assert [(stretch.start, stretch.end) for stretch in uncertain_stretches(late)] == [(round(own[50]), round(own[79]))]
    go(next(number for number, row in enumerate(found) if row.action == "late timed as walk"))
    assert uncertain_stretches(late) == retimed


def test_an_older_action_is_found_and_gone_to_and_back(tmp_path: Path) -> None:
    walk, late = retimed_pair()
    before, now = late.animation_data.action[RETIMED]["action"], late.animation_data.action
    retimed, retimed_keys = kept(late), keys(late)
    found = find(walk, 20, count=100)
    old = next(number for number, row in enumerate(found) if row.action == before.name)
    new = next(number for number, row in enumerate(found) if row.action == now.name)
    assert (found[old].armature, found[old].frame) == ("late", scene_frame(5, 200))
    assert found[old].distance < MILLIMETRES
    go(old)
    assert late.animation_data.action == before
    assert bpy.context.scene.frame_current == scene_frame(5, 200)
    np.testing.assert_allclose(read_motion(late).rotations, clip("walk").rotations[LATE], atol=1e-5)
    go(new)
    assert late.animation_data.action == now
    assert (kept(late), keys(late)) == (retimed, retimed_keys)
    go(old)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "found.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "found.blend"))
    assert len(rows()) == len(found)
    go(new)
    assert kept(bpy.data.objects["late"]) == retimed


def test_what_is_changed_at_one_timing_is_there_after_the_other(tmp_path: Path) -> None:
    walk, late = retimed_pair()
    found = find(walk, 20, count=100)
    old = next(number for number, row in enumerate(found) if row.action == "late")
    new = next(number for number, row in enumerate(found) if row.action == "late timed as walk")
    go(old)
    set_orientation(late, "view")
    motion = read_motion(late)
    go(new)
    go(old)
    assert read_motion(late).orientation == "view"
    np.testing.assert_array_equal(read_motion(late).rotations, motion.rotations)
    compare(bpy.context, walk, late)
    assert len(read_motion(late)) == FRAMES, "aligning again starts from its own timing"


def test_there_and_back_aligning_again_takes_the_place_of_the_retimed_keys() -> None:
    walk, late = retimed_pair()
    before = state()
    found = find(walk, 20, count=100)
    for action in ("late", "late timed as walk"):
        go(next(number for number, row in enumerate(found) if row.action == action))
    compare(bpy.context, walk, late)
    assert state()[:2] == before[:2]


@pytest.mark.parametrize("edited", [False, True])
def test_aligning_again_from_its_own_timing_keeps_the_retimed_keys_only_where_they_are_edited(edited: bool) -> None:
    walk, late = retimed_pair()
    if edited:
        nudge(late)
    before = {action.name for action in bpy.data.actions}
    found = find(walk, 20, count=100)
    go(next(number for number, row in enumerate(found) if row.action == "late"))
    set_orientation(late, "view")
    compare(bpy.context, walk, late)
    assert read_motion(late).orientation == "view"
    assert {action.name for action in bpy.data.actions} - before == ({"late timed as walk.001"} if edited else set())
    assert len(read_motion(late)) == FRAMES


def test_a_comparison_from_its_own_timing_that_fails_leaves_it_there(monkeypatch: pytest.MonkeyPatch) -> None:
    walk, late = retimed_pair()
    found = find(walk, 20, count=100)
    go(next(number for number, row in enumerate(found) if row.action == "late"))
    before, held = state(), kept(late)

    def fails(*_arguments: Any) -> None:
        raise InputError("no common joints")

    monkeypatch.setattr("addon.scene.compare.align", fails)
    with pytest.raises(InputError):
        compare(bpy.context, walk, late)
    assert late.animation_data.action.name == "late"
    assert (state(), kept(late)) == (before, held)


def test_the_search_leaves_the_file_as_it_was(index: Path) -> None:
    walk, _ = retimed_pair()
    find(walk, 40, index=str(index))
    settings().places.clear()
    before = state()
    bpy.ops.posenorm.find_similar()
    assert state() == before


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_search_cancelled_at_any_motion_leaves_nothing(index: Path, at: int) -> None:
    walk, _ = retimed_pair()
    find(walk, 40)
    listed, before = [row.told for row in rows()], state()

    def report(done: int, total: int) -> None:
        assert total == 3
        if done == at:
            raise JobCancelledError

    work = PosenormFindSimilar.prepare(SimpleNamespace(), bpy.context)  # type: ignore[arg-type]
    with pytest.raises(JobCancelledError):
        work(report)
    assert state() == before
    assert [row.told for row in rows()] == listed


def test_it_is_one_undo_step_and_so_is_a_click(walk: Any) -> None:
    add(clip("walk"), "copy", 100)
    bpy.context.view_layer.objects.active = walk
    bpy.context.scene.frame_set(scene_frame(40))
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.posenorm.find_similar("EXEC_DEFAULT", True) == {"FINISHED"}
    listed = [row.told for row in rows()]
    bpy.ops.ed.undo()
    assert rows() == []
    bpy.ops.ed.redo()
    assert [row.told for row in rows()] == listed
    go(0)
    bpy.ops.ed.undo_push(message="as the window does after a click")
    bpy.ops.ed.undo()
    assert (settings().chosen, bpy.context.object.name) == (-1, "walk")


def test_what_is_found_holds_nothing_in_the_file(walk: Any) -> None:
    copy = add(clip("walk"), "copy", 100)
    users = copy.users, copy.animation_data.action.users
    find(walk, 40)
    assert (copy.users, copy.animation_data.action.users) == users


def test_an_index_clip_is_brought_by_a_click_with_the_time_placed(walk: Any, index: Path) -> None:
    found = find(walk, 40, index=str(index), count=100)
    bpy.context.scene.posenorm.start_frame = 11
    bpy.context.scene.posenorm.orientation = "heading"
    assert not bpy.ops.posenorm.normalize_similar.poll(), "nothing is chosen"
    go(next(number for number, row in enumerate(found) if row.armature))
    assert not bpy.ops.posenorm.normalize_similar.poll(), "it is in the file"
    frame = bpy.context.scene.frame_current
    place = next(number for number, row in enumerate(found) if row.path)
    go(place)
    assert (bpy.context.scene.frame_current, bpy.context.object) == (frame, walk)
    assert "is in the index; Normalize Clip brings it" in status.text
    row = rows()[place]
    assert bpy.ops.posenorm.normalize_similar() == {"FINISHED"}
    brought = bpy.context.object
    assert (brought.name, read_motion(brought).orientation) == (row.name, "heading")
    at = round(row.seconds * FPS)
    assert bpy.context.scene.frame_current == scene_frame(at, 11)
    sought = find(walk, 40, index="", count=100)
    assert any(each.name == brought.name and abs(each.distance - row.distance) < 1e-4 for each in sought)


def test_a_person_of_several_is_brought(
    walk: Any, tmp_path: Path, index: Path, weights: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("addon.operators.normalize.weights_path", lambda _context: weights)
    crowd = tmp_path / "crowd"
    crowd.mkdir()
    shape = np.random.default_rng(2).uniform(0, 100, (25, 2))
    for frame in range(5):
        people = [
            {"pose_keypoints_2d": np.column_stack([shape + place, np.full(25, 0.9)]).ravel().tolist()}
            for place in ((50 + 3 * frame, 50), (900 + 3 * frame, 50))
        ]
        (crowd / f"crowd_{frame:012d}_keypoints.json").write_text(json.dumps({"version": 1.3, "people": people}))
    with create_index(tmp_path / "other index") as made:
        add_clip(made, crowd, "crowd", [Person(2, 50.0, pose_descriptors(clip("walk")))])
    find(walk, 40, index=str(tmp_path / "other index"), count=1)
    assert rows()[0].person == 2
    go(0)
    bpy.ops.posenorm.normalize_similar()
    assert bpy.context.object.name == "crowd person 2"
    motion = read_motion(bpy.context.object)
    assert (motion.source["person"], motion.fps) == (2, 50.0)


def refused(operator: Callable[[], Any] = lambda: bpy.ops.posenorm.find_similar()) -> str:
    """The one line that it refuses with; the places found before and everything else stay."""
    before, listed = state(), [row.told for row in rows()]
    with pytest.raises(RuntimeError) as caught:
        operator()
    assert status.is_error
    assert status.text in str(caught.value)
    assert len(status.text.splitlines()) == 1
    assert (state(), [row.told for row in rows()]) == (before, listed)
    return status.text


def nowhere(index: Path) -> Path:
    return index.parent / "nowhere"


def empty(index: Path) -> Path:
    create_index(index.parent / "empty").close()
    return index.parent / "empty"


def cut_short(index: Path) -> Path:
    array = next(index.glob("*.npy"))
    array.write_bytes(array.read_bytes()[:-100])
    return index


def of_another_version(index: Path) -> Path:
    listed = index / LIST
    listed.write_text(listed.read_text().replace('"version": ', '"version": 99', 1))
    return index


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (nowhere, "nowhere: is no index"),
        (empty, "empty: the index is empty"),
        (cut_short, "cut short or damaged"),
        (of_another_version, "version 99"),
    ],
)
def test_an_index_that_is_none_is_told(walk: Any, index: Path, spoilt: Callable[[Path], Path], words: str) -> None:
    find(walk, 40)
    settings().index = str(spoilt(index))
    assert words in refused()


def test_a_clip_that_is_gone_is_told(walk: Any, index: Path) -> None:
    (index.parent / "kick.npz").unlink()
    found = find(walk, 40, index=str(index), count=100)
    go(next(number for number, row in enumerate(found) if row.name == "kick"))
    assert "kick.npz" in refused(lambda: bpy.ops.posenorm.normalize_similar())


def test_nothing_else_to_look_through_is_told() -> None:
    add(cut(clip("walk"), slice(0, 10)), "short")
    assert "nothing else to look through" in refused()


def test_too_long_a_sequence_is_told(walk: Any) -> None:
    bpy.context.scene.frame_set(scene_frame(60))
    settings().seconds = 1.5
    assert refused().startswith(f"walk: ends at frame {scene_frame(89)}, less than the Length of 1.5 s after frame 53")


def test_no_armature_is_told_by_the_grey_button(walk: Any) -> None:
    assert bpy.ops.posenorm.find_similar.poll()
    bpy.ops.object.armature_add()
    assert not bpy.ops.posenorm.find_similar.poll()


def test_an_armature_without_keys_is_told_and_does_not_hinder_others(walk: Any) -> None:
    other = add(clip("walk"), "other", 100)
    bare = add(clip("kick"), "bare")
    bare.animation_data.action = None
    bpy.context.view_layer.objects.active = bare
    with pytest.raises(RuntimeError, match="bare: has no keys"):
        bpy.ops.posenorm.find_similar()
    assert find(walk, 40)[0].name == other.name
    assert status.text.endswith(
        "; left out: bare: has no keys; give it its action back (Action Editor), or normalize again"
    )


def renamed(copy: Any) -> str:
    copy.name = "elsewhere"
    return "copy: is gone, or has another name now"


def removed(copy: Any) -> str:
    bpy.data.objects.remove(copy)
    return "copy: is gone, or has another name now"


def deleted_but_held(copy: Any) -> str:
    """By a pointer, as A of the comparison is: it stays in the file, in no scene."""
    bpy.context.scene.posenorm_compare.armature_a = copy
    bpy.context.collection.objects.unlink(copy)
    return "copy: is gone, or has another name now"


def in_another_scene(copy: Any) -> str:
    bpy.context.collection.objects.unlink(copy)
    bpy.data.scenes.new("other").collection.objects.link(copy)
    return "copy: is not in this scene's view layer"


def with_another_action(copy: Any) -> str:
    actions.assign_new_action(copy, "by hand")
    return "copy: does not move by 'copy' any more"


@pytest.mark.parametrize("how", [renamed, removed, deleted_but_held, in_another_scene, with_another_action])
def test_a_place_that_is_no_more_is_told_and_nothing_moves(walk: Any, how: Callable[[Any], str]) -> None:
    copy = add(clip("walk"), "copy", 100)
    find(walk, 40)
    words = how(copy)
    go(0)
    assert status.is_error
    assert status.text.startswith(words)
    assert (bpy.context.scene.frame_current, bpy.context.object) == (scene_frame(40), walk)


def test_an_armature_of_another_scene_is_found_and_one_of_none_is_not(walk: Any) -> None:
    copy = add(clip("walk"), "copy", 100)
    in_another_scene(copy)
    assert find(walk, 40)[0].name == "copy"
    bpy.data.scenes["other"].collection.objects.unlink(copy)
    assert "copy" not in {row.name for row in find(walk, 40)}
