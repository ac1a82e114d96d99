"""Feet locked on a character whose legs are not ours: they stand where they stand, whatever its units and axes."""

from dataclasses import replace

import numpy as np
import pytest
from rigs import (
    A_POSE,
    JOINTS,
    LIMBS,
    MAPPING,
    about,
    degrees_off,
    directions,
    motion_of,
    placed,
    posed_heads,
    rig_in,
)

from posenorm_core.motion import with_orientation
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.retarget import RetargetOptions, retarget
from posenorm_core.retargeting.rig import Rig

OFF, AUTO = RetargetOptions(), RetargetOptions(feet="auto")
TOES = [JOINTS.index(name) for name in ("right_toe", "left_toe")]
ARMS = LIMBS[:2] + LIMBS[4:6]


def broad_rig() -> Rig:
    """Hips twice as broad, thighs a fifth shorter, shins as much longer."""
    rig = rig_in(A_POSE)
    heads = rig.heads.copy()
    for side, sign in (("left", 1), ("right", -1)):
        leg = [JOINTS.index(f"{side}_{joint}") for joint in ("hip", "knee", "ankle", "toe")]
        heads[leg, 0] += sign * 0.09
        heads[leg[1], 1] += 0.08
    return replace(rig, heads=heads, tails=rig.tails + heads - rig.heads)


def slide(heads: np.ndarray, contacts: np.ndarray) -> np.ndarray:
    """How far a standing foot's ball moves along the floor (N,) a frame, but for the frames at a stance's ends."""
    stands = contacts > 0.5
    inside = stands[2:-1] & stands[1:-2] & stands[:-3] & stands[3:]
    moved = np.linalg.norm(np.diff(heads[1:-1, TOES][..., [0, 2]], axis=0), axis=-1)
    return np.asarray(moved[inside])


def test_standing_feet_stay_on_a_body_of_other_proportions() -> None:
    motion, rig = motion_of("walk", 4.0), broad_rig()
    loose, locked = (posed_heads(rig, retarget(motion, rig, MAPPING, options)) for options in (OFF, AUTO))
    assert np.median(slide(loose, motion.contacts)) > 0.001
    assert np.median(slide(locked, motion.contacts)) < 0.0002
    floor = rig.heads[TOES, 1].min()
    assert locked[:, TOES, 1].min() > floor - 0.01
    assert degrees_off(directions(locked, ARMS), directions(motion.positions(), ARMS)) < 0.05


def test_axes_and_units_do_not_matter() -> None:
    motion, rig = motion_of("walk"), broad_rig()
    moved = placed(rig, about("x", 90), 100.0, np.array([1.0, 2.0, 3.0]))
    plain = posed_heads(rig, retarget(motion, rig, MAPPING, AUTO))
    found = posed_heads(moved, retarget(motion, moved, MAPPING, AUTO))
    turned = found - [1.0, 2.0, 3.0]
    np.testing.assert_allclose(
        np.stack([turned[..., 0], turned[..., 2], -turned[..., 1]], axis=-1) / 100, plain, atol=1e-5
    )


@pytest.mark.parametrize("orientation", ["unified", "view"])
def test_where_the_floor_is_not_known_feet_are_left_alone_and_it_is_said(orientation: str) -> None:
    motion = with_orientation(motion_of("walk"), orientation)
    plain, asked = (retarget(motion, rig_in(), MAPPING, options) for options in (OFF, AUTO))
    np.testing.assert_array_equal(plain.rotations, asked.rotations)
    assert any("Heading alone" in note for note in asked.notes)
    assert not plain.notes


@pytest.mark.parametrize("lacking", ["hips", "left_foot", "right_shin"])
def test_without_whole_legs_feet_are_left_alone_and_it_is_said(lacking: str) -> None:
    mapping = BoneMapping("x", {part: names for part, names in MAPPING.bones.items() if part != lacking})
    result = retarget(motion_of("walk"), rig_in(), mapping, AUTO)
    assert any("feet are not locked" in note for note in result.notes)


@pytest.mark.parametrize("frames", [0, 1])
def test_clips_of_no_and_one_frame(frames: int) -> None:
    motion = motion_of(seconds=1.0)
    arrays = ("rotations", "view_root", "root_position", "contacts", "confidence")
    motion = replace(motion, **{name: getattr(motion, name)[:frames] for name in arrays})
    assert len(retarget(motion, rig_in(), MAPPING, AUTO).rotations) == frames
