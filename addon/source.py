"""The clip that was read last: what the panel tells of it, and what Normalize takes.

Clips are large and can be read again, so they live beside Blender's data, not in it.
"""

import bpy

from posenorm_core.any_clip import AnyClip

# The absolute path: what // stands for changes with the file.
_last: tuple[str, AnyClip] | None = None


def remember(path: str, clip: AnyClip) -> None:
    """Keeps `clip` as what is at `path`; the one before is let go."""
    global _last
    _last = bpy.path.abspath(path), clip


def recall(path: str) -> AnyClip | None:
    """The clip read from `path`, if that was the last one read."""
    return _last[1] if _last and _last[0] == bpy.path.abspath(path) else None


def forget() -> None:
    """Lets the last clip go."""
    global _last
    _last = None
