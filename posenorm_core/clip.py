"""A clip: all the people found in one input, whatever its format, each with the 24 landmarks over time."""

from dataclasses import dataclass, replace

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import LANDMARK_COUNT

DEFAULT_FPS = 30.0


@dataclass(frozen=True)
class Person:
    """One person: the landmarks in the S frames where he is seen, out of the clip's `frame_count`.

    Kept by the frames seen, so that a crowd that passes through a long clip takes the memory of what was
    detected.
    """

    number: int  # from 1, the most visible first
    frame_count: int
    frames: np.ndarray  # (S,) ascending
    seen_points: np.ndarray  # (S, 24, 2) pixels
    seen_confidence: np.ndarray  # (S, 24)

    @property
    def points(self) -> np.ndarray:
        """(T, 24, 2) pixels, zero in the frames where the person is not seen."""
        points = np.zeros((self.frame_count, LANDMARK_COUNT, 2), dtype=np.float32)
        points[self.frames] = self.seen_points
        return points

    @property
    def confidence(self) -> np.ndarray:
        """(T, 24) in 0…1, zero in the frames where the person is not seen."""
        confidence = np.zeros((self.frame_count, LANDMARK_COUNT), dtype=np.float32)
        confidence[self.frames] = self.seen_confidence
        return confidence

    @property
    def share(self) -> float:
        """The share of the clip's frames in which the person is seen, 0…1."""
        return len(self.frames) / self.frame_count if self.frame_count else 0.0

    @property
    def mean_confidence(self) -> float:
        """The mean over the 24 landmarks in the frames where the person is seen; a missing one counts as 0."""
        return float(self.seen_confidence.mean()) if len(self.frames) else 0.0


def chosen_person(path: str, people: int, person: int | None) -> int:
    """The number of `person`, or of the most visible, of so many in the input `path`; raises InputError for none."""
    number = 1 if person is None else person
    if not 1 <= number <= people:
        holds = "one person" if people == 1 else f"{people} people, 1 to {people}"
        raise InputError(f"{path}: there is no person {number}; it holds {holds}")
    return number


@dataclass(frozen=True)
class Clip:
    """What `formats.read_clip` returns: at least one person in at least one frame."""

    path: str
    format_name: str
    fps: float | None  # None where the format does not tell it and nobody gave it
    image_size: tuple[float, float]  # width, height in pixels; (0, 0) where the format does not tell
    frame_count: int
    people: tuple[Person, ...]  # the most visible first
    guessed_size: tuple[float, float] = (0.0, 0.0)  # the image's, where the format has shares of it and no size

    def __len__(self) -> int:
        """The number of frames."""
        return self.frame_count

    @property
    def warnings(self) -> tuple[str, ...]:
        """What had to be assumed in reading it, a line each."""
        if not all(self.guessed_size):
            return ()
        width, height = self.guessed_size
        return (
            f"{self.path} gives its points as shares of an image whose size it does not tell; {width:g} x {height:g} "
            "is taken by the shape of the body, `normalize --video VIDEO` takes that of the video they are of",
        )

    def in_image(self, size: tuple[float, float]) -> "Clip":
        """The clip of an image of `size` (pixels) where its format tells none; shares have their places in that."""
        if all(self.image_size):
            return self
        if not all(self.guessed_size):
            return replace(self, image_size=size)
        scale = np.divide(size, self.guessed_size, dtype=np.float32)
        people = tuple(replace(person, seen_points=person.seen_points * scale) for person in self.people)
        return replace(self, image_size=size, guessed_size=(0.0, 0.0), people=people)

    def keypoints(self, person: int | None = None) -> Keypoints:
        """The keypoints of person number `person`, or of the most visible; 30 frames/s where the rate is not known.

        Raises InputError where there is no such person.
        """
        number = chosen_person(self.path, len(self.people), person)
        chosen = self.people[number - 1]
        source = {"file": self.path, "format": self.format_name, "person": number}
        return Keypoints(self.fps or DEFAULT_FPS, self.image_size, chosen.points, chosen.confidence, source)
