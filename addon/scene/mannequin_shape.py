"""The shape of a mannequin for any humanoid rig: closed pieces around its bones, in proportion to their lengths.

Told in the body frame (+Y up, +Z front, +X left) where the rig stands at rest. Limbs are tapered pieces with round
ends of the same size on both sides of a joint, each rigid: however far a knee bends, a ball of the knee's size shows.
Trunk and neck are one piece that bends with the spine's chain. NumPy alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from posenorm_core import quaternion
from posenorm_core.arrays import unit
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.parts import SIDES
from posenorm_core.retargeting.rest_alignment import body_axes
from posenorm_core.retargeting.rig import Rig

from . import mannequin_proportions as share
from .mannequin_body import FRONT, UP, MannequinBody

_AROUND_TRUNK, _AROUND_HEAD, _AROUND_LIMB, _AROUND_HAND, _AROUND_THUMB = 18, 16, 12, 10, 6
# Sections are fuller than ellipses, by this exponent (a superellipse): a trunk is no barrel, a sole no roll.
_TRUNK_FULL, _ROUND, _HAND_FULL, _SOLE_FULL = 2.4, 2.0, 2.6, 3.0
# A limb's round end: the sine of how far beyond the joint its sections are.
_CAP = np.radians([55.0, 25.0])


@dataclass
class Shape:
    """Vertices (V, 3), faces (each the numbers of 3 or 4 vertices, outward), and each bone's weights (V,)."""

    vertices: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    faces: list[tuple[int, ...]] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, vertices: np.ndarray, around: int, weights: Mapping[str, np.ndarray | float]) -> None:
        """A closed piece: a point, rings of `around` points each, and a point again; with the weights of its bones."""
        faces = _faces((len(vertices) - 2) // around, around)
        if _volume(vertices, faces) < 0:
            faces = [face[::-1] for face in faces]
        before, count = len(self.vertices), len(vertices)
        self.vertices = np.concatenate([self.vertices, vertices])
        self.faces += [tuple(before + corner for corner in face) for face in faces]
        for bone in {**self.weights, **weights}:
            old = self.weights.get(bone, np.zeros(before))
            self.weights[bone] = np.concatenate([old, np.broadcast_to(weights.get(bone, 0.0), count)])


def mannequin_shape(rig: Rig, mapping: BoneMapping) -> Shape:
    """The mannequin of `rig` in its own axes and units; parts that the mapping lacks are left out.

    Raises InputError where the rig shows no trunk.
    """
    mapping = mapping.on(rig)
    axes = body_axes(rig, mapping)
    body = MannequinBody(rig, mapping, axes)
    shape = Shape()
    _add_trunk(shape, body)
    _add_head(shape, body)
    for side in SIDES:
        _add_limb(shape, body, side, ("upper_arm", "forearm", "hand"))
        _add_limb(shape, body, side, ("thigh", "shin", "foot"))
        _add_hand(shape, body, side)
        _add_foot(shape, body, side)
    shape.vertices = np.asarray(quaternion.rotate(axes, shape.vertices))
    return shape


def _add_trunk(shape: Shape, body: MannequinBody) -> None:
    """Pelvis, belly, chest, shoulders and neck in one piece."""
    levels, half_hips, half_shoulders, front, back = np.array(share.TRUNK).T
    girth = (body.half_hips + body.half_shoulders) / 2
    across = half_hips * body.half_hips + half_shoulders * body.half_shoulders
    centres = np.array([body.trunk_point(level) for level in levels])
    ends = [body.trunk_point(level) for level in share.TRUNK_ENDS]
    rings = _upright_rings(centres, across, front * girth, back * girth, _AROUND_TRUNK)
    vertices = _piece(ends[0], rings, ends[1])
    shape.add(vertices, _AROUND_TRUNK, body.trunk_weights(vertices))


def _add_head(shape: Shape, body: MannequinBody) -> None:
    """A head with jaw, brow and nose, so that one sees where it looks."""
    bone = body.mapping.bone("head")
    if bone is None:
        return
    levels, across, front, back, nose = np.array(share.HEAD).T * body.head_height
    centres = body.neck + levels[:, None] * UP
    # The middle of a section between how far it reaches to the front and to the back: below the jaw, not at the neck.
    centres += ((front - back) / 2)[:, None] * FRONT
    depth = (front + back) / 2
    rings = _upright_rings(centres, across, depth, depth, _AROUND_HEAD)
    rings[:, 0] += nose[:, None] * FRONT
    ends = [body.neck + body.head_height * (height * UP + ahead * FRONT) for height, ahead in share.HEAD_ENDS]
    shape.add(_piece(ends[0], rings, ends[1]), _AROUND_HEAD, {bone: 1.0})


def _add_limb(shape: Shape, body: MannequinBody, side: str, parts: tuple[str, str, str]) -> None:
    """An arm's or a leg's two rigid pieces, round at both ends."""
    limb = body.limb(side, parts)
    if limb is None:
        return
    length = float(np.linalg.norm(np.diff(limb, axis=0), axis=1).sum())
    for part, start, end in zip(parts, limb[:-1], limb[1:], strict=False):
        bone = body.mapping.bones[f"{side}_{part}"][0]
        table = np.array(share.LIMBS[part]) * [1.0, length, length, length]
        bone_length = float(np.linalg.norm(end - start))
        if bone_length > 0:
            shape.add(_capsule(start, end, table), _AROUND_LIMB, {bone: 1.0})


def _capsule(start: np.ndarray, end: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The vertices of a limb's piece; `table` has the share of the way, half the width and depth, and shift."""
    along = np.asarray(unit(end - start))
    length = float(np.linalg.norm(end - start))
    way, across, depth, shift = table.T
    way = way * length
    first, last = across[0], across[-1]
    way = np.concatenate([way[0] - first * np.sin(_CAP), way, way[-1] + last * np.sin(_CAP[::-1])])
    round_end = np.cos(_CAP)
    across = np.concatenate([first * round_end, across, last * round_end[::-1]])
    depth = np.concatenate([depth[0] * round_end, depth, depth[-1] * round_end[::-1]])
    shift = np.concatenate([[0, 0], shift, [0, 0]])
    ahead = np.asarray(unit(FRONT - (FRONT @ along) * along + 1e-9 * UP))
    centres = start + way[:, None] * along + shift[:, None] * ahead
    rings = _rings(centres, np.cross(along, ahead), across, ahead, depth, depth, _AROUND_LIMB, _ROUND)
    return _piece(start - first * along, rings, end + last * along)


def _add_hand(shape: Shape, body: MannequinBody, side: str) -> None:
    """A flat, slightly bent hand with a thumb, which shows how the forearm is turned."""
    bone, forearm, wrist = body.mapping.bone(f"{side}_hand"), body.at(f"{side}_forearm"), body.at(f"{side}_hand")
    if bone is None or forearm is None or wrist is None or np.allclose(forearm, wrist):
        return
    along = np.asarray(unit(wrist - forearm))
    length = share.HAND_LENGTH * float(np.linalg.norm(wrist - forearm))
    thumb_side = np.asarray(unit(FRONT - (FRONT @ along) * along + 1e-9 * UP))
    palm = np.cross(along, thumb_side) * (1.0 if side == "left" else -1.0)
    way, across, thickness, shift = np.array(share.HAND).T * length
    centres = wrist + way[:, None] * along + shift[:, None] * palm
    rings = _rings(centres, thumb_side, across, palm, thickness, thickness, _AROUND_HAND, _HAND_FULL)
    tip = wrist + length * (along + share.FINGER_BEND * palm)
    shape.add(_piece(wrist, rings, tip), _AROUND_HAND, {bone: 1.0})
    ends = [wrist + length * (ahead * along + aside * thumb_side) for ahead, aside in share.THUMB_ENDS]
    way, radius = np.array(share.THUMB).T
    axis = ends[1] - ends[0]
    centres = ends[0] + way[:, None] * axis
    radius = radius * length
    rings = _rings(centres, np.cross(unit(axis), palm), radius, palm, radius, radius, _AROUND_THUMB, _ROUND)
    shape.add(_piece(ends[0] - 0.1 * axis, rings, ends[1]), _AROUND_THUMB, {bone: 1.0})


def _add_foot(shape: Shape, body: MannequinBody, side: str) -> None:
    """A flat foot from the heel to the toes, which bend at the ball."""
    bone, ankle = body.mapping.bone(f"{side}_foot"), body.at(f"{side}_foot")
    if bone is None or ankle is None:
        return
    ahead, length, height = body.foot(side)
    way, across, top = np.array(share.FOOT).T
    sole = ankle - height * UP
    half = top * height / 2
    centres = sole + (way * length)[:, None] * ahead + half[:, None] * UP
    rings = _rings(centres, np.cross(UP, ahead), across * length, UP, half, half, _AROUND_LIMB, _SOLE_FULL)
    ends = [sole + way * length * ahead + 0.3 * height * UP for way in share.FOOT_ENDS]
    vertices = _piece(ends[0], rings, ends[1])
    toes = body.mapping.bone(f"{side}_toes")
    if toes is None:
        shape.add(vertices, _AROUND_LIMB, {bone: 1.0})
        return
    past_ball = ((vertices - sole) @ ahead / length > share.BALL).astype(np.float64)
    shape.add(vertices, _AROUND_LIMB, {bone: 1 - past_ball, toes: past_ball})


def _upright_rings(
    centres: np.ndarray, across: np.ndarray, front: np.ndarray, back: np.ndarray, count: int
) -> np.ndarray:
    """Level sections (R, count, 3) of trunk and head; the first point of each is the foremost."""
    return _rings(centres, np.array([1.0, 0.0, 0.0]), across, FRONT, front, back, count, _TRUNK_FULL)


def _rings(
    centres: np.ndarray,
    side: np.ndarray,
    across: np.ndarray,
    ahead: np.ndarray,
    front: np.ndarray,
    back: np.ndarray,
    count: int,
    fullness: float,
) -> np.ndarray:
    """Superellipses (R, count, 3) about `centres` (R, 3), from half-widths along `side` and depths along `ahead`."""
    angle = np.arange(count) * (2 * np.pi / count)
    x, z = (np.sign(wave) * np.abs(wave) ** (2 / fullness) for wave in (np.sin(angle), np.cos(angle)))
    depth = np.where(z > 0, front[:, None], back[:, None]) * z
    return np.asarray(centres[:, None] + (across[:, None] * x)[..., None] * side + depth[..., None] * ahead)


def _piece(first: np.ndarray, rings: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The vertices (V, 3) of a piece in the order that `Shape.add` takes."""
    return np.concatenate([first[None], rings.reshape(-1, 3), last[None]])


def _faces(count: int, around: int) -> list[tuple[int, ...]]:
    """The faces of a piece of `count` rings: four-sided between them, triangles at the ends."""
    here, after = np.arange(around), (np.arange(around) + 1) % around
    last = 1 + count * around
    top = 1 + (count - 1) * around
    faces: list[tuple[int, ...]] = [(0, 1 + int(b), 1 + int(a)) for a, b in zip(here, after, strict=True)]
    for ring in range(count - 1):
        low = 1 + ring * around
        high = low + around
        faces += [(low + int(a), low + int(b), high + int(b), high + int(a)) for a, b in zip(here, after, strict=True)]
    return faces + [(last, top + int(a), top + int(b)) for a, b in zip(here, after, strict=True)]


def _volume(vertices: np.ndarray, faces: list[tuple[int, ...]]) -> float:
    """The volume within faces that turn outward; negative where they turn inward."""
    triangles = np.array([(face[0], face[k], face[k + 1]) for face in faces for k in range(1, len(face) - 1)])
    a, b, c = vertices[triangles[:, 0]], vertices[triangles[:, 1]], vertices[triangles[:, 2]]
    return float((a * np.cross(b, c)).sum() / 6)
