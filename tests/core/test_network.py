"""The NumPy runtime is the torch network; the weights file holds all of it and refuses what it cannot run."""

import json

import numpy as np
import pytest
import torch

from posenorm_core import quaternion
from posenorm_core.architecture import Architecture
from posenorm_core.condition_skeleton import LEAVES
from posenorm_core.errors import InputError
from posenorm_core.landmarks import LANDMARK_NAMES
from posenorm_core.network import predict
from posenorm_core.network_input import INPUT_SIZE
from posenorm_core.rotation_head import HEADS, joint_rotations, output_size
from posenorm_core.torch_amplification import amplification
from posenorm_core.torch_network import NormalizerNetwork
from posenorm_core.weights import load_weights, save_weights


def trained_a_little(architecture: Architecture) -> NormalizerNetwork:
    """A network whose weights and running statistics are no longer those of a fresh one."""
    torch.manual_seed(0)
    network = NormalizerNetwork(architecture, dropout=0.1)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(3):
        features = torch.randn(4, 8 + 2 * architecture.network_context, INPUT_SIZE)
        sum(part.square().sum() for part in network(features).parts()).backward()
        optimizer.step()
    return network.eval()


@pytest.mark.parametrize(("refinements", "blocks"), [(0, 3), (1, 3), (3, 0), (2, 1)])
@pytest.mark.parametrize("head", HEADS)
def test_numpy_equals_torch(tmp_path, head, refinements, blocks):
    architecture = Architecture(32, (2, 5), head, refinements=refinements, refining_blocks=blocks)
    network = trained_a_little(architecture)
    save_weights(tmp_path / "w.npz", architecture, network.folded_layers(), {}, precision="float32")
    features = np.random.default_rng(1).normal(size=(60, INPUT_SIZE)).astype(np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(features)[None])
    result = predict(load_weights(tmp_path / "w.npz"), features)
    assert result.rotations.shape == (60 - 2 * architecture.network_context, 19, 4)
    for ours, theirs in zip(result.parts(), expected.parts(), strict=True):
        np.testing.assert_allclose(ours, theirs[0].numpy(), atol=1e-5)


@pytest.mark.parametrize("head", HEADS)
def test_every_joint_gets_a_unit_quaternion_and_leaves_the_identity(head):
    output = np.random.default_rng(2).normal(size=(5, output_size(head)))
    rotations = joint_rotations(output, head)
    np.testing.assert_allclose(np.linalg.norm(rotations, axis=-1), 1, atol=1e-12)
    np.testing.assert_array_equal(rotations[:, list(LEAVES)], np.broadcast_to([1, 0, 0, 0], (5, len(LEAVES), 4)))


@pytest.mark.parametrize("head", HEADS)
def test_zero_output_is_the_rest_pose(head):
    rotations = joint_rotations(np.zeros((1, output_size(head))), head)
    assert quaternion.geodesic_angle(rotations, quaternion.identity_like(rotations)).max() < 1e-12


@pytest.mark.parametrize("head", HEADS)
def test_a_fresh_head_can_learn(head):
    # At and near the rest pose, where every training begins, the gradient is a number.
    for noise in (0.0, 1e-6, 1e-3):
        torch.manual_seed(0)
        output = (noise * torch.randn(20, output_size(head))).requires_grad_()
        rotations = joint_rotations(output, head)
        # Away from where the loss itself is flat.
        (rotations * torch.randn_like(rotations)).sum().backward()
        assert torch.isfinite(output.grad).all()
        assert output.grad.abs().max() > 0


def test_a_frame_depends_on_nothing_beyond_its_context():
    architecture = Architecture(width=16, dilations=(2, 4))
    network = trained_a_little(architecture)
    features = torch.randn(1, 41, INPUT_SIZE)
    context = architecture.network_context
    with torch.no_grad():
        whole = network(features)
        alone = network(features[:, 20 - context : 21 + context])
    for all_frames, one in zip(whole.parts(), alone.parts(), strict=True):
        torch.testing.assert_close(all_frames[0, 20 - context], one[0, 0], atol=1e-6, rtol=0)


def _altered(path, **changes):
    """The same file with arrays changed, or left out where the change is None."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files} | changes
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 1}, "version 1"),
        ({"format": "posenorm-motion"}, "posenorm-motion"),
        ({"layer_1_bias": None}, "layer 1"),
        ({"layer_0_weight": np.zeros((3, 71, 8))}, "layer 0"),
        ({"layer_2_bias": np.full(8, np.nan)}, "not finite"),
        ({"architecture": json.dumps({"width": 8, "depth": 3})}, "description"),
        ({"architecture": json.dumps({"width": 0})}, "width 0"),
        ({"architecture": "{"}, "description"),
    ],
)
def test_a_file_that_cannot_run_is_refused_with_a_reason(tmp_path, changes, words):
    path = tmp_path / "w.npz"
    architecture = Architecture(width=8, dilations=(2,))
    save_weights(path, architecture, NormalizerNetwork(architecture).folded_layers(), {})
    load_weights(path)
    _altered(path, **changes)
    with pytest.raises(InputError, match=words):
        load_weights(path)


def test_detail_changes_what_is_learned_first_and_not_what_can_be_said():
    plain = trained_a_little(Architecture(width=16, dilations=(2,)))
    seen_larger = NormalizerNetwork(plain.architecture, detail=5.0).eval()
    seen_larger.start_from(plain.state_dict(), detail=1.0)
    features = torch.randn(2, 20, INPUT_SIZE)
    with torch.no_grad():
        for larger, as_it_is in zip(seen_larger(features).parts(), plain(features).parts(), strict=True):
            torch.testing.assert_close(larger, as_it_is, atol=1e-5, rtol=0)
    # The weights differ, the folded layers do not: nothing of it is left in what ships.
    assert not torch.allclose(seen_larger.enter.linear.weight, plain.enter.linear.weight, atol=1e-4)
    for (weight, _), (again, _) in zip(plain.folded_layers(), seen_larger.folded_layers(), strict=True):
        np.testing.assert_allclose(weight, again, atol=1e-6)


def test_amplification_enlarges_the_turn_of_the_head_and_leaves_its_place():
    seen = np.zeros(INPUT_SIZE, dtype=np.float32)
    head = [3 * LANDMARK_NAMES.index(name) for name in ("nose", "left_ear", "right_ear")]
    seen[head] = [0.5, 0.6, 0.7]
    larger = amplification(4.0).numpy() @ seen
    np.testing.assert_allclose(larger[head], [0.2, 0.6, 1.0], atol=1e-6)
    assert torch.equal(amplification(1.0), torch.eye(INPUT_SIZE))
