"""Motions onto characters: a rig's rest pose, which of its bones is what, and the rotations that make it move alike."""
