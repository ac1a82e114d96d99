"""Registering adds what the add-on needs, unregistering leaves nothing behind, and both can be repeated."""

from typing import Any

import bpy

import addon
from addon.operators import job_operator
from addon.status import status


def footprint() -> tuple[Any, ...]:
    """Whatever in Blender could be ours: classes, operators, properties, handlers."""
    classes = {name for name in dir(bpy.types) if "posenorm" in name.lower()}
    subclasses = {each.__name__ for base in (bpy.types.Panel, bpy.types.Operator) for each in base.__subclasses__()}
    registered = {name for name in subclasses if getattr(bpy.types, name, None) is not None and "osenorm" in name}
    handlers = tuple(len(getattr(bpy.app.handlers, name)) for name in ("load_pre", "load_post", "undo_post"))
    return classes, registered, dir(bpy.ops.posenorm), hasattr(bpy.types.Scene, "posenorm"), handlers


def test_nothing_is_left_behind() -> None:
    before = footprint()
    for _ in range(2):
        addon.register()
        assert footprint() != before
        assert hasattr(bpy.context.scene, "posenorm")
        addon.unregister()
        assert footprint() == before


class FakeTimers:
    """Stands for the window manager, which has no timers without a window."""

    windows = ()

    def __init__(self) -> None:
        """Nothing removed yet."""
        self.removed: list[object] = []
        self.progress_ended = False

    def event_timer_remove(self, timer: object) -> None:
        self.removed.append(timer)

    def progress_end(self) -> None:
        self.progress_ended = True


def start_endless_job(monkeypatch: Any) -> tuple[Any, FakeTimers]:
    """A job that reports progress until it is cancelled, and what its timer belongs to."""
    import time

    def work(report: Any) -> None:
        while True:
            report(1, 2)
            time.sleep(0.01)

    manager = FakeTimers()
    job = job_operator.Job(work)
    monkeypatch.setattr(job_operator, "_running", job_operator._Running(job, "timer", manager))  # type: ignore[arg-type]
    return job, manager


def test_unregistering_stops_a_running_job(monkeypatch: Any) -> None:
    addon.register()
    job, manager = start_endless_job(monkeypatch)
    assert not bpy.ops.posenorm.normalize.poll()
    addon.unregister()
    assert job.wait(10)
    assert (manager.removed, manager.progress_ended) == (["timer"], True)


def test_loading_a_file_stops_a_running_job(monkeypatch: Any) -> None:
    addon.register()
    try:
        job, manager = start_endless_job(monkeypatch)
        status.advance("Normalizing", 0.5)
        bpy.ops.wm.read_factory_settings(use_empty=True)
        assert job.wait(10)
        assert (manager.removed, status.progress, status.text) == (["timer"], None, "")
        assert job_operator.stop() is False
    finally:
        addon.unregister()
