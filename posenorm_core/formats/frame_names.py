"""Frames that are told by name, as `clip_000000000012_keypoints.json` or `12.jpg`: the number in each name.

Names may carry several numbers (a camera, a date, a resolution); the frame's is the last in which all names
differ. A number far from all others belongs to something else, and is not taken for a clip of a day's length.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from posenorm_core.errors import InputError

# More frames than this for those that are there, and one of the numbers belongs to something else.
_MOST_FRAMES_A_NAME, _FRAMES_ALWAYS_FINE = 10, 1000


def names_by_frame(names: Sequence[str], path: str | Path, called: str) -> dict[int, str]:
    """`names`, which the user knows as `called`, by their frame numbers; those without any number are left out.

    Raises InputError where no name carries a number, two are of one frame, or one lies far from all others.
    """
    if len(names) == 1:
        return {0: names[0]}
    names = [name for name in names if _numbers(name)]
    if not names:
        raise InputError(f"{path}: its {called} carry no frame numbers, such as clip_000000000012.json")
    numbers = differing_numbers(names)
    if numbers is not None:
        return without_wide_gaps(dict(zip(numbers, names, strict=True)), path, called)
    first_of: dict[int, str] = {}
    for name in names:
        number = _numbers(name)[-1]
        if number in first_of:
            both = f"{first_of[number]!r:.100} and {name!r:.100} are both frame {number}"
            raise InputError(f"{path}: {both}; give the frames of one clip alone")
        first_of[number] = name
    raise AssertionError("names whose last numbers all differ were returned above")


def frames_of_images(image_ids: Iterable[str | int], path: str | Path) -> tuple[dict[str, int], int]:
    """The frame, from 0, of each of `image_ids` (names of images or numbers) as text, and how many frames there are.

    Raises InputError where names carry no numbers, or such as one clip does not have.
    """
    numbers = {str(image_id): image_id for image_id in image_ids}
    names = list(numbers)
    whole = sorted(number for number in numbers.values() if isinstance(number, int))
    if len(whole) == len(names) and not are_one_clip(whole[0], whole[-1], len(whole)):
        # A data set's own numbers, of images that have nothing to do with each other.
        return {str(number): frame for frame, number in enumerate(whole)}, len(whole)
    numbered = names_by_frame(names, path, "images")
    if len(numbered) < len(names):
        nameless = sorted(set(names) - set(numbered.values()))[0]
        raise InputError(f"{path}: its image_id {nameless!r:.100} carries no frame number, such as frame_0012.jpg")
    last = max(numbered)
    # So AlphaPose calls the frames of a video: nobody was in those before the first that is listed.
    of_a_video = all(name == f"{number}.jpg" for number, name in numbered.items()) and are_one_clip(0, last, len(names))
    first = 0 if of_a_video else min(numbered)
    return {name: number - first for number, name in numbered.items()}, last - first + 1


def differing_numbers(names: Sequence[str]) -> list[int] | None:
    """For each of `names` the last of its numbers in which they all differ; None where there is no such number."""
    groups = [_numbers(name) for name in names]
    for place in range(1, min(map(len, groups), default=0) + 1):
        numbers = [group[-place] for group in groups]
        if len(set(numbers)) == len(numbers):
            return numbers
    return None


def without_wide_gaps(numbered: Mapping[int, str], path: str | Path, called: str) -> dict[int, str]:
    """`numbered` as it is; raises InputError where so few are spread over so many frames that one is a stray."""
    numbers = np.array(sorted(numbered))
    if are_one_clip(int(numbers[0]), int(numbers[-1]), len(numbers)):
        return dict(numbered)
    widest = int(np.argmax(np.diff(numbers)))
    # The smaller side of the gap is the odd one.
    stray = int(numbers[widest + 1] if widest + 1 > len(numbers) / 2 else numbers[widest])
    raise InputError(
        f"{path}: {len(numbers)} {called} run from frame {numbers[0]} to {numbers[-1]}; "
        f"take out what does not belong to the clip, such as {numbered[stray]!r:.100}"
    )


def are_one_clip(first: int, last: int, there: int) -> bool:
    """Whether frames `first` to `last`, of which `there` are told of, can be one clip."""
    return last - first < _FRAMES_ALWAYS_FINE + _MOST_FRAMES_A_NAME * there


def _numbers(name: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d{1,18}", PurePosixPath(name).stem)]
