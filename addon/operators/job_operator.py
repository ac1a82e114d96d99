"""An operator whose work runs on a thread: the window stays alive, Esc stops it, nothing is left behind.

The window's timer asks for news; only then, on Blender's main thread, is anything done to the file. Without a
window (background mode, a script) the same work runs straight through. One job runs at a time, and it ends as
well when another file is loaded or the extension is switched off.
"""

from dataclasses import dataclass
from typing import Any

import bpy
from bpy.app.handlers import persistent

from posenorm_core.errors import InputError

from ..job import Done, Failed, Job, Progress, Work
from ..properties import settings_of
from ..status import status

_POLL_SECONDS = 0.1


@dataclass
class _Running:
    """The job that runs, and the timer that asks for its news."""

    job: Job
    timer: bpy.types.Timer
    window_manager: bpy.types.WindowManager


_running: _Running | None = None


class JobOperator(bpy.types.Operator):
    """Base of the operators that compute from the source; subclasses say what in `prepare` and `finish`."""

    verb = "Working"
    needs_source = True

    def prepare(self, context: bpy.types.Context) -> Work:
        """Reads the user's choices and returns the work, which must not touch Blender. May raise InputError."""
        raise NotImplementedError

    def finish(self, context: bpy.types.Context, result: Any) -> str:
        """Puts the work's result into Blender and returns the news for the panel. May raise InputError."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There must be a source and no running job; the greyed button says which is missing."""
        if cls.needs_source and not settings_of(context).source:
            cls.poll_message_set("Pick a keypoints file or folder first")
        elif _running is not None:
            cls.poll_message_set("Wait for the running job, or stop it with Esc")
        else:
            return True
        return False

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Any:
        """Starts the job, or runs straight through where there is no window to keep alive."""
        global _running
        if bpy.app.background or context.window is None:
            return self.execute(context)
        try:
            work = self.prepare(context)
        except InputError as error:
            return self._refuse(error)
        window_manager: Any = context.window_manager
        window_manager.modal_handler_add(self)
        timer = window_manager.event_timer_add(_POLL_SECONDS, window=context.window)
        window_manager.progress_begin(0, 100)
        _running = _Running(Job(work), timer, window_manager)
        status.advance(f"{self.verb} (Esc stops)", 0.0)
        _redraw(window_manager)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Takes the job's news when the timer fires; Esc stops it."""
        if _running is None:
            return {"CANCELLED"}
        if event.type == "ESC" and event.value == "PRESS":
            self.cancel(context)
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        for message in _running.job.messages():
            if isinstance(message, Progress):
                status.advance(f"{self.verb} {message.fraction:.0%} (Esc stops)", message.fraction)
                _running.window_manager.progress_update(100 * message.fraction)
                _redraw(_running.window_manager)
            else:
                return self._end(context, message)
        return {"PASS_THROUGH"}

    def cancel(self, _context: bpy.types.Context) -> None:
        """Stops the job; Blender calls this too when it ends the operator by itself."""
        if stop():
            status.say("Cancelled")

    def execute(self, context: bpy.types.Context) -> Any:
        """Runs straight through."""
        window_manager = context.window_manager
        window_manager.progress_begin(0, 100)
        try:
            work = self.prepare(context)
            result = work(lambda done, total: window_manager.progress_update(100 * done / max(total, 1)))
            status.say(self.finish(context, result))
        except InputError as error:
            return self._refuse(error)
        finally:
            window_manager.progress_end()
        return {"FINISHED"}

    def _end(self, context: bpy.types.Context, message: Done | Failed) -> Any:
        """The job is over: its result goes into Blender, or its error to the user."""
        stop()
        try:
            if isinstance(message, Failed):
                raise message.error
            status.say(self.finish(context, message.result))
        except InputError as error:
            return self._refuse(error)
        except Exception as error:  # a mistake of ours: the panel must not stay silent, Blender prints the rest
            status.say(f"PoseNorm failed: {error!r}; the system console tells more", is_error=True)
            raise
        return {"FINISHED"}

    def _refuse(self, error: InputError) -> Any:
        """Tells the user, in the status bar and in the panel, what to do about it."""
        status.say(str(error), is_error=True)
        self.report({"ERROR"}, str(error))
        return {"CANCELLED"}


def stop() -> bool:
    """Stops the job that runs, if any, and takes its timer away; whether there was one."""
    global _running
    if _running is None:
        return False
    running, _running = _running, None
    running.job.cancel()
    running.window_manager.event_timer_remove(running.timer)
    running.window_manager.progress_end()
    _redraw(running.window_manager)
    return True


def _redraw(window_manager: bpy.types.WindowManager) -> None:
    """Draws the panels again, wherever they are open."""
    for window in window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


@persistent
def _stop_for_another_file(*_: object) -> None:
    """Another file is loaded: what was computed has no place in it, and old news none either."""
    stop()
    status.say("")


def register() -> None:
    """Listens for files being loaded."""
    bpy.app.handlers.load_pre.append(_stop_for_another_file)


def unregister() -> None:
    """Stops a running job before its operator goes."""
    stop()
    status.say("")
    bpy.app.handlers.load_pre.remove(_stop_for_another_file)
