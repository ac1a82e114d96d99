"""A detector's noise, measured and made again: what is known of synthetic detections is found."""

from dataclasses import replace

import numpy as np
import pytest

from posenorm_core.clip import Clip
from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES
from training import detector_imitation as imitation
from training import detector_noise
from training.detector_noise import Jump, measure

FPS, HEIGHT = 60.0, 800.0
NOSE, WRIST, EAR = (LANDMARK_NAMES.index(name) for name in ("nose", "left_wrist", "left_ear"))


def moving(frames: int = 600, fps: float = FPS) -> Keypoints:
    """A person `HEIGHT` pixels tall whose landmarks swing as a walk does, up to 3 Hz and a tenth of the height."""
    rng = np.random.default_rng(0)
    place = rng.uniform(0.1, 0.9, size=(LANDMARK_COUNT, 2)) * HEIGHT
    place[:2, 1] = 0, HEIGHT
    time = np.arange(frames)[:, None, None] / fps
    swing = np.zeros((frames, LANDMARK_COUNT, 2))
    for k in range(1, 5):
        phase = rng.uniform(0, 6, size=(LANDMARK_COUNT, 2))
        swing += 0.1 * HEIGHT / k**2 * np.sin(2 * np.pi * 0.75 * k * time + phase)
    swing[:, :2] = 0
    return Keypoints(fps, (2000.0, 2000.0), 500 + place + swing, np.ones((frames, LANDMARK_COUNT)), {"file": "walk"})


@pytest.fixture(scope="module")
def noise():
    """A detector that trembles from 1 to 6 thousandths of the height and never gives the spine."""
    clip = moving(60)
    deviation = np.linspace(0.001, 0.006, LANDMARK_COUNT)
    deviation[LANDMARK_NAMES.index("spine")] = np.nan
    missing, gap = np.zeros(LANDMARK_COUNT), np.zeros(LANDMARK_COUNT)
    missing[EAR], gap[EAR] = 0.3, 0.1
    missing[LANDMARK_NAMES.index("spine")] = 1
    return replace(measure([clip]), deviation=deviation, correlation=0.4, missing=missing, gap=gap, jumps=(), seconds=1)


def test_tremble_that_is_drawn_is_the_tremble_that_is_measured(noise):
    clips = [imitation.trembling(moving(1200), noise, HEIGHT, np.random.default_rng(k)) for k in range(3)]
    found = measure(clips)
    known = noise.known & (np.arange(LANDMARK_COUNT) != EAR)
    np.testing.assert_allclose(found.deviation[known] / noise.deviation[known], 1, atol=0.12)
    assert np.mean(found.deviation[known] / noise.deviation[known]) == pytest.approx(1, abs=0.04)
    assert found.correlation == pytest.approx(0.4, abs=0.05)
    assert not found.known[LANDMARK_NAMES.index("spine")]
    assert found.missing[EAR] == pytest.approx(0.3, abs=0.04)
    assert found.gap[EAR] == pytest.approx(0.1, rel=0.15)
    assert not found.missing[known].any()
    assert found.jumps == found.exchanges == ()


def test_short_clips_are_not_biased(noise):
    # As short as the real ones: what the mean of many such measurements is.
    found = [
        measure([imitation.trembling(moving(100), noise, HEIGHT, np.random.default_rng([k, 1])) for _ in range(2)])
        for k in range(12)
    ]
    known = noise.known & (np.arange(LANDMARK_COUNT) != EAR)
    assert np.mean([f.correlation for f in found]) == pytest.approx(0.4, abs=0.08)
    assert np.mean([f.deviation[known] / noise.deviation[known] for f in found]) == pytest.approx(1, abs=0.08)


def test_movement_alone_is_next_to_no_tremble():
    assert np.nanmax(measure([moving()]).deviation) < 1e-4


def test_at_another_rate_the_correlation_is_over_the_same_time(noise):
    assert noise.correlation_at(30.0) == pytest.approx(0.16)
    assert noise.correlation_at(120.0) == pytest.approx(0.4**0.5)
    assert replace(noise, correlation=-0.2).correlation_at(30.0) == 0
    drawn = imitation.process(4000, noise.correlation_at(30.0), np.random.default_rng(1))
    assert (drawn[1:] * drawn[:-1]).mean() == pytest.approx(0.16, abs=0.01)
    assert drawn.var() == pytest.approx(1, abs=0.02)


def test_jumps_are_found_where_they_were_put_and_put_as_often_as_they_were_found(noise):
    clip = moving()
    points = clip.points.copy()
    points[100:103, WRIST] += [0.25 * HEIGHT, 0]
    points[400, NOSE] -= [0, 0.3 * HEIGHT]
    wrist, nose = sorted(measure([replace(clip, points=points)]).jumps, key=lambda jump: -jump.seconds)
    assert (wrist.landmark, wrist.seconds) == (WRIST, pytest.approx(3 / FPS))
    assert (nose.landmark, nose.seconds) == (NOSE, pytest.approx(1 / FPS))
    np.testing.assert_allclose(wrist.displacement, [0.25, 0], atol=0.01)
    np.testing.assert_allclose(nose.displacement, [0, -0.3], atol=0.01)
    jumpy = replace(noise, jumps=(Jump(WRIST, 0.05, (0.25, 0.0)),), seconds=2.0)
    jumped = imitation.jumping(moving(12_000), jumpy, HEIGHT, np.random.default_rng(2)).points - moving(12_000).points
    assert (np.abs(np.delete(jumped, WRIST, axis=1)) == 0).all()
    # Every other second for three frames of sixty.
    assert (jumped[:, WRIST, 0] > 0.2 * HEIGHT).mean() == pytest.approx(0.5 * 3 / 60, rel=0.25)


def test_sides_are_exchanged_as_often_as_asked_and_found():
    clip = moving(6000)
    exchanged = imitation.exchanging(clip, 0.5, 0.1, np.random.default_rng(3))
    frames = (exchanged.points != clip.points).any(axis=(1, 2))
    assert frames.mean() == pytest.approx(0.5 * 0.05, rel=0.4)
    found = measure([exchanged]).exchanges
    assert sum(found) * FPS == pytest.approx(frames.sum(), rel=0.1)


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        ([moving(100), moving(100, 30.0)], "30, 60 frames/s; give one rate"),
        ([moving(100, 15.0)], "24 or more"),
        ([moving(30)], "walk: no landmark .* longer clips"),
    ],
)
def test_what_cannot_be_measured_is_refused(clips, message):
    with pytest.raises(InputError, match=message):
        measure(clips)


def test_a_rate_that_nobody_told_is_asked_for():
    with pytest.raises(InputError, match=r"some\.json: .* --fps"):
        detector_noise.require_rate(Clip("some.json", "some", None, (0.0, 0.0), 1, ()))
