"""The parts of a body that bones stand for, the same for every rig, and which of our joints turns each.

Spine and neck are chains: a rig has one bone for them or five. Hands and toes mark where forearm and foot end and
go with them as at rest, for no joint of ours turns them.
"""

SIDES = ("left", "right")
_LIMBS = ("clavicle", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toes")
CHAINS = ("spine", "neck")
PARTS = ("hips", *CHAINS, "head", *(f"{side}_{part}" for side in SIDES for part in _LIMBS))

# The joint whose rotation a part takes; the chains and the clavicles share out what lies between two joints.
TURNED_BY = {
    "hips": "pelvis",
    "spine": "thorax",
    "neck": "thorax",
    "head": "neck",
    **{
        f"{side}_{part}": f"{side}_{joint}" if joint != "thorax" else joint
        for side in SIDES
        for part, joint in (
            ("clavicle", "thorax"),
            ("upper_arm", "shoulder"),
            ("forearm", "elbow"),
            ("thigh", "hip"),
            ("shin", "knee"),
            ("foot", "ankle"),
        )
    },
}
FOLLOWS = {
    f"{side}_{part}": f"{side}_{above}" for side in SIDES for part, above in (("hand", "forearm"), ("toes", "foot"))
}
# The part at which a limb's bone ends, where the rig has it.
END_OF = {
    f"{side}_{part}": f"{side}_{end}"
    for side in SIDES
    for part, end in (
        ("clavicle", "upper_arm"),
        ("upper_arm", "forearm"),
        ("forearm", "hand"),
        ("thigh", "shin"),
        ("shin", "foot"),
        ("foot", "toes"),
    )
}
# Missing, these are no loss worth a word.
_SPARE = ("hand", "toes", "clavicle", "neck")


def title(part: str) -> str:
    """The part as a person says it: "left upper arm"."""
    return part.replace("_", " ")


def is_missed(part: str) -> bool:
    """Whether a rig that has no bone for `part` shows less of the motion."""
    return not part.endswith(_SPARE)
