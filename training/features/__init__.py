"""Training of E_P, the pose features: `python -m training.fit features`."""
