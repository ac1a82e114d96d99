"""Which of the 24 landmarks each detector gives: training hides the others, so that every format is first-class.

The joints of DESIGN.md's table; what a format of `posenorm_core.formats` maps is tested against these rows.
"""

from posenorm_core.landmarks import LANDMARK_NAMES

_LIMBS = tuple(
    f"{side}_{joint}" for side in ("right", "left") for joint in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
)
_BODY = ("pelvis", "thorax", *_LIMBS)
_FACE = ("nose", "left_ear", "right_ear")
_TOES = ("right_toe", "left_toe")
_HEELS = ("right_heel", "left_heel")

LAYOUTS: dict[str, tuple[str, ...]] = {
    "openpose_body25": (*_BODY, *_FACE, *_TOES, *_HEELS),
    "openpose_coco18": (*_BODY, *_FACE),
    "coco17": (*_BODY, *_FACE),
    "coco_wholebody": (*_BODY, *_FACE, *_TOES, *_HEELS),
    # OpenPose's BODY_25B has the same.
    "halpe26": (*_BODY, "head", *_FACE, *_TOES, *_HEELS),
    "mediapipe33": (*_BODY, *_FACE, *_TOES, *_HEELS),
    "human36m17": (*_BODY, "spine", "neck", "head"),
    "all": LANDMARK_NAMES,
}


def visible(layout: str) -> list[bool]:
    """For each landmark whether `layout` gives it."""
    return [name in LAYOUTS[layout] for name in LANDMARK_NAMES]
