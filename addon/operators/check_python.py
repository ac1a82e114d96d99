"""The preferences' Test button: asks the chosen Python what it lacks. Nothing is installed, ever."""

from typing import Any

import bpy

from posenorm_core.errors import InputError

from ..job import Work
from ..preferences import python_path, remember_test
from ..python_check import PythonCheck, check_python
from ..registration import registration_of
from ..status import status
from .job_operator import JobOperator


class PosenormTestPython(JobOperator):
    """Ask this Python whether it can detect poses in videos; nothing is installed."""

    bl_idname = "posenorm.test_python"
    bl_label = "Test Python"
    bl_description = "Ask this Python whether it can detect poses in videos; takes some seconds, and installs nothing"

    verb = "Testing"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """No job may be running."""
        if status.progress is not None:
            cls.poll_message_set("Wait for the running job, or stop it with Esc")
            return False
        return True

    def prepare(self, context: bpy.types.Context) -> Work:
        """Notes the Python; asking it is the work."""
        python = python_path(context)
        self._python = str(python)
        return lambda report: check_python(python, lambda: report(0, 1))

    def finish(self, context: bpy.types.Context, result: PythonCheck) -> str:
        """Keeps the answer for the preferences."""
        remember_test(self._python, result)
        for window in context.window_manager.windows:
            for area in window.screen.areas:
                if area.type == "PREFERENCES":
                    area.tag_redraw()
        if result.fault:
            raise InputError(f"This Python cannot detect poses yet: {result.fault}")
        return "This Python can detect poses in videos"


class PosenormCopyCommand(bpy.types.Operator):
    """Copy the command, to be pasted into a terminal."""

    bl_idname = "posenorm.copy_command"
    bl_label = "Copy Command"
    bl_description = "Copy the command, to be pasted into a terminal"

    command: bpy.props.StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> Any:
        """Puts it on the clipboard."""
        context.window_manager.clipboard = self.command
        self.report({"INFO"}, "Copied")
        return {"FINISHED"}


register, unregister = registration_of(PosenormTestPython, PosenormCopyCommand)
