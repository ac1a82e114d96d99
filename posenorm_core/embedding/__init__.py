"""E_P, the pose features learnt on normalized poses: `embed` gives them for a motion."""
