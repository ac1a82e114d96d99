"""Operators that do their work at once, and tell in the panel and the status bar what came of it."""

from typing import Any

import bpy

from posenorm_core.errors import InputError

from ..scene.keyed_motion import has_motion
from ..status import status


class TellingOperator:
    """Mixed into an operator that says what it does in `work`."""

    def work(self, context: bpy.types.Context) -> str:
        """Does it and returns the news. May raise InputError."""
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> Any:
        """Does the work, and reports what came of it."""
        try:
            told = self.work(context)
        except InputError as error:
            status.say(str(error), is_error=True)
            self.report({"ERROR"}, str(error))  # type: ignore[attr-defined]
            return {"CANCELLED"}
        status.say(told)
        self.report({"INFO"}, told)  # type: ignore[attr-defined]
        return {"FINISHED"}


class MotionOperator(TellingOperator):
    """The same, for what is done to an armature of ours, which must be active."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The greyed button says what is missing."""
        if not has_motion(context.object):
            cls.poll_message_set("Select an armature that PoseNorm made")  # type: ignore[attr-defined]
            return False
        return True
