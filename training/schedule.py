"""The learning rate along a training: a short rise, then a half cosine down to nothing."""

import math

from training.configuration import Optimization


def learning_rate(course: Optimization, step: int) -> float:
    """The rate of step `step`; it depends on nothing else, so a resumed training goes on exactly."""
    warmup = min(course.warmup, course.steps // 10)
    if step < warmup:
        return course.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, course.steps - warmup)
    return course.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
