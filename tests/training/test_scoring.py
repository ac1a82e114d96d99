"""Scores: the truth has no error, bodies and views are what they should be, families count alike."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from posenorm_core import quaternion
from posenorm_core.architecture import Architecture
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, MIRROR, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.network_input import INPUT_CONTEXT, landmarks_of
from posenorm_core.torch_network import NormalizerNetwork
from posenorm_core.weights import load_weights, save_weights
from training import filmed_clips, metrics, scoring
from training.answer import Answer
from training.dataset import builtin_data
from training.models import answering
from training.scoring import Figures, Scores
from training.shipped import predictor

ARCHITECTURE = Architecture(width=8, dilations=(2,))
CONTEXT = ARCHITECTURE.context
BOTH = {"mpjpe", "pa_mpjpe", "delta_mpjpe_bone", "delta_mpjpe_chunk", "acceleration", "foot_slide", "view_spread"}


@pytest.fixture(scope="module")
def data():
    return builtin_data(0.3, seed=11, seconds_a_clip=1.0)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return NormalizerNetwork(ARCHITECTURE).eval()


@pytest.fixture
def batch(data):
    return filmed_clips.film_clip(data, 0, CONTEXT, seed=1, views=2)


def truth(batch, offsets):
    """A model that knows the answer: the true rotations on the body that is asked about."""
    positions = forward_kinematics(offsets[:, None], batch.rotations, PARENTS)
    return Answer(positions, batch.rotations)


def lifted_truth(batch, offsets):
    """A lifter that knows the answer, and turns and scales it its own way."""
    turn = quaternion.from_rotation_vector(torch.tensor([0.2, 1.0, -0.4]))
    return Answer(1.3 * quaternion.rotate(turn, truth(batch, offsets).positions))


def test_the_truth_has_no_error(batch):
    answer = truth(batch, batch.offsets)
    errors = scoring.accuracy(answer, batch) | scoring.details(answer, batch)
    assert set(errors) == {"mpjpe", "rotation", "root", "pa_mpjpe", "swing", "twist", "acceleration", "foot_slide"}
    slide = errors.pop("foot_slide")
    assert max(errors.values()) < 0.1
    # The feet of the recording itself slide a little: here from the world, without any camera.
    assert slide < 10


def test_feet_slide_in_the_world_and_not_in_the_view(data):
    batch = filmed_clips.film_clip(data, 0, CONTEXT, seed=1)
    frames = slice(0, int(data.clip_length[0]))
    world = forward_kinematics(data.clip_offsets[0], data.rotations[frames], PARENTS, data.root_position[frames])
    feet = world[:, [JOINT_NAMES.index("right_ankle"), JOINT_NAMES.index("left_ankle")]]
    slide = 1000 * float(metrics.foot_slide(feet, batch.contacts[0]))
    assert scoring.details(truth(batch, batch.offsets), batch)["foot_slide"] == pytest.approx(slide, abs=0.02)


def test_a_motion_that_shows_no_step_or_no_acceleration_has_no_such_measure(data):
    batch = filmed_clips.film_clip(data, 0, CONTEXT, seed=1, longest=2)
    batch = replace(batch, contacts=torch.zeros_like(batch.contacts))
    measured = scoring.details(truth(batch, batch.offsets), batch)
    assert set(measured) == {"pa_mpjpe", "swing", "twist"}


def test_a_lifter_is_scored_with_its_own_and_with_the_subject_s_bones(batch):
    larger = Answer(1.2 * batch.positions)
    errors = scoring.accuracy(larger, batch) | scoring.details(larger, batch)
    assert set(errors) == {"mpjpe", "pa_mpjpe", "mpjpe_own_bones", "acceleration", "foot_slide"}
    assert errors["mpjpe"] == pytest.approx(200 * float(batch.positions.norm(dim=-1).mean()), rel=1e-4)
    assert errors["mpjpe_own_bones"] < 0.01


def test_who_answers_the_truth_does_not_mind_the_body(batch):
    # Asked about the condition skeleton both times, whoever the subject is.
    batch = replace(batch, offsets=1.1 * batch.offsets)
    assert set(scoring.body_spread(truth, batch, torch.Generator()).values()) == {0.0}


def test_who_answers_with_a_larger_body_is_off_by_as_much(batch):
    def body_seen(asked, offsets):
        positions = truth(asked, offsets).positions
        return Answer(positions if asked.features is batch.features else 1.1 * positions)

    condition = batch.offsets.new_tensor(CONDITION_SKELETON.offsets).expand_as(batch.offsets)
    tenth = 100 * float(truth(batch, condition).positions.norm(dim=-1).mean())
    spread = scoring.body_spread(body_seen, batch, torch.Generator().manual_seed(0))
    assert spread == {"delta_mpjpe_bone": pytest.approx(tenth), "delta_mpjpe_chunk": pytest.approx(tenth)}


@pytest.mark.parametrize("each_bone", [True, False])
def test_every_fifty_frames_have_a_body_of_their_own(batch, each_bone):
    rng = torch.Generator().manual_seed(3)
    bodies = filmed_clips.chunk_bodies(batch.offsets[0], 120, rng, each_bone=each_bone)
    factors = bodies[:, 1:].norm(dim=-1) / batch.offsets[0, 1:].norm(dim=-1)
    assert factors.shape == (120, 18)
    assert ((factors > 0.75 - 1e-5) & (factors < 1.25 + 1e-5)).all()
    torch.testing.assert_close(factors, factors[:, [j - 1 for j in MIRROR[1:]]])
    borders = (factors.diff(dim=0).abs().amax(dim=1) > 1e-4).nonzero().flatten() + 1
    assert borders.tolist() == [50, 100]
    assert (factors.std(dim=1) > 0.05).all() if each_bone else (factors.std(dim=1) < 1e-5).all()


def test_a_frame_is_filmed_with_its_own_body():
    data = builtin_data(0.1, seed=11, seconds_a_clip=4.0)
    own, other = data.clip_offsets[0], 1.25 * data.clip_offsets[0]
    batch = filmed_clips.film_clip(data, 0, CONTEXT, seed=1)
    as_it_was = filmed_clips.film_bodies(batch, own.expand(120, -1, -1))
    torch.testing.assert_close(as_it_was.features, batch.features, rtol=0, atol=1e-4)
    larger = filmed_clips.film_bodies(batch, other.expand(120, -1, -1))
    changing = filmed_clips.film_bodies(batch, torch.cat([own.expand(60, -1, -1), other.expand(60, -1, -1)]))
    # A person's size is taken from the frames around too: only beyond those is there one body alone.
    border = ARCHITECTURE.network_context + 60
    before, after = slice(border - INPUT_CONTEXT), slice(border + INPUT_CONTEXT, None)
    torch.testing.assert_close(changing.features[:, before], batch.features[:, before], rtol=0, atol=1e-4)
    torch.testing.assert_close(changing.features[:, after], larger.features[:, after], rtol=0, atol=1e-4)
    assert not torch.allclose(changing.features[:, border], larger.features[:, border], atol=1e-2)
    assert torch.equal(changing.positions, batch.positions)


def test_views_of_the_truth_do_not_differ(data):
    around = list(filmed_clips.film_around(data, 0, CONTEXT))
    assert len(around) == 8
    for model in (truth, lifted_truth):
        assert scoring.view_spread(model, around)["view_spread"] < 0.02


def test_views_that_differ_in_a_joint_spread_by_it(data):
    around = list(filmed_clips.film_around(data, 0, CONTEXT))
    chord = 2 * np.sin(0.5) * 1000 * CONDITION_SKELETON.bone_lengths[JOINT_NAMES.index("left_wrist")]

    def two_minds(batch, offsets):
        """From every second camera the left elbow is bent by a radian more."""
        rotations, elbow = batch.rotations.clone(), JOINT_NAMES.index("left_elbow")
        if any(batch is other for other in around[::2]):
            bend = quaternion.from_rotation_vector(torch.tensor([0.0, -1.0, 0.0]))
            rotations[:, :, elbow] = quaternion.multiply(rotations[:, :, elbow], bend)
        return Answer(forward_kinematics(offsets[:, None], rotations, PARENTS), rotations)

    spread = scoring.view_spread(two_minds, around)["view_spread"]
    # Half a chord from the mean, one joint of 19.
    assert spread == pytest.approx(chord / 2 / 19, rel=1e-3)


def test_the_cameras_stand_evenly_around(data):
    still = replace(data, root_position=torch.zeros_like(data.root_position))
    around = list(filmed_clips.film_around(still, 0, CONTEXT))
    to_camera = torch.stack(
        [quaternion.rotate(quaternion.inverse(b.view_from_world[0, 0]), torch.tensor([0.0, 0.0, 1.0])) for b in around]
    )
    azimuth = torch.rad2deg(torch.atan2(to_camera[:, 0], to_camera[:, 2])) % 360
    elevation = torch.rad2deg(torch.asin(to_camera[:, 1]))
    torch.testing.assert_close(azimuth, 45.0 * torch.arange(8), rtol=0, atol=1e-2)
    assert float(elevation.min()) == pytest.approx(-10, abs=0.01)
    assert float(elevation.max()) == pytest.approx(40, abs=0.01)
    distance = torch.stack([b.pelvis[0, 0].norm() for b in around])
    assert float(distance.min()) == pytest.approx(2.5, abs=1e-4)
    assert float(distance.max()) == pytest.approx(6.0, abs=1e-4)


def test_nobody_walks_into_a_camera(data):
    far = replace(data, root_position=20 * data.root_position)
    around = filmed_clips.film_around(far, data.clip_action.tolist().index("walk"), CONTEXT)
    assert min(float(b.pelvis[..., 2].min()) for b in around) > 1


def test_the_runtime_and_the_network_score_alike_in_every_measure(data, network, tmp_path, monkeypatch):
    # The depth that lengths tell is not the network's.
    monkeypatch.setattr("training.shipped.with_depth_from_lengths", lambda rotations, *seen: rotations)
    save_weights(tmp_path / "w.npz", ARCHITECTURE, network.folded_layers(), {})
    few = data.subset(np.arange(data.clip_count) < 2)
    shipped = scoring.score_clips(predictor(load_weights(tmp_path / "w.npz")), few, CONTEXT)
    trained = scoring.score_clips(answering(network, mirror=True), few, CONTEXT)
    for a, b in zip(shipped, trained, strict=True):
        assert set(a.measures) == BOTH | {"rotation", "root", "swing", "twist"}
        # Half-precision weights.
        assert a.measures == pytest.approx(b.measures, rel=0.05, abs=0.05)
    assert [s.name for s in shipped] == few.clip_name.tolist()
    assert [s.frames for s in shipped] == (2 * few.clip_length).tolist()


def test_a_lifter_has_no_measure_of_rotations(data, network):
    def lift(features, offsets):
        return Answer(answering(network)(features, offsets).positions)

    (score,) = scoring.score_clips(lift, data.subset(np.arange(data.clip_count) == 1), CONTEXT)
    assert set(score.measures) == BOTH | {"mpjpe_own_bones"}


def test_the_cheap_scores_are_the_full_ones_and_fewer(data, network):
    one = data.subset(np.arange(data.clip_count) == 1)
    (full,) = scoring.score_clips(answering(network), one, CONTEXT, longest=12)
    (cheap,) = scoring.score_clips(answering(network), one, CONTEXT, longest=12, full=False)
    assert cheap.measures == {name: full.measures[name] for name in ("mpjpe", "rotation", "root")}
    assert cheap.frames == 24


def test_an_answer_that_is_not_finite_is_refused(data):
    def diverged(features, offsets):
        return Answer(torch.full((len(features), features.shape[1] - 2 * (CONTEXT - INPUT_CONTEXT), 19, 3), np.nan))

    with pytest.raises(InputError, match=f"{data.clip_name[0]}.*not finite"):
        scoring.score_clips(diverged, data, CONTEXT, full=False)


def test_the_same_seed_films_the_same_view_and_another_another(data):
    first, again = (filmed_clips.film_clip(data, 2, CONTEXT, seed=5) for _ in range(2))
    other = filmed_clips.film_clip(data, 2, CONTEXT, seed=6)
    assert torch.equal(first.features, again.features)
    assert not torch.allclose(first.rotations[:, :, 0], other.rotations[:, :, 0], atol=1e-2)
    torch.testing.assert_close(first.rotations[:, :, 1:], other.rotations[:, :, 1:])


def test_a_studio_s_cameras_are_level_where_others_look_up_and_down(data):
    pitched = {}
    for cameras in ("studio", "random"):
        filmed = filmed_clips.film_clip(data, 2, CONTEXT, seed=5, views=40, cameras=cameras)
        pitched[cameras] = torch.rad2deg(torch.acos(filmed.up[..., 1].clamp(max=1)))
    assert pitched["studio"].max() < 15
    assert pitched["random"].max() > 25


def test_a_layout_hides_what_its_detector_lacks(batch):
    whole, hidden = landmarks_of(batch.features), landmarks_of(filmed_clips.hidden_as("coco17", batch))
    assert (hidden[..., JOINT_NAMES.index("left_toe"), :] == 0).all()
    wrist = JOINT_NAMES.index("left_wrist")
    assert torch.equal(hidden[..., wrist, :], whole[..., wrist, :])


def test_a_layout_is_seen_in_every_measure(data, network):
    one = data.subset(np.arange(data.clip_count) == 1)
    (whole,), (part,) = (
        scoring.score_clips(answering(network), one, CONTEXT, layout=layout) for layout in ("all", "coco17")
    )
    assert all(part.measures[name] != value for name, value in whole.measures.items())


def clip(family: str, frames: int, action: str = "walk", **measures: float) -> Scores:
    return Scores(frames, measures, f"{family} {frames}", family, action, "somebody")


def test_frames_weigh_within_a_family_and_families_count_the_same():
    scores = [clip("x", 100, mpjpe=10.0), clip("x", 300, mpjpe=20.0), clip("y", 1, mpjpe=100.0)]
    families = scoring.by_family(scores)
    assert families == {"x": Figures(400, {"mpjpe": 17.5}), "y": Figures(1, {"mpjpe": 100.0})}
    assert scoring.over_families(families) == Figures(401, {"mpjpe": (17.5 + 100) / 2})


def test_hours_of_one_family_do_not_move_the_mean():
    scores = [clip("x", 100, mpjpe=10.0), clip("x", 300, mpjpe=20.0), clip("y", 1, mpjpe=100.0)]
    hours = [replace(s, frames=s.frames * 100_000) if s.family == "x" else s for s in scores]
    means = [scoring.over_families(scoring.by_family(s)).measures for s in (scores, hours)]
    assert means[0] == pytest.approx(means[1])


def test_actions_are_told_apart_by_family():
    scores = [clip("x", 1, mpjpe=1.0), clip("x", 1, "run", mpjpe=2.0), clip("y", 1, mpjpe=4.0)]
    actions = scoring.by_action(scores)
    assert {name: figures.measures["mpjpe"] for name, figures in actions.items()} == {
        "x/run": 2.0,
        "x/walk": 1.0,
        "y/walk": 4.0,
    }


def test_what_was_not_measured_weighs_nothing():
    scores = [clip("x", 10, mpjpe=1.0), clip("x", 10, mpjpe=3.0, foot_slide=7.0), clip("y", 10, mpjpe=4.0)]
    families = scoring.by_family(scores)
    assert families["x"].measures == {"mpjpe": 2.0, "foot_slide": 7.0}
    assert families["y"].measures == {"mpjpe": 4.0}
    assert scoring.over_families(families).flat() == {"mpjpe": 3.0, "foot_slide": 7.0, "frames": 30}
