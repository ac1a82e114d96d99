"""An armature of Blender's as the core's rig: its rest pose, in the armature's own axes."""

from typing import Any

import bpy
import numpy as np

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.retargeting.rig import Rig


def rig_of(armature: bpy.types.Object | None) -> Rig:
    """The rest pose of `armature`. Raises InputError where it is no armature, or one without bones."""
    if armature is None or armature.type != "ARMATURE":
        name = "nothing" if armature is None else f"{armature.name}, a {armature.type.lower()},"
        raise InputError(f"{name} is picked as the character; pick its armature")
    bones: Any = armature.data.bones  # type: ignore[union-attr]
    if not bones:
        raise InputError(f"{armature.name}: has no bones")
    count = len(bones)
    number = {bone.name: place for place, bone in enumerate(bones)}
    return Rig(
        name=armature.name,
        bone_names=tuple(number),
        parents=tuple(-1 if bone.parent is None else number[bone.parent.name] for bone in bones),
        heads=_read(bones, "head_local", (count, 3)),
        tails=_read(bones, "tail_local", (count, 3)),
        # Stored column by column.
        rotations=np.asarray(
            quaternion.from_matrix(_read(bones, "matrix_local", (count, 4, 4)).swapaxes(1, 2)[:, :3, :3])
        ),
        turns_with_parent=tuple(bool(bone.use_inherit_rotation) for bone in bones),
        moves=tuple(not (bone.use_connect and bone.parent is not None) for bone in bones),
    )


def _read(bones: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A property of all bones at once."""
    values = np.empty(int(np.prod(shape)), dtype=np.float32)
    bones.foreach_get(name, values)
    return values.reshape(shape).astype(np.float64)
