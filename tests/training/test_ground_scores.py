"""The scores of the ground: who says the truth has no error, who errs errs by as much, families count alike."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_COUNT
from posenorm_core.motion import Motion, with_orientation
from training import ground_scores as scores
from training.dataset import builtin_data
from training.ground import true_heading_path

# From as far off as this a subject who walks does not turn the view frame: one vertical is true of all frames.
FAR = 100.0


@pytest.fixture(scope="module")
def data():
    """Six clips in families of four and two, of people who are not equally tall."""
    clips = builtin_data(0.1, seed=5, seconds_a_clip=1.0)
    bodies = clips.clip_offsets * torch.linspace(0.9, 1.1, clips.clip_count)[:, None, None]
    families = np.array(["x"] * 4 + ["y"] * 8)
    return replace(clips, clip_family=families, clip_offsets=bodies).subset(np.arange(clips.clip_count) < 6)


class Oracle:
    """Stands in for `normalize` and says the truth; `changed`, by clip, is what it says instead."""

    def __init__(self, data, monkeypatch):
        self.data, self.scenes, self.takes, self.asked, self.changed = data, [], [], [], {}
        draw, film = scores.draw_scene, scores.film_scene

        def far_off(*arguments):
            scene = draw(*arguments)
            return replace(scene, distance=FAR, focal_length=scene.focal_length / scene.distance * FAR)

        def recorded(scene):
            self.scenes.append(scene)
            self.takes.append(film(scene))
            return self.takes[-1]

        monkeypatch.setattr(scores, "draw_scene", far_off)
        monkeypatch.setattr(scores, "film_scene", recorded)
        monkeypatch.setattr(scores, "normalize", self.answer)

    def answer(self, keypoints, **options):
        scene, take = self.scenes[-1], self.takes[-1]
        assert keypoints is take.keypoints
        self.asked.append(options)
        begin, frames = int(self.data.clip_start[scene.seed]), len(scene.rotations)
        stands = self.data.contacts[begin : begin + frames].numpy()
        to_view = quaternion.multiply(take.rotations[:, 0], quaternion.inverse(scene.rotations[:, 0]))
        up = quaternion.rotate(to_view, np.tile([0.0, 1.0, 0.0], (frames, 1))).mean(axis=0)
        truth = Motion(
            fps=scene.fps,
            skeleton=options["skeleton"],
            rotations=take.rotations,
            orientation="view",
            view_root=take.rotations[:, 0],
            up=up / np.linalg.norm(up),
            root_position=true_heading_path(scene.rotations, scene.root_position, scene.offsets, stands, scene.fps),
            contacts=stands,
            confidence=np.ones((frames, JOINT_COUNT)),
            source={},
        )
        change = self.changed.get(scene.seed, lambda motion: motion)
        return with_orientation(change(truth), options["orientation"])


@pytest.fixture
def oracle(data, monkeypatch):
    return Oracle(data, monkeypatch)


def leaning(degrees):
    """A motion whose vertical is off by as much."""

    def change(motion):
        across = np.cross(motion.up, [0.0, 0.0, 1.0])
        turn = quaternion.from_axis_angle(across / np.linalg.norm(across), np.radians(np.array(degrees)))
        return replace(motion, up=np.asarray(quaternion.rotate(turn, motion.up)))

    return change


def test_the_truth_has_no_error(oracle, data):
    found = scores.ground_scores(None, data)
    assert {name: told.clips for name, told in found.items()} == {"x": 4, "y": 2, "mean": 6}
    for told in found.values():
        assert told.contact_f1 == 1
        assert told.up_median < 0.5
        assert told.up_mean < 0.5
        assert told.path_median < 1e-3


def test_every_clip_is_posed_on_its_own_body_in_heading(oracle, data):
    scores.ground_scores("the weights", data)
    for clip, options in enumerate(oracle.asked):
        assert options["orientation"] == "heading"
        assert options["weights"] == "the weights"
        np.testing.assert_allclose(options["skeleton"].offsets, data.clip_offsets[clip], atol=1e-7)


def test_the_cameras_look_up_and_down_and_are_the_same_every_time(oracle, data):
    for _ in range(2):
        scores.ground_scores(None, data)
    first, again = oracle.scenes[:6], oracle.scenes[6:]
    views = [[(s.elevation, s.roll, s.azimuth) for s in scenes] for scenes in (first, again)]
    assert views[0] == views[1]
    pitch, roll, _ = np.degrees(np.array(views[0])).T
    assert (pitch >= -20).all()
    assert (pitch <= 45).all()
    assert np.ptp(pitch) > 20
    assert 0 < np.abs(roll).max() < 20


def test_who_errs_in_one_family_is_off_there_and_by_half_in_the_mean(oracle, data):
    for clip in (4, 5):
        oracle.changed[clip] = lambda motion: leaning(10)(replace(motion, contacts=1 - motion.contacts))
    found = scores.ground_scores(None, data)
    assert found["x"].contact_f1 == 1
    assert found["y"].contact_f1 == 0
    assert found["y"].up_mean == pytest.approx(10, abs=0.2)
    assert found["mean"].contact_f1 == pytest.approx(0.5)
    assert found["mean"].up_mean == pytest.approx((found["x"].up_mean + found["y"].up_mean) / 2)


def test_one_clip_far_off_moves_the_mean_and_not_the_median(oracle, data):
    oracle.changed[0] = lambda motion: leaning(60)(replace(motion, root_position=-3 * motion.root_position))
    told = scores.ground_scores(None, data)["x"]
    assert told.up_median < 0.5
    assert told.up_mean == pytest.approx(60 / 4, abs=0.5)
    assert told.path_median < 1e-3


def test_contacts_of_a_family_are_counted_together_frame_by_frame(oracle, data):
    # The first clip's feet are said never to stand: all that it has of standing is missed, of one clip in four.
    oracle.changed[0] = lambda motion: replace(motion, contacts=0 * motion.contacts)
    standing = [int(data.contacts[data.clip_start[c] : data.clip_start[c + 1]].sum()) for c in range(4)]
    right = sum(standing[1:])
    assert min(standing) > 0
    found = scores.ground_scores(None, data)["x"].contact_f1
    assert found == pytest.approx(2 * right / (2 * right + standing[0]))


def test_a_way_too_long_is_off_by_its_share(oracle, data):
    for clip in range(4):
        oracle.changed[clip] = lambda motion: replace(motion, root_position=1.5 * motion.root_position)
    found = scores.ground_scores(None, data)
    assert found["x"].path_median > 5
    assert found["y"].path_median < 1e-3
    assert found["mean"].path_median == pytest.approx((found["x"].path_median + found["y"].path_median) / 2)


def test_who_goes_nowhere_has_no_path_to_measure(oracle, data):
    still, begin = replace(data, rotations=data.rotations.clone(), root_position=data.root_position.clone()), 0
    for clip in (4, 5):
        begin, end = int(data.clip_start[clip]), int(data.clip_start[clip + 1])
        still.rotations[begin:end] = still.rotations[begin]
        still.root_position[begin:end] = still.root_position[begin]
        still.contacts[begin:end] = 1
    oracle.data = still
    found = scores.ground_scores(None, still)
    assert np.isnan(found["y"].path_median)
    assert found["mean"].path_median == found["x"].path_median
    assert found["y"].up_mean < 0.01


def test_a_long_clip_is_measured_by_its_beginning(oracle, data, monkeypatch):
    monkeypatch.setattr(scores, "_FRAMES", 12)
    first = data.subset(np.arange(data.clip_count) == 0)
    oracle.data = first
    later = replace(first, contacts=torch.cat([first.contacts[:12], 1 - first.contacts[12:]]))
    assert scores.ground_scores(None, first) == scores.ground_scores(None, later)
    assert [len(scene.rotations) for scene in oracle.scenes] == [12, 12]
