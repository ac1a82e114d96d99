"""The lengths and places of a rig's body that a mannequin is made by, in the body frame, and how its trunk bends."""

import numpy as np

from posenorm_core import quaternion
from posenorm_core.arrays import unit
from posenorm_core.errors import InputError
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.parts import SIDES
from posenorm_core.retargeting.rest_alignment import leg_length
from posenorm_core.retargeting.rig import Rig

from . import mannequin_proportions as share

UP, FRONT = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
# Half of what lies between two joints of the spine, at most, bends with the joint; the rest goes with its bone.
_BEND = 0.5
# Shoulders go with the chain's bone that is this share of their way out higher up: arms hang there.
_RAISED = 0.45


class MannequinBody:
    """Where a rig's parts are at rest, in the body frame and the rig's units."""

    def __init__(self, rig: Rig, mapping: BoneMapping, axes: np.ndarray) -> None:
        """`axes` (4,) turns the body frame to the rig's. Raises InputError where the rig shows no trunk."""
        self.rig, self.mapping = rig, mapping
        to_body = quaternion.inverse(axes)
        self._heads = np.asarray(quaternion.rotate(to_body, rig.heads))
        self._tails = np.asarray(quaternion.rotate(to_body, rig.tails))
        head = self.at("head")
        hips, self.half_hips = self._pair("thigh")
        shoulders, self.half_shoulders = self._pair("upper_arm")
        hips = self.at("hips") if hips is None else hips
        if shoulders is None and head is not None and hips is not None:
            shoulders = hips + 0.8 * (head - hips)
        if hips is None or shoulders is None or shoulders[1] <= hips[1]:
            raise InputError(f"{rig.name}: shows no trunk; name the bones of its thighs (or hips) and upper arms")
        self.hips, self.shoulders = hips, shoulders
        self.trunk = float(shoulders[1] - hips[1])
        self.half_hips = self.half_hips or 0.2 * self.trunk
        self.half_shoulders = self.half_shoulders or 0.34 * self.trunk
        self.neck = shoulders + 0.26 * self.trunk * UP if head is None else head
        self.head_height = self._head_height()

    def at(self, part: str) -> np.ndarray | None:
        """Where the bone of a part begins (3)."""
        bone = self.mapping.bone(part)
        return None if bone is None else np.asarray(self._heads[self.rig.numbers[bone]])

    def limb(self, side: str, parts: tuple[str, str, str]) -> np.ndarray | None:
        """Where a limb's three joints are (3, 3); None where one is missing."""
        places = [place for part in parts if (place := self.at(f"{side}_{part}")) is not None]
        return np.array(places) if len(places) == len(parts) else None

    def foot(self, side: str) -> tuple[np.ndarray, float, float]:
        """Where a foot points (3), how far it is from ankle to ball, and how high the ankle is above the sole."""
        ankle, ball = self.at(f"{side}_foot"), self.at(f"{side}_toes")
        way = share.FOOT_LENGTH * self.leg * FRONT
        if ankle is not None and ball is not None and np.linalg.norm((ball - ankle)[[0, 2]]) > 0.05 * self.leg:
            way = (ball - ankle) * [1.0, 0.0, 1.0]
        length = float(np.linalg.norm(way))
        lowest, highest = np.array(share.ANKLE_HEIGHT) * length
        height = 0.0 if ankle is None else float(np.clip(ankle[1] - self.floor, lowest, highest))
        return np.asarray(unit(way)), length, height

    @property
    def leg(self) -> float:
        """The length of a leg."""
        return leg_length(self.rig, self.mapping) or 1.73 * self.trunk

    @property
    def floor(self) -> float:
        """How high the floor is: at the armature's origin if that is at the feet, else at the feet's lowest joint."""
        places = [self.at(f"{side}_{part}") for side in SIDES for part in ("foot", "toes")]
        lowest = min((float(place[1]) for place in places if place is not None), default=0.0)
        return 0.0 if 0 <= lowest < 0.15 * self.leg else lowest

    def trunk_point(self, level: float) -> np.ndarray:
        """The middle of the trunk at a level: 0 hips, 1 shoulders, 2 the head's joint, straight on beyond."""
        if level <= 1:
            return np.asarray(self.hips + level * (self.shoulders - self.hips))
        return np.asarray(self.shoulders + (level - 1) * (self.neck - self.shoulders))

    def trunk_weights(self, vertices: np.ndarray) -> dict[str, np.ndarray]:
        """Each bone's weights (V,) for the trunk's vertices (V, 3), blended about the joints of the spine's chain."""
        chain = self._chain()
        places = np.array([self._heads[self.rig.numbers[bone]][1] for bone in chain])
        away = np.clip(np.abs(vertices[:, 0] - self.shoulders[0]) - 0.3 * self.half_shoulders, 0, None)
        heights = vertices[:, 1] + np.where(vertices[:, 1] > self._chest, _RAISED * away, 0.0)
        above = [np.ones(len(vertices))]
        for number in range(1, len(chain)):
            around = [places[number] - places[number - 1], *np.diff(places[number : number + 2])]
            half = max(_BEND * min(around), 1e-6)
            above.append(_smooth((heights - places[number]) / half))
        above.append(np.zeros(len(vertices)))
        # A chain's joints are in order, yet of two close ones the blends may cross.
        reached = np.minimum.accumulate(above, axis=0)
        weights = dict(zip(chain, reached[:-1] - reached[1:], strict=True))
        return self._with_clavicles(vertices, weights)

    @property
    def _chest(self) -> float:
        """The height above which the shoulders' weight counts."""
        return float(self.hips[1] + 0.6 * self.trunk)

    def _chain(self) -> list[str]:
        """The bones from the hips to the head, each higher than the one before."""
        names = [bone for part in ("hips", "spine", "neck", "head") for bone in self.mapping.bones.get(part, ())]
        chain: list[str] = []
        for name in names or [self._fallback()]:
            if not chain or self._height(name) > self._height(chain[-1]):
                chain.append(name)
        return chain

    def _fallback(self) -> str:
        """What carries the trunk of a rig without a spine of its own: the root."""
        return self.rig.bone_names[0]

    def _height(self, bone: str) -> float:
        return float(self._heads[self.rig.numbers[bone]][1])

    def _with_clavicles(self, vertices: np.ndarray, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Gives the shoulders' outer part to the collar bones, where the rig has them."""
        for side, sign in (("left", 1.0), ("right", -1.0)):
            bone = self.mapping.bone(f"{side}_clavicle")
            if bone is not None:
                outward = sign * (vertices[:, 0] - self.shoulders[0]) / self.half_shoulders
                level = (vertices[:, 1] - self.hips[1]) / self.trunk
                taken = _smooth((outward - 0.65) / 0.3) * _smooth((level - 0.9) / 0.15)
                weights = {name: values * (1 - taken) for name, values in weights.items()} | {bone: taken}
        return weights

    def _head_height(self) -> float:
        """From the head's joint to its top: by its bone's end if that is likely, for importers make ends up."""
        usual = share.USUAL_HEAD * float(self.neck[1] - self.hips[1])
        bone = self.mapping.bone("head")
        if bone is None:
            return usual
        height = float(self._tails[self.rig.numbers[bone]][1] - self.neck[1])
        least, most = share.HEAD_HEIGHT
        return height if least * usual < height < most * usual else usual

    def _pair(self, part: str) -> tuple[np.ndarray | None, float]:
        """The middle of both sides' bones (3), and half the way between them."""
        left, right = self.at(f"left_{part}"), self.at(f"right_{part}")
        if left is None or right is None:
            return None, 0.0
        return np.asarray((left + right) / 2), float(np.linalg.norm(left - right) / 2)


def _smooth(x: np.ndarray) -> np.ndarray:
    """From 0 at −1 to 1 at 1, without a kink."""
    t = np.clip((x + 1) / 2, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))
