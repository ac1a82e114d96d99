"""A mannequin's proportions, each beside a length of the body that it is made for. A plain, ungendered figure."""

# The trunk's cross-sections: level (0 hips' joints, 1 shoulders' joints, 2 head's joint), half the width as a share
# of the hips' and of the shoulders' half-width, depth in front and behind beside the mean of the two half-widths.
TRUNK = (
    (-0.155, 0.55, 0.0, 0.26, 0.34),
    (-0.12, 1.16, 0.0, 0.52, 0.66),
    (-0.04, 1.62, 0.0, 0.70, 0.90),
    (0.06, 1.72, 0.0, 0.76, 0.94),
    (0.18, 1.60, 0.0, 0.76, 0.80),
    (0.30, 1.15, 0.18, 0.74, 0.66),
    (0.42, 0.62, 0.42, 0.74, 0.64),
    (0.56, 0.25, 0.68, 0.80, 0.70),
    (0.72, 0.0, 0.88, 0.92, 0.78),
    (0.86, 0.0, 0.94, 0.92, 0.82),
    (0.96, 0.0, 0.96, 0.78, 0.80),
    (1.12, 0.0, 0.90, 0.56, 0.66),
    (1.28, 0.0, 0.68, 0.42, 0.54),
    (1.42, 0.0, 0.44, 0.38, 0.46),
    (1.62, 0.0, 0.345, 0.37, 0.42),
    (2.00, 0.0, 0.325, 0.36, 0.40),
    (2.25, 0.0, 0.30, 0.30, 0.34),
)
TRUNK_ENDS = (-0.175, 2.32)
# The head's: height above its joint, half the width, how far it reaches to the front and to the back, and the nose,
# all beside its height from that joint to the top.
HEAD = (
    (-0.20, 0.12, 0.43, -0.26, 0.0),
    (-0.15, 0.20, 0.48, -0.12, 0.0),
    (-0.05, 0.27, 0.49, 0.12, 0.0),
    (0.06, 0.32, 0.48, 0.32, 0.0),
    (0.14, 0.345, 0.48, 0.40, 0.08),
    (0.22, 0.36, 0.475, 0.46, 0.145),
    (0.34, 0.375, 0.45, 0.50, 0.06),
    (0.44, 0.385, 0.44, 0.52, 0.03),
    (0.56, 0.385, 0.475, 0.53, 0.0),
    (0.72, 0.375, 0.455, 0.51, 0.0),
    (0.86, 0.31, 0.37, 0.43, 0.0),
    (0.96, 0.19, 0.23, 0.28, 0.0),
)
HEAD_ENDS = ((-0.215, 0.345), (1.0, -0.03))  # height and way to the front
# Limbs: share of the bone's length, half the width, half the depth, shift to the front; beside the whole limb's length.
LIMBS = {
    "upper_arm": (
        (0.0, 0.108, 0.112, 0.0),
        (0.25, 0.098, 0.106, 0.0),
        (0.6, 0.086, 0.094, 0.004),
        (1.0, 0.072, 0.072, 0.0),
    ),
    "forearm": (
        (0.0, 0.072, 0.072, 0.0),
        (0.22, 0.078, 0.086, 0.004),
        (0.6, 0.064, 0.072, 0.0),
        (1.0, 0.044, 0.054, 0.0),
    ),
    "thigh": (
        (0.0, 0.094, 0.106, 0.0),
        (0.3, 0.094, 0.104, 0.006),
        (0.7, 0.076, 0.084, 0.006),
        (1.0, 0.062, 0.066, 0.0),
    ),
    "shin": (
        (0.0, 0.062, 0.066, 0.0),
        (0.26, 0.067, 0.072, -0.014),
        (0.62, 0.052, 0.054, -0.008),
        (1.0, 0.041, 0.043, 0.0),
    ),
}
# The hand: way along it, half the width, half the thickness, shift to the palm; beside its length.
HAND = (
    (0.03, 0.15, 0.115, 0.0),
    (0.18, 0.20, 0.12, 0.0),
    (0.42, 0.25, 0.105, 0.0),
    (0.60, 0.245, 0.085, 0.02),
    (0.80, 0.21, 0.07, 0.06),
    (0.94, 0.14, 0.05, 0.10),
)
FINGER_BEND = 0.14  # of the tip to the palm
THUMB = ((0.0, 0.09), (0.3, 0.085), (0.65, 0.075), (0.92, 0.05))
# Beside the forearm's length: the hand; and where the thumb begins and ends (along the hand, to its side), to the hand.
HAND_LENGTH, THUMB_ENDS = 0.78, ((0.14, 0.12), (0.56, 0.40))
# The foot: way from the ankle to the ball, half the width (both beside that way), height of its back beside the
# ankle's, which is then at 1. Toes begin past the ball.
FOOT = (
    (-0.42, 0.15, 0.75),
    (-0.30, 0.22, 1.25),
    (0.0, 0.25, 1.65),
    (0.4, 0.29, 1.20),
    (0.8, 0.335, 0.80),
    (1.0, 0.345, 0.70),
    (1.3, 0.31, 0.58),
    (1.46, 0.21, 0.45),
)
FOOT_ENDS = (-0.46, 1.53)
BALL = 1.05
ANKLE_HEIGHT = (0.3, 0.8)  # least and most, beside the way to the ball: rigs differ in where the floor is
FOOT_LENGTH = 0.17  # ankle to ball beside the leg, where a rig has no toes
# The head from its joint to its top: usually, beside the way from hips to head; and what a bone's end is believed
# within, beside that.
USUAL_HEAD = 0.335
HEAD_HEIGHT = (0.7, 1.8)
