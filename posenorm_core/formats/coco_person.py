"""A person as COCO's files list one: the id of the image, and the keypoints as flat x, y, v triples, the feet's apart.

What v is depends on the file: of annotations the visibility 0, 1 or 2, of results a confidence.
"""

from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.formats.numbers import plain_numbers

_BODY_NUMBERS = 17 * 3


def image_id_of(entry: Any, key: str, where: str) -> str | int:
    """The image that `entry` names under `key`; raises InputError where it is neither a name nor a number from 0."""
    told = entry.get(key) if isinstance(entry, dict) else None
    if isinstance(told, float) and told.is_integer():
        told = int(told)
    if isinstance(told, str) or (isinstance(told, int) and not isinstance(told, bool) and told >= 0):
        return told
    raise InputError(f"{where}: lacks '{key}', the name or the number of an image")


def person_numbers(entry: dict[str, Any], where: str) -> np.ndarray:
    """The numbers x, y, v, … (3 K,) float64 of one person, COCO-WholeBody's feet behind the body.

    Raises InputError where they are no such list.
    """
    values = plain_numbers(entry.get("keypoints"), where, "'keypoints'")
    if len(values) == _BODY_NUMBERS and entry.get("foot_kpts"):
        values = np.concatenate([values, plain_numbers(entry["foot_kpts"], where, "'foot_kpts'")])
    if len(values) % 3:
        raise InputError(f"{where}: 'keypoints' has {len(values)} numbers, which are no triples x, y, confidence")
    return values
