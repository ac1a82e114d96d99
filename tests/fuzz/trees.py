"""Trees of plain values (what JSON, TOML and pickles hold), changed in one place: wrong types, sizes, nestings."""

import json
import math
from random import Random
from typing import Any

import numpy as np

from tests.fuzz.arrays import changed_array

# Texts that `json_bytes` replaces by what Python's own values cannot say.
_DEEP, _DIGITS, _ENDLESS, _TWIN = "\0deep", "\0digits", "\0endless", "\0"
_BEYOND_PYTHON = (
    (b'"\\u0000deep"', b'[{"a":' * 10_000 + b"0" + b"}]" * 10_000),
    (b'"\\u0000digits"', b"9" * 5000),
    (b'"\\u0000endless"', b"-1e999"),
    (b'\\u0000"', b'"'),  # a key ends so whose twin stands beside it
)
_NUMBERS = (0, -1, 1, 2, 17, 33, 255, 10**6, 2**31, -(2**31), 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**30, 10**400)
_FRACTIONS = (0.0, -0.0, 0.5, -0.5, 5e-324, 1e-30, 1e7, 1e8, 1e15, 1e38, 1e39, 1e300, -1e300)
_NO_NUMBERS = (math.nan, math.inf, -math.inf, _ENDLESS, _DIGITS)
_TEXTS = ("", "a", "0", "-1", "1e5", "nan", "1_0", "٣", "²", "\ud800", "x" * 3000, "7" * 60, "a\r\nb\x1b[2J", "../..")
_NESTS: tuple[Any, ...] = ([], {}, [[]], [{}], {"": None}, [None], [[0] * 3] * 3, {"0": {"0": []}}, _DEEP)
_WRONG = (None, True, False, *_NUMBERS, *_FRACTIONS, *_NO_NUMBERS, *_TEXTS, *_NESTS)
_LARGEST = 1e100
# How likely a change lies deeper than where one stands.
_DEEPER = 0.87


def json_bytes(tree: Any) -> bytes:
    """The tree as JSON."""
    content = json.dumps(tree).encode()
    if b"\\u0000" in content:
        for told, meant in _BEYOND_PYTHON:
            content = content.replace(told, meant)
    return content


def changed_tree(tree: Any, rng: Random, whole: Any = None) -> Any:
    """`tree` with one place changed, all else shared; what is put there may come from elsewhere in `whole`."""
    whole = tree if whole is None else whole
    if isinstance(tree, np.ndarray):
        return changed_array(tree, rng)
    if isinstance(tree, dict | list | tuple) and tree and rng.random() < _DEEPER:
        copy = dict(tree) if isinstance(tree, dict) else list(tree)
        key = rng.choice(list(copy)) if isinstance(copy, dict) else rng.randrange(len(copy))
        copy[key] = changed_tree(copy[key], rng, whole)
        return tuple(copy) if isinstance(tree, tuple) else copy
    return _replaced(tree, rng, whole)


def _replaced(tree: Any, rng: Random, whole: Any) -> Any:
    kind = rng.random()
    if isinstance(tree, dict) and tree and kind < 0.7:
        return _other_object(dict(tree), rng)
    if isinstance(tree, list | tuple) and tree and kind < 0.7:
        return _other_list(list(tree), rng)
    if isinstance(tree, int | float) and abs(tree) < _LARGEST and kind < 0.3:
        return rng.choice((-tree, tree + 1, tree * 10**6, tree / 7, str(tree), [tree]))
    return _somewhere(whole, rng) if kind > 0.92 else rng.choice(_WRONG)


def _somewhere(tree: Any, rng: Random) -> Any:
    """A part of the tree from anywhere."""
    while isinstance(tree, dict | list | tuple) and tree and rng.random() < _DEEPER:
        tree = rng.choice(list(tree.values()) if isinstance(tree, dict) else tree)
    return tree


def _other_object(held: dict[Any, Any], rng: Random) -> Any:
    """An object with a key less, more, renamed, twice, or in another order, or turned into a list."""
    key = rng.choice(list(held))
    match rng.randrange(7):
        case 0:
            del held[key]
        case 1:
            held[rng.choice(_TEXTS)] = held.pop(key)
        case 2:
            held[f"{key}{_TWIN}"] = rng.choice(_WRONG)
        case 3:
            return list(held.values())
        case 4:
            held[rng.choice(list(held))] = held[key]
        case 5:
            return {name: held[name] for name in rng.sample(list(held), len(held))}
        case _:
            return {key: {key: held}}
    return held


def _other_list(held: list[Any], rng: Random) -> Any:
    """A list cut, longer, many times as long, in another order, or turned into an object."""
    place = rng.randrange(len(held))
    match rng.randrange(8):
        case 0:
            return held[:place]
        case 1:
            return held[place:]
        case 2:
            return held + held[place:]
        case 3:
            return held * rng.choice((2, 3, 30))
        case 4:
            return rng.sample(held, len(held))
        case 5:
            return [*held[:place], rng.choice(_WRONG), *held[place:]]
        case 6:
            return {str(number): value for number, value in enumerate(held)}
        case _:
            return [held]
