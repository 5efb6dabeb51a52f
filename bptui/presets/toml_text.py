"""Preset -> TOML: a new file laid out for people, or one of theirs with some values changed."""

from __future__ import annotations

import json
import re
from typing import Any

from msgspec import Struct

from bptui.presets.schema import TABLES, PresetFile, default, keys, value

INDENT = "  "
LONGEST_REWRITTEN = 1_000_000
"""Characters of a file whose comments are kept; a longer one is laid out anew."""


def laid_out(preset: PresetFile) -> str:
    """Return the text of ``preset``; what is as it is by default is left out."""
    tables = [_table_text(name, preset) for name in TABLES]
    return "\n".join(text for text in tables if text)


def _table_text(name: str, preset: PresetFile) -> str:
    """Return a table with its header, or the top; empty where all its values are the defaults."""
    lines = [
        f"{key} = {toml(held, key)}\n"
        for key, held in _values(name, preset).items()
        if not _is_same(held, default(name, key))
    ]
    return "".join([f"[{name}]\n", *lines] if lines and name else lines)


def _values(name: str, preset: PresetFile) -> dict[str, object]:
    """Return the values in the table ``name``, or at the top."""
    part: Struct = getattr(preset, name) if name else preset
    return {key: value(name, part, key) for key in keys(name) if key not in TABLES}


def _is_same(one: object, other: object) -> bool:
    """Return whether both are the same value of the same type, to the last bit: -0.0 is not 0.0."""
    return one == other and repr(one) == repr(other)


def toml(held: object, key: str = "") -> str:
    """Return ``held`` as TOML; matrices get a row a line. Floats read back bit by bit."""
    if isinstance(held, bool):
        return str(held).lower()
    if isinstance(held, str):
        return _string(held, key in ("description", "source"))
    if not isinstance(held, list):
        return repr(held)
    if key == "weights" or (key in ("inputs", "targets") and len(held) > 1):
        return _rows(held, "")
    return f"[{', '.join(map(toml, held))}]"


def _rows(held: list[Any], indent: str) -> str:
    """Return a line for each row; a matrix of one row is one line too."""
    inner = indent + INDENT
    lines = [
        _rows(row, inner)
        if isinstance(row, list) and len(row) > 1 and isinstance(row[0], list)
        else toml(row)
        for row in held
    ]
    return "[\n" + "".join(f"{inner}{line},\n" for line in lines) + f"{indent}]"


def _string(text: str, may_be_long: bool) -> str:
    """Return ``text`` in quotes, without what a terminal would obey, over several lines perhaps."""
    # as JSON writes it, which leaves some control characters alone
    quoted = re.sub(
        "[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)
    )
    if "\n" not in text or not may_be_long:
        return quoted
    lines = re.sub(r"(\\\\)|\\n", lambda found: found[1] or "\n", quoted[1:-1]).replace('\\"', '"')
    ending = "" if text.endswith("\n") else "\n"  # blanks at its ends say nothing
    return f'"""\n{lines.replace(chr(34) * 3, chr(34) * 2 + chr(92) + chr(34))}{ending}"""'


def rewritten(text: str, given: PresetFile, preset: PresetFile) -> str:
    """Return ``text``, which says what ``given`` does, with the values of ``preset``.

    Comments, order, blanks and the spelling of all values that stay are kept, unless the text is
    too long, or beyond tomlkit.
    """
    changes = [
        (name, key, old, new)
        for name in TABLES
        for (key, old), new in zip(
            _values(name, given).items(), _values(name, preset).values(), strict=True
        )
        if not _is_same(old, new)
    ]
    if not changes:
        return text
    body = text.removeprefix("\ufeff")
    if len(body) > LONGEST_REWRITTEN:
        return laid_out(preset)
    import tomlkit  # takes a while, as does what it does
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import Table

    missing, added = list[str](), list[tuple[Any, Any]]()
    try:
        document = tomlkit.parse(body)
        for name, key, old, new in changes:
            table: Any = document if name == "" else document.get(name)
            if table is None:
                missing += [name] * (name not in missing)
            elif key not in table:
                added.append((table, tomlkit.parse(f"{key} = {toml(new, key)}\n")))
            elif new in (None, "") or (
                name in ("data", "init") and _is_same(new, default(name, key))
            ):
                del table[key]
            else:
                _replace(table, key, old, new, key)
        for table, line in reversed(added):
            if isinstance(table, Table) and table and not table.is_super_table():
                # at its end it would stand below comments that belong to the next table
                table.value.body[:0] = line.body
            else:
                table.update(line)
        for name in ("parameters", "init", "training"):
            if name in document and not document[name] and "#" not in document[name].as_string():
                del document[name]
        result = tomlkit.dumps(document)
    except TOMLKitError:
        return laid_out(preset)
    for name in missing:
        result = f"{result.rstrip()}\n\n{_table_text(name, preset)}"
    if "\r\n" in body and "\n" not in body.replace("\r\n", ""):
        result = result.replace("\r\n", "\n").replace("\n", "\r\n")
    return text[: len(text) - len(body)] + result


def _replace(container: Any, place: Any, old: object, new: object, key: str = "") -> None:  # noqa: ANN401  tables and lists of several classes
    """Change as little as can be: single numbers where a list keeps its length."""
    import tomlkit

    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        inner = container[place]
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            if not _is_same(before, after):
                _replace(inner, index, before, after)
    else:
        container[place] = tomlkit.value(toml(new, key))
