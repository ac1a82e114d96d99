"""The button of a job. While any job runs, whose progress stands at the panel's top, there is a word in its place.

A greyed button would not do: under the pointer, where it was clicked, Blender leaves it grey when all is over.
"""

from typing import Any

from ..status import status


def draw_job_button(layout: Any, operator: str, **look: Any) -> Any | None:
    """Draws the button of `operator` and returns its properties; None while a job runs."""
    if status.progress is not None:
        layout.label(text="Running: Esc stops", icon="TIME")
        return None
    return layout.operator(operator, **look)
