"""JSON that came from anywhere: parsed, or refused with one line that says where it is wrong."""

import json
from typing import Any, NoReturn

from posenorm_core.archive import MOST_EXPANSION
from posenorm_core.errors import InputError

# What Python takes for a list and for an object at least, in bytes: lists of nothing are thirty times their text.
_LIST, _OBJECT = 100, 230
_SMALL = 2**20


def parsed_json(content: bytes, name: str) -> Any:
    """What the JSON of the file called `name` holds; raises InputError where it is none, cut short or absurd."""
    least = _LIST * content.count(b"[") + _OBJECT * content.count(b"{")
    if least > max(_SMALL, len(content)) * MOST_EXPANSION:
        raise InputError(f"{name}: holds hardly more than brackets, which are no keypoints")
    try:
        return _DECODER.decode(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        whole = "is cut short" if error.pos >= len(error.doc.rstrip()) - 1 else "is damaged"
        raise InputError(f"{name}: {whole}: no valid JSON at line {error.lineno} column {error.colno}") from None
    except UnicodeDecodeError:
        raise InputError(f"{name}: is no text, so no JSON") from None
    except RecursionError:
        raise InputError(f"{name}: is nested too deeply for keypoints") from None
    except ValueError as error:  # NaN and the like, and integers of thousands of digits
        raise InputError(f"{name}: holds {error!s:.200}") from None


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant}, which is no number; write 0 with confidence 0 for what is missing")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
