"""Preset -> TOML: a new file laid out for people, or one of theirs with some values changed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from math import copysign
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import category

from msgspec import Struct

from bptui.presets.schema import TABLES, PresetFile, default, keys, value

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Item

INDENT = "  "
LONGEST_REWRITTEN = 1_000_000
"""Characters of a file whose comments are kept; a longer one is laid out anew."""
_MARK = "\ufeff"
_ESCAPES = {"\\": "\\\\", "\b": "\\b", "\t": "\\t", "\f": "\\f", "\r": "\\r"}


def laid_out(preset: PresetFile) -> str:
    """Return the text of ``preset``; what is as it is by default is left out."""
    tables = [_table_text(name, preset) for name in TABLES]
    return "\n".join(text for text in tables if text)


def _table_text(name: str, preset: PresetFile) -> str:
    """Return a table with its header, or the top; empty where all its values are the defaults."""
    part: Struct = getattr(preset, name) if name else preset
    lines = list[str]()
    for key in keys(name):
        held = value(name, part, key)
        if key not in TABLES and not _is_same(held, default(name, key)):
            lines.append(f"{key} = {_toml(held, key)}\n")
    return "".join([f"[{name}]\n", *lines] if lines and name else lines)


def _is_same(one: object, other: object) -> bool:
    """Return whether both say the same: 1 and 1.0 do where a number is wanted, 0.0 and -0.0 not."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other and copysign(1.0, one) == copysign(1.0, other)
    return one == other


def _toml(held: object, key: str = "") -> str:
    """Return ``held`` as TOML; matrices get a row a line. Floats read back bit by bit."""
    if isinstance(held, bool):
        return "true" if held else "false"
    if isinstance(held, str):
        return _string(held, key in ("description", "source"))
    if not isinstance(held, list):
        return repr(held)
    if key == "weights" or (key in ("inputs", "targets") and len(held) > 1):
        return _rows(held, "")
    return f"[{', '.join(map(_toml, held))}]"


def _rows(held: list[Any], indent: str) -> str:
    """Return a line for each row; a matrix of one row is one line too."""
    inner = indent + INDENT
    lines = [
        _rows(row, inner)
        if isinstance(row, list) and len(row) > 1 and isinstance(row[0], list)
        else _toml(row)
        for row in held
    ]
    return "[\n" + "".join(f"{inner}{line},\n" for line in lines) + f"{indent}]"


def _string(text: str, may_be_long: bool) -> str:
    """Return ``text`` in quotes, without what a terminal would obey, over several lines perhaps."""
    escaped = "".join(
        _ESCAPES.get(character)
        or (f"\\u{ord(character):04X}" if character != "\n" and category(character) == "Cc" else "")
        or character
        for character in text
    )
    if "\n" not in text or not may_be_long:
        return '"' + escaped.replace('"', '\\"').replace("\n", "\\n") + '"'
    ending = "" if text.endswith("\n") else "\n"  # blanks at its ends say nothing
    return f'"""\n{escaped.replace(chr(34) * 3, chr(34) * 2 + chr(92) + chr(34))}{ending}"""'


class Change(NamedTuple):
    """A key of the table ``name``, or of the top (""): it comes, goes, or changes its value."""

    name: str
    key: str
    old: object
    new: object


def rewritten(text: str, preset: PresetFile) -> str:
    """Return ``text`` with the values of ``preset``.

    Comments, order, blanks and the spelling of all values that stay are kept. Raises
    :class:`ValueError` where the text is beyond tomlkit.
    """
    body = text.removeprefix(_MARK)
    raw = tomllib.loads(body)
    changes = [*_changes(raw, preset)]
    if not changes:
        return text
    if len(body) > LONGEST_REWRITTEN:
        return laid_out(preset)
    result = _with_changes(changes, body, raw, preset)
    if "\r\n" in body and "\n" not in body.replace("\r\n", ""):
        result = result.replace("\r\n", "\n").replace("\n", "\r\n")
    return text[: len(text) - len(body)] + result


def _changes(raw: Mapping[str, Any], preset: PresetFile) -> Iterator[Change]:
    for name in TABLES:
        part: Struct = getattr(preset, name) if name else preset
        written = raw.get(name, {}) if name else raw
        for key in keys(name):
            if key in TABLES:
                continue
            old, new, usual = written.get(key), value(name, part, key), default(name, key)
            if old is None:
                if not _is_same(new, usual):
                    yield Change(name, key, None, new)
            elif not _is_same(old, new):
                of_use = new != "" and not (name in ("data", "init") and _is_same(new, usual))
                yield Change(name, key, old, new if of_use else None)


def _with_changes(
    changes: list[Change], body: str, raw: Mapping[str, Any], preset: PresetFile
) -> str:
    import tomlkit  # takes a while, as does what it does
    from tomlkit.exceptions import TOMLKitError

    missing = dict.fromkeys(change.name for change in changes if change.name not in {"", *raw})
    begins_with_table = all(isinstance(held, dict) for held in raw.values())
    top = ""
    try:
        document = tomlkit.parse(body)
        for name, key, old, new in changes:
            if new is None:
                del _table(document, name)[key]
            elif old is not None:
                _replace(_table(document, name), key, old, new, key)
        for name, key, old, new in changes:
            if old is not None or name in missing:
                continue
            if name == "" and begins_with_table:
                top += f"{key} = {_toml(new, key)}\n"
            else:
                _add(document, name, key, _toml(new, key))
        _remove_empty_tables(document, raw)
        result = tomlkit.dumps(document)
    except TOMLKitError as error:
        raise ValueError(str(error)) from None
    for name in missing:
        result = f"{result.rstrip()}\n\n{_table_text(name, preset)}"
    return f"{top}\n{result}" if top else result


def _table(document: TOMLDocument, name: str) -> Any:  # noqa: ANN401  tables of several classes
    return document[name] if name else document


def _replace(
    container: Any,  # noqa: ANN401  a table or a list
    place: str | int,
    old: object,
    new: object,
    key: str = "",
) -> None:
    """Change as little as can be: single numbers where a list keeps its length."""
    import tomlkit

    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        inner = container[place]
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            if not _is_same(before, after):
                _replace(inner, index, before, after)
    else:
        container[place] = tomlkit.value(_toml(new, key))


def _add(document: TOMLDocument, name: str, key: str, text: str) -> None:
    """Write the key below the last one of its table."""
    import tomlkit
    from tomlkit.items import InlineTable, Table

    container = _table(document, name)
    last = _last(container)
    if last is None or isinstance(container, InlineTable):
        container[key] = tomlkit.value(text)
        return
    dotted = isinstance(container, Table) and container.is_super_table() and name
    line = f"{last.trivia.indent}{f'{name}.' if dotted else ''}{key} = {text}\n"
    # the line is made part of what follows the last value: tomlkit would put it below comments
    # that belong to the next table
    last.trivia.trail = (last.trivia.trail or "\n") + line


def _last(container: Any) -> Item | None:  # noqa: ANN401  tables of several classes
    """Return the last value of a table that is no table itself; None where it is to be appended."""
    from tomlkit.container import Container
    from tomlkit.items import AbstractTable

    body = getattr(container if isinstance(container, Container) else container.value, "body", ())
    items = [item for key, item in body if key is not None and not isinstance(item, AbstractTable)]
    return items[-1] if items else None


def _remove_empty_tables(document: TOMLDocument, raw: Mapping[str, Any]) -> None:
    """Remove tables that lost all their keys and hold no comment."""
    from tomlkit.items import AbstractTable, Comment

    for name in ("parameters", "init", "training"):
        left = document.get(name)
        if not (raw.get(name) and isinstance(left, AbstractTable)) or left:
            continue
        if not any(isinstance(item, Comment) for _, item in left.value.body):
            del document[name]
