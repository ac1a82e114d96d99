"""E_P: what it depends on and what it does not, its networks beside slow ones of another hand, its weights file."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from rigs import motion_of

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, PARENTS
from posenorm_core.embedding.architecture import KERNEL, NETWORKS, NODES, EmbeddingArchitecture
from posenorm_core.embedding.embed import embed
from posenorm_core.embedding.joint_input import joint_input
from posenorm_core.embedding.network import features, parameter_shapes
from posenorm_core.embedding.weights import SHIPPED, EmbeddingWeights, load_embedding, save_embedding
from posenorm_core.errors import InputError
from posenorm_core.files import load_archive, save_archive
from posenorm_core.frame_rate import resample_rotations, resample_values
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.skeleton import Skeleton

PAPER = EmbeddingArchitecture(width=12, blocks=2, size=5)
OURS = EmbeddingArchitecture(
    inputs="positions and rotations", width=12, blocks=1, size=5, dilations=(1, 3), centred=True
)
SHAPES = [replace(shape, network=network) for shape in (PAPER, OURS) for network in NETWORKS]


def fresh(architecture: EmbeddingArchitecture, seed: int = 0) -> EmbeddingWeights:
    """Weights that were never trained."""
    rng = np.random.default_rng(seed)
    shapes = parameter_shapes(architecture)
    drawn = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    return EmbeddingWeights(architecture, drawn, {}, "fresh", "")


def named(architecture: EmbeddingArchitecture) -> str:
    return f"{architecture.network}, {'ours' if architecture.centred else 'the paper'}"


@pytest.mark.parametrize("architecture", SHAPES, ids=named)
def test_numpy_runs_what_torch_trains(architecture: EmbeddingArchitecture) -> None:
    weights = fresh(architecture)
    joints = joint_input(motion_of("kick").rotations.astype(np.float32), architecture.inputs)
    given = {name: torch.from_numpy(values) for name, values in weights.parameters.items()}
    trained = features(architecture, given, torch.from_numpy(joints))
    np.testing.assert_allclose(features(architecture, weights.parameters, joints), trained, atol=1e-5)


@pytest.mark.parametrize("architecture", SHAPES, ids=named)
def test_features_have_length_one_and_clips_side_by_side_do_not_meet(architecture: EmbeddingArchitecture) -> None:
    weights = fresh(architecture).parameters
    clips = np.stack([joint_input(motion_of(name).rotations[:40], architecture.inputs) for name in ("kick", "wave")])
    together = features(architecture, weights, clips)
    assert together.shape == (2, 40, architecture.size)
    np.testing.assert_allclose(np.linalg.norm(together, axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(together[1], features(architecture, weights, clips[1]), atol=1e-5)


@pytest.mark.parametrize("network", NETWORKS)
def test_the_paper_s_feature_is_of_a_pose_alone(network: str) -> None:
    motion, weights = motion_of("kick"), fresh(replace(PAPER, network=network))
    order = np.random.default_rng(0).permutation(len(motion))
    shuffled = replace(motion, rotations=motion.rotations[order])
    np.testing.assert_allclose(embed(shuffled, weights), embed(motion, weights)[order], atol=1e-5)


def test_ours_sees_as_far_as_it_says() -> None:
    architecture = replace(OURS, centred=False)
    weights, motion = fresh(architecture), motion_of("walk")
    changed = motion.rotations.copy()
    changed[50, 1:] = motion_of("kick").rotations[20, 1:]
    other = np.abs(embed(replace(motion, rotations=changed), weights) - embed(motion, weights)).max(axis=1) > 0
    assert architecture.context == (1 + 3) * (KERNEL // 2)
    np.testing.assert_array_equal(
        np.flatnonzero(other)[[0, -1]], [50 - architecture.context, 50 + architecture.context]
    )


def test_neither_the_root_nor_the_body_counts() -> None:
    motion = motion_of("kick")
    long_legs = Skeleton(CONDITION_SKELETON.joint_names, PARENTS, CONDITION_SKELETON.offsets * 1.3)
    rotations = motion.rotations.copy()
    rotations[:, 0] = quaternion.normalize(np.array([0.2, 0.5, -0.4, 0.7]))
    other = replace(motion, skeleton=long_legs, rotations=rotations)
    np.testing.assert_allclose(embed(other), embed(motion), atol=1e-5)


def test_the_frame_rate_hardly_counts() -> None:
    motion = motion_of("walk")
    times = np.arange(2 * len(motion) - 1) / 2
    values = {name: getattr(motion, name) for name in ("root_position", "contacts", "confidence")}
    twice = replace(
        motion,
        fps=2 * motion.fps,
        rotations=resample_rotations(motion.rotations, times),
        view_root=resample_rotations(motion.view_root, times),
        **{name: resample_values(value, times) for name, value in values.items()},
    )
    np.testing.assert_allclose(embed(twice)[::2], embed(motion), atol=1e-4)


def test_a_constant_error_of_the_view_is_taken_away_before_time_is_looked_at() -> None:
    """The pose network of width 1 layer without blocks is linear, so an offset of all its numbers is a clip's mean."""
    architecture = replace(OURS, network="fully_connected")
    weights = fresh(architecture).parameters
    joints = joint_input(motion_of("walk").rotations, architecture.inputs)
    moved = {**weights, "block_0_out_bias": weights["block_0_out_bias"] + 5}
    np.testing.assert_allclose(
        features(architecture, moved, joints), features(architecture, weights, joints), atol=1e-4
    )


def test_one_frame_is_enough() -> None:
    motion = motion_of("kick")
    one = replace(
        motion,
        **{
            name: getattr(motion, name)[:1]
            for name in ("rotations", "view_root", "root_position", "contacts", "confidence")
        },
    )
    found = embed(one)
    assert found.shape == (1, load_embedding().architecture.size)
    assert np.isfinite(found).all()


def test_the_fully_connected_network_is_what_it_says() -> None:
    weights = fresh(PAPER).parameters
    joints = joint_input(motion_of("kick").rotations[:3], PAPER.inputs)
    for pose, found in zip(joints, features(PAPER, weights, joints), strict=True):
        hidden = pose.ravel() @ weights["enter"] + weights["enter_bias"]
        for k in range(2):
            inner = np.maximum(hidden, 0) @ weights[f"block_{k}_in"] + weights[f"block_{k}_in_bias"]
            hidden = hidden + np.maximum(inner, 0) @ weights[f"block_{k}_out"] + weights[f"block_{k}_out_bias"]
        left = hidden @ weights["leave"] + weights["leave_bias"]
        np.testing.assert_allclose(found, left / np.linalg.norm(left), atol=1e-5)


def test_a_joint_hears_its_neighbours_and_nobody_else() -> None:
    """After one block, of two convolutions, a change of the wrist is felt two bones away and no further."""
    architecture = replace(PAPER, network="graph", blocks=1)
    weights = dict(fresh(architecture).parameters)
    joints = joint_input(motion_of("kick").rotations[:1], architecture.inputs)
    moved = joints.copy()
    wrist = 16 - 1
    moved[0, wrist] += 1.0
    felt = []
    for node in range(NODES):
        only = np.zeros_like(weights["gather"])
        only[node * 6 : node * 6 + 6] = weights["gather"][node * 6 : node * 6 + 6]
        told = {**weights, "gather": only}
        if np.abs(features(architecture, told, moved) - features(architecture, told, joints)).max() > 1e-6:
            felt.append(node + 1)
    assert felt == [14, 15, 16]  # shoulder, elbow, wrist


def test_pointnet_asks_for_the_largest_of_each_number_over_the_joints() -> None:
    architecture = replace(PAPER, network="pointnet", blocks=1)
    weights = fresh(architecture).parameters
    joints = joint_input(motion_of("kick").rotations[:1], architecture.inputs)[0]
    nodes = []
    for joint, bias in zip(joints, weights["joint_bias"], strict=True):
        node = joint @ weights["enter"] + weights["enter_bias"] + bias
        inner = np.maximum(node, 0) @ weights["block_0_in"] + weights["block_0_in_bias"]
        nodes.append(node + np.maximum(inner, 0) @ weights["block_0_out"] + weights["block_0_out_bias"])
    gathered = np.max(nodes, axis=0) @ weights["gather"] + weights["gather_bias"]
    left = gathered @ weights["leave"] + weights["leave_bias"]
    np.testing.assert_allclose(features(architecture, weights, joints[None])[0], left / np.linalg.norm(left), atol=1e-5)


def test_the_input_is_the_normalized_pose() -> None:
    motion = motion_of("kick")
    unturned = motion.rotations.copy()
    unturned[:, 0] = [1, 0, 0, 0]
    positions = forward_kinematics(CONDITION_SKELETON.offsets, unturned, PARENTS)
    scaled = joint_input(motion.rotations, "positions")
    np.testing.assert_allclose(scaled, 2 * positions[:, 1:], atol=1e-5)
    assert joint_input(motion.rotations, "positions and rotations").shape == (len(motion), NODES, 9)


def test_features_of_one_moment_are_nearer_than_those_of_others() -> None:
    found = embed(motion_of("kick"))
    steps = [np.linalg.norm(a - b) for a, b in pairwise(found)]
    assert np.mean(steps) < 0.5 * np.linalg.norm(found[:, None] - found, axis=-1).mean()


def test_a_weights_file_comes_back(tmp_path: Path) -> None:
    weights = fresh(OURS)
    save_embedding(tmp_path / "e.npz", OURS, weights.parameters, {"steps": 3})
    back = load_embedding(tmp_path / "e.npz")
    assert (back.architecture, back.card) == (OURS, {"steps": 3})
    assert back.parameter_count == weights.parameter_count
    for name, values in weights.parameters.items():
        np.testing.assert_allclose(back.parameters[name], values, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"parameter_leave": None}, "lacks the array 'parameter_leave'"),
        ({"parameter_leave": np.zeros((3, 3))}, "should be numbers of shape"),
        ({"parameter_leave_bias": np.full(5, np.nan, np.float16)}, "not finite"),
        ({"architecture": "{}"}, "description of the network cannot be read"),
        ({"architecture": '{"network": "oracle", "dilations": []}'}, "network 'oracle'"),
        ({"format": "posenorm-motion"}, "expected a posenorm-embedding file"),
        ({"version": 99}, "version 99"),
    ],
)
def test_a_file_of_something_else_is_told(tmp_path: Path, change: dict[str, object], words: str) -> None:
    path = tmp_path / "e.npz"
    save_embedding(path, OURS, fresh(OURS).parameters, {})
    arrays = load_archive(path, "posenorm-embedding", 1) | change
    save_archive(path, {name: value for name, value in arrays.items() if value is not None})
    with pytest.raises(InputError, match=words):
        load_embedding(path)


@pytest.mark.parametrize("wrong", [{"network": "oracle"}, {"inputs": "smell"}, {"width": 0}, {"dilations": (0,)}])
def test_a_shape_that_no_network_has_is_told(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        replace(PAPER, **wrong)


def test_a_skeleton_of_other_joints_is_told() -> None:
    motion = motion_of("kick")
    other = Skeleton(("a",), (-1,), np.zeros((1, 3)))
    with pytest.raises(InputError, match="condition skeleton"):
        embed(replace(motion, skeleton=other, rotations=motion.rotations[:, :1]))


def test_the_shipped_features_are_small_and_say_where_they_come_from() -> None:
    weights = load_embedding()
    assert SHIPPED.stat().st_size < 2_000_000
    assert weights.card["configuration"]["objective"] == "contrastive"
    assert weights.card["normalizer"]
