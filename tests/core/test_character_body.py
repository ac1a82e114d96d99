"""A character's body as a skeleton of ours: its own lengths in our T-pose, whatever it rests in and is measured in."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from rigs import A_POSE, JOINTS, MAPPING, RELAXED, about, motion_of, placed, posed_heads, rig_in

from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.errors import InputError
from posenorm_core.retargeting.body import body_of
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.retarget import retarget


@pytest.mark.parametrize("pose", [{}, A_POSE, RELAXED], ids=["T", "A", "relaxed"])
def test_the_body_of_the_condition_skeleton_is_the_condition_skeleton(pose: dict[str, np.ndarray]) -> None:
    body = body_of(rig_in(pose), MAPPING)
    # The doll's head bone ends anywhere.
    known = [number for number, name in enumerate(JOINTS) if name != "head"]
    assert_allclose(body.offsets[known], CONDITION_SKELETON.offsets[known], atol=1e-9)


def test_axes_units_and_place_of_the_armature_do_not_matter() -> None:
    rig = rig_in(A_POSE)
    moved = placed(rig, about("x", 90), 100.0, np.array([5.0, 6.0, 7.0]))
    assert_allclose(body_of(moved, MAPPING, 0.01).offsets, body_of(rig, MAPPING).offsets, atol=1e-9)


def test_a_motion_on_the_body_stands_where_the_character_does_when_it_is_retargeted() -> None:
    """The limbs' ends, not only their directions: what normalizing onto one's own character is for."""
    rig = rig_in(A_POSE)
    heads = rig.heads.copy()
    heads[:, 0] *= 1.3  # broader, so that every limb's length is another
    rig = replace(rig, heads=heads, tails=rig.tails + heads - rig.heads)
    motion = replace(motion_of("throw"), skeleton=body_of(rig, MAPPING))
    found = posed_heads(rig, retarget(motion, rig, MAPPING))
    expected = motion.positions()
    assert_allclose(found - found[:, :1], expected - expected[:, :1] + 0 * found, atol=2e-5)


def test_what_is_missing_or_has_no_length_is_told() -> None:
    bones = {part: names for part, names in MAPPING.bones.items() if part not in ("left_shin", "head")}
    with pytest.raises(InputError, match="no bone for head, left shin"):
        body_of(rig_in(), BoneMapping("x", bones))
    rig = rig_in()
    heads = rig.heads.copy()
    heads[JOINTS.index("left_wrist")] = heads[JOINTS.index("left_elbow")]
    with pytest.raises(InputError, match="left forearm has no length"):
        body_of(replace(rig, heads=heads), MAPPING)
