"""SMPL's joints and our 19: what the rotations of the SMPL family's body models mean on the condition skeleton.

In SMPL's rest pose (all rotations zero) every joint's axes are the world's, as in our T-pose: +Y up, +Z ahead, +X
to the left. So a joint of ours turns as SMPL's does, but for a constant: SMPL's arms and legs are not quite straight
at rest. The rest joints are those of the mean neutral body, published with the models' documentation and in many
projects; betas move them by a few millimetres, hence bones by a degree or two, which is not followed.
Model: Loper et al., SMPL, 2015; Romero et al., SMPL-H, 2017; Pavlakos et al., SMPL-X, 2019.
"""

import numpy as np

from posenorm_core import quaternion
from posenorm_core.arrays import unit
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, LEAVES, PARENTS, mirrored_name
from posenorm_core.kinematics import local_rotations, pose_skeleton
from posenorm_core.rest_pose import aim

# The joints that SMPL, SMPL-H and SMPL-X share, in the order of all three: name, parent, and where the joint of the
# mean neutral body is in metres, in SMPL and SMPL-H, and in SMPL-X.
_TABLE = (
    ("pelvis", -1, (-0.0018, -0.2233, 0.0282), (0.0031, -0.3514, 0.0120)),
    ("left_hip", 0, (0.0677, -0.3147, 0.0214), (0.0613, -0.4442, -0.0140)),
    ("right_hip", 0, (-0.0695, -0.3139, 0.0239), (-0.0601, -0.4553, -0.0092)),
    ("spine1", 0, (-0.0043, -0.1144, 0.0015), (0.0004, -0.2415, -0.0156)),
    ("left_knee", 1, (0.1020, -0.6899, 0.0169), (0.1160, -0.8229, -0.0234)),
    ("right_knee", 2, (-0.1078, -0.6964, 0.0150), (-0.1044, -0.8177, -0.0260)),
    ("spine2", 3, (0.0012, 0.0208, 0.0026), (0.0098, -0.1097, -0.0215)),
    ("left_ankle", 4, (0.0884, -1.0879, -0.0268), (0.0726, -1.2260, -0.0552)),
    ("right_ankle", 5, (-0.0920, -1.0948, -0.0273), (-0.0889, -1.2284, -0.0462)),
    ("spine3", 6, (0.0026, 0.0737, 0.0280), (-0.0015, -0.0574, 0.0069)),
    ("left_foot", 7, (0.1148, -1.1437, 0.0925), (0.1198, -1.2840, 0.0630)),
    ("right_foot", 8, (-0.1174, -1.1430, 0.0961), (-0.1277, -1.2868, 0.0728)),
    ("neck", 9, (-0.0002, 0.2876, -0.0148), (-0.0137, 0.1077, -0.0247)),
    ("left_collar", 9, (0.0815, 0.1955, -0.0061), (0.0448, 0.0275, -0.0003)),
    ("right_collar", 9, (-0.0791, 0.1926, -0.0106), (-0.0492, 0.0269, -0.0065)),
    ("head", 12, (0.0050, 0.3526, 0.0365), (0.0111, 0.2682, -0.0040)),
    ("left_shoulder", 13, (0.1724, 0.2260, -0.0149), (0.1641, 0.0852, -0.0158)),
    ("right_shoulder", 14, (-0.1752, 0.2251, -0.0197), (-0.1518, 0.0804, -0.0191)),
    ("left_elbow", 16, (0.4321, 0.2132, -0.0424), (0.4182, 0.0131, -0.0582)),
    ("right_elbow", 17, (-0.4289, 0.2118, -0.0411), (-0.4229, 0.0439, -0.0456)),
    ("left_wrist", 18, (0.6813, 0.2222, -0.0435), (0.6702, 0.0363, -0.0607)),
    ("right_wrist", 19, (-0.6842, 0.2196, -0.0467), (-0.6722, 0.0394, -0.0609)),
)
SMPL_JOINT_NAMES = tuple(name for name, _, _, _ in _TABLE)
SMPL_PARENTS = tuple(parent for _, parent, _, _ in _TABLE)
SMPL_JOINT_COUNT = len(_TABLE)


def _mirror_symmetric(rest: list[tuple[float, float, float]]) -> np.ndarray:
    """The joints (22, 3) as the mean of both sides: published elbows differ by 3 cm, those of people do not."""
    joints = np.array(rest) - (rest[0][0], 0.0, 0.0)
    opposite = [SMPL_JOINT_NAMES.index(mirrored_name(name)) for name in SMPL_JOINT_NAMES]
    return np.asarray((joints + joints[opposite] * (-1.0, 1.0, 1.0)) / 2)


# By the name of the model: the rest joints (22, 3) in metres.
SMPL_REST_JOINTS = {
    "smpl": _mirror_symmetric([rest for _, _, rest, _ in _TABLE]),
    "smplx": _mirror_symmetric([rest for _, _, _, rest in _TABLE]),
}

_X, _Y = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
_OURS = {name: number for number, name in enumerate(JOINT_NAMES)}
_THEIRS = {name: number for number, name in enumerate(SMPL_JOINT_NAMES)}
# The end of the bone that each joint of the limbs turns, as both skeletons call it.
_LIMB_BONES = {"hip": "knee", "knee": "ankle", "shoulder": "elbow", "elbow": "wrist"}
_SIDES = ("right", "left")


def smpl_offsets(model: str) -> np.ndarray:
    """(22, 3) metres from each joint's parent in the rest pose of `model`, "smpl" or "smplx"; the root's is zero."""
    rest = SMPL_REST_JOINTS[model]
    return np.asarray(rest - np.concatenate([rest[:1], rest[list(SMPL_PARENTS[1:])]]))


def smpl_leg_length(model: str) -> float:
    """Metres from hip to knee to ankle, the mean of both legs."""
    lengths = np.linalg.norm(smpl_offsets(model), axis=1)
    return float(sum(lengths[_THEIRS[f"{side}_{joint}"]] for side in _SIDES for joint in ("knee", "ankle")) / 2)


def smpl_to_condition(rotations: np.ndarray, model: str = "smpl") -> np.ndarray:
    """SMPL's local rotations (T, 22, 4) as those of the condition skeleton (T, 19, 4); the root in the same world.

    `model` is "smpl" (SMPL and SMPL-H) or "smplx". Bones of the limbs point as SMPL's do, exactly. The collars show
    in the thorax, which follows the line of the shoulders; the spine's three joints in spine and thorax.
    """
    positions, turned = pose_skeleton(smpl_offsets(model), rotations, SMPL_PARENTS)
    ours = np.zeros((len(rotations), len(JOINT_NAMES), 4))
    for name, driver in _limb_drivers(model).items():
        ours[:, _OURS[name]] = quaternion.multiply(turned[:, _THEIRS[name]], driver)
    shoulders = (positions[:, _THEIRS[f"{side}_shoulder"]] for side in _SIDES)
    right, left = shoulders
    pelvis, thorax = turned[:, _THEIRS["pelvis"]], aim(turned[:, _THEIRS["spine3"]], _X, left - right)
    halfway = quaternion.slerp(pelvis, thorax, 0.5)
    spine = aim(np.asarray(halfway), _Y, (left + right) / 2 - positions[:, _THEIRS["spine2"]])
    trunk = {"pelvis": pelvis, "spine": spine, "thorax": thorax, "neck": turned[:, _THEIRS["head"]]}
    for name, turn in trunk.items():
        ours[:, _OURS[name]] = turn
    for leaf in LEAVES:
        ours[:, leaf] = ours[:, PARENTS[leaf]]
    local = np.array(local_rotations(ours, PARENTS))
    local[:, list(LEAVES)] = [1.0, 0.0, 0.0, 0.0]
    return np.asarray(quaternion.make_continuous(quaternion.normalize(local)))


def _limb_drivers(model: str) -> dict[str, np.ndarray]:
    """For each joint of the limbs the constant turn (4) from our T-pose to SMPL's rest pose."""
    rest = SMPL_REST_JOINTS[model]
    drivers = {}
    for side in _SIDES:
        for joint, end in _LIMB_BONES.items():
            bone = rest[_THEIRS[f"{side}_{end}"]] - rest[_THEIRS[f"{side}_{joint}"]]
            ours = CONDITION_SKELETON.offsets[_OURS[f"{side}_{end}"]]
            drivers[f"{side}_{joint}"] = np.asarray(quaternion.between(unit(ours), unit(bone)))
        # A foot is flat in both rest poses, however high each model puts the ankle; SMPL's points outwards.
        foot = (rest[_THEIRS[f"{side}_foot"]] - rest[_THEIRS[f"{side}_ankle"]]) * (1.0, 0.0, 1.0)
        drivers[f"{side}_ankle"] = np.asarray(quaternion.between(np.array([0.0, 0.0, 1.0]), unit(foot)))
    return drivers
