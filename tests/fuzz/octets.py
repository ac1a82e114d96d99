"""Bytes, changed without knowing what they mean: cut, flipped, put in, repeated, exchanged."""

import re
from random import Random

_DIGITS = re.compile(rb"\d+")
_WORDS = (
    b"",
    b"\0",
    b"\xff" * 8,
    b"\x80",
    b"\xef\xbb\xbf",
    b"[",
    b"{",
    b'"',
    b",",
    b"\n",
    b"-",
    b"9" * 400,
    b"1e999",
    b"NaN",
)
_NUMBERS = (b"0", b"-1", b"99999999", b"4294967296", b"18446744073709551616", b"9" * 5000, b"1e308", b"0x7")
_LARGEST = 2**20


def changed_bytes(content: bytes, rng: Random, others: bytes = b"") -> bytes:
    """`content` with a few changes; what is put in may come from `others`."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        content = _changed_once(content, rng, others)
    return content


def _changed_once(content: bytes, rng: Random, others: bytes) -> bytes:
    begin = rng.randrange(len(content) + 1)
    end = min(len(content), begin + rng.choice((1, 1, 2, 4, 8, 64, 1024)))
    match rng.randrange(9):
        case 0:
            return content[:begin]
        case 1:
            return content[begin:]
        case 2:
            return content[:begin] + content[end:]
        case 3:
            return content[:begin] + rng.choice(_WORDS) + content[end:]
        case 4:
            return content[:begin] + content[begin:end] * rng.choice((2, 3, 100)) + content[end:]
        case 5:
            return content[:begin] + bytes([rng.randrange(256)]) + content[begin + 1 :]
        case 6:
            other = others or content
            there = rng.randrange(len(other) + 1)
            return content[:begin] + other[there : there + rng.choice((4, 64, 4096))] + content[end:]
        case 7:
            numbers = list(_DIGITS.finditer(content[begin : begin + 200]))
            if not numbers:
                return content[:begin] + bytes(end - begin) + content[end:]
            number = rng.choice(numbers)
            return content[: begin + number.start()] + rng.choice(_NUMBERS) + content[begin + number.end() :]
        case _:
            return content[:begin] + content[begin:] * min(rng.choice((2, 10, 50)), 1 + _LARGEST // (len(content) + 1))
