"""Recognition: what can be told apart is told, nothing leaks from a film to itself, the refused count as wrong."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from penn_action_files import label, packed, saved

from posenorm_core import quaternion
from posenorm_core.dtw import warping_path
from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import LANDMARK_NAMES
from training import evaluate
from training.penn_action.frame_rows import features_2d, mirrored_clip, without_heading
from training.penn_action.labels import LabelledClip, labelled_clip
from training.penn_action.near_duplicates import film_groups
from training.penn_action.recognition import NOTHING, PARTS, Recognized, divided, pooled, recognize
from training.penn_action.recognition_report import confusion, figures_of, write_report
from training.penn_action.warped_neighbours import evened, warped_distances

FILMS = 6


def a_clip(action: str, number: int, seed: int = 0, moved: float = 0.0) -> LabelledClip:
    told = label("walk" if action == "stroll" else action, seed)
    told["x"] = told["x"] + moved
    return labelled_clip(saved({**told, "action": action}), f"{number:04}.mat", "labels")


@pytest.fixture(scope="module")
def clips() -> list[LabelledClip]:
    """Two actions by six people, 20 numbers apart from film to film."""
    return [
        a_clip(action, 20 * (FILMS * place + seed), seed)
        for place, action in enumerate(("walk", "jumping_jack"))
        for seed in range(FILMS)
    ]


def test_clips_of_one_film_are_one_group_and_others_are_not(clips: list[LabelledClip]) -> None:
    first = clips[0]
    beside = a_clip("walk", first.number + 3, seed=0, moved=5.0)
    far_away = a_clip("walk", first.number + 3, seed=0, moved=400.0)
    much_later = a_clip("walk", first.number + 15, seed=0)
    another_action = replace(first, action="stroll", number=first.number + 1)
    another_size = replace(
        first, number=first.number + 1, keypoints=replace(first.keypoints, image_size=(481.0, 320.0))
    )
    groups = film_groups([first, beside, far_away, much_later, another_action, another_size])
    assert groups[0] == groups[1]
    assert len(set(groups.tolist())) == 5
    # A chain: the first and the last are too far apart in number, what is between joins them.
    assert len(set(film_groups([first, replace(first, number=8), replace(first, number=16)]).tolist())) == 1


def test_a_clip_in_which_nothing_is_seen_is_a_group_of_its_own(clips: list[LabelledClip]) -> None:
    nothing = replace(clips[0].keypoints, confidence=np.zeros_like(clips[0].keypoints.confidence))
    unseen = [replace(clips[0], number=number, keypoints=nothing) for number in (1, 2)]
    assert len(set(film_groups(unseen).tolist())) == 2


def test_a_film_is_tested_in_one_part(clips: list[LabelledClip]) -> None:
    doubled = [*clips, *(replace(clip, number=clip.number + 1) for clip in clips)]
    parts = divided(doubled)
    np.testing.assert_array_equal(parts[: len(clips)], parts[len(clips) :])
    assert set(parts.tolist()) == set(range(PARTS))


def test_too_few_films_are_refused(clips: list[LabelledClip]) -> None:
    for few in ([], clips[:FILMS], [*clips[: PARTS - 1], *clips[FILMS:]]):
        with pytest.raises(InputError, match="films"):
            divided(few)


def test_costs_are_those_of_the_exact_path() -> None:
    rng = np.random.default_rng(0)
    asked, clips = rng.normal(size=(20, 5)), rng.normal(size=(7, 20, 5))
    expected = []
    for clip in clips:
        path = warping_path(asked, clip)
        expected.append(np.linalg.norm(asked[path[:, 0]] - clip[path[:, 1]], axis=1).sum())
    np.testing.assert_allclose(warped_distances(asked, clips), expected, rtol=1e-9)
    assert warped_distances(asked, asked[None])[0] == pytest.approx(0, abs=1e-5)


def test_evened_features_run_from_the_first_frame_to_the_last() -> None:
    line = np.linspace(0, 1, 50)[:, None]
    np.testing.assert_allclose(evened(line), np.linspace(0, 1, len(evened(line)))[:, None], atol=1e-6)
    assert set(evened(line[:1]).ravel().tolist()) == {0.0}


def test_pooled_features_tell_order_and_pace_of_the_shortest_clips_too() -> None:
    ramp = np.arange(8.0)[:, None]
    np.testing.assert_allclose(pooled(ramp), [3.5, ramp.std(), 0.5, 2.5, 4.5, 6.5, 1.0])
    assert not np.allclose(pooled(ramp), pooled(ramp[::-1]))
    for frames in (1, 2, 3):
        assert np.isfinite(pooled(ramp[:frames])).all()


def test_what_can_be_told_apart_is_told_by_both_methods(clips: list[LabelledClip]) -> None:
    actions = np.array([clip.action for clip in clips])
    said = recognize(clips, [lambda clip: {"angles": features_2d(clip)["2D angles"]}])["angles"]
    assert (said.by_classifier == actions).mean() > 0.9
    assert (said.by_neighbour == actions).mean() > 0.9


def test_what_says_nothing_of_the_action_is_right_by_chance_only(clips: list[LabelledClip]) -> None:
    """Each film has a feature of its own: were its clips not kept together, each were found by the other."""
    doubled = [*clips, *(replace(clip, number=clip.number + 1) for clip in clips)]

    def of_the_film(keypoints: Keypoints) -> dict[str, np.ndarray]:
        place = abs(keypoints.image_size[0] / 2 - float(np.median(keypoints.points[..., 0])))  # the same in a mirror
        return {"noise": np.random.default_rng(round(1000 * place)).normal(size=(1, 8)).repeat(5, axis=0)}

    said = recognize(doubled, [of_the_film])["noise"]
    actions = np.array([clip.action for clip in doubled])
    assert (said.by_neighbour == actions).mean() < 0.85


def test_a_refused_clip_is_wrong_and_teaches_nothing(clips: list[LabelledClip]) -> None:
    actions = np.array([clip.action for clip in clips])
    hidden = replace(clips[2].keypoints, confidence=np.zeros_like(clips[2].keypoints.confidence))
    given = [*clips[:2], replace(clips[2], keypoints=hidden), *clips[3:]]

    def particular(keypoints: Keypoints) -> dict[str, np.ndarray]:
        if not keypoints.confidence.any():
            raise InputError("nobody is in it")
        return {"angles": features_2d(keypoints)["2D angles"]}

    said = recognize(given, [particular])["angles"]
    assert said.by_classifier[2] == said.by_neighbour[2] == NOTHING
    told = figures_of(actions, said)
    assert told["takes"] == len(clips) - 1
    assert told["classifier"] == pytest.approx(told["classifier_taken"] * (len(clips) - 1) / len(clips))


def test_confusion_counts_each_clip_once(tmp_path: Path, clips: list[LabelledClip]) -> None:
    actions = np.array(["a", "a", "b", "b", "b"])
    counts = confusion(actions, np.array(["a", "b", "b", NOTHING, "b"]))
    np.testing.assert_array_equal(counts, [[1, 1, 0], [0, 2, 1]])
    truth = np.array([clip.action for clip in clips])
    table = write_report(clips, {"row": Recognized(truth, truth)}, tmp_path)
    assert "100.0" in table
    assert json.loads((tmp_path / "recognition.json").read_text())["rows"]["row"]["classifier"] == 1.0
    assert (tmp_path / "recognition.png").read_bytes().startswith(b"\x89PNG")


def test_in_a_mirror_the_left_hand_is_where_the_right_one_was(clips: list[LabelledClip]) -> None:
    left, right = (LANDMARK_NAMES.index(f"{side}_wrist") for side in ("left", "right"))
    confidence = clips[0].keypoints.confidence.copy()
    confidence[:, left] = 0.5
    keypoints = replace(clips[0].keypoints, confidence=confidence)
    seen = mirrored_clip(keypoints)
    np.testing.assert_allclose(
        seen.points[:, left, 0], keypoints.image_size[0] - keypoints.points[:, right, 0], atol=1e-3
    )
    np.testing.assert_allclose(seen.points[:, left, 1], keypoints.points[:, right, 1])
    np.testing.assert_array_equal(seen.confidence[:, right], 0.5)
    np.testing.assert_allclose(mirrored_clip(seen).points, keypoints.points, atol=1e-3)


def test_the_turn_about_the_vertical_is_taken_out_and_the_lean_stays() -> None:
    rng = np.random.default_rng(1)
    pose = rng.normal(size=(1, 19, 3))
    turned = np.concatenate([quaternion.rotate(np.array([np.cos(a), 0, np.sin(a), 0]), pose) for a in (0, 0.4, 1.2)])
    upright = without_heading(turned)
    np.testing.assert_allclose(upright, upright[:1].repeat(3, axis=0), atol=1e-9)
    np.testing.assert_allclose(upright[..., 1], turned[..., 1])


def test_the_command_writes_table_and_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clips: list[LabelledClip], untrained_weights: Path
) -> None:
    labels = {
        f"{20 * (FILMS * place + seed) + 1:04}.mat": saved(label(action, seed))
        for place, action in enumerate(("walk", "wave"))
        for seed in range(FILMS)
    }
    path = packed(tmp_path / "labels.tar.xz", labels)
    run = ["evaluate", "recognition", "--labels", str(path), "--weights", str(untrained_weights), "-o"]
    monkeypatch.setattr(sys, "argv", [*run, str(tmp_path / "out")])
    assert evaluate.main() == 0
    rows = json.loads((tmp_path / "out/recognition.json").read_text())["rows"]
    assert {"2D positions", "normalized pose, L2", "E_P"} <= set(rows)
    monkeypatch.setattr(sys, "argv", [*run, str(path)])
    assert evaluate.main() == 2
