"""What a motion file holds: the motions of all people in it, made when they are asked for."""

from collections.abc import Callable
from dataclasses import dataclass

from posenorm_core.clip import DEFAULT_FPS, chosen_person
from posenorm_core.motion import Motion


@dataclass(frozen=True)
class MotionClip:
    """What `motion_files.read_motion_clip` returns: at least one person in at least one frame."""

    path: str
    format_name: str
    fps: float | None  # None where the format does not tell it and nobody gave it
    people: tuple[Callable[[float], Motion], ...]  # each makes the motion at a frame rate; the most visible first

    def motion(self, person: int | None = None) -> Motion:
        """The motion of person number `person`, or of the most visible; 30 frames/s where the rate is not known.

        Raises InputError where there is no such person.
        """
        number = chosen_person(self.path, len(self.people), person)
        return self.people[number - 1](self.fps or DEFAULT_FPS)
