"""What a training measures of its data first: what is asked for, nothing else, and every step makes use of it."""

from dataclasses import replace

import pytest
import torch

from posenorm_core.architecture import Architecture
from training.configuration import Augmentation, Configuration, DataOptions, LossWeights, Optimization
from training.dataset import builtin_data
from training.fit import fit
from training.measured import NOTHING, Measured, measure
from training.trainer import Trainer
from training.windows import clip_probabilities

CPU = torch.device("cpu")
PLAIN = Configuration(
    data=DataOptions(builtin_minutes=0.3),
    network=Architecture(width=8, dilations=(2,)),
    optimization=Optimization(steps=4, batch=4, frames=4, optimizer="adamw", checkpoint_every=2, validate_every=100),
)
ASKING = {
    "running_rarity": replace(PLAIN, data=replace(PLAIN.data, rarity=0.5)),
    "prior": replace(PLAIN, augmentation=Augmentation(prior=1.0)),
    "twist_limits": replace(PLAIN, losses=LossWeights(twist_limit=1.0)),
}


@pytest.fixture(scope="module")
def data():
    return builtin_data(0.3, seed=0)


def first_losses(configuration, data):
    training = Trainer(configuration, CPU)
    training.measure(data)
    rarity = training.measured.running_rarity
    return training.train_step(data, clip_probabilities(data, 0.5, 0.5, 1, rarity))


@pytest.mark.parametrize("name", ASKING)
def test_what_is_asked_for_is_measured_alone_and_changes_what_is_trained(data, name):
    found = measure(data, ASKING[name], CPU)
    assert {field for field, value in vars(found).items() if value is not None} == {name}
    plain, asking = first_losses(PLAIN, data), first_losses(ASKING[name], data)
    assert plain["total"] != asking["total"]


def test_nothing_is_measured_unasked(data):
    assert measure(data, Configuration(), CPU) == NOTHING == Measured()


def test_clips_are_drawn_by_the_rarity_of_their_frames(tmp_path, monkeypatch):
    drawn = []

    def once(self, data, probabilities):
        drawn.append((data, probabilities, self.measured.running_rarity))
        raise StoppedError

    monkeypatch.setattr(Trainer, "train_step", once)
    with pytest.raises(StoppedError):
        fit(ASKING["running_rarity"], tmp_path / "out", CPU)
    data, probabilities, rarity = drawn[0]
    options = ASKING["running_rarity"].data
    expected = clip_probabilities(data, options.family_power, options.builtin_share, 1, rarity)
    assert torch.equal(probabilities, expected)
    even = clip_probabilities(data, options.family_power, options.builtin_share, 1)
    assert not torch.allclose(probabilities, even, rtol=0.01)


class StoppedError(Exception):
    """The training was stopped."""


def stop_after_two(self, *arguments, step=Trainer.train_step):
    if self.step == 2:
        raise StoppedError
    return step(self, *arguments)


def test_a_training_that_was_stopped_goes_on_exactly(data, tmp_path, monkeypatch):
    everything = replace(
        PLAIN,
        data=ASKING["running_rarity"].data,
        augmentation=ASKING["prior"].augmentation,
        losses=ASKING["twist_limits"].losses,
    )
    whole = fit(everything, tmp_path / "whole", CPU)
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train_step", stop_after_two)
        with pytest.raises(StoppedError):
            fit(everything, tmp_path / "half", CPU)
    resumed = fit(everything, tmp_path / "half", CPU, resume=True)
    for one, other in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(one, other)
