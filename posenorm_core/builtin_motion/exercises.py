"""Dope sheets of the whole body in place: squat, jumping jack, sit and stand."""

from posenorm_core.builtin_motion.action import Action

SQUAT = Action(
    period=3.0,
    # standing, going down, bottom, held, coming up
    phases=(0.0, 0.08, 0.24, 0.42, 0.55, 0.72, 0.9),
    rows={
        "hips.flexion": (5, 6, 56, 116, 117, 57, 6),
        "knees.flexion": (9, 10, 58, 112, 113, 58, 10),
        "hips.abduction": (8, 8, 12, 16, 16, 12, 8),
        "hips.twist": (12, 12, 16, 20, 20, 16, 12),
        "ankles.turn": 20,
        "pelvis.bend": (1, 2, 23, 37, 37, 24, 2),
        "spine.bend": (1, 1, 4, 8, 8, 5, 1),
        "thorax.bend": (2, 2, 1, 2, 2, 1, 2),
        "neck.bend": (0, 0, -16, -22, -22, -18, 0),
        "shoulders.flexion": (0, 4, 72, 112, 113, 74, 4),
        "shoulders.abduction": (9, 9, 6, 5, 5, 6, 9),
        "elbows.flexion": (14, 14, 12, 10, 10, 12, 14),
    },
)

JUMPING_JACK = Action(
    period=1.05,
    right_down=((0.47, 0.69), (0.97, 1.19)),
    left_down=((0.47, 0.69), (0.97, 1.19)),
    # landed together, crouched, push-off, flight apart, landed apart, crouched, push-off, flight together
    phases=(0.0, 0.08, 0.18, 0.33, 0.5, 0.58, 0.68, 0.83),
    rows={
        "hips.flexion": (12, 22, 6, 8, 12, 20, 6, 8),
        "knees.flexion": (20, 36, 9, 14, 20, 32, 9, 14),
        "ankles.flexion": (-14, 0, -32, -38, -14, 0, -32, -38),
        "hips.abduction": (3, 3, 5, 17, 23, 23, 20, 9),
        "hips.twist": (6, 6, 6, 8, 10, 10, 9, 7),
        "ankles.turn": (8, 8, 8, 12, 16, 16, 14, 10),
        "pelvis.bend": (3, 6, 1, 1, 3, 5, 1, 1),
        "spine.bend": (2, 3, 0, 0, 2, 2, 0, 0),
        "shoulders.abduction": (14, 11, 40, 108, 160, 168, 138, 62),
        "shoulders.twist": (0, 0, -6, -34, -76, -84, -52, -12),
        "elbows.flexion": (14, 16, 14, 16, 32, 38, 20, 14),
        "shoulders.horizontal": (0, 0, 4, 10, 10, 10, 10, 4),
    },
)

SIT_AND_STAND = Action(
    period=5.0,
    # standing, bowing, seat reached, leaning back, seated, bowing, off the seat, standing
    phases=(0.0, 0.06, 0.18, 0.31, 0.41, 0.6, 0.69, 0.8, 0.92),
    rows={
        "hips.flexion": (4, 6, 88, 112, 82, 86, 124, 86, 5),
        "knees.flexion": (8, 9, 68, 92, 90, 91, 98, 68, 9),
        "hips.abduction": (5, 5, 7, 8, 9, 9, 8, 7, 5),
        "hips.twist": (8, 8, 8, 8, 9, 9, 8, 8, 8),
        "ankles.turn": 10,
        "pelvis.bend": (1, 3, 38, 26, -5, -2, 40, 38, 2),
        "spine.bend": (1, 2, 10, 12, 8, 6, 12, 10, 1),
        "thorax.bend": (2, 2, 4, 4, 5, 4, 4, 4, 2),
        "neck.bend": (0, 2, -20, -16, 0, -2, -26, -22, 0),
        "neck.twist": (0, 0, 0, 0, 6, -14, 0, 0, 0),
        "shoulders.flexion": (0, 0, 34, 34, 20, 20, 44, 40, 0),
        "shoulders.abduction": (9, 9, 12, 12, 12, 12, 12, 12, 9),
        "shoulders.twist": (0, 0, 6, 14, 20, 20, 10, 6, 0),
        "elbows.flexion": (14, 14, 30, 46, 58, 58, 34, 28, 14),
    },
)
