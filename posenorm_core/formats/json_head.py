"""What the first kilobytes of a JSON file tell of its form: the keys, by how the objects that have them are nested."""

import re

from posenorm_core.formats.source import Source

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"(\s*:)?|[{}\[\]]', re.DOTALL)


def nested_keys(head: bytes) -> dict[str, set[str]]:
    """The keys of the objects that begin in `head`, by the brackets open around them; empty for what is no JSON.

    "{" has the keys of the outermost object, "[{" those of the objects in a list, "{{" those of objects in an
    object. The head may end anywhere.
    """
    head = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    keys: dict[str, set[str]] = {}
    if not head.startswith((b"{", b"[")):
        return keys
    opened = ""
    for token in _TOKEN.finditer(head):
        text = token[0]
        if text in (b"{", b"["):
            opened += text.decode()
            keys.setdefault(opened, set())
        elif text in (b"}", b"]"):
            opened = opened[:-1]
        elif token[1]:
            keys.setdefault(opened, set()).add(text[1 : text.rindex(b'"')].decode(errors="replace"))
    return keys


def only_json(source: Source) -> str | None:
    """The one JSON file that `source` is, or has; None where a folder or a zip has several, or none."""
    names = source.names if source.kind == "file" else source.json_names()
    return names[0] if len(names) == 1 else None
