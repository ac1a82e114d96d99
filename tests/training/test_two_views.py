"""Two views of one performance: what agreement means, and that views of different instants are refused."""

import re
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from posenorm_core.architecture import Architecture
from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints, save_keypoints
from posenorm_core.landmarks import LANDMARK_COUNT
from posenorm_core.motion import with_orientation
from posenorm_core.normalizer import normalize
from posenorm_core.weights import load_weights
from training import evaluate
from training.checkpoint import save_checkpoint
from training.configuration import Configuration
from training.procrustes import aligned
from training.reconstruction import Reconstruction
from training.trainer import Trainer
from training.two_views import SAME_MOMENT, agreement, agreements, poses_by


def poses(frames: int = 80, seed: int = 0) -> np.ndarray:
    """Poses that never come back to where they were."""
    steps = np.random.default_rng(seed).normal(0, 0.02, (frames, 19, 3))
    return np.cumsum(steps + 0.01, axis=0)


def test_the_same_poses_agree_wholly_and_one_pose_for_all_tells_nothing():
    same = agreement(poses(), poses())
    assert (same.distance, same.found) == (0, 1)
    assert same.anytime > 100
    still = agreement(np.repeat(poses()[:1], 80, axis=0), np.repeat(poses()[:1], 80, axis=0))
    assert (still.distance, still.anytime) == (0, 0)


def test_a_distance_is_in_millimetres_and_the_mean_over_joints():
    moved = poses()
    moved[:, 5, 1] += 0.19
    assert agreement(moved, poses()).distance == pytest.approx(10)


@pytest.mark.parametrize(("late", "found"), [(SAME_MOMENT, 1.0), (SAME_MOMENT + 1, 0.0)])
def test_a_moment_is_found_within_five_frames(late, found):
    whole = poses(200)
    # Only where each frame's twin is in the other view: the ends have none.
    shares = agreement(whole[late:], whole[:-late]).found
    assert shares == pytest.approx(found, abs=0.05)


def keypoints(frames: int = 40, fps: float = 60.0) -> Keypoints:
    rng = np.random.default_rng(1)
    points = 500 + np.cumsum(rng.normal(0, 2, (frames, LANDMARK_COUNT, 2)), axis=0) + rng.normal(0, 200, (1, 24, 2))
    confidence = np.ones((frames, LANDMARK_COUNT))
    return Keypoints(fps=fps, image_size=(1000.0, 1000.0), points=points, confidence=confidence, source={})


def test_one_clip_twice_agrees_in_every_row():
    rows = agreements(keypoints(), keypoints(), load_weights(None), [])
    assert len(rows) == 4
    assert all(row.distance == pytest.approx(0, abs=1e-3) for row in rows.values())


@pytest.mark.parametrize("other", [keypoints(39), replace(keypoints(), fps=30.0)], ids=["length", "rate"])
def test_views_of_other_instants_are_refused(other):
    with pytest.raises(InputError, match=re.escape("they must show the same instants")):
        agreements(keypoints(), other, load_weights(None), [])


def test_rows_tell_how_far_limbs_are_off_where_the_truth_is_known():
    first, second = keypoints(), keypoints()
    said = with_orientation(normalize(first), "view").positions()
    points = np.full((2, len(first), LANDMARK_COUNT, 3), np.nan)
    points[:, :, :19] = said
    points[1] *= -1  # every limb of the second view points the other way
    truth = Reconstruction(points, (1000.0, 1000.0), 90.0, 1.0, 0.01)
    rows = agreements(first, second, load_weights(None), [], truth)
    for told in ("normalize", "normalize --exact"):
        assert rows.pop(told).limbs_off == pytest.approx(90, abs=0.1)
    assert [row.limbs_off for row in rows.values()] == [None, None]


def test_the_command_says_why_nothing_is_known_of_the_limbs(tmp_path, monkeypatch, capsys):
    path = tmp_path / "view.npz"
    save_keypoints(keypoints(), path)
    monkeypatch.setattr(sys, "argv", ["evaluate", "views", str(path), str(path)])
    assert evaluate.main() == 0
    table, words = capsys.readouterr().out.strip().split("\n\n")
    assert table.splitlines()[2].split("|")[-2].strip() == "–"
    assert words.startswith("limbs off: not known, since the views are")


@pytest.mark.parametrize("model", ["normalizer", "videopose3d"])
def test_a_checkpoint_tells_one_pose_as_it_is_seen_and_in_one_orientation(model, tmp_path):
    path = tmp_path / "checkpoint.pt"
    small = Configuration(model=model, network=Architecture(width=8, dilations=(2,)))
    save_checkpoint(Trainer(small, torch.device("cpu")).checkpoint(), path)
    # It stands still: what is smoothed and what is turned can then be exchanged.
    still = replace(keypoints(), points=np.repeat(keypoints().points[:1], 40, axis=0))
    poses = poses_by(path)(still)
    seen, unified = torch.from_numpy(poses.seen), torch.from_numpy(poses.unified)
    torch.testing.assert_close(aligned(seen, unified), unified, atol=1e-4, rtol=0)
    assert float((seen - unified).norm(dim=-1).mean()) > 0.05
