"""Pickles, changed instruction by instruction: programs that no pickler writes, some of which would run things.

What is put in calls the system, imports, evaluates, reaches attributes, claims sizes, refers to itself and grows by
repetition. Nothing of it would do harm if it were run; `watch` sees whether it was.
"""

import pickletools
from random import Random


def _text(text: str) -> bytes:
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


def _called(module: str, name: str, *arguments: bytes) -> bytes:
    return f"c{module}\n{name}\n".encode() + b"(" + b"".join(arguments) + b"tR"


_ARRAY = _called("numpy.core.multiarray", "_reconstruct", b"cnumpy\nndarray\n", b"K\0\x85", _text("b"))
# Programs that would run something, or reach for what could.
RUNNING = (
    *(_called(module, "system", _text("true")) for module in ("os", "posix", "nt")),
    *(_called(module, name, _text("1")) for module in ("builtins", "__builtin__") for name in ("eval", "exec", "open")),
    b"(" + _text("true") + b"ios\nsystem\n",
    b"(cos\nsystem\n" + _text("true") + b"o",
    b"\x8c\x02os\x8c\x06system\x93" + _text("true") + b"\x85R",
    _called("subprocess", "Popen", _text("true")),
    _called("subprocess", "check_output", _text("true")),
    _called("shutil", "rmtree", _text("/nonexistent-fuzz")),
    _called("socket", "create_connection", _text("localhost")),
    _called("importlib", "import_module", _text("antigravity")),
    _called("builtins", "__import__", _text("this")),
    _called("builtins", "getattr", b"cos\n" + b"path\n", _text("os")),
    _called("operator", "attrgetter", _text("system")),
    _called("functools", "partial", b"cos\nsystem\n", _text("true")),
    _called("numpy", "load", _text("/etc/passwd")),
    _called("numpy", "frombuffer", _text("ab")),
    _called("numpy", "fromfile", _text("/etc/passwd")),
    _called("copyreg", "_reconstructor", b"cbuiltins\nobject\n", b"cbuiltins\nobject\n", b"N"),
    _called("posenorm_core.files", "write_aside", _text("/tmp/x")),
    _called("torch", "load", _text("/etc/passwd")),
    _called("torch.storage", "_load_from_bytes", b"C\x02ab"),
    _called("types", "FunctionType"),
    b"cbuiltins\nprint\n)\x81",
    b"\x82\x01",
    b"\x84\xff\xff\xff\x7f",
)
_ALLOWED = (
    _called("_codecs", "encode", _text("ab" * 500), _text("latin1")),
    _called("_codecs", "encode", _text("ab"), _text("rot13")),
    _called("collections", "OrderedDict"),
    _called("numpy", "dtype", _text("f8"), b"K\0K\x01"),
    _called("numpy", "dtype", _text("O"), b"K\0K\x01"),
    _called("numpy", "dtype", _text("U99999999"), b"K\0K\x01"),
    _called("numpy", "dtype", _text("M8[s]"), b"K\0K\x01"),
    _called("numpy.core.multiarray", "scalar", _called("numpy", "dtype", _text("f8"), b"K\0K\x01"), b"C\x08abcdefgh"),
    _ARRAY,
    _ARRAY + b"(K\x01(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft" + _called("numpy", "dtype", _text("f8")) + b"\x89C\x01atb",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch\nFloatStorage\n",
    b"cbuiltins\ndict\n",
)
_CLAIMS = (
    b"r\xff\xff\xff\xff",
    b"j\xff\xff\xff\x7f",
    b"p999999999\n",
    b"\x8e" + (2**62).to_bytes(8, "little"),
    b"\x8d" + (2**40).to_bytes(8, "little"),
    b"\x96" + (2**40).to_bytes(8, "little"),
    b"B\xff\xff\xff\xff",
    b"X\xff\xff\xff\x7f",
    b"T\xff\xff\xff\xff",
    b"\x8b\xff\xff\xff\x7f",
    b"\x8b\xa0\x0f\0\0" + b"\x7f" * 4000,
    b"I" + b"9" * 6000 + b"\n",
    b"L" + b"9" * 6000 + b"L\n",
    b"F1e999\n",
    b"Gnananana",
)
_GROWING = (
    b"]" + b"2\x86" * 60,  # pairs of themselves: small in memory, endless to walk or to print
    b")" + b"2\x86" * 60,  # and to hash
    b"]q\x62h\x62a",  # a list in itself
    b"}q\x63K\0h\x63s",
    b")" + b"\x85" * 30_000,
    b"(" * 10_000,
    b"]" * 10_000 + b"a" * 9_999,
    b"(K\0" * 5_000 + b"l" * 5_000,
)
_SINGLE = tuple(
    bytes([code]) for code in b"(0123)}]{NQRabdelstuoq.\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98"
)
_NUMBERS = (
    b"K\0",
    b"K\xff",
    b"J\xff\xff\xff\xff",
    b"J\xff\xff\xff\x7f",
    b"\x8a\x09" + b"\xff" * 8 + b"\x7f",
    b"N",
    b"\x88",
    _text("a"),
)
_NUMBER_CODES = set(b"KMJI\x8aFG\x88\x89")


def instructions(content: bytes) -> list[bytes]:
    """The pickle's instructions, without the frames, which would only tell at once that something has changed."""
    places = [(code.name, place or 0) for code, _, place in pickletools.genops(content)]
    ends = [place for _, place in places[1:]] + [len(content)]
    return [content[place:end] for (name, place), end in zip(places, ends, strict=True) if name != "FRAME"]


def changed_pickle(program: list[bytes], rng: Random) -> bytes:
    """The pickle of these instructions with a few of them left out, doubled, exchanged, or others put in."""
    program = list(program)
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = rng.randrange(1, len(program)) if len(program) > 1 else 0
        match rng.randrange(8):
            case 0:
                del program[place : place + 1]
            case 1:
                program.insert(place, program[place])
            case 2:
                other = rng.randrange(len(program))
                program[place], program[other] = program[other], program[place]
            case 3 | 4:
                numbers = [n for n, code in enumerate(program) if code[0] in _NUMBER_CODES] or [place]
                program[rng.choice(numbers)] = rng.choice(_NUMBERS)
            case 5:
                program[place] = rng.choice(rng.choice((RUNNING, _ALLOWED, _CLAIMS, _GROWING, _SINGLE)))
            case _:
                program.insert(place, rng.choice(rng.choice((RUNNING, _ALLOWED, _CLAIMS, _GROWING, _SINGLE, _SINGLE))))
        program = program or [b"."]
    return b"".join(program)
