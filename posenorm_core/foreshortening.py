"""How far a limb reaches towards the camera or away from it, read off how much shorter it is drawn than it is.

The network trusts no bone to have any length: its training draws bodies at random, and it sees one second. The
frames around show each bone from many sides, and with the network's rotations their drawn lengths tell, robustly,
the body's proportions and the person's size in each frame. With these a limb's drawn length tells its depth, but
for the sign, which stays the network's. A limb is moved as far as its length is surer than the network is.
"""

import numpy as np

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, MIRROR, PARENTS
from posenorm_core.kinematics import global_rotations

# Limbs from the trunk outwards: the joint that turns the upper bone, that of the lower bone, and where this ends.
_LIMBS = [
    [JOINT_NAMES.index(f"{side}_{part}") for part in parts]
    for side in ("right", "left")
    for parts in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist"))
]
# The limbs' bones, upper and lower in turn: the joints that turn them, the joints where they end.
_JOINTS = [joint for limb in _LIMBS for joint in limb[:2]]
_ENDS = [joint for limb in _LIMBS for joint in limb[1:]]
_OPPOSITE = [_JOINTS.index(MIRROR[joint]) for joint in _JOINTS]
_FEET = [JOINT_NAMES.index(f"{side}_ankle") for side in ("right", "left")]
_LOCAL = _JOINTS + _FEET
# All in single precision: a hundredth of a degree is nobody's business here, and it is half the work.
_OFFSETS = CONDITION_SKELETON.offsets[_ENDS].astype(np.float32)
_LENGTHS = np.linalg.norm(_OFFSETS, axis=-1)
_DIRECTIONS = _OFFSETS / _LENGTHS[:, None]
_LOG_LENGTHS = np.log(_LENGTHS)

# Frames at 30 frames/s on either side: over which the body is measured, over which the person's size in the picture
# is, and over which a limb's move is evened out.
_BODY, _SIZE, _MOVE = 45, 8, 3
# How many frames of a bone parallel to the picture the condition skeleton's proportions are worth.
_PRIOR = 10.0
# Of a bone parallel to the picture: how far its drawn length is off, as a share of it, and, where it is off by more
# than that much (as a logarithm), it counts less: it was another's limb, or the network's depth is wrong.
_LENGTH_ERROR, _OUTLIER = 0.08, 0.15
# The error of a bone's depth, as a share of the error that the network expects of its rotation.
_DEPTH_ERROR = 0.7
# Bones within about 17° of the picture (the squared tangent of it) tell lengths alike.
_NEARLY_PARALLEL = 0.1
_ROUNDS, _STEPS, _STEEPEST = 4, 4, np.float32(np.radians(85))
# The bend (its sine, squared) at which half of a limb's twist follows the plane that it bends in.
_HALF_BENT = 0.03


def with_depth_from_lengths(
    rotations: np.ndarray, doubt: np.ndarray, points: np.ndarray, confidence: np.ndarray
) -> np.ndarray:
    """The rotations (T, 19, 4) with arms and legs as deep as their drawn lengths say.

    Args:
        rotations: in the view frame, at 30 frames/s.
        doubt: (T, 19) radians, how far off each rotation is expected to be.
        points: (T, 24, 2) landmarks at any scale; only their distances are used.
        confidence: (T, 24) 0 where a landmark is missing: its bones stay as they are.
    """
    rotations, doubt, points, confidence = (v.astype(np.float32) for v in (rotations, doubt, points, confidence))
    turned = global_rotations(rotations, PARENTS)
    bones = quaternion.rotate(turned[:, _JOINTS], _DIRECTIONS)
    depth = np.arcsin(np.clip(bones[..., 2], -1, 1))
    drawn = np.linalg.norm(points[:, _ENDS] - points[:, _JOINTS], axis=-1)
    trust = np.minimum(confidence[:, _ENDS], confidence[:, _JOINTS]) * (drawn > 0)
    shown = drawn / np.exp(_full_lengths(drawn, depth, trust))
    moved = _weighed(depth, shown, _DEPTH_ERROR * doubt[:, _JOINTS], trust)
    depth += _averaged(moved - depth, np.ones_like(depth), _MOVE)
    towards = _at_depth(bones, depth)
    turn = _bending_in_plane(quaternion.between(bones, towards), bones, towards)
    return _with_turned(rotations, turned, quaternion.multiply(turn, turned[:, _JOINTS]))


def _full_lengths(drawn: np.ndarray, depth: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """The logarithm of the length that each bone would have parallel to the picture (T, 8), as robustly as it goes.

    That length is the person's size in the frame times the bone's share of the body; both are found in turn, from
    drawn lengths `drawn` at the depths (radians) the network says, each trusted by `trust` (all (T, 8)).
    """
    whole = np.log(np.maximum(drawn, 1e-9)) - np.log(np.maximum(np.cos(depth), 0.1))
    weight = trust / (np.tan(depth) ** 2 + _NEARLY_PARALLEL)
    body, counted = np.broadcast_to(_LOG_LENGTHS, whole.shape), weight
    for _ in range(_ROUNDS):
        total = counted.sum(axis=1, keepdims=True)
        size = _averaged(((whole - body) * counted).sum(axis=1, keepdims=True), total, _SIZE, sums=True)
        body = _body(whole - size, counted)
        counted = weight / (1 + ((whole - size - body) / _OUTLIER) ** 2)
    return np.asarray(size + body)


def _body(lengths: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The bones' lengths as logarithms (T, 8) around each frame: left as right, and as usual while little is seen."""
    excess = (lengths - _LOG_LENGTHS) * weight
    sums, weights = (_sliding_sums(v + v[:, _OPPOSITE], _BODY) for v in (excess, weight))
    return np.asarray(_LOG_LENGTHS + sums / (weights + _PRIOR))


def _weighed(depth: np.ndarray, shown: np.ndarray, error: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """The most likely depth (T, 8) of bones that the network sees at `depth` ± `error`, drawn `shown` of their length.

    The least squares of both, by a few steps of Gauss and Newton from half-way between; towards the camera or away
    from it is the network's word.
    """
    said = np.abs(depth)
    most = np.maximum(said, _STEEPEST)
    ruler = trust * (error / _LENGTH_ERROR) ** 2
    angle = (said + np.arccos(np.clip(shown, 0, 1))) / 2
    for _ in range(_STEPS):
        sine = np.sin(angle)
        slope = angle - said - ruler * (np.cos(angle) - shown) * sine
        angle = np.clip(angle - slope / (1 + ruler * sine * sine), 0, most)
    return np.where(trust > 0, np.copysign(angle, depth), depth)


def _at_depth(bones: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Directions (T, 8, 3) drawn as before and as steep as `depth` (T, 8) says."""
    flat = bones[..., :2] / np.maximum(np.linalg.norm(bones[..., :2], axis=-1, keepdims=True), 1e-9)
    return np.concatenate([flat * np.cos(depth)[..., None], np.sin(depth)[..., None]], axis=-1)


def _bending_in_plane(turn: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The turns (T, 8, 4) with a twist on top by which elbows and knees stay hinges.

    Both bones of a limb follow the plane that they bend in, the less the straighter the limb is; `before` and `after`
    (T, 8, 3) are their directions.
    """
    hinge, towards = (_pairs(np.cross(bones[:, ::2], bones[:, 1::2])) for bones in (before, after))
    carried = quaternion.rotate(turn, hinge)
    sine = (np.cross(carried, towards) * after).sum(axis=-1)
    cosine = (carried * towards).sum(axis=-1) - (carried * after).sum(axis=-1) * (towards * after).sum(axis=-1)
    bend = np.linalg.norm(hinge, axis=-1) * np.linalg.norm(towards, axis=-1)
    # A limb that bends the other way than before has passed through straight: that is no twist.
    angle = np.where(cosine > 0, np.arctan2(sine, cosine), 0) * bend / (bend + _HALF_BENT)
    return np.asarray(quaternion.multiply(quaternion.from_axis_angle(after, angle), turn))


def _pairs(values: np.ndarray) -> np.ndarray:
    """A value for each limb (T, 4, 3), told of both of its bones (T, 8, 3)."""
    return np.repeat(values, 2, axis=1)


def _with_turned(rotations: np.ndarray, turned: np.ndarray, limbs: np.ndarray) -> np.ndarray:
    """Local rotations (T, 19, 4) with the limbs' joints turned to `limbs` (T, 8, 4), and the feet where they were."""
    turned = turned.copy()
    turned[:, _JOINTS] = limbs
    above = turned[:, [PARENTS[joint] for joint in _LOCAL]]
    local = rotations.copy()
    local[:, _LOCAL] = quaternion.multiply(quaternion.inverse(above), turned[:, _LOCAL])
    return local


def _averaged(values: np.ndarray, weight: np.ndarray, reach: int, sums: bool = False) -> np.ndarray:
    """Means of `values` (T, n), or of sums that are weighted already, over `reach` frames on either side."""
    total = values if sums else values * weight
    return np.asarray(_sliding_sums(total, reach) / np.maximum(_sliding_sums(weight, reach), 1e-9))


def _sliding_sums(values: np.ndarray, reach: int) -> np.ndarray:
    """Sums (T, n) over `reach` frames on either side, the nearer ones counting more (Hann)."""
    window = np.hanning(2 * reach + 3)[1:-1].astype(np.float32)
    padded = np.pad(values, ((reach, reach), (0, 0)))
    return np.stack([np.convolve(column, window, "valid") for column in padded.T], axis=1)
