"""The networks that listen by attention: they see what ours sees, the same wherever in a window a frame stands."""

import pytest
import torch

from posenorm_core.architecture import Architecture
from posenorm_core.errors import InputError
from posenorm_core.landmarks import LANDMARK_COUNT
from posenorm_core.network_input import INPUT_SIZE
from training import attention
from training.attention import LandmarkAttention, LocalAttention, TimeAttention
from training.models import build_model
from training.rows import load_rows

ARCHITECTURE = Architecture(width=16, dilations=(2, 4))
CONTEXT = ARCHITECTURE.network_context


def awake(kind, architecture=ARCHITECTURE):
    """A small network whose every weight counts: fresh ones all say the T-pose and heed every distance alike."""
    torch.manual_seed(0)
    network = kind(architecture).eval()
    torch.nn.init.normal_(network.leave.weight, std=0.2)
    for module in network.modules():
        if isinstance(module, LocalAttention):
            torch.nn.init.normal_(module.distance)
    return network


def seen(frames):
    return torch.randn(2, frames + 2 * CONTEXT, INPUT_SIZE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", [TimeAttention, LandmarkAttention])
def test_a_frame_hears_of_its_context_to_the_last_frame_and_of_none_beyond(kind):
    network, features = awake(kind), seen(7).requires_grad_()
    said = network(features)
    assert said.rotations.shape == (2, 7, 19, 4)
    told = sum((part[0, 3] * torch.randn(part[0, 3].shape)).sum() for part in said.parts())
    told.backward()
    heard = features.grad.abs().amax(dim=2)
    inside = slice(3, 3 + 2 * CONTEXT + 1)
    assert (heard[0, inside] > 0).all()
    heard[0, inside] = 0
    assert not heard.any()


@torch.no_grad()
@pytest.mark.parametrize("kind", [TimeAttention, LandmarkAttention])
def test_a_window_cut_from_a_longer_one_gives_what_the_longer_gives(kind, monkeypatch):
    network, features = awake(kind), seen(30)
    whole = network(features)
    for begin, frames in ((0, 1), (4, 9), (25, 5)):
        part = network(features[:, begin : begin + frames + 2 * CONTEXT])
        for said, told in zip(part.parts(), whole.parts(), strict=True):
            torch.testing.assert_close(said, told[:, begin : begin + frames], atol=1e-5, rtol=0)
    # Nor does it matter how many frames of a long clip are computed at a time.
    monkeypatch.setattr(attention, "_AT_A_TIME", 7)
    torch.testing.assert_close(network(features).rotations, whole.rotations, atol=1e-5, rtol=0)


@torch.no_grad()
def test_local_attention_is_softmax_over_the_frames_within_reach():
    torch.manual_seed(2)
    layer, reach, width = LocalAttention(16, 2), 2, 2
    torch.nn.init.normal_(layer.distance)
    frames = torch.randn(1, 9, 16)
    answer = layer(frames)
    asked, offered, said = (part(frames)[0] for part in (layer.asks, layer.offers, layer.says))
    for t in range(5):
        heads = []
        for head in range(8):
            own = slice(width * head, width * head + width)
            near = range(t, t + 2 * reach + 1)
            scores = [float(asked[t + reach, own] @ offered[k, own]) / width**0.5 for k in near]
            heed = torch.softmax(torch.tensor(scores) + layer.distance[head], dim=0)
            heads.append(sum(h * said[k, own] for h, k in zip(heed, near, strict=True)))
        torch.testing.assert_close(answer[0, t], layer.gather(torch.cat(heads)), atol=1e-5, rtol=0)


@torch.no_grad()
def test_a_landmark_is_known_by_its_name_and_heard_by_all_others():
    among = awake(LandmarkAttention).enter[0].eval()
    features = torch.randn(1, 1, INPUT_SIZE)
    before = among(features).reshape(LANDMARK_COUNT, -1)
    moved = features.clone()
    moved[..., 3 * 5] += 1
    after = among(moved).reshape(LANDMARK_COUNT, -1)
    assert ((after - before).abs().amax(dim=1) > 0).all()
    # Landmarks that stand at one place are told apart.
    alike = among(torch.ones(1, 1, INPUT_SIZE)).reshape(LANDMARK_COUNT, -1)
    assert torch.pdist(alike).min() > 1e-3


def test_heads_must_share_the_width_evenly():
    with pytest.raises(InputError, match="width 20 must be a multiple of 8"):
        TimeAttention(Architecture(width=20))


@pytest.mark.parametrize("name", ["time_attention", "landmark_attention"])
def test_the_rows_are_as_large_as_the_one_they_stand_beside(name):
    rows = load_rows()
    base, row = (build_model(rows[which].configuration) for which in ("base", name))
    sizes = [sum(p.numel() for p in model.parameters()) for model in (base, row)]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.01)
    assert row.context == base.context
