"""The truth of a performance filmed from two sides at once: where the body is in space, found without calibration.

Two views of one moving body determine each other: both cameras must see each landmark where it is, and no bone changes
its length (Takahashi et al., Human Pose as Calibration Pattern, 2018). Only the size is guessed, the condition
skeleton's, and lengths are in metres if that is right; directions need no size. What knows nothing of the other view,
a pose told from one, is measured by how far its limbs point away from these.
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core import camera, quaternion
from posenorm_core.cleaning import cleaned, person_size
from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import LANDMARK_NAMES
from posenorm_core.pelvis import HIPS, PELVIS
from training.bundle import RIGID, Bundle, Sight, adjusted, first_guess, known_bones, misfit
from training.epipolar import relative_pose

# The eleven whose directions are compared.
LIMBS = (*RIGID, ("pelvis", "thorax"))
_STARTS, _ENDS = ([LANDMARK_NAMES.index(limb[end]) for limb in LIMBS] for end in (0, 1))
# From what confidence on a landmark is taken to be where it is said to be, and how many both views must show.
_SURE, _LEAST_KNOWN = 0.3, 300
# Of these focal lengths, beside the longer side of the picture, the search begins at the one that fits best.
_FOCAL_LENGTHS = np.geomspace(0.5, 4, 8)
# What a landmark may be off, beside the person's size in the picture.
_TOLERANCE = 0.004
# What determines nothing: cameras nearer to each other (degrees, from the subject); medians of how far the landmarks
# are seen from where they should be (beside the person's size) and bones are off their lengths (metres).
_LEAST_ANGLE, _MOST_APART, _MOST_BONE = 10.0, 0.005, 0.015


@dataclass(frozen=True)
class Reconstruction:
    """T frames of a body before two cameras."""

    points: np.ndarray  # (2, T, 24, 3) metres from the pelvis in either camera's view frame, NaN where not known
    focal_lengths: tuple[float, float]  # pixels
    angle: float  # degrees between the cameras, from the subject
    pixels_off: float  # median distance of the landmarks from where they were seen, pixels
    bones_off: float  # median of what bones are off their lengths, metres

    def __str__(self) -> str:
        """In a line."""
        first, second = self.focal_lengths
        return (
            f"cameras {self.angle:.0f}° apart, focal lengths {first:,.0f} and {second:,.0f} px, landmarks off "
            f"{self.pixels_off:.1f} px, bones {1000 * self.bones_off:.1f} mm"
        )


def reconstructed(first: Keypoints, second: Keypoints) -> Reconstruction:
    """Where the body was, from two views of the same instants by cameras that stand still, with their own faults.

    Where a view has no image size its principal point is taken to be where the person is: in the view frame, which
    turns with the ray to the pelvis, little of that is left.

    Raises InputError where the views do not determine it: they show other instants or performances, too little of
    the person, or are too near to each other.
    """
    require_same_instants(first, second)
    views = [cleaned(view) for view in (first, second)]
    known = np.logical_and(*(view.confidence > _SURE for view in views))
    if known.sum() < _LEAST_KNOWN:
        raise InputError(
            f"only {known.sum()} landmarks are seen in both views at the same instant; a reconstruction needs "
            f"{_LEAST_KNOWN} with a confidence above {_SURE:g}"
        )
    sizes = np.array([person_size(view.points, view.confidence) for view in views])
    pixels = np.stack([view.points - _principal_point(view, known) for view in views], axis=1).astype(np.float64)
    sight = Sight(pixels, known, _TOLERANCE * sizes)
    sides = np.array([_longer_side(view) for view in views])
    starts = [_start(sight, factor * sides) for factor in _FOCAL_LENGTHS]
    bundle, settled = adjusted(min(starts, key=lambda start: misfit(start, sight)), sight)
    found = _measured(bundle, sight)
    _require_truth(found, bundle, sight, sizes)
    if not settled:
        raise InputError("the views do not determine where the body was: the search for it comes to no end")
    return found


def require_same_instants(first: Keypoints, second: Keypoints) -> None:
    """Raises InputError where the clips are not of one length and rate."""
    if len(first) != len(second) or first.fps != second.fps:
        raise InputError(
            f"the views have {len(first)} frames at {first.fps:g}/s and {len(second)} at {second.fps:g}/s; they must "
            "show the same instants (cut them to the same frames, and name their rate by --fps)"
        )


def limbs_off(positions: np.ndarray, truth: np.ndarray) -> float:
    """The mean angle in degrees of the limbs of `positions` (T, 19 or 24, 3) from those of `truth` (T, 24, 3).

    Both in the same frame; limbs of which nothing is known in `truth` (NaN) are left out.
    """
    here, there = (points[:, _ENDS] - points[:, _STARTS] for points in (positions, truth))
    across = np.linalg.norm(np.cross(here, there), axis=-1)
    return float(np.degrees(np.nanmean(np.arctan2(across, (here * there).sum(axis=-1)))))


def _principal_point(view: Keypoints, known: np.ndarray) -> np.ndarray:
    """The middle of the picture (2,); of what is known of the person where the format does not tell its size."""
    return np.asarray(view.image_size) / 2 if min(view.image_size) > 0 else np.median(view.points[known], axis=0)


def _longer_side(view: Keypoints) -> float:
    """Of the picture, as far as it is known; pixels."""
    return max(view.image_size) or float(view.points.max())


def _start(sight: Sight, focal_lengths: np.ndarray) -> Bundle:
    """What the cameras and points would be with these focal lengths (2,)."""
    images = [sight.pixels[:, view][sight.known] / focal_lengths[view] for view in (0, 1)]
    rotation, shift, points = relative_pose(*images)
    return first_guess(points, sight.known, focal_lengths, rotation, shift)


def _measured(bundle: Bundle, sight: Sight) -> Reconstruction:
    """What was found, and how well it fits."""
    points = np.stack([_from_pelvis(bundle.seen_from(view), sight.known) for view in (0, 1)])
    bones_off = float(np.median(np.abs(bundle.bones_off()[known_bones(sight.known)])))
    focal_lengths = (float(bundle.focal_lengths[0]), float(bundle.focal_lengths[1]))
    pixels_off = float(np.median([_pixels_off(bundle, sight, view) for view in (0, 1)]))
    return Reconstruction(points, focal_lengths, _angle(bundle, sight.known), pixels_off, bones_off)


def _require_truth(found: Reconstruction, bundle: Bundle, sight: Sight, sizes: np.ndarray) -> None:
    """Raises InputError where what was found cannot be where the body was."""
    if found.angle < _LEAST_ANGLE:
        raise InputError(f"the views are {found.angle:.0f}° apart; a reconstruction needs {_LEAST_ANGLE:g}°")
    share = max(float(np.median(_pixels_off(bundle, sight, view))) / sizes[view] for view in (0, 1))
    if share > _MOST_APART or found.bones_off > _MOST_BONE:
        raise InputError(
            f"the views do not show one performance: at best landmarks are off by {share:.1%} of the person's size and "
            f"bones by {1000 * found.bones_off:.0f} mm; the most is {_MOST_APART:.1%} and {1000 * _MOST_BONE:.0f} mm"
        )


def _pixels_off(bundle: Bundle, sight: Sight, view: int) -> np.ndarray:
    """How far the known landmarks (N,) are seen from where they should be."""
    return np.asarray(np.linalg.norm(bundle.pixels(view) - sight.pixels[:, view], axis=-1)[sight.known])


def _angle(bundle: Bundle, known: np.ndarray) -> float:
    """Between the rays from the subject to the cameras, degrees."""
    subject = bundle.points[known].mean(axis=0)
    second = quaternion.rotate(quaternion.inverse(bundle.turn), -bundle.shift)
    between = quaternion.between(-subject, second - subject)
    return float(np.degrees(quaternion.geodesic_angle(between, quaternion.identity_like(between))))


def _from_pelvis(seen: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Points (T, 24, 3) in a camera's frame as the view frame has them; NaN where they or the pelvis are not known."""
    points = np.where(known[..., None], seen, np.nan)
    pelvis = np.where(known[:, PELVIS, None], points[:, PELVIS], points[:, HIPS].mean(axis=1))
    points[:, PELVIS] = pelvis
    to_view = camera.view_rotation(pelvis)
    return np.asarray(quaternion.rotate(to_view[:, None], points - pelvis[:, None]))
