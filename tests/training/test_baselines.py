"""The position lifters are the published networks, and see what they should; own bones change lengths only."""

import pytest
import torch

from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, PARENTS
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.landmarks import FIXED_TO, LANDMARK_COUNT, LANDMARK_NAMES
from posenorm_core.network_input import INPUT_SIZE, with_landmarks
from training.baselines.martinez import Martinez
from training.baselines.own_bones import body_size, with_bones_of
from training.baselines.semgcn import SemanticConvolution, SemGcn, adjacency
from training.baselines.videopose3d import VideoPose3D
from training.metrics import mpjpe

LIFTERS = {"martinez": Martinez, "semgcn": SemGcn, "videopose3d": VideoPose3D}
CONTEXT = {"martinez": 0, "semgcn": 0, "videopose3d": 13}


def tiny(name, seed=0, **options):
    torch.manual_seed(seed)
    return LIFTERS[name](**{"width": 16, "dropout": 0.0} | options)


def awake(lifter):
    """The lifter with its non-local layers, silent when fresh, given a voice."""
    for name, parameter in lifter.named_parameters():
        if name.endswith("normalization.weight"):
            torch.nn.init.ones_(parameter)
    return lifter


@pytest.mark.parametrize("name", LIFTERS)
def test_positions_stand_on_a_pelvis_at_the_origin(name):
    lifter = tiny(name)
    positions = lifter(torch.randn(3, 5 + 2 * lifter.context, INPUT_SIZE))
    assert positions.shape == (3, 5, JOINT_COUNT, 3)
    assert not positions[:, :, 0].any()
    assert (positions[:, :, 1:].std(dim=(0, 1)) > 0).all()


@pytest.mark.parametrize("name", LIFTERS)
def test_a_frame_sees_its_context_and_nothing_beyond(name):
    lifter = awake(tiny(name)).double().eval()
    assert lifter.context == CONTEXT[name]
    features = torch.randn(1, 3 + 2 * lifter.context, INPUT_SIZE, dtype=torch.float64, requires_grad=True)
    middle = 1 + lifter.context
    lifter(features)[0, 1].square().sum().backward()
    heard = features.grad[0].abs().sum(dim=1) > 0
    expected = torch.zeros_like(heard)
    expected[middle - lifter.context : middle + lifter.context + 1] = True
    assert torch.equal(heard, expected)


def test_blocks_add_to_the_frame_in_the_middle():
    lifter = tiny("videopose3d").double().eval()
    features = torch.randn(1, 1 + 2 * lifter.context, INPUT_SIZE, dtype=torch.float64, requires_grad=True)
    for parameter in lifter.blocks.parameters():
        torch.nn.init.zeros_(parameter)
    lifter(features).square().sum().backward()
    # With nothing to add, only the first convolution's three frames are left.
    heard = features.grad[0].abs().sum(dim=1).nonzero()[:, 0].tolist()
    assert heard == [lifter.context - 1, lifter.context, lifter.context + 1]


@pytest.mark.parametrize("name", LIFTERS)
def test_a_long_clip_gives_what_its_frames_give_alone(name):
    lifter = awake(tiny(name)).double().eval()
    features = torch.randn(2, 6 + 2 * lifter.context, INPUT_SIZE, dtype=torch.float64)
    whole = lifter(features)
    alone = [lifter(features[:, t : t + 1 + 2 * lifter.context]) for t in range(6)]
    torch.testing.assert_close(whole, torch.cat(alone, dim=1))


@pytest.mark.parametrize("name", LIFTERS)
def test_eight_frames_can_be_learned_by_heart(name):
    lifter = tiny(name, width=64, blocks=2)
    positions = _posed(torch.tensor(CONDITION_SKELETON.offsets), (8, 1 + 2 * lifter.context), seed=6).float()
    seen = torch.zeros(*positions.shape[:2], LANDMARK_COUNT, 3)
    seen[:, :, :JOINT_COUNT, :2], seen[:, :, :JOINT_COUNT, 2] = positions[..., :2], 1
    features = with_landmarks(seen)
    truth = positions[:, lifter.context, None]
    optimizer = torch.optim.LBFGS(lifter.parameters(), max_iter=120, history_size=20, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        error = (lifter(features) - truth).square().sum(dim=-1).mean()
        error.backward()
        return error

    assert mpjpe(lifter(features), truth) > 0.2
    optimizer.step(loss)
    assert mpjpe(lifter(features), truth) < 0.01


@pytest.mark.parametrize("name", LIFTERS)
def test_half_precision_answers_and_learns(name):
    lifter = awake(tiny(name))
    features = torch.randn(4, 4 + 2 * lifter.context, INPUT_SIZE)
    with torch.autocast("cpu", torch.bfloat16):
        rough = lifter(features)
        assert rough.dtype == torch.float32
        rough.square().mean().backward()
    gradients = [p.grad for p in lifter.parameters()]
    assert all(g is not None and torch.isfinite(g).all() for g in gradients)
    precise = lifter(features)
    assert (rough - precise).norm() < 0.05 * precise.norm()


# Published parameters in millions, and the input and output widths they were counted with (Human3.6M's 16 or 17
# joints); a linear layer has its inputs and one bias for each output.
@pytest.mark.parametrize(
    ("name", "published", "inputs", "outputs", "kernel"),
    [("martinez", 4.29, 32, 48, 1), ("videopose3d", 8.56, 34, 51, 3)],
)
def test_size_is_the_published_one_but_for_input_and_output(name, published, inputs, outputs, kernel):
    with torch.device("meta"):
        count = sum(p.numel() for p in LIFTERS[name]().parameters())
    ours = count - 1024 * kernel * (INPUT_SIZE - inputs) - 1025 * (3 * (JOINT_COUNT - 1) - outputs)
    assert ours / 1e6 == pytest.approx(published, abs=0.005)


def test_semgcn_is_as_large_as_published():
    # A larger graph has more shares, (24 + 46) - (16 + 30) in each of 10 layers, and a third input channel 2 · 128.
    count = sum(p.numel() for p in SemGcn().parameters()) - 10 * 24 - 2 * 128
    assert count / 1e6 == pytest.approx(0.43, abs=0.005)


def test_the_graph_is_the_skeleton_with_its_fixed_points():
    neighbours = adjacency()
    assert torch.equal(neighbours, neighbours.T)
    assert int(neighbours.sum()) == LANDMARK_COUNT + 2 * (LANDMARK_COUNT - 1)
    neck, nose, toe = (LANDMARK_NAMES.index(name) for name in ("neck", "nose", "right_toe"))
    heard = {LANDMARK_NAMES[k] for k in neighbours[neck].nonzero()[:, 0].tolist()}
    assert heard == {"neck", "thorax", "head", "nose", "left_ear", "right_ear"}
    assert neighbours[nose].nonzero()[:, 0].tolist() == [neck, nose]
    assert neighbours[toe, PARENTS[toe]]
    assert FIXED_TO[0] == neck


def test_a_semantic_convolution_is_the_sum_over_neighbours():
    torch.manual_seed(2)
    layer = SemanticConvolution(3, 5).double()
    torch.nn.init.normal_(layer.shares)
    torch.nn.init.normal_(layer.bias)
    nodes = torch.randn(LANDMARK_COUNT, 2, 3, dtype=torch.float64)
    edges = adjacency().nonzero().tolist()
    expected = layer.bias.expand(LANDMARK_COUNT, 2, 5).clone()
    for node, other in edges:
        rivals = [share for share, edge in zip(layer.shares, edges, strict=True) if edge[0] == node]
        share = layer.shares[edges.index([node, other])].exp() / sum(rival.exp() for rival in rivals)
        expected[node] += share * (nodes[other] @ layer.weight[0 if node == other else 1])
    torch.testing.assert_close(layer(nodes), expected)


def test_without_non_local_layers_only_neighbours_are_heard():
    # One block and the layers at both ends: four steps along bones, from the joint or from the pelvis it is told from.
    lifter = tiny("semgcn", blocks=1).double().eval()
    reach = torch.linalg.matrix_power(adjacency().long(), 4) > 0
    expected = reach[1:JOINT_COUNT] | reach[0]
    assert torch.equal(_who_hears_whom(lifter), expected)
    assert not expected.all()
    assert _who_hears_whom(awake(lifter)).all()


def _who_hears_whom(lifter):
    """(18, 24): whether a joint's place depends on a landmark."""
    features = torch.randn(8, 1, INPUT_SIZE, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: lifter(x)[:, 0].sum(dim=(0, 2)), features)
    seen = jacobian[1:, :, 0, : 3 * LANDMARK_COUNT]
    return seen.reshape(JOINT_COUNT - 1, 8, LANDMARK_COUNT, 3).abs().sum(dim=(1, 3)) > 1e-12


def test_a_non_local_layer_is_the_mean_over_pairs():
    layer = awake(tiny("semgcn")).enter[1].double().eval()
    nodes = torch.randn(LANDMARK_COUNT, 1, 16, dtype=torch.float64)
    hears, speaks, says = (part(nodes[:, 0]) for part in (layer.hears, layer.speaks, layer.says))
    told = torch.zeros_like(says)
    for node, h in enumerate(hears):
        for s, said in zip(speaks, says, strict=True):
            told[node] += torch.relu(layer.heeds.flatten() @ torch.cat([h, s])) * said
    expected = nodes[:, 0] + layer.normalization(layer.leave(told / LANDMARK_COUNT))
    torch.testing.assert_close(layer(nodes)[:, 0], expected)


def test_the_condition_skeleton_is_the_unit_of_size():
    offsets = torch.tensor(CONDITION_SKELETON.offsets)
    sizes = body_size(torch.stack([offsets, 1.2 * offsets]))
    torch.testing.assert_close(sizes, torch.tensor([1.0, 1.2], dtype=sizes.dtype))


@pytest.fixture
def pose():
    """Two bodies' offsets (2, 1, 19, 3) and five poses of each (2, 5, 19, 3)."""
    rng = torch.Generator().manual_seed(4)
    factors = 0.7 + 0.6 * torch.rand(2, 1, JOINT_COUNT, 1, generator=rng, dtype=torch.float64)
    offsets = torch.tensor(CONDITION_SKELETON.offsets) * factors
    return offsets, _posed(offsets, (2, 5), seed=5)


def _posed(offsets, shape, seed):
    """Random poses (*shape, 19, 3)."""
    rng = torch.Generator().manual_seed(seed)
    rotations = torch.randn(*shape, JOINT_COUNT, 4, generator=rng, dtype=torch.float64)
    return forward_kinematics(offsets, rotations / rotations.norm(dim=-1, keepdim=True), PARENTS)


def test_a_posed_body_keeps_its_place_with_its_own_bones(pose):
    offsets, positions = pose
    torch.testing.assert_close(with_bones_of(positions, offsets), positions)


def test_bones_get_the_subjects_length_and_keep_their_direction(pose):
    offsets, positions = pose
    other = offsets.flip(0)
    laid = with_bones_of(positions, other)
    bones, before = (p[..., 1:, :] - p[..., list(PARENTS[1:]), :] for p in (laid, positions))
    torch.testing.assert_close(bones.norm(dim=-1), other[..., 1:, :].norm(dim=-1).expand(2, 5, -1))
    torch.testing.assert_close(torch.cosine_similarity(bones, before, dim=-1), torch.ones(2, 5, 18).double())
    assert not laid[..., 0, :].any()
    # Neither how large nor where the lifter put the body matters.
    torch.testing.assert_close(with_bones_of(3 * positions + 0.5, other), laid)


def test_a_bone_without_length_points_as_in_the_t_pose(pose):
    offsets, positions = pose
    flat = torch.zeros_like(positions, requires_grad=True)
    laid = with_bones_of(flat, offsets)
    still = torch.zeros(JOINT_COUNT, 4, dtype=torch.float64)
    still[:, 0] = 1
    torch.testing.assert_close(laid, forward_kinematics(offsets, still, PARENTS).expand_as(laid))
    laid.sum().backward()
    assert torch.isfinite(flat.grad).all()
