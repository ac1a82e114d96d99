"""What a detector gets wrong on real footage, measured where no truth is known: tremble, gaps, jumps, exchanged sides.

A body moves next to nothing above `LOWEST` Hz, so what is there is the detector's tremble: its spectrum is fitted by
that of an autoregressive process of first order (Whittle's likelihood), which says each landmark's size of it and how
it is correlated in time. So the estimate is high by what moves faster than that; of a slower tremble it knows only
what the process says. Jumps and exchanged sides are those that `posenorm_core.cleaning` finds; smaller ones count as
tremble.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from posenorm_core.cleaning import person_size, with_sides_put_right, without_jumps
from posenorm_core.clip import Clip
from posenorm_core.errors import InputError
from posenorm_core.gaps import bridge
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import LANDMARK_COUNT

# Hz, and frames a second: tremble is looked for above the one, which needs the other.
LOWEST, SLOWEST_FPS = 8.0, 24.0
# A landmark's tremble is measured where it is seen in so many frames, and in this share of them.
_FEWEST_FRAMES, _SEEN = 48, 0.8
_CORRELATIONS = np.linspace(-0.5, 0.95, 146)

# Radians a frame (F,), and the power (F,) there.
Spectrum = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Jump:
    """A landmark that left its path and came back."""

    landmark: int
    seconds: float
    displacement: tuple[float, float]  # right and down, shares of the person's height


@dataclass(frozen=True)
class DetectorNoise:
    """A detector's faults; heights are the person's in the picture."""

    fps: float
    seconds: float  # of detections that were measured
    deviation: np.ndarray  # (24,) of the tremble along x and along y, shares of the height; nan where never seen
    correlation: float  # of a landmark's tremble with its own in the frame before, at `fps`; 0 would be white
    missing: np.ndarray  # (24,) share of frames
    gap: np.ndarray  # (24,) mean seconds that it is missing on end
    jumps: tuple[Jump, ...]
    exchanges: tuple[float, ...]  # seconds of each time that arms or legs had their sides exchanged

    @property
    def known(self) -> np.ndarray:
        """(24,) true for the landmarks that the detector gives."""
        return np.isfinite(self.deviation)

    def correlation_at(self, fps: float) -> float:
        """The correlation from frame to frame at another rate: it falls off with the time between them.

        One below 0, frames that differ by turns, has no meaning at another rate and counts as none.
        """
        return float(max(self.correlation, 0.0) ** (self.fps / fps))


def measure(clips: Sequence[Keypoints]) -> DetectorNoise:
    """The faults in detections of people who stand or move upright, all at one frame rate.

    Raises InputError where they are too few, too slow, or not of one rate.
    """
    fps = _common_rate(clips)
    deviation, correlation = _tremble(clips)
    seen = np.concatenate([clip.confidence > 0 for clip in clips])
    gaps: list[list[int]] = [[] for _ in range(LANDMARK_COUNT)]
    for clip in clips:
        for landmark, begin, end in _runs(clip.confidence <= 0):
            gaps[landmark].append(end - begin)
    return DetectorNoise(
        fps=fps,
        seconds=len(seen) / fps,
        deviation=deviation,
        correlation=correlation,
        missing=1 - seen.mean(axis=0),
        gap=np.array([np.mean(frames) / fps if frames else 0.0 for frames in gaps]),
        jumps=tuple(jump for clip in clips for jump in _jumps(clip)),
        exchanges=tuple(seconds for clip in clips for seconds in _exchanges(clip)),
    )


def require_rate(clip: Clip) -> Clip:
    """The clip, if its frame rate is known; raises InputError otherwise."""
    if clip.fps is None:
        raise InputError(f"{clip.path}: its format does not tell the frame rate; give it with --fps")
    return clip


def height_in_picture(keypoints: Keypoints) -> float:
    """The person's height in pixels: the median over frames from the highest to the lowest landmark seen."""
    seen, y = keypoints.confidence > 0, keypoints.points[..., 1]
    frames = seen.any(axis=1)
    heights = np.where(seen, y, -np.inf).max(axis=1)[frames] - np.where(seen, y, np.inf).min(axis=1)[frames]
    return max(float(np.median(heights)), 1e-6) if len(heights) else 1e-6


def _common_rate(clips: Sequence[Keypoints]) -> float:
    """The frame rate of all clips."""
    rates = sorted({clip.fps for clip in clips})
    if len(rates) != 1:
        raise InputError(f"the detections are at {', '.join(f'{fps:g}' for fps in rates)} frames/s; give one rate only")
    if rates[0] < SLOWEST_FPS:
        raise InputError(
            f"detections at {rates[0]:g} frames/s do not tell tremble from movement; {SLOWEST_FPS:g} or more do"
        )
    return rates[0]


def _tremble(clips: Sequence[Keypoints]) -> tuple[np.ndarray, float]:
    """Deviations (24,) and the correlation; a landmark seen too seldom to tell takes the median of the others."""
    spectra: dict[int, Spectrum] = {}
    paths = [_without_faults(clip) for clip in clips]
    for landmark in range(LANDMARK_COUNT):
        parts = [_spectrum(points[:, landmark], sure[:, landmark], clips[0].fps) for points, sure in paths]
        frequency, power = (np.concatenate(part) for part in zip(*parts, strict=True))
        if len(frequency):
            spectra[landmark] = frequency, power
    if not spectra:
        file = clips[0].source.get("file", "detections")
        raise InputError(f"{file}: no landmark is seen in most of {_FEWEST_FRAMES} frames or more; give longer clips")
    told, correlation = fitted(list(spectra.values()))
    seen = np.any([(clip.confidence > 0).any(axis=0) for clip in clips], axis=0)
    deviation = np.where(seen, np.median(told), np.nan)
    deviation[list(spectra)] = told
    return deviation, correlation


def _without_faults(clip: Keypoints) -> tuple[np.ndarray, np.ndarray]:
    """The points (T, 24, 2) in heights with sides put right, and the confidence (T, 24), 0 for jumps."""
    points, confidence = clip.points.astype(np.float64), clip.confidence
    size = person_size(points, confidence)
    points, confidence = with_sides_put_right(points, confidence, size)
    return points / height_in_picture(clip), without_jumps(points, confidence, size, clip.fps)


def _spectrum(path: np.ndarray, sure: np.ndarray, fps: float) -> Spectrum:
    """The periodogram of a landmark's path (T, 2) above `LOWEST` Hz.

    White noise of variance v has the mean power v everywhere. What is bridged holds no tremble: the rest makes up.
    """
    frames = np.flatnonzero(sure > 0)
    share = len(frames) / max(len(path), 1)
    if len(frames) < _FEWEST_FRAMES or share < _SEEN:
        return np.empty(0), np.empty(0)
    inner = slice(frames[0], frames[-1] + 1)
    values = bridge(path[inner, None], sure[inner, None])[:, 0]
    time = np.linspace(-1, 1, len(values))
    values = values - np.stack([np.polyval(np.polyfit(time, axis, 1), time) for axis in values.T], axis=1)
    # The taper keeps slow, large movement from leaking into the fast frequencies.
    taper = np.blackman(len(values))
    power = np.abs(np.fft.rfft(values * taper[:, None], axis=0)) ** 2 / np.square(taper).sum()
    hertz = np.fft.rfftfreq(len(values), 1 / fps)
    fast = hertz >= LOWEST
    present = len(frames) / len(values)
    return 2 * np.pi * hertz[fast] / fps, power[fast].mean(axis=1) / present


def fitted(spectra: Sequence[Spectrum]) -> tuple[np.ndarray, float]:
    """Standard deviations (K,) of K first-order processes, and the one correlation all have, likeliest for the spectra.

    Whittle's likelihood: the least Σ log S + P / S over correlations, S being a process's spectrum; its variance
    follows. One correlation for all: the fast frequencies of one landmark alone do not tell it well.
    """
    rho = _CORRELATIONS[:, None]
    misfit, variances = np.zeros(len(_CORRELATIONS)), []
    for frequency, power in spectra:
        shape = (1 - rho**2) / (1 - 2 * rho * np.cos(frequency) + rho**2)
        variance = np.maximum((power / shape).mean(axis=1), 1e-300)
        misfit += len(frequency) * np.log(variance) + np.log(shape).sum(axis=1)
        variances.append(variance)
    best = int(misfit.argmin())
    return np.sqrt([variance[best] for variance in variances]), float(_CORRELATIONS[best])


def _jumps(clip: Keypoints) -> Iterator[Jump]:
    """The jumps that cleaning takes out, each by its mean distance from the straight way past it."""
    points, confidence = clip.points.astype(np.float64), clip.confidence
    size, height = person_size(points, confidence), height_in_picture(clip)
    points, confidence = with_sides_put_right(points, confidence, size)
    kept = without_jumps(points, confidence, size, clip.fps)
    away = points - bridge(points, kept)
    for landmark, begin, end in _runs((kept == 0) & (confidence > 0)):
        right, down = away[begin:end, landmark].mean(axis=0) / height
        yield Jump(landmark, (end - begin) / clip.fps, (float(right), float(down)))


def _exchanges(clip: Keypoints) -> Iterator[float]:
    """How many seconds each exchange of sides lasts that cleaning puts right."""
    points, confidence = clip.points.astype(np.float64), clip.confidence
    right, _ = with_sides_put_right(points, confidence, person_size(points, confidence))
    exchanged = (right != points).any(axis=(1, 2))
    for _, begin, end in _runs(exchanged[:, None]):
        yield (end - begin) / clip.fps


def _runs(mask: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Each run of true frames in a mask (T, K): its column, its first frame and the one after its last."""
    edges = np.diff(mask.astype(np.int8), axis=0, prepend=0, append=0)
    for column in range(mask.shape[1]):
        begins, ends = (np.flatnonzero(edges[:, column] == way) for way in (1, -1))
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            yield column, begin, end
