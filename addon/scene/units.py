"""Length: a scene's units in metres. Motions and skeletons are in metres whatever the scene's unit is."""

from typing import Any


def metres_a_unit(scene: Any) -> float:
    """How many metres one of the scene's units is: 1, or 0.01 where people work in centimetres."""
    return float(scene.unit_settings.scale_length)
