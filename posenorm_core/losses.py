"""The paper's losses (section 3.2) and the direct supervision that it lacks, for NumPy and torch alike.

All are means over frames and joints, so that a weight means the same for every batch. The paper writes
`‖·‖2`: positions are taken by their distance (metres), rotations by the squared chord, which is smooth at zero.
"""

from posenorm_core import quaternion
from posenorm_core.arrays import Array, array_namespace, dot

# Added under the root, so that the gradient of a distance of zero is zero and not undefined.
_TINY = 1e-12


def reconstruction_loss(positions: Array, truth: Array) -> Array:
    """L_recon, and L_cycle with the cycle's positions: mean distance in metres of (…, J, 3) to (…, J, 3)."""
    xp = array_namespace(positions, truth)
    difference = positions - truth
    return xp.mean(xp.sqrt(dot(difference, difference) + _TINY))


def rotation_consistency_loss(rotations: Array, again: Array) -> Array:
    """L_jrc: mean of ‖θ − θ̂‖², q and -q being one rotation: the nearer sign counts. (…, 4), (…, 4) -> ()."""
    xp = array_namespace(rotations, again)
    return xp.mean(2 - 2 * xp.abs(dot(rotations, again)))


def foot_contact_loss(feet: Array, contacts: Array) -> Array:
    """L_fc: mean squared displacement (m²) from frame to frame of the feet that stand.

    `feet` (…, T, F, 3) in a frame that does not move with the body; `contacts` (…, T, F) 1 where the foot
    stands. A displacement counts where the foot stands in both frames.
    """
    xp = array_namespace(feet, contacts)
    moved = feet[..., 1:, :, :] - feet[..., :-1, :, :]
    standing = contacts[..., 1:, :] * contacts[..., :-1, :]
    return xp.sum(dot(moved, moved)[..., 0] * standing) / xp.clip(xp.sum(standing), 1.0, None)


def rotation_loss(rotations: Array, truth: Array) -> Array:
    """Direct supervision: mean geodesic angle in radians of (…, 4) to (…, 4)."""
    return array_namespace(rotations).mean(quaternion.geodesic_angle(rotations, truth))


def contact_loss(probability: Array, contacts: Array) -> Array:
    """Mean binary cross entropy of the probability (…, F) that a foot stands and whether it does (…, F), 0 or 1."""
    xp = array_namespace(probability)
    right = contacts * probability + (1 - contacts) * (1 - probability)
    return -xp.mean(xp.log(xp.clip(right, 1e-6, None)))


def direction_loss(directions: Array, truth: Array, counts: Array) -> Array:
    """Mean length of the chord between unit vectors (…, 3) and (…, 3), where `counts` (…) is true."""
    xp = array_namespace(directions)
    difference = directions - truth
    chord = xp.sqrt(dot(difference, difference) + _TINY)[..., 0]
    weight = xp.astype(xp.broadcast_to(counts, chord.shape), chord.dtype)
    return xp.sum(chord * weight) / xp.clip(xp.sum(weight), 1.0, None)


def doubt_loss(doubt: Array, off: Array) -> Array:
    """Negative log likelihood of being `off` (…) by so much where the mean is told to be `doubt` (…), both radians.

    Of the exponential distribution: least where `doubt` is the mean of `off`.
    """
    xp = array_namespace(doubt)
    return xp.mean(off / doubt + xp.log(doubt))
