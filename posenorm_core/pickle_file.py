"""Files of one pickle, as Python or joblib writes them, packed by zlib, gzip, bz2, xz, lzma or not at all.

Nothing in them is run (`safe_pickle`), and what unpacks to far more than its size is refused.
"""

import bz2
import lzma
import pickle
import zlib
from pathlib import Path
from typing import Any

from posenorm_core.errors import InputError
from posenorm_core.safe_pickle import PLAIN_ADVICE, unpickle

# A compressed file that grows by more than this is a bomb; small ones may.
_MOST_EXPANSION, _SMALL = 20, 16 * 2**20
_LZMA_MEMORY = 256 * 2**20


def load_pickle(path: str | Path) -> Any:
    """What the pickle or joblib file at `path` holds: dicts, lists, tuples, numbers, texts and NumPy arrays.

    Raises InputError where it is missing, damaged, or holds anything else.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    return unpickle(uncompressed(content, str(path)), str(path))


def is_pickle(head: bytes) -> bool:
    """Whether a file that begins with `head` is a pickle of protocol 2 or later, compressed or not."""
    try:
        begin = _decompressor(head).decompress(head, 2) if _decompressor(head) else head
    except (zlib.error, lzma.LZMAError, OSError, EOFError):
        return False
    return len(begin) >= 2 and begin[0] == pickle.PROTO[0] and 2 <= begin[1] <= pickle.HIGHEST_PROTOCOL


def uncompressed(content: bytes, name: str) -> bytes:
    """`content` as it was before compression; raises InputError where that is damaged or out of all proportion."""
    decompressor = _decompressor(content)
    if decompressor is None:
        return content
    most = max(_MOST_EXPANSION * len(content), _SMALL)
    try:
        plain: bytes = decompressor.decompress(content, most + 1)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, MemoryError) as error:
        raise InputError(f"{name}: cannot be unpacked ({error}); the file is damaged") from None
    if len(plain) > most:
        raise InputError(f"{name}: unpacks to more than {_MOST_EXPANSION} times its size; {PLAIN_ADVICE}")
    if not decompressor.eof:
        raise InputError(f"{name}: is cut short")
    return plain


def _decompressor(head: bytes) -> Any:
    """What unpacks a file that begins so, or None where it is not compressed."""
    if head[:2] == b"\x1f\x8b" or (head[:1] == b"\x78" and int.from_bytes(head[:2], "big") % 31 == 0):
        return zlib.decompressobj(zlib.MAX_WBITS | 32)  # finds out by itself which of zlib and gzip it is
    if head[:3] == b"BZh":
        return bz2.BZ2Decompressor()
    if head[:6] == b"\xfd7zXZ\x00" or head[:3] == b"\x5d\x00\x00":
        return lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)
    return None
