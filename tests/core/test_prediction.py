"""What the network says: bounded, upright at zero, mirrored with the picture and averaged over it."""

import numpy as np
import pytest
import torch

from posenorm_core import quaternion
from posenorm_core.architecture import Architecture
from posenorm_core.arrays import array_namespace
from posenorm_core.condition_skeleton import JOINT_NAMES, PARENTS
from posenorm_core.mirror import mirrored_input, mirrored_rotations
from posenorm_core.network_input import INPUT_SIZE
from posenorm_core.prediction import (
    Prediction,
    as_prediction,
    averaged_with_mirror,
    mirrored_prediction,
    output_size,
)
from posenorm_core.refinement import numbers_size
from posenorm_core.rotation_head import HEADS


def features(frames: int = 7) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(frames, INPUT_SIZE))


ARCHITECTURES = [
    Architecture(head=head, picture=picture, refinements=refinements)
    for head in HEADS
    for picture in (True, False)
    for refinements in (0, 2)
]
PLAIN = Architecture(refinements=0)


def said_of(output, seen, architecture: Architecture, size: float = 1.0) -> Prediction:
    """With refinements that say something of everything they see, in NumPy and in torch."""

    def tell(hidden, seen):
        hidden = hidden + seen
        twice = array_namespace(seen).concat([hidden, seen], axis=-1)
        return hidden, size * twice[..., : numbers_size(architecture.head, last=False)]

    hidden = output[..., :1]
    return as_prediction(output, seen, architecture, hidden, [tell] * architecture.refinements)


def lopsided(architecture: Architecture = PLAIN):
    """A network of one random layer: it treats left and right quite differently."""
    layer = np.random.default_rng(7).normal(size=(INPUT_SIZE, output_size(architecture)))
    return lambda seen: said_of(np.tanh(seen @ layer), seen, architecture)


def answer(architecture: Architecture, frames: int, size: float = 1.0) -> np.ndarray:
    return size * np.random.default_rng(1).normal(size=(frames, output_size(architecture)))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_zeros_say_upright_undecided_about_the_feet_and_some_ten_degrees_of_doubt(architecture):
    said = said_of(np.zeros((7, output_size(architecture))), features(), architecture)
    np.testing.assert_allclose(said.up, np.tile([0.0, 1.0, 0.0], (7, 1)))
    np.testing.assert_allclose(said.contacts, 0.5)
    assert 5 < np.degrees(said.doubt).min() <= np.degrees(said.doubt).max() < 15


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("size", [1.0, 1e4])
def test_whatever_the_numbers_what_is_said_is_possible(architecture, size):
    said = said_of(answer(architecture, 50, size), features(50), architecture, size)
    for directions in (said.rotations, said.up):
        np.testing.assert_allclose(np.linalg.norm(directions, axis=-1), 1, atol=1e-9)
    assert ((said.contacts > 0) & (said.contacts < 1)).all()
    assert ((said.doubt > 0) & (said.doubt <= np.pi)).all()


def test_a_leaf_is_doubted_like_the_joint_that_carries_it():
    said = said_of(answer(PLAIN, 3), features(3), PLAIN)
    wrist = JOINT_NAMES.index("left_wrist")
    np.testing.assert_array_equal(said.doubt[:, wrist], said.doubt[:, PARENTS[wrist]])
    assert not np.allclose(said.doubt[:, wrist], said.doubt[:, JOINT_NAMES.index("right_wrist")])


def test_mirrored_twice_is_what_it_was():
    said = lopsided()(features())
    for once, twice in zip(said.parts(), mirrored_prediction(mirrored_prediction(said)).parts(), strict=True):
        np.testing.assert_array_equal(once, twice)


def test_a_mirrored_picture_gives_exactly_the_mirrored_motion():
    predict, seen = lopsided(), features()
    first, second = averaged_with_mirror(predict, seen), averaged_with_mirror(predict, mirrored_input(seen))
    back = mirrored_prediction(second)
    assert quaternion.geodesic_angle(back.rotations, first.rotations).max() < 1e-6
    for ours, theirs in zip(back.parts()[1:], first.parts()[1:], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    assert quaternion.geodesic_angle(predict(seen).rotations, first.rotations).max() > 0.1


def test_opposite_signs_of_one_rotation_do_not_cancel():
    said = lopsided()(features())
    turned_over = Prediction(-mirrored_rotations(said.rotations), *mirrored_prediction(said).parts()[1:])
    answers = iter([said, turned_over])
    averaged = averaged_with_mirror(lambda _: next(answers), features())
    assert quaternion.geodesic_angle(averaged.rotations, said.rotations).max() < 1e-6


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_numpy_and_torch_agree(architecture):
    output, seen = answer(architecture, 40), features(40)
    ours = said_of(output, seen, architecture)
    theirs = said_of(torch.from_numpy(output), torch.from_numpy(seen), architecture)
    for a, b in zip(ours.parts(), theirs.parts(), strict=True):
        np.testing.assert_allclose(a, b.numpy(), atol=1e-9)
