"""Reads the source, so that the panel can tell its format, people and frame rate."""

from typing import Any

import bpy

from posenorm_core.any_clip import read_any
from posenorm_core.motion_files import MotionClip

from .. import source
from ..job import Work
from ..properties import settings_of
from ..registration import registration_of
from .job_operator import JobOperator


class PosenormLoadSource(JobOperator):
    """Read the source again."""

    bl_idname = "posenorm.load_source"
    bl_label = "Read Source"
    bl_description = "Read the source again"

    verb = "Reading"

    def prepare(self, context: bpy.types.Context) -> Work:
        """Notes the path; the reading is the work."""
        self._source = settings_of(context).source
        path = bpy.path.abspath(self._source)
        return lambda _report: read_any(path)

    def finish(self, _context: bpy.types.Context, result: Any) -> str:
        """Keeps the clip for the panel and for Normalize."""
        source.remember(self._source, result)
        people = "1 person" if len(result.people) == 1 else f"{len(result.people)} people"
        return f"Read {people}" if isinstance(result, MotionClip) else f"Read {len(result)} frames"


register, unregister = registration_of(PosenormLoadSource)
