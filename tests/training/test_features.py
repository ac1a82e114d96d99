"""E_P's training: mining beside a slow reference, losses by hand, batches, and a training that goes on exactly."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from posenorm_core.embedding.architecture import NETWORKS, EmbeddingArchitecture
from posenorm_core.embedding.weights import load_embedding
from posenorm_core.errors import InputError
from posenorm_core.weights import load_weights
from training import fit
from training.dataset import builtin_data
from training.features.batches import draw_batch, probabilities_of
from training.features.configuration import (
    ContrastiveLoss,
    FeatureConfiguration,
    FeatureCourse,
    FeatureData,
    TripletLoss,
    load_feature_configuration,
)
from training.features.mining import Triplets, mined, negative_range, primary_similarity
from training.features.objective import Films, contrastive_loss, triplet_loss
from training.features.trainer import FeatureTrainer
from training.features.views import Performance, performances

SMALL = FeatureConfiguration(
    network=EmbeddingArchitecture(width=8, blocks=1, size=4),
    optimization=FeatureCourse(steps=6, clips=2, frames=30, shortest=20, checkpoint_every=3, validate_every=6),
)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def shown() -> list[Performance]:
    return performances(builtin_data(0.3, seed=3), load_weights(), films=2, seed=0)


def random_poses(frames: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(frames, 19, 3, generator=torch.Generator().manual_seed(seed))


def naive_similarity(positions: np.ndarray) -> np.ndarray:
    """By the paper's words, a pair at a time."""
    frames = len(positions)
    error = np.array([[np.linalg.norm(a - b, axis=1).mean() for b in positions] for a in positions])
    others = [error[i, j] for i in range(frames) for j in range(frames) if i != j]
    low, high = min(others), max(others)
    return np.clip(1 - (error - low) / (high - low), 0, 1)


def test_primary_similarity_is_the_slow_one() -> None:
    positions = random_poses(17)
    np.testing.assert_allclose(primary_similarity(positions), naive_similarity(positions.numpy()), atol=1e-5)


def test_the_most_alike_frames_of_a_video_have_similarity_1_and_the_least_0() -> None:
    similarity = primary_similarity(random_poses(30))
    others = similarity[~torch.eye(30, dtype=torch.bool)]
    assert others.max() == 1
    assert others.min() == 0


@pytest.mark.parametrize("frames", [1, 2])
def test_a_video_too_short_to_compare_has_no_triplets(frames: int) -> None:
    similarity = primary_similarity(random_poses(frames))
    assert torch.isfinite(similarity).all()
    triplets = mined(similarity, (0.9, 1.0), (0.0, 0.4), torch.Generator())
    assert len(triplets.anchor) == len(triplets.positive) == len(triplets.negative) == 0


def test_mining_takes_what_a_slow_search_would_allow_and_all_of_it() -> None:
    similarity = primary_similarity(random_poses(25))
    positive, negative = (0.7, 0.95), (0.2, 0.4)
    allowed = {
        (a, p, n)
        for a in range(25)
        for p in range(25)
        for n in range(25)
        if a != p
        and a != n
        and positive[0] <= similarity[a, p] <= positive[1]
        and negative[0] <= similarity[a, n] <= negative[1]
    }
    drawn = set()
    rng = torch.Generator().manual_seed(0)
    for _ in range(1500):
        found = mined(similarity, positive, negative, rng)
        drawn |= set(zip(found.anchor.tolist(), found.positive.tolist(), found.negative.tolist(), strict=True))
    assert drawn <= allowed
    assert len(drawn) > 0.9 * len(allowed)
    assert {a for a, _, _ in drawn} == {a for a, _, _ in allowed}


def test_the_curriculum_goes_from_easy_to_semi_hard_and_stays_there() -> None:
    options = TripletLoss()
    assert negative_range(options, 0.0) == pytest.approx(options.easy_negative)
    assert negative_range(options, options.curriculum) == pytest.approx(options.hard_negative)
    assert negative_range(options, 1.0) == pytest.approx(options.hard_negative)
    middle = negative_range(options, options.curriculum / 2)
    assert middle == pytest.approx(np.mean([options.easy_negative, options.hard_negative], axis=0))


def test_the_triplet_loss_by_hand() -> None:
    features = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.8, 0.6]])
    triplets = Triplets(torch.tensor([0, 0]), torch.tensor([3, 1]), torch.tensor([2, 3]))
    # Squared distances: 0 to 3 0.4, to 2 4, to 1 2.
    expected = (max(0.4 - 4 + 0.2, 0) + max(2 - 0.4 + 0.2, 0)) / 2
    assert triplet_loss(features, triplets, 0.2).item() == pytest.approx(expected, abs=1e-6)


def films(features: torch.Tensor, times: torch.Tensor) -> Films:
    return Films(torch.nn.functional.normalize(features, dim=-1), times)


def test_the_contrastive_loss_is_the_slow_one() -> None:
    rng = torch.Generator().manual_seed(0)
    a = films(torch.randn(2, 5, 3, generator=rng), torch.tensor([[0, 1, 3, 4, 30], [2, 3, 4, 6, 7]]))
    b = films(torch.randn(2, 5, 3, generator=rng), torch.tensor([[0, 2, 3, 5, 6], [1, 3, 4, 5, 8]]))
    options, scale = ContrastiveLoss(across=0.0, spread=1.0), torch.tensor(4.0)
    lost: list[list[float]] = [[], []]
    for way, (first, second) in enumerate(((a, b), (b, a))):
        for clip in range(2):
            for t in range(5):
                share = np.exp(-0.5 * (first.times[clip, t] - second.times[clip]).numpy() ** 2)
                if share.sum() <= 0.1:
                    continue
                logits = 4 * (second.features[clip] @ first.features[clip, t]).numpy()
                log = logits - np.log(np.exp(logits).sum())
                lost[way].append(-(share / share.sum() * log).sum())
    assert len(lost[0]) == 9  # the frame at 30 has no counterpart
    found = contrastive_loss(a, b, scale, options, rng).item()
    assert found == pytest.approx(np.mean(lost[0]) + np.mean(lost[1]), abs=1e-5)


def test_telling_performances_apart_counts_where_it_is_asked_for() -> None:
    """Two performances that look alike cost nothing within, and something across."""
    own = torch.eye(6)[None].expand(2, -1, -1)
    alike = films(own, torch.arange(6)[None].expand(2, -1) * 100)
    scale, rng = torch.tensor(60.0), torch.Generator()
    within = contrastive_loss(alike, alike, scale, ContrastiveLoss(across=0.0), rng).item()
    both = contrastive_loss(alike, alike, scale, ContrastiveLoss(across=1.0), rng).item()
    assert within == pytest.approx(0, abs=1e-4)
    assert both == pytest.approx(np.log(2), abs=1e-4)


def test_films_differ_in_all_but_the_motion(shown: list[Performance]) -> None:
    for one in shown:
        assert one.rotations.shape[0] == 3  # two films and the truth
        truth = one.rotations[-1].astype(np.float32)
        off = [2 * np.arccos(np.clip(np.abs((film * truth).sum(-1)), 0, 1))[:, 1:] for film in one.rotations[:-1]]
        assert np.degrees(np.median(off)) < 25
        assert np.abs(one.rotations[0] - one.rotations[1]).max() > 0.05


@pytest.mark.parametrize("dropped", [0.0, 1.0])
@pytest.mark.parametrize("reverse", [0.0, 1.0])
def test_a_batch_holds_frames_where_it_says(shown: list[Performance], dropped: float, reverse: float) -> None:
    """The truth in place of the films: rotations at equal times are then equal, backwards too."""
    true = [replace(one, rotations=np.stack([one.rotations[-1]] * 2)) for one in shown]
    options = FeatureData(mirror=0.5, reverse=reverse, dropped=dropped)
    batch = draw_batch(true, probabilities_of(true, 0.5), options, 6, (40, 60), (1, 2))
    assert batch.rotations.shape[:2] == (2, 6)
    assert batch.rotations.shape[2] == batch.times.shape[2] >= 30
    for clip in range(6):
        (a, b), (x, y) = batch.times[:, clip], batch.rotations[:, clip]
        assert (a.diff() > 0).all()
        i, j = (a[:, None] == b).nonzero().T
        assert len(i) > (5 if dropped else 30)
        torch.testing.assert_close(x[i], y[j])
        assert torch.equal(a, b) == (dropped == 0)


def test_films_run_at_tempos_of_their_own_and_their_times_say_so(shown: list[Performance]) -> None:
    true = [replace(one, rotations=np.stack([one.rotations[-1]] * 2)) for one in shown]
    options = FeatureData(mirror=0.0, tempo=2.0)
    batch = draw_batch(true, probabilities_of(true, 0.5), options, 6, (40, 60), (1, 2))
    steps = batch.times.diff(dim=-1)
    assert ((steps >= 0.5) & (steps <= 2)).all()
    torch.testing.assert_close(steps, steps[..., :1].expand_as(steps))
    assert steps[..., 0].std() > 0.2
    for clip in range(6):
        apart = (batch.times[0, clip, :, None] - batch.times[1, clip]).abs()
        near = apart.min(dim=1)
        turned = (batch.rotations[0, clip] * batch.rotations[1, clip][near.indices]).sum(-1).abs()
        assert turned[near.values < 0.05].min() > 0.999


def test_a_step_follows_from_its_number_alone(shown: list[Performance]) -> None:
    share = probabilities_of(shown, 0.5)
    first, again, other = (
        draw_batch(shown, share, FeatureData(dropped=0.5), 2, (20, 40), (0, step)) for step in (3, 3, 4)
    )
    assert torch.equal(first.rotations, again.rotations)
    assert first.rotations.shape != other.rotations.shape or not torch.equal(first.rotations, other.rotations)


def test_families_are_drawn_by_their_length_to_the_power() -> None:
    frames = np.zeros((1, 100, 19, 4), np.float16)
    shown = [Performance(family, 0, frames) for family in "aaab"]
    assert probabilities_of(shown, 0.0).tolist() == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])
    assert probabilities_of(shown, 1.0).tolist() == pytest.approx([0.25] * 4)


@pytest.mark.parametrize("objective", ["triplet", "contrastive"])
@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_learns_by_either_objective(shown: list[Performance], objective: str, network: str) -> None:
    """The same second again and again, and triplets that do not grow harder."""
    configuration = replace(
        SMALL,
        objective=objective,
        data=FeatureData(mirror=0.0),
        network=replace(SMALL.network, network=network, width=16, size=8),
        triplet=TripletLoss(easy_negative=(0.3, 0.6), hard_negative=(0.3, 0.6)),
        optimization=replace(SMALL.optimization, steps=100, dropout=0.0, learning_rate=1e-2, shortest=30),
    )
    second = [replace(shown[0], rotations=shown[0].rotations[:, :30])]
    training = FeatureTrainer(configuration, CPU)
    losses = [training.train_step(second, np.ones(1)) for _ in range(100)]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:3])


def command(*words: str) -> int:
    return fit.main(["features", *words])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    lines = ["[data]", "builtin_minutes = 1.0", "views = 2", "[network]", "width = 8", "size = 4", "[optimization]"]
    lines += ["steps = 6", "clips = 2", "frames = 40", "checkpoint_every = 3", "validate_every = 6"]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_training_that_was_stopped_goes_on_exactly(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("--config", str(config), "--out", str(tmp_path / "whole")) == 0

    steps = FeatureTrainer.train_step

    def interrupted(self: FeatureTrainer, *rest: object) -> float:
        if self.step == 4:
            raise KeyboardInterrupt
        return steps(self, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(FeatureTrainer, "train_step", interrupted)
        assert command("--config", str(config), "--out", str(tmp_path / "half")) == 130
    assert not (tmp_path / "half" / "embedding.npz").exists()
    assert command("--out", str(tmp_path / "half"), "--resume") == 0
    whole, half = (load_embedding(tmp_path / name / "embedding.npz") for name in ("whole", "half"))
    assert whole.card == half.card
    for name, values in whole.parameters.items():
        np.testing.assert_array_equal(half.parameters[name], values)
    figures = json.loads((tmp_path / "half" / "figures.json").read_text(encoding="utf-8"))
    assert figures[-1]["step"] == 6
    assert 0 <= figures[-1]["hits noise"] <= 1
    assert whole.architecture.size == 4


def test_a_folder_that_holds_a_training_is_not_written_over(config: Path, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").touch()
    assert command("--config", str(config), "--out", str(tmp_path)) == 2


@pytest.mark.parametrize("rank", ["0", "1"])
def test_several_processes_are_refused_before_they_write_into_one_folder(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rank: str
) -> None:
    """As torchrun starts them; the first alone says so."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", rank)
    assert command("--config", str(config), "--out", str(tmp_path / "out")) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == (1 if rank == "0" else 0)
    assert ("without torchrun" in told) == (rank == "0")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[network]\nnetwork = 'oracle'", "network 'oracle'"),
        ("[triplet]\npositive = [0.9]", "triplet.positive must be two rising numbers"),
        ("[triplet]\npositive = ['a', 1]", "triplet.positive"),
        ("[data]\nmirror = 2", "data.mirror must be from 0 to 1"),
        ("[optimisation]\nsteps = 1", "unknown key 'optimisation'"),
        ("[data]\nviews = 1\n", None),
        ("objective = 'contrastive'\n[data]\nviews = 1", "data.views must be at least 2"),
        ("objective = 'guess'", "objective 'guess'"),
        ("seed = -1", "seed = -1 should be a whole number from 0 to 4294967295"),
        ("seed = 4294967296", "seed = 4294967296 should be a whole number from 0 to 4294967295"),
    ],
)
def test_a_configuration_without_sense_is_told(tmp_path: Path, text: str, words: str | None) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text, encoding="utf-8")
    if words is None:
        load_feature_configuration(path)
        return
    with pytest.raises(InputError, match=r"c\.toml") as told:
        load_feature_configuration(path)
    assert words in str(told.value)


def test_the_shipped_configuration_is_read() -> None:
    found = load_feature_configuration(Path("training/features/shipped.toml"))
    assert found.objective == "contrastive"
    assert found.network == load_embedding().architecture


def test_a_checkpoint_of_another_network_is_told(tmp_path: Path, shown: list[Performance]) -> None:
    training = FeatureTrainer(SMALL, CPU)
    training.save(tmp_path / "checkpoint.pt")
    other = FeatureTrainer(replace(SMALL, network=replace(SMALL.network, width=9)), CPU)
    with pytest.raises(InputError, match="another network"):
        other.restore(tmp_path / "checkpoint.pt")
