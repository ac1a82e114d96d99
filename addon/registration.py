"""Registers a file's classes with Blender and takes them away again in the reverse order."""

from collections.abc import Callable
from typing import Any

import bpy


def registration_of(*classes: type[Any]) -> tuple[Callable[[], None], Callable[[], None]]:
    """The functions `register` and `unregister` of a file that has nothing but `classes` to register."""

    def register() -> None:
        for each in classes:
            bpy.utils.register_class(each)

    def unregister() -> None:
        for each in reversed(classes):
            bpy.utils.unregister_class(each)

    return register, unregister
