"""Sound files as a reader's tests make them, taken apart so that they can be changed where it matters.

A document is a file, a folder or a zip of parts; each part knows what it means (a tree of values, an array, words,
a pickle's instructions) and can be changed in that meaning or as mere bytes. Parts of a zip are changed before they
are packed, so that the checksums are right, which a reader's own code sees no damage behind otherwise.
"""

import functools
import io
import json
import pickle
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from tests.fuzz.arrays import changed_array, npy_bytes, tampered_npy
from tests.fuzz.octets import changed_bytes
from tests.fuzz.pickles import changed_pickle, instructions
from tests.fuzz.texts import changed_text
from tests.fuzz.trees import changed_tree, json_bytes

# Of all changes: those of a part's meaning, and then of a part's bytes; the rest is the container's.
_MEANING, _BYTES = 0.65, 0.88
_BOMB = 48 * 2**20


@dataclass(frozen=True)
class Part:
    """A file or a member of one: its sound content, and what changes it in its own meaning."""

    content: bytes
    changed: Callable[[Random], bytes]


@dataclass(frozen=True)
class Document:
    """Parts by their names, in a "file" (which has one), a "folder" or a "zip"."""

    kind: str
    parts: Mapping[str, Part]


def json_part(tree: Any) -> Part:
    """JSON, changed as a tree."""
    return Part(json_bytes(tree), lambda rng: json_bytes(_changed(tree, rng)))


def text_part(text: str, words: tuple[str, ...] = ()) -> Part:
    """Words and lines; `words` are those the format knows."""
    return Part(text.encode(), lambda rng: changed_text(text, rng, words))


def pickle_part(tree: Any) -> Part:
    """A pickle, changed as a tree, in any protocol, or as a program."""
    programs = [instructions(pickle.dumps(tree, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]

    def changed(rng: Random) -> bytes:
        if rng.random() < 0.5:
            return changed_pickle(rng.choice(programs), rng)
        return pickle.dumps(_changed(tree, rng), rng.randrange(pickle.HIGHEST_PROTOCOL + 1))

    return Part(pickle.dumps(tree), changed)


def program_part(content: bytes) -> Part:
    """A pickle, changed as a program alone."""
    return Part(content, functools.partial(changed_pickle, instructions(content)))


def bare_part(content: bytes) -> Part:
    """Bytes whose meaning is none of ours."""
    return Part(content, lambda rng: changed_bytes(content, rng))


def array_part(values: np.ndarray) -> Part:
    """A `.npy`: one of objects is changed as a tree or in its pickle, a single text as the JSON that it may be."""
    content = npy_bytes(values)
    tree = values.item() if values.shape == () and values.dtype == object else None
    described = json.loads(values.item()) if values.dtype.kind == "U" and values.item(0).startswith("{") else None
    header = 10 + int.from_bytes(content[8:10], "little")
    program = instructions(content[header:]) if tree is not None else []

    def changed(rng: Random) -> bytes:
        how = rng.random()
        if how < 0.2:
            return tampered_npy(content, rng)
        if tree is not None and how < 0.6:
            return content[:header] + changed_pickle(program, rng)
        if tree is not None and how < 0.9:
            held = np.empty((), dtype=object)  # numpy.array would look into lists, and crashes on some
            held[()] = _changed(tree, rng)
            return npy_bytes(held)
        if described is not None and how < 0.9:
            return npy_bytes(np.array(json_bytes(_changed(described, rng)).decode()))
        return npy_bytes(changed_array(values, rng))

    return Part(content, changed)


def _changed(tree: Any, rng: Random) -> Any:
    for _ in range(rng.choice((1, 1, 2, 4))):
        tree = changed_tree(tree, rng)
    return tree


def document_of(path: Path, part: Callable[[bytes], Part] | None = None) -> Document:
    """The sound file at `path` as a document: a folder or zip of JSON or arrays, or one of what `part` makes."""
    if path.is_dir():
        return Document("folder", {file.name: json_part(json.loads(file.read_bytes())) for file in path.iterdir()})
    if not zipfile.is_zipfile(path) or part is not None:
        make = part or (lambda content: json_part(json.loads(content)))
        return Document("file", {path.name: make(path.read_bytes())})
    with zipfile.ZipFile(path) as archive:
        return Document("zip", {name: _member(name, archive.read(name)) for name in archive.namelist()})


def _member(name: str, content: bytes) -> Part:
    if name.endswith(".json"):
        return json_part(json.loads(content))
    if name.endswith(".npy"):
        return array_part(np.load(io.BytesIO(content), allow_pickle=True))
    return program_part(content) if name.endswith(".pkl") else bare_part(content)


def changed_contents(document: Document, rng: Random) -> dict[str, bytes]:
    """The document's parts, some changed in their meaning or as bytes; or some lost, twice, or exchanged."""
    contents = {name: part.content for name, part in document.parts.items()}
    if rng.random() > _BYTES and document.kind != "file":
        return _other_members(contents, rng)
    for name in rng.sample(list(contents), min(len(contents), rng.choice((1, 1, 1, 2, 9)))):
        try:
            is_meant = rng.random() < _MEANING / _BYTES
            contents[name] = document.parts[name].changed(rng) if is_meant else changed_bytes(contents[name], rng)
        except Exception:  # what NumPy or pickle would not write is nothing that a file could hold
            contents[name] = changed_bytes(contents[name], rng)
        if rng.random() < 0.05:
            contents[name] = changed_bytes(contents[name], rng)
    return contents


def _other_members(contents: dict[str, bytes], rng: Random) -> dict[str, bytes]:
    name, other = rng.choice(list(contents)), rng.choice(list(contents))
    match rng.randrange(6):
        case 0:
            del contents[name]
        case 1:
            contents[name], contents[other] = contents[other], contents[name]
        case 2:
            contents[rng.choice(("x", ".hidden.json", "9" * 30 + ".json", "9.json", "a" * 200, "data.pkl"))] = contents[
                name
            ]
        case 3:
            contents[name] = b""
        case 4:
            contents[f"{rng.randrange(10**6)}_{name}"] = contents.pop(name)
        case _:
            contents = {name: contents[name] for name in rng.sample(list(contents), len(contents))}
    return contents


def write(kind: str, contents: dict[str, bytes], path: Path, rng: Random) -> int:
    """Writes the contents at `path`, a zip at times damaged itself; returns how many bytes they take."""
    if kind == "folder":
        if path.exists():
            shutil.rmtree(path)
        path.mkdir()
        for name, content in contents.items():
            (path / name).write_bytes(content)
        return sum(len(content) for content in contents.values())
    (content,) = contents.values() if kind == "file" else (_zipped(contents, rng),)
    path.write_bytes(content)
    return len(content)


def _zipped(contents: dict[str, bytes], rng: Random) -> bytes:
    """The contents as a zip: mostly sound, else compressed in some way, twice the same, grown by a bomb, or damaged."""
    how = rng.random()
    file = io.BytesIO()
    packing = rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)) if how < 0.05 else 0
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name), content, packing)
        if how < 0.001 and contents:
            name = rng.choice(list(contents))
            archive.writestr(zipfile.ZipInfo(f"bomb_{name}"), contents[name] + bytes(_BOMB), zipfile.ZIP_DEFLATED)
    return changed_bytes(file.getvalue(), rng) if how > 0.93 else file.getvalue()
