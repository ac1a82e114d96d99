"""The demonstration behind `make demo`: from keypoints to a moving armature, and a picture of both."""
