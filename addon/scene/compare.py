"""Two performances side by side in sync: B's motion retimed to A's, the matched keyframes marked, the picture of it.

What tells them apart is found by the core's alignment; here it becomes an action, markers and an image.
"""

import re
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix

from posenorm_core.alignment import Alignment, JointDifference, align, matched_keyframes
from posenorm_core.errors import InputError
from posenorm_core.motion import Motion

from .alignment_image import draw_alignment_image
from .keyed_motion import has_motion, read_motion
from .retarget import require_animatable
from .retimed_keys import Timing, at_own_timing, key_retimed
from .units import metres_a_unit

# Metres: nearer than this two bodies stand in one another, and this far apart they do not with their arms out.
_IN_ONE_ANOTHER, _BESIDE = 0.5, 1.6
_MARKER = re.compile(r"A \d+\.\d\d s = B \d+\.\d\d s")


@dataclass(frozen=True)
class Comparison:
    """What came of it, and how alike the two performances are (see `Alignment`)."""

    action: bpy.types.Action  # B's new one
    image: bpy.types.Image
    similarity: float
    speed_ratio: float | None
    worst_joints: tuple[JointDifference, ...]

    def lines(self) -> list[str]:
        """In words, a line a fact."""
        ratio = self.speed_ratio
        speed = "No common speed: one of the two stays" if ratio is None else f"B {ratio:.2f} times as fast as A"
        worst = [f"{joint.joint.replace('_', ' ')} {joint.degrees:.0f}°" for joint in self.worst_joints]
        return [f"Similarity {self.similarity:.2f}", speed, "Differing most: " + ", ".join(worst)]


def compare(context: bpy.types.Context, a_armature: bpy.types.Object, b_armature: bpy.types.Object) -> Comparison:
    """Gives B a new action in sync with A, beside whom it stands, marks what matches and draws the alignment.

    B's present action stays in the file. Comparing again starts from B's own timing. Raises InputError where one of
    the two keeps no motion, has no keys or a single frame, both are the same, or B may not be animated.
    """
    _require_two(a_armature, b_armature)
    motion_a = _motion_of(a_armature)
    with at_own_timing(b_armature):
        motion_b = _motion_of(b_armature)
        alignment = align(motion_a, motion_b)
        timing = Timing.of(a_armature)
        action = key_retimed(b_armature, motion_b, alignment.path, timing)
    action.name = f"{b_armature.name} timed as {a_armature.name}"
    _stand_beside(context, a_armature, b_armature)
    _mark_keyframes(context, alignment.path, motion_a.fps, motion_b.fps, timing.frames)
    return _comparison(action, draw_alignment_image(alignment, motion_a, motion_b), alignment)


def _comparison(action: bpy.types.Action, image: bpy.types.Image, alignment: Alignment) -> Comparison:
    return Comparison(action, image, alignment.similarity, alignment.speed_ratio, alignment.worst_joints)


def _require_two(a_armature: bpy.types.Object, b_armature: bpy.types.Object) -> None:
    """Raises InputError where the two cannot be compared."""
    if a_armature == b_armature:
        raise InputError(f"{a_armature.name}: is both A and B; pick another armature for one of them")
    for armature in (a_armature, b_armature):
        if not has_motion(armature):
            raise InputError(f"{armature.name}: keeps no motion; pick an armature that PoseNorm made")
    require_animatable(b_armature)


def _motion_of(armature: bpy.types.Object) -> Motion:
    """The armature's motion, of two frames at least, the root of which has keys."""
    motion = read_motion(armature)
    if len(motion) < 2:
        raise InputError(f"{armature.name}: has one frame only; to be lined up it needs two or more")
    return motion


def _stand_beside(context: bpy.types.Context, a_armature: bpy.types.Object, b_armature: bpy.types.Object) -> None:
    """Moves B to the side of A, unless it stands elsewhere already."""
    context.view_layer.update()
    away = b_armature.matrix_world.translation - a_armature.matrix_world.translation
    metres = metres_a_unit(context.scene)
    if away.length * metres < _IN_ONE_ANOTHER:
        aside = Matrix.Translation((_BESIDE / metres - away.x, 0.0, 0.0))
        b_armature.matrix_world = aside @ b_armature.matrix_world


def _mark_keyframes(
    context: bpy.types.Context, path: np.ndarray, fps_a: float, fps_b: float, frames: np.ndarray
) -> None:
    """Marks the keyframes on the time line at A's `frames` (T,), in place of an earlier comparison's."""
    markers = context.scene.timeline_markers  # type: ignore[union-attr]
    for marker in [each for each in markers if _MARKER.fullmatch(each.name)]:
        markers.remove(marker)
    for a, b in matched_keyframes(path):
        markers.new(f"A {a / fps_a:.2f} s = B {b / fps_b:.2f} s", frame=round(float(frames[a])))
