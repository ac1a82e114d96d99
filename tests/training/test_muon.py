"""Muon steps as torch's own does to the rounding of bfloat16, and in full precision where the hardware lacks that."""

import pytest
import torch

from training import muon
from training.muon import Muon, orthogonal

SHAPES = [(5, 12), (12, 5), (8, 8)]


@pytest.fixture(params=[False, True], ids=["full precision", "bfloat16"])
def hardware_has_bfloat16(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(muon, "has_bfloat16", lambda device: request.param)
    return bool(request.param)


def uneven(shape: tuple[int, int]) -> torch.Tensor:
    """A matrix some of whose directions are a hundred times as long as others."""
    torch.manual_seed(0)
    u, _, v = torch.linalg.svd(torch.randn(shape, dtype=torch.float64), full_matrices=False)
    return u * torch.logspace(-1, 1, u.shape[1], dtype=torch.float64) @ v


def five_rounds(matrix: torch.Tensor) -> torch.Tensor:
    """What Jordan's iteration makes of each singular value, in double precision."""
    u, lengths, v = torch.linalg.svd(matrix, full_matrices=False)
    lengths = lengths / lengths.norm()
    for _ in range(5):
        lengths = 3.4445 * lengths - 4.7750 * lengths**3 + 2.0315 * lengths**5
    return u * lengths @ v


@pytest.mark.usefixtures("hardware_has_bfloat16")
@pytest.mark.parametrize("shape", SHAPES)
def test_all_directions_become_about_as_long_and_stay_what_they_are(shape: tuple[int, int]) -> None:
    matrix = uneven(shape).float()
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    along = u.T @ orthogonal(matrix) @ v.T
    lengths = along.diagonal()
    assert 0.6 < lengths.min() <= lengths.max() < 1.3
    assert (along - torch.diag(lengths)).abs().max() < 0.05


@pytest.mark.parametrize("shape", SHAPES)
def test_no_precision_is_lost_where_none_is_won(shape: tuple[int, int], hardware_has_bfloat16: bool) -> None:
    exact = five_rounds(uneven(shape))
    off = float((orthogonal(uneven(shape).float()) - exact).abs().max())
    assert 1e-3 < off < 0.1 if hardware_has_bfloat16 else off < 1e-5


@pytest.mark.usefixtures("hardware_has_bfloat16")
def test_a_training_goes_as_by_torchs_own() -> None:
    def after_five_steps(ours: bool) -> list[torch.Tensor]:
        matrices = [torch.nn.Parameter(uneven(shape).float()) for shape in SHAPES]
        torch.manual_seed(1)
        theirs = torch.optim.Muon(matrices, lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
        optimizer = Muon(matrices, lr=0.02, weight_decay=0.1) if ours else theirs
        for _ in range(5):
            for matrix in matrices:
                matrix.grad = torch.randn_like(matrix)
            optimizer.step()
        return [matrix.detach() for matrix in matrices]

    for ours, theirs in zip(after_five_steps(True), after_five_steps(False), strict=True):
        way = (theirs - uneven((theirs.shape[0], theirs.shape[1]))).norm()
        assert (ours - theirs).norm() < 0.02 * way


def test_what_has_no_gradient_stays() -> None:
    still, moving = torch.nn.Parameter(torch.ones(2, 3)), torch.nn.Parameter(torch.ones(2, 3))
    moving.grad = torch.ones(2, 3)
    Muon([still, moving], lr=0.1, weight_decay=0.5).step()
    assert torch.equal(still.detach(), torch.ones(2, 3))
    assert not torch.equal(moving.detach(), torch.ones(2, 3))
