"""The path of the root, from the feet that stand: what stands does not move, so the body moves over it.

Its frame is the one of the rotations it is given, +Y up. With rotations in `heading` the body always faces +Z,
and the path is that of one who walks and steps as the subject does without ever turning: standing feet stay
where they are and only swivel. With rotations that keep the turn about the vertical it is the path in the world.
Where no foot stands the picture tells how the pelvis moved, or else the centre of mass flies on.
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core import camera, quaternion
from posenorm_core.condition_skeleton import JOINT_COUNT, JOINT_NAMES, PARENTS
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.landmarks import LANDMARK_NAMES, fixed_point_offsets

# The ball of the foot is a joint inside it, this high above the floor (metres).
BALL_HEIGHT = 0.02
_GRAVITY = 9.81
# Seconds. No jump lasts longer (0.8 is 0.8 m high): then something other than feet carries the body.
_LONGEST_FLIGHT = 0.8
_COASTING = 0.3  # over so short a gap the body's own motion tells more than the picture
_MOMENT = 0.17  # seconds over which a foot is asked whether it stands: shorter is a flicker
# Metres: of one foot the lower end carries, of two feet the lower, of a body without standing feet the lowest point.
_LOWER_END, _LOWER_FOOT, _LOWEST_POINT = 0.02, 0.1, 0.005
_CHUNK = 1024  # frames posed at a time: what fits into the cache
_AROUND = 0.07  # seconds: standard deviation over which speeds at take-off and sizes in the picture are taken
_WHOLE = 0.8  # of the joints seen at most, what must be seen to tell the size

_ANKLES, _TOES = ([JOINT_NAMES.index(f"{side}_{joint}") for side in ("right", "left")] for joint in ("ankle", "toe"))
_HEELS = [LANDMARK_NAMES.index(f"{side}_heel") - JOINT_COUNT for side in ("right", "left")]

# Shares of the body's mass: segments between two joints (after Winter, Biomechanics of Human Movement, 2009).
_TRUNK = {("pelvis", "spine"): 0.2, ("spine", "thorax"): 0.234, ("thorax", "neck"): 0.03, ("neck", "head"): 0.08}
_LIMBS = {("hip", "knee"): 0.1, ("knee", "ankle"): 0.0465, ("ankle", "toe"): 0.0145}
_LIMBS |= {("shoulder", "elbow"): 0.028, ("elbow", "wrist"): 0.022}


def _joint_masses() -> np.ndarray:
    """(19, 1) shares of the mass: half of each segment at either end."""
    masses = np.zeros((JOINT_COUNT, 1))
    sides = [(f"{side}_{a}", f"{side}_{b}", mass) for side in ("left", "right") for (a, b), mass in _LIMBS.items()]
    for first, second, mass in [(*ends, mass) for ends, mass in _TRUNK.items()] + sides:
        masses[[JOINT_NAMES.index(first), JOINT_NAMES.index(second)]] += mass / 2
    return np.asarray(masses / masses.sum())


_MASSES = _joint_masses()


@dataclass(frozen=True)
class Body:
    """What of T poses touches the floor and carries mass, metres from the pelvis."""

    joints: np.ndarray  # (T, 19, 3)
    # Right and left foot, ball and heel. The heel is taken as high as the ball when the foot is flat; both are
    # BALL_HEIGHT above the floor then.
    soles: np.ndarray  # (T, 2, 2, 3)

    def turned(self, turn: np.ndarray) -> "Body":
        """The same in a frame turned by `turn` (T, 4): cheaper than posing it anew."""
        return Body(quaternion.rotate(turn[:, None], self.joints), quaternion.rotate(turn[:, None, None], self.soles))


def root_path(body: Body, contacts: np.ndarray, fps: float, steps_seen: np.ndarray | None = None) -> np.ndarray:
    """The root's place (T, 3) in metres: x and z from 0 at the first frame, y above the floor the feet stand on.

    Args:
        body: in an upright frame: the root's is `motion.oriented_root(…, "heading")`, or the world.
        contacts: (T, 2) probability that the right and the left foot stand; NaN where not known.
        fps: frames a second.
        steps_seen: (T - 1, 3) from `seen_steps`, NaN where not known: used where no foot stands.
    """
    positions, soles = body.joints, body.soles
    standing = standing_feet(contacts, fps)
    steps, known = _steps_of_standing_feet(soles, standing)
    centre = (positions * _MASSES).sum(axis=1)
    if steps_seen is not None:
        seen = _longer(known, _COASTING, fps) & np.isfinite(steps_seen).all(axis=1)
        steps, known = np.where(seen[:, None], steps_seen, steps), known | seen
    carried = _longer(known, _LONGEST_FLIGHT, fps)
    points = np.concatenate([np.delete(positions, _ANKLES + _TOES, axis=1), soles.reshape(len(soles), -1, 3)], axis=1)
    lowest = -(_carrying(points, _LOWEST_POINT)[..., None] * np.diff(points, axis=0)).sum(axis=1)
    steps, known = np.where(carried[:, None], lowest, steps), known | carried
    path = np.zeros((len(positions), 3))
    # Thrown, the centre of mass keeps its velocity; the pelvis gives way to what the limbs do.
    flung = np.diff(centre, axis=0)
    thrown = _filled(_around(steps + flung, known, fps), known) - flung
    path[1:] = np.cumsum(np.where(known[:, None], steps, thrown), axis=0)
    path[:, 1] = _heights(positions, soles, standing, centre[:, 1], fps)
    return path


def posed_body(rotations: np.ndarray, offsets: np.ndarray) -> Body:
    """The body with `offsets` (19, 3) metres in the poses `rotations` (T, 19, 4), in the frame of the root's."""
    parts = [_posed(rotations[start : start + _CHUNK], offsets) for start in range(0, len(rotations), _CHUNK)]
    return Body(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _posed(rotations: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Joints and soles of as many frames as fit into the cache."""
    positions, turned = pose_skeleton(offsets.astype(np.float64), rotations.astype(np.float64), PARENTS)
    heels = fixed_point_offsets(offsets)[_HEELS]
    heels[:, 1] = offsets[_TOES, 1]
    ends = positions[:, _ANKLES] + quaternion.rotate(turned[:, _ANKLES], np.broadcast_to(heels, (len(rotations), 2, 3)))
    return positions, np.stack([positions[:, _TOES], ends], axis=2)


def standing_feet(contacts: np.ndarray, fps: float) -> np.ndarray:
    """How surely each foot stands (T, 2): 0 where it more likely does not, or nobody knows; flickers are gone."""
    reach = round((_MOMENT * fps - 1) / 2)
    known = np.pad(np.nan_to_num(contacts.astype(np.float64)), [(reach, reach), (0, 0)], mode="edge")
    settled = np.median(np.lib.stride_tricks.sliding_window_view(known, 2 * reach + 1, axis=0), axis=-1)
    return np.asarray(np.where(settled > 0.5, settled, 0.0))


def seen_steps(
    body: Body,
    view_root: np.ndarray,
    upright_root: np.ndarray,
    points: np.ndarray,
    confidence: np.ndarray,
    image_size: tuple[float, float],
    fps: float,
) -> np.ndarray:
    """How the pelvis moves from frame to frame (T - 1, 3) metres, as a camera that stands still sees it.

    The person's size in the picture gives the distance. The focal length is not known: the picture's diagonal,
    as in CLIFF (Li et al., 2022). NaN where the pelvis, or how large the picture is, is not known.

    Args:
        body: in the view frame.
        view_root: (T, 4), the root's rotation there.
        upright_root: (T, 4), the same root in the frame of the path.
        points: (T, 24, 2) pixels.
        confidence: (T, 24), 0 where a landmark is missing.
        image_size: width and height in pixels; zeros where not known.
        fps: frames a second.
    """
    size = np.asarray(image_size, dtype=np.float64)
    if len(points) < 2 or not (size > 0).all():
        return np.full((max(len(points) - 1, 0), 3), np.nan)
    lens = np.full(2, np.hypot(*size))
    pixels = points[:, :JOINT_COUNT].astype(np.float64)
    rays = camera.unproject(pixels, np.ones(pixels.shape[:2]), lens, size / 2)
    to_view = camera.view_rotation(rays[:, 0])
    distance = _distance(quaternion.rotate(to_view[:, None], rays), body.joints, confidence[:, :JOINT_COUNT] > 0, fps)
    pelvis = rays[:, 0] / np.linalg.norm(rays[:, 0], axis=1, keepdims=True) * distance[:, None]
    pelvis[confidence[:, 0] <= 0] = np.nan
    to_path = quaternion.multiply(quaternion.multiply(upright_root, quaternion.inverse(view_root)), to_view)
    moved = np.diff(pelvis, axis=0)
    return np.asarray(quaternion.rotate(to_path[1:], moved) + quaternion.rotate(to_path[:-1], moved)) / 2


def _distance(rays: np.ndarray, posed: np.ndarray, seen: np.ndarray, fps: float) -> np.ndarray:
    """From camera to pelvis (T,) metres: what fits `posed` (T, 19, 3) to `rays` (T, 19, 3), all in the view frame.

    NaN where less of the person is seen than _WHOLE of the most: half a body looks as if it were far away or near.
    """
    image = rays[..., :2] / np.maximum(-rays[..., 2:], 1e-3)
    # A joint at (x, y, z) is seen at (x, y) / (distance - z).
    level = posed[..., :2] + image * posed[..., 2:]
    count = seen.sum(axis=1)
    whole = (count >= _WHOLE * count.max()) & (count > 1)
    products = np.stack([(image * level).sum(axis=-1), (image * image).sum(axis=-1)], axis=-1)
    above, below = _around((products * seen[..., None]).sum(axis=1), whole, fps).T
    return np.asarray(np.where(whole & (below > 0), above, np.nan) / np.where(below > 0, below, 1.0))


def _steps_of_standing_feet(soles: np.ndarray, standing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The root's steps (T - 1, 3) that leave the standing feet where they are, and where there are any (T - 1,)."""
    rolled = -(_carrying(soles, _LOWER_END)[..., None] * np.diff(soles, axis=0)).sum(axis=2)
    low = soles[..., 1].min(axis=2)
    weight = standing * np.exp(-(low - low.min(axis=1, keepdims=True)) / _LOWER_FOOT)
    weight = weight[1:] * weight[:-1]
    total = weight.sum(axis=1)
    share = weight / np.where(total > 0, total, 1.0)[:, None]
    return (share[..., None] * rolled).sum(axis=1), total > 0


def _carrying(points: np.ndarray, lower: float) -> np.ndarray:
    """Which of `points` (T, …, n, 3) the ground carries between two frames: shares (T - 1, …, n).

    One `lower` by so many metres carries e times as much.
    """
    height = points[..., 1]
    share = np.exp(-(height - height.min(axis=-1, keepdims=True)) / lower)
    share = share / share.sum(axis=-1, keepdims=True)
    return np.asarray((share[1:] + share[:-1]) / 2)


def _heights(
    positions: np.ndarray, soles: np.ndarray, standing: np.ndarray, centre: np.ndarray, fps: float
) -> np.ndarray:
    """The pelvis above the floor (T,): the lowest standing sole is on it; in flight what is thrown falls."""
    # Of both feet, whichever stands: a foot set down must not lift the body in one frame.
    feet = soles[..., 1].min(axis=(1, 2))
    on_floor = BALL_HEIGHT - np.minimum(positions[..., 1].min(axis=1), feet)
    stands = np.any(standing > 0, axis=1)
    height = np.where(stands, BALL_HEIGHT - feet, on_floor)
    known = stands | _longer(stands, _LONGEST_FLIGHT, fps)
    of_centre = _filled((height + centre)[:, None], known)[:, 0]
    flying = of_centre + _rise(of_centre, known, fps) - centre
    # No part of the body goes through the floor.
    return np.asarray(np.where(known, height, np.maximum(flying, on_floor)))


def _rise(height: np.ndarray, known: np.ndarray, fps: float) -> np.ndarray:
    """Metres (T,) that a body flies above the straight line from take-off to landing, between `known` frames.

    Gravity's parabola, as far as the centre of mass at `height` (T,) changes its speed between the two by what
    gravity would: a contact that was merely missed makes nobody hop.
    """
    if len(known) < 5:
        return np.zeros(len(known))  # too short to see a speed before and after
    frames = np.arange(len(known))
    takeoff = np.maximum.accumulate(np.where(known, frames, -1))
    landing = np.minimum.accumulate(np.where(known, frames, len(frames))[::-1])[::-1]
    inner = ~known & (takeoff >= 2) & (landing < len(frames) - 2)
    first, last = np.where(inner, takeoff, 2), np.where(inner, landing, 0)
    after, before = np.minimum(last + 2, len(frames) - 1), first - 2
    braked = (height[first] - height[before] - height[after] + height[last]) * (fps / 2)
    seconds = np.where(inner, last - first, 1) / fps
    share = np.clip(braked / (_GRAVITY * seconds), 0.0, 1.0)
    time = (frames - first) / fps
    return np.asarray(np.where(inner, share * _GRAVITY / 2 * time * (seconds - time), 0.0))


def _longer(known: np.ndarray, seconds: float, fps: float) -> np.ndarray:
    """Where in (T,) the stretch without `known` is longer than `seconds`, or all there is."""
    frames = np.arange(len(known))
    before = np.maximum.accumulate(np.where(known, frames, -1))
    after = np.minimum.accumulate(np.where(known, frames, len(frames))[::-1])[::-1]
    return np.asarray(~known & ((after - before - 1 > seconds * fps) | (not known.any())))


def _filled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """`values` (T, n) where `known`, straight lines between, the ends held; zeros where nothing is known."""
    if not known.any():
        return np.zeros_like(values)
    frames = np.arange(len(values))
    return np.stack([np.interp(frames, frames[known], column[known]) for column in values.T], axis=1)


def _around(values: np.ndarray, known: np.ndarray, fps: float) -> np.ndarray:
    """The mean of `values` (T, n) over the `known` frames (T,) around each, a Gaussian's worth; 0 where none is."""
    if not len(values):
        return values  # one frame makes no step
    width = max(_AROUND * fps, 0.1)
    reach = max(1, round(3 * width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    columns = [np.where(known, column, 0.0) for column in values.T]
    sums = [np.convolve(np.pad(column, reach), kernel, mode="valid") for column in (*columns, known.astype(float))]
    return np.asarray(np.stack(sums[:-1], axis=1) / np.maximum(sums[-1], 1e-12)[:, None])
