"""The families that training reads: those of the core, and the characters that come as `.glb`.

Adding a family is adding a row to FAMILIES, or to the core's where people have such files too.
"""

from posenorm_core.rigs import BVH_FAMILIES, Family, Point, rig_drivers, rig_points, sided

_QUATERNIUS_BASE = {
    **sided({"hip": "DEF-thigh.*", "knee": "DEF-shin.*", "ankle": "DEF-foot.*", "toe": "DEF-toe.*"}, "L", "R"),
    **sided({"shoulder": "DEF-upper_arm.*", "elbow": "DEF-forearm.*", "wrist": "DEF-hand.*"}, "L", "R"),
}
_QUATERNIUS_ADDON = {
    **sided({"hip": "thigh_*", "knee": "calf_*", "ankle": "foot_*", "toe": "ball_*"}, "l", "r"),
    **sided({"shoulder": "upperarm_*", "elbow": "lowerarm_*", "wrist": "hand_*"}, "l", "r"),
}

FAMILIES = (
    *BVH_FAMILIES,
    Family(
        "quaternius",
        ("DEF-hips", "DEF-spine.003", "DEF-upper_arm.L"),
        1.0,
        rig_points(_QUATERNIUS_BASE, "DEF-spine.002", "DEF-head", Point(("DEF-head",), (0.0, 0.2, 0.0))),
        rig_drivers(_QUATERNIUS_BASE, "DEF-hips", "DEF-spine.003", "DEF-head"),
        upright={
            "pelvis": (0.992, 0.126, 0.0, 0.0),
            "thorax": (0.9999, -0.016, 0.0, 0.0),
            "neck": (0.9999, 0.016, 0.0, 0.0),
        },
    ),
    Family(
        "quaternius",
        ("spine_03", "upperarm_l", "ball_l"),
        1.0,
        rig_points(_QUATERNIUS_ADDON, "spine_02", "head", Point(("head",), (0.0, 0.2, 0.0))),
        rig_drivers(_QUATERNIUS_ADDON, "pelvis", "spine_03", "head"),
        upright={
            "pelvis": (0.992, 0.126, 0.0, 0.0),
            "thorax": (0.994, -0.109, 0.0, 0.0),
            "neck": (0.999, 0.043, 0.0, 0.0),
        },
    ),
)
