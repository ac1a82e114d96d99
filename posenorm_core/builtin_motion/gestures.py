"""Dope sheets of doing something with a hand or a foot: wave, kick, throw, reach; all right-handed."""

from posenorm_core.builtin_motion.action import Action

WAVE = Action(
    period=3.4,
    # at ease, lifting, then out and in three times, lowering
    phases=(0.0, 0.08, 0.2, 0.28, 0.36, 0.44, 0.52, 0.6, 0.68, 0.8, 0.92),
    rows={
        "right_shoulder.abduction": (9, 12, 68, 82, 76, 83, 76, 83, 76, 42, 10),
        "right_shoulder.twist": (0, 4, -62, -92, -76, -92, -76, -92, -78, -34, 0),
        "right_shoulder.horizontal": (0, 4, 22, 18, 26, 18, 26, 18, 24, 14, 0),
        "right_elbow.flexion": (14, 30, 108, 62, 104, 60, 104, 62, 104, 84, 18),
        "left_shoulder.flexion": (0, 0, -3, -4, -3, -4, -3, -4, -3, -2, 0),
        "pelvis.side": (0, 1, 3, 3, 3, 3, 3, 3, 3, 2, 0),
        "spine.side": (0, 0, 1, 3, 0, 3, 0, 3, 0, 0, 0),
        "thorax.side": (0, 0, 1, 3, 0, 3, 0, 3, 0, 0, 0),
        "thorax.twist": (0, -1, -4, -5, -3, -5, -3, -5, -3, -2, 0),
        "neck.side": (0, 0, -4, -6, -3, -6, -3, -6, -3, -2, 0),
        "neck.bend": (0, 2, -3, -5, -4, -5, -4, -5, -4, -1, 0),
    },
)

KICK = Action(
    period=2.4,
    right_down=((0.76, 1.06),),
    # at ease, leg drawn back, knee up, struck, drawn in, set down
    phases=(0.0, 0.05, 0.18, 0.3, 0.38, 0.44, 0.54, 0.66, 0.78, 0.9),
    rows={
        "right_hip.flexion": (4, 4, -16, 56, 86, 90, 70, 30, 8, 4),
        "right_knee.flexion": (8, 14, 64, 96, 20, 10, 84, 56, 14, 9),
        "right_ankle.flexion": (0, -10, -92, -60, 34, 50, -16, -30, 0, 0),
        "right_hip.abduction": (3, 3, 4, 2, 0, 0, 2, 3, 3, 3),
        "left_hip.flexion": (4, 6, 12, 6, 2, 2, 6, 8, 6, 4),
        "left_hip.abduction": (3, 0, -2, -3, -3, -3, -2, -1, 2, 3),
        "left_knee.flexion": (8, 12, 22, 20, 14, 14, 18, 16, 11, 8),
        "pelvis.bend": (1, 3, 12, 0, -12, -14, -6, 2, 3, 1),
        "pelvis.side": (0, 2, 4, 4, 3, 3, 4, 3, 1, 0),
        "pelvis.twist": (0, -3, -10, 6, 14, 14, 8, 2, 0, 0),
        "spine.bend": (1, 2, 6, 8, 8, 8, 6, 3, 2, 1),
        "spine.side": (0, -2, -4, -4, -3, -3, -4, -3, -1, 0),
        "spine.twist": (0, 2, 6, -4, -9, -9, -5, 0, 0, 0),
        "thorax.twist": (0, 3, 10, -6, -12, -12, -6, 0, 0, 0),
        "neck.bend": (0, -2, -10, -2, 6, 6, 2, 0, 0, 0),
        "right_shoulder.flexion": (0, 6, 34, 4, -28, -32, -16, 0, 0, 0),
        "left_shoulder.flexion": (0, -4, -24, 20, 52, 54, 34, 12, 2, 0),
        "shoulders.abduction": (9, 14, 28, 26, 32, 34, 28, 20, 12, 9),
        "right_elbow.flexion": (14, 30, 62, 70, 46, 44, 60, 50, 24, 14),
        "left_elbow.flexion": (14, 24, 40, 66, 60, 58, 64, 48, 24, 14),
    },
)

THROW = Action(
    period=2.7,
    left_down=((0.34, 1.12),),
    right_down=((0.8, 1.6),),
    # at ease, wound up, knee up, striding, set down, release, follow-through, right foot drawn up, set down
    phases=(0.0, 0.08, 0.2, 0.28, 0.35, 0.43, 0.52, 0.61, 0.7, 0.8, 0.92),
    rows={
        "pelvis.twist": (0, -6, -38, -42, -28, 12, 26, 22, 10, 3, 0),
        "spine.twist": (0, -3, -14, -16, -14, 9, 14, 10, 4, 1, 0),
        "thorax.twist": (0, -4, -18, -20, -21, 10, 18, 12, 4, 1, 0),
        "neck.twist": (0, 12, 54, 58, 50, -6, -24, -18, -6, 0, 0),
        "pelvis.bend": (1, 2, -2, -3, 3, 14, 25, 20, 10, 4, 1),
        "spine.bend": (1, 0, -4, -7, -6, 8, 18, 14, 6, 2, 1),
        "thorax.bend": (2, 1, -2, -4, -4, 6, 10, 8, 4, 2, 2),
        "neck.bend": (0, 0, 2, 4, 2, -10, -22, -18, -8, -3, 0),
        "pelvis.side": (0, -2, -5, -4, 2, 4, 4, -2, -3, 0, 0),
        "right_hip.flexion": (4, 6, 12, 8, -2, -8, 4, 26, 30, 8, 4),
        "right_hip.abduction": (3, 2, 3, 6, 12, 8, 4, 2, 2, 3, 3),
        "right_knee.flexion": (8, 14, 24, 27, 28, 32, 44, 70, 54, 14, 8),
        "right_ankle.flexion": (0, 0, 0, 0, -4, -24, -44, -56, -22, 0, 0),
        "left_hip.flexion": (4, 10, 66, 56, 46, 50, 58, 40, 22, 8, 4),
        "left_hip.abduction": (3, 4, 10, 20, 20, 6, 0, -2, 0, 2, 3),
        "left_knee.flexion": (8, 20, 78, 42, 16, 30, 42, 34, 24, 14, 9),
        "left_ankle.flexion": (0, -8, -14, 6, 8, 0, 0, 0, 0, 0, 0),
        "right_shoulder.abduction": (9, 20, 64, 88, 98, 112, 66, 40, 22, 12, 9),
        "right_shoulder.horizontal": (0, 6, -8, -26, -28, 34, 84, 62, 26, 8, 0),
        "right_shoulder.twist": (0, 0, -18, -64, -98, -62, 6, 8, 4, 0, 0),
        "right_elbow.flexion": (14, 50, 74, 98, 104, 24, 18, 30, 28, 20, 14),
        "left_shoulder.abduction": (9, 18, 60, 84, 78, 44, 30, 24, 16, 11, 9),
        "left_shoulder.horizontal": (0, 20, 52, 46, 40, 10, -10, -6, 0, 0, 0),
        "left_elbow.flexion": (14, 52, 48, 16, 24, 82, 84, 60, 34, 20, 14),
    },
)

REACH = Action(
    period=4.2,
    # at ease, high to the shelf, held, at ease, low to the floor, held, at ease
    phases=(0.0, 0.06, 0.2, 0.3, 0.46, 0.52, 0.68, 0.78, 0.94),
    rows={
        "right_shoulder.flexion": (0, 4, 138, 150, 8, 6, 92, 98, 4),
        "right_shoulder.abduction": (9, 10, 16, 14, 10, 10, 4, 2, 9),
        "right_elbow.flexion": (14, 44, 16, 8, 40, 24, 16, 8, 18),
        "left_shoulder.flexion": (0, 0, -8, -10, 0, 0, 36, 40, 0),
        "left_elbow.flexion": (14, 14, 18, 18, 14, 14, 44, 48, 14),
        "pelvis.bend": (1, 1, -2, -2, 1, 4, 46, 50, 3),
        "pelvis.twist": (0, 0, 8, 10, 0, 0, 8, 10, 0),
        "spine.bend": (1, 0, -6, -8, 1, 2, 18, 20, 2),
        "spine.side": (0, 0, 4, 6, 0, 0, 2, 2, 0),
        "spine.twist": (0, 0, 5, 6, 0, 0, 8, 10, 0),
        "thorax.bend": (2, 1, -5, -6, 2, 2, 9, 10, 2),
        "thorax.side": (0, 0, 5, 7, 0, 0, 2, 2, 0),
        "thorax.twist": (0, 0, 6, 8, 0, 0, 10, 12, 0),
        "neck.bend": (0, -3, -14, -15, 0, 4, -8, -6, 2),
        "neck.twist": (0, -2, -10, -12, 0, 0, -14, -16, 0),
        "hips.flexion": (4, 4, 1, 1, 4, 8, 92, 100, 6),
        "knees.flexion": (8, 9, 6, 6, 9, 12, 66, 72, 10),
        "ankles.flexion": (0, 0, -12, -18, 0, 0, 0, 0, 0),
    },
)
