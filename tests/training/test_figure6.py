"""Figure 6: who knows the pose has no spread where the viewpoint is gone, and a wrong argument is one line."""

import matplotlib.image
import numpy as np
import pytest
import torch

from posenorm_core import quaternion
from posenorm_core.architecture import Architecture
from posenorm_core.condition_skeleton import JOINT_COUNT, JOINT_NAMES, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.network_input import INPUT_CONTEXT
from posenorm_core.torch_network import NormalizerNetwork
from posenorm_core.weights import save_weights
from training import figure6, filmed_clips, splits
from training.answer import Answer
from training.checkpoint import save_checkpoint
from training.configuration import Configuration
from training.dataset import MotionData, builtin_data
from training.figure6 import Asked
from training.trainer import Trainer

ROWS = ("image", "lifted", "aligned", "normalized")
ARCHITECTURE = Architecture(width=8, dilations=(2,))


@pytest.fixture(scope="module")
def data():
    return builtin_data(0.2, seed=4, seconds_a_clip=1.0)


@pytest.fixture(scope="module")
def films(data):
    return list(filmed_clips.film_around(data, 0, INPUT_CONTEXT + 3))


@pytest.fixture(scope="module")
def views(data, films):
    """What models make of the first clip that know its pose; their contexts differ, as real ones' do."""
    return figure6.views_around(data, 0, oracle(films, 1, told=False), oracle(films, 3, told=True))


def oracle(films, context, told):
    """A model that knows the film it is shown, by exactly the frames its context takes, and the truth about it."""
    spare = 3 - context

    def predict(features, offsets):
        shown = [film.features[:, spare : film.features.shape[1] - spare] for film in films]
        film = films[[torch.equal(one, features) for one in shown].index(True)]
        positions = forward_kinematics(offsets[:, None], film.rotations, PARENTS)
        return Answer(positions, film.rotations if told else None)

    return Asked(predict, INPUT_CONTEXT + context)


def still_data(rotations):
    """One clip of `rotations` (T, 19, 4) that stands in one place, on the body of a built-in clip."""
    frames, body = len(rotations), builtin_data(0.1, seed=4, seconds_a_clip=1.0)
    names = [np.array([name]) for name in ("clip", "nobody", "still", "here", "papagina")]
    place = torch.tensor([0.5, 0.9, -2.0]).repeat(frames, 1)
    starts = torch.tensor([0, frames])
    return MotionData(rotations, place, torch.zeros(frames, 2), starts, body.clip_offsets[:1], *names)


def t_poses(frames):
    return quaternion.identity_like(torch.zeros(frames, JOINT_COUNT, 4))


def test_who_knows_the_pose_has_a_spread_only_where_the_camera_is_still_in_it(views):
    spread = {row: figure6.spread_millimetres(torch.stack([getattr(view, row) for view in views])) for row in ROWS}
    assert max(spread["aligned"], spread["normalized"]) < 0.1
    assert min(spread["image"], spread["lifted"]) > 100


def test_a_row_s_spread_is_of_all_eight_cameras_and_what_is_drawn_of_four(views):
    rows = dict(zip(ROWS, figure6.rows_of(views, 7, "oracle"), strict=True))
    poses = torch.stack([view.lifted for view in views])
    for frames, told in ((poses[:, 7], rows["lifted"].frame_spread), (poses, rows["lifted"].clip_spread)):
        by_hand = np.mean([np.linalg.norm(view - frames.mean(0).numpy(), axis=-1).mean() for view in frames.numpy()])
        assert told == pytest.approx(1000 * by_hand, rel=1e-4)
    np.testing.assert_array_equal(rows["normalized"].poses, np.stack([views[k].normalized[7] for k in (0, 2, 5, 7)]))
    assert max(rows["aligned"].frame_spread, rows["normalized"].frame_spread) < 0.1


def test_the_2d_row_is_what_the_camera_sees_on_the_subject_s_scale(views, films):
    for view, film in zip(views, films, strict=True):
        assert (view.image[..., 2] == 0).all()
        # What perspective makes of a body two metres away and more, and no more.
        off = torch.linalg.vector_norm(view.image[..., :2] - film.positions[0, ..., :2], dim=-1)
        assert off.mean() < 0.06


@pytest.mark.parametrize("heading", [0.0, 90.0])
def test_a_camera_is_where_the_subject_would_say_it_is(heading):
    rotations = t_poses(2)
    rotations[:, 0] = quaternion.from_rotation_vector(torch.tensor([0.0, np.deg2rad(heading), 0.0]).float())
    data = still_data(rotations)
    films = list(filmed_clips.film_around(data, 0, INPUT_CONTEXT + 3))
    views = figure6.views_around(data, 0, oracle(films, 3, told=False), oracle(films, 3, told=True))
    words = [figure6.camera_words(view, 1).removeprefix("camera at his ") for view in views]
    around = ["front", "front left", "left", "back left", "back", "back right", "right", "front right"]
    heights = ["10° below", "40° above", "level", "30° above", "5° below", "35° above", "10° above", "20° above"]
    turned = round(heading / 45)
    expected = [f"{around[k - turned]},\n{height}" for k, height in enumerate(heights)]
    assert words == expected


def test_the_frame_that_is_chosen_is_furthest_from_a_t_pose_whatever_way_it_faces():
    rotations = t_poses(9)
    rotations[3, 0] = quaternion.from_rotation_vector(torch.tensor([0.0, 3.0, 0.0]))
    for frame, angle in ((5, 0.3), (6, 0.9), (8, 0.9)):
        bent = torch.tensor([0.0, -angle, 0.0])
        rotations[frame, JOINT_NAMES.index("left_elbow")] = quaternion.from_rotation_vector(bent)
    assert figure6.strangest_frame(still_data(rotations), 0) == 6


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with untrained networks: a lifter's checkpoint, a normalizer's, and weights."""
    folder = tmp_path_factory.mktemp("networks")
    for name in ("semgcn", "normalizer"):
        trainer = Trainer(Configuration(model=name, network=ARCHITECTURE), torch.device("cpu"))
        save_checkpoint(trainer.checkpoint(), folder / f"{name}.pt")
    save_weights(folder / "w.npz", ARCHITECTURE, NormalizerNetwork(ARCHITECTURE).folded_layers(), {})
    return folder


@pytest.fixture
def draw(data, files, tmp_path, monkeypatch):
    """Runs the command on built-in motion with other arguments than the good ones."""
    monkeypatch.setattr(figure6, "load_data", lambda _: data)
    monkeypatch.setattr(splits, "part", lambda clips, label: clips)

    def run(**changed):
        arguments = {"data": "d.npz", "checkpoint": files / "semgcn.pt", "weights": files / "w.npz"}
        arguments |= {"clip": data.clip_name[1], "out": tmp_path / "figure.png"} | changed
        return figure6.main([word for name, value in arguments.items() for word in (f"--{name}", str(value))])

    return run


def test_the_figure_is_a_picture_and_its_spreads_are_told(draw, tmp_path, capsys):
    assert draw(frame=2) == 0
    picture = matplotlib.image.imread(tmp_path / "figure.png")
    assert picture.shape[1] == 1600
    assert len(np.unique(picture[::4, ::4].reshape(-1, picture.shape[2]), axis=0)) > 50
    assert capsys.readouterr().out.count("mm at frame 2") == 4


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"clip": "no such"}, "no test clip is called 'no such'"),
        ({"frame": 30}, "has the frames 0 to 29"),
        ({"frame": -1}, "has the frames 0 to 29"),
        ({"checkpoint": "normalizer.pt"}, "give the checkpoint of a lifter"),
        ({"checkpoint": "missing.pt"}, "there is no such checkpoint"),
        ({"weights": "semgcn.pt"}, "semgcn.pt"),
        ({"out": "figure.txt"}, "must end in .png"),
        ({"out": "no/such/figure.png"}, "cannot write there"),
    ],
)
def test_a_wrong_argument_is_one_line(draw, files, tmp_path, capsys, wrong, told):
    places = {"checkpoint": files, "weights": files, "out": tmp_path}
    changed = {name: places[name] / value if name in places else value for name, value in wrong.items()}
    assert draw(**changed) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1
    assert told in error[0]
    assert list(tmp_path.iterdir()) == []


def test_without_a_clip_of_the_family_one_has_to_be_named(data):
    assert figure6._chosen_clip(still_data(t_poses(2)), None) == 0
    with pytest.raises(InputError, match="--clip"):
        figure6._chosen_clip(data, None)


def test_a_lifter_that_has_diverged_is_told(data, films):
    def nothing(features, offsets):
        return Answer(features.new_full((1, 30, JOINT_COUNT, 3), torch.nan))

    with pytest.raises(InputError, match="diverged"):
        figure6.views_around(data, 0, Asked(nothing, INPUT_CONTEXT), oracle(films, 3, told=True))
