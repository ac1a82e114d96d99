"""What E_P says of a motion: a feature a frame, in NumPy."""

import numpy as np

from posenorm_core.arrays import unit
from posenorm_core.condition_skeleton import require_condition_joints
from posenorm_core.embedding.joint_input import joint_input
from posenorm_core.embedding.network import features
from posenorm_core.embedding.weights import EmbeddingWeights, load_embedding
from posenorm_core.frame_rate import COMPUTED_FPS, input_times, resample_rotations, resample_times, resample_values
from posenorm_core.motion import Motion


def embed(motion: Motion, weights: EmbeddingWeights | None = None) -> np.ndarray:
    """The pose features (T, D), float32, of length 1, of a motion's frames, by the shipped weights or by `weights`.

    How far two are apart, from 0 to 2, says how unlike their poses are: their Euclidean distance compares frames of
    one clip or of two. Neither the motion's root nor its body nor its frame rate matters; it is embedded at 30
    frames/s. Raises InputError unless it has the condition skeleton's joints and a frame.
    """
    require_condition_joints(motion.skeleton)
    weights = weights or load_embedding()
    times = resample_times(len(motion), motion.fps)
    rotations = resample_rotations(motion.rotations, times).astype(np.float32)
    joints = joint_input(rotations, weights.architecture.inputs)
    found = features(weights.architecture, weights.parameters, joints)
    if motion.fps == COMPUTED_FPS:
        return np.asarray(found)
    return np.asarray(unit(resample_values(found, input_times(len(motion), motion.fps))))
