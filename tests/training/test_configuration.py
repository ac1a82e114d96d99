"""Configurations: defaults, TOML, and clear words for what cannot be."""

from pathlib import Path

import pytest

from posenorm_core.errors import InputError
from training.cameras import CAMERA_KINDS
from training.configuration import MODELS, Configuration, from_mapping, load_configuration

SHIPPED = Path(__file__).resolve().parents[2] / "training" / "configurations"


def test_what_is_not_named_keeps_its_default(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('seed = 3\n[network]\nhead = "quaternion"\n[losses]\ncycle = 1\n')
    configuration = load_configuration(path)
    assert configuration.seed == 3
    assert configuration.network.head == "quaternion"
    assert configuration.losses.cycle == 1
    assert configuration.optimization == Configuration().optimization


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.name)
def test_the_configurations_in_the_repository_can_be_read(path):
    assert load_configuration(path) != Configuration()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[network]\nwidht = 3\n", "network.widht"),
        ("[netwrok]\nwidth = 3\n", "netwrok"),
        ("network = 3\n", "table"),
        ('[network]\nwidth = "3"\n', "network.width"),
        ("[network]\nwidth = 0\n", "width 0"),
        ("[network]\ndilations = [0]\n", "dilations"),
        ("[network]\nrefinements = -1\n", "refinements -1"),
        ("[network]\nrefining_blocks = 17\n", "refining_blocks 17"),
        ("[network]\nrefinements = true\n", "refinements"),
        ('[network]\nhead = "euler"\n', "euler"),
        ("[optimization]\nsteps = 0\n", "steps"),
        ("[optimization]\nlearning_rate = -1.0\n", "learning_rate"),
        ("[optimization]\nlearning_rate = nan\n", "learning_rate"),
        ("[optimization]\ndetail = 0.0\n", "detail"),
        ("[optimization]\naverage = 1.0\n", "average"),
        ("[optimization]\ndropout = -0.1\n", "dropout"),
        ("[optimization]\nsteps = true\n", "steps"),
        ("[losses]\nreconstruction = 0.0\nrotation = 0.0\n", "losses"),
        ("[losses]\nrotation = nan\n", r"losses\.rotation must be at least 0"),
        ("[augmentation]\nmirror = 7.0\n", r"augmentation\.mirror must be in \[0, 1\]"),
        ("[data]\nrarity = -0.5\n", r"data\.rarity must be in \[0, 2\]"),
        ("[data]\nfamily_power = 400.0\n", r"data\.family_power must be in \[0, 2\]"),
        ("[augmentation]\nprior = 1.5\n", r"augmentation\.prior must be in \[0, 1\]"),
        ("[losses]\ntwist_limit = -1.0\n", r"losses\.twist_limit must be at least 0"),
        ("[augmentation]\ntempo = -1.0\n", r"augmentation\.tempo must be in \[0, 3\]"),
        ("[augmentation]\ntempo = 1000.0\n", r"augmentation\.tempo must be in \[0, 3\]"),
        ("[data]\nbuiltin_share = 2.0\n", r"data\.builtin_share must be in \[0, 1\]"),
        ("[optimization]\nlearning_rate = inf\n", r"optimization\.learning_rate must be above 0"),
        ("[optimization]\nweight_decay = -1.0\n", r"optimization\.weight_decay must be at least 0"),
        ("[losses]\nreconstruction = 0\nrotation = 0\ncontact = 1.0\nup = 1.0\ndoubt = 1.0\n", "one must be above 0"),
        ("[losses]\ncycle = -1.0\n", "losses"),
        ("[losses]\nup = -0.1\n", "losses"),
        ('[augmentation]\ncameras = "drone"\n', "augmentation.cameras.*random, studio"),
        ('model = "transformer"\n', "'transformer'.*normalizer, martinez, semgcn, videopose3d"),
        ("model = 3\n", "model = 3"),
        ("[augmentation]\nbone_range = 1.5\n", "bone_range"),
        ("seed = \n", "c.toml"),
        ("seed = " + "[" * 10_000, "too deeply"),
        ('seed = "one"\n', "seed"),
        ("seed = -1\n", "seed = -1 should be a whole number from 0 to 4294967295"),
        ("seed = 4294967296\n", "seed = 4294967296 should be a whole number from 0 to 4294967295"),
    ],
)
def test_impossible_configurations_are_refused_by_name(tmp_path, text, words):
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as error:
        load_configuration(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "loss", ["reconstruction", "cycle", "rotation_consistency", "foot_contact", "rotation", "body_consistency"]
)
def test_any_loss_that_teaches_the_pose_is_enough(loss):
    others = {"reconstruction": 0.0, "rotation": 0.0, "contact": 0.0, "up": 0.0, "doubt": 0.0}
    assert getattr(from_mapping({"losses": others | {loss: 0.5}}).losses, loss) == 0.5


def test_every_model_and_every_camera_that_is_named_can_be_chosen():
    for model in MODELS:
        assert from_mapping({"model": model}).model == model
    for cameras in CAMERA_KINDS:
        assert from_mapping({"augmentation": {"cameras": cameras}}).augmentation.cameras == cameras


def test_an_unknown_section_lists_the_known_ones():
    with pytest.raises(InputError, match="optimization"):
        from_mapping({"optimizer": {}})
