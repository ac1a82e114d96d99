"""PoseNorm's core: from 2D keypoints of a person to joint rotations on one fixed skeleton. No Blender, no torch.

The main job in three lines::

    clip = read_clip("keypoints_folder")
    motion = normalize(clip.keypoints())
    save_motion(motion, "motion.npz")
"""

__version__ = "0.1.0"
