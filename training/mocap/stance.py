"""Everybody is straight where he stands upright: each person's trunk gets the rest pose that makes him so.

About the line of hips or shoulders the pitch that a rig was calibrated to shows in no joint's place, so a network
could only guess whose rig it sees (`posenorm_core.trunk`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from posenorm_core.trunk import straightened, usual_pitches
from training.mocap.bodies import Body, SourcePose
from training.mocap.dataset import FPS


def standing_straight(body: Body) -> Iterator[Body]:
    """The people of `body`, each with the pitch of his trunk's joints that makes him straight where he is upright.

    Only what a joint's rotation means changes, and with it the offsets: no joint moves. Who is hardly ever upright
    is taken as the others on the same skeleton are.
    """
    usual = usual_pitches(body.points, body.motion, FPS)
    for clips, frames in _people(body):
        points, motion = body.points[frames], replace(body.motion, rotations=body.motion.rotations[frames])
        yield replace(body, clips=clips, points=points, motion=straightened(points, motion, FPS, otherwise=usual))


def _people(body: Body) -> Iterator[tuple[tuple[SourcePose, ...], np.ndarray]]:
    """Each person's clips and frames; where nobody knows who a clip is of, it is a person's of its own."""
    groups: dict[str, list[tuple[SourcePose, slice]]] = {}
    for clip, frames in body.frames():
        person = clip.name if clip.subject.endswith("unknown") else clip.subject
        groups.setdefault(person, []).append((clip, frames))
    for clips in groups.values():
        yield tuple(clip for clip, _ in clips), _frame_numbers([frames for _, frames in clips])


def _frame_numbers(spans: Sequence[slice]) -> np.ndarray:
    """The frames of all `spans`, one span after the other."""
    return np.concatenate([np.arange(span.start, span.stop) for span in spans])
