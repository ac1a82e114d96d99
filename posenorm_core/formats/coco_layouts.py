"""COCO's keypoints and those that grew from them (Halpe, COCO-WholeBody), and Human3.6M's, as the 24 landmarks.

The orders are those of cocodataset.org, of Halpe-FullBody's README and of COCO-WholeBody's `data_format.md`.
Pelvis and thorax are the middle of their pair, in Halpe too: its "Hip" lies 4% and its "Neck" 19% of the torso's
length above (medians of a real clip), the latter as BODY_25B's between our thorax and neck. Its "Head" is the top
of the head. Faces and hands carry no landmark.
"""

from collections.abc import Sequence

from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.formats.layout import Layout
from posenorm_core.landmarks import LANDMARK_NAMES

_Table = dict[str, int | tuple[int, ...]]

_BODY: _Table = {
    "nose": 0,
    "left_ear": 3,
    "right_ear": 4,
    "thorax": (5, 6),
    "left_shoulder": 5,
    "right_shoulder": 6,
    "left_elbow": 7,
    "right_elbow": 8,
    "left_wrist": 9,
    "right_wrist": 10,
    "pelvis": (11, 12),
    "left_hip": 11,
    "right_hip": 12,
    "left_knee": 13,
    "right_knee": 14,
    "left_ankle": 15,
    "right_ankle": 16,
}
_WHOLE_BODY: _Table = _BODY | {"left_toe": 17, "left_heel": 19, "right_toe": 20, "right_heel": 22}
_HALPE: _Table = _BODY | {"head": 17, "left_toe": 20, "right_toe": 21, "left_heel": 24, "right_heel": 25}

COCO_17 = Layout("COCO 17", 17, _BODY)
# COCO-WholeBody's annotations list the six keypoints of the feet beside the body's.
COCO_23 = Layout("COCO-WholeBody body and feet", 23, _WHOLE_BODY)
COCO_WHOLEBODY_133 = Layout("COCO-WholeBody 133", 133, _WHOLE_BODY)
HALPE_26 = Layout("Halpe 26", 26, _HALPE)
HALPE_136 = Layout("Halpe 136", 136, _HALPE)
# The first 17 joints of the condition skeleton are Human3.6M's, in its order.
HUMAN36M_17 = Layout("Human3.6M 17", 17, {name: number for number, name in enumerate(JOINT_NAMES[:17])})

COCO_LAYOUTS = (COCO_17, COCO_23, HALPE_26, COCO_WHOLEBODY_133, HALPE_136)

# What files that name their keypoints call a landmark, where that is not its own name.
_OTHER_NAMES = {
    "pelvis": ("root", "mid_hip"),
    "head": ("head_top", "top_head"),
    "left_toe": ("left_big_toe",),
    "right_toe": ("right_big_toe",),
}
# In files a "neck" lies anywhere from our thorax to our neck.
_AMBIGUOUS = ("neck",)


def named_layout(keypoint_names: Sequence[str]) -> Layout | None:
    """The layout of keypoints that a file names itself: one of the known, or its own.

    None where no name is that of a landmark.
    """
    numbers = {told.strip().lower().replace(" ", "_"): number for number, told in enumerate(keypoint_names)}
    landmarks: _Table = {}
    for middle, part in (("thorax", "shoulder"), ("pelvis", "hip")):
        pair = (f"left_{part}", f"right_{part}")
        if all(end in numbers for end in pair):
            landmarks[middle] = (numbers[pair[0]], numbers[pair[1]])
    for landmark in LANDMARK_NAMES:
        known = next((told for told in (landmark, *_OTHER_NAMES.get(landmark, ())) if told in numbers), None)
        if known is not None and known not in _AMBIGUOUS:
            landmarks.setdefault(landmark, numbers[known])
    if not landmarks:
        return None
    own = Layout(f"{len(keypoint_names)} named keypoints", len(keypoint_names), landmarks)
    same = (layout for layout in COCO_LAYOUTS if layout.landmarks == landmarks)
    return next((layout for layout in same if layout.keypoint_count == own.keypoint_count), own)
