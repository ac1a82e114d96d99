"""BVH, the oldest common file of joint rotations: `read_bvh` takes any, `write_motion_bvh` writes a motion."""

from posenorm_core.bvh_reader import BvhClip, parse_bvh, read_bvh
from posenorm_core.bvh_writer import write_motion_bvh

__all__ = ["BvhClip", "parse_bvh", "read_bvh", "write_motion_bvh"]
