"""Texts of words and lines (BVH, CSV, TOML), changed word by word and line by line."""

import re
from random import Random

_WORDS = (
    *("", "0", "-1", "1", "nan", "inf", "-inf", "1e400", "1e30", "-1e-320", "9" * 400, "0x10", "1_0", "٣", "²"),
    *("x", "true", "null", "{", "}", "[", "]", '"', "'", "=", ",", ";", "\t", "\n", "\0", "\ufeff", "\x1b[2J", "%s"),
)
_SEPARATORS = re.compile(r"([\s,;=]+)")


def changed_text(text: str, rng: Random, words: tuple[str, ...] = ()) -> bytes:
    """`text` with a few words or lines changed; `words` are those that its format knows, or chokes on."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        if rng.random() < 0.6:
            parts = _SEPARATORS.split(text)
            place = rng.randrange(len(parts))
            parts[place] = rng.choice(parts if rng.random() < 0.25 else (*_WORDS, *words, *words))
            text = "".join(parts)
        else:
            text = "".join(_changed_lines(text.splitlines(keepends=True) or ["\n"], rng))
    return text.encode("utf-8", errors="surrogatepass")


def _changed_lines(lines: list[str], rng: Random) -> list[str]:
    place, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(6):
        case 0:
            return lines[:place] + lines[place + 1 :]
        case 1:
            return lines[: place + 1] + lines[place:]
        case 2:
            lines[place], lines[other] = lines[other], lines[place]
            return lines
        case 3:
            return lines[:place]
        case 4:
            return lines[:place] + [lines[place]] * rng.choice((3, 100)) + lines[place + 1 :]
        case _:
            return rng.sample(lines, len(lines))
