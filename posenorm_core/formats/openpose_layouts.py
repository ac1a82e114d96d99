"""OpenPose's keypoints as the 24 landmarks.

BODY_25 and COCO are in OpenPose's documentation (02_output.md); BODY_25B is the layout of the experimental
model in openpose_train, which Pose2Sim's users have. BODY_25 and BODY_25B are 25 keypoints in different orders,
and no field of the files tells which: the limbs do (`layout.likeliest_layout`).

"Neck" lies between the shoulders: our thorax. BODY_25B's "UpperNeck" lies between that and our neck (the base of
the skull), and is neither. The spine no layout has.
"""

from posenorm_core.formats.coco_layouts import COCO_17
from posenorm_core.formats.layout import Layout

BODY_25 = Layout(
    "BODY_25",
    25,
    {
        "nose": 0,
        "thorax": 1,
        "right_shoulder": 2,
        "right_elbow": 3,
        "right_wrist": 4,
        "left_shoulder": 5,
        "left_elbow": 6,
        "left_wrist": 7,
        "pelvis": 8,
        "right_hip": 9,
        "right_knee": 10,
        "right_ankle": 11,
        "left_hip": 12,
        "left_knee": 13,
        "left_ankle": 14,
        "right_ear": 17,
        "left_ear": 18,
        "left_toe": 19,
        "left_heel": 21,
        "right_toe": 22,
        "right_heel": 24,
    },
)

# COCO's 17 come first.
BODY_25B = Layout(
    "BODY_25B",
    25,
    {
        **COCO_17.landmarks,
        "head": 18,
        "left_toe": 19,
        "left_heel": 21,
        "right_toe": 22,
        "right_heel": 24,
    },
)

COCO_18 = Layout(
    "COCO 18",
    18,
    {
        "nose": 0,
        "thorax": 1,
        "right_shoulder": 2,
        "right_elbow": 3,
        "right_wrist": 4,
        "left_shoulder": 5,
        "left_elbow": 6,
        "left_wrist": 7,
        "pelvis": (8, 11),
        "right_hip": 8,
        "right_knee": 9,
        "right_ankle": 10,
        "left_hip": 11,
        "left_knee": 12,
        "left_ankle": 13,
        "right_ear": 16,
        "left_ear": 17,
    },
)

OPENPOSE_LAYOUTS = (BODY_25, BODY_25B, COCO_18)
