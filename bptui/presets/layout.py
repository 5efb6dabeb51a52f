"""Preset -> the text of a new TOML file, laid out for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from unicodedata import category

from msgspec import Struct, structs

from bptui.presets.schema import TABLES, PresetFile

INDENT = "  "
ORDER = ("title", "description", "source", "network", "parameters", "init", "training", "data")
"""The top of a file; in its tables the keys stand as in the schema."""
_ESCAPES = {"\\": "\\\\", "\b": "\\b", "\t": "\\t", "\f": "\\f", "\r": "\\r"}


def laid_out(preset: PresetFile) -> str:
    """The text of ``preset``; what is as it is by default is left out."""
    top = "".join(
        f"{key} = {value(getattr(preset, key), key)}\n" for key in ORDER if key in _said(preset)
    )
    tables = [table(name, getattr(preset, name)) for name in ORDER if name in TABLES]
    return "\n".join(part for part in (top, *tables) if part)


def table(name: str, part: Struct) -> str:
    """The table ``name`` with its header; empty where all its values are the defaults."""
    lines = [f"{key} = {value(getattr(part, key), key)}\n" for key in _said(part)]
    return f"[{name}]\n{''.join(lines)}" if lines else ""


def defaults(struct: type[Struct]) -> dict[str, object]:
    """The default of every key that has one and holds a plain value."""
    return {
        each.name: each.default_factory() if callable(each.default_factory) else each.default
        for each in structs.fields(struct)
        if each.name not in TABLES and not each.required
    }


def same(one: Any, other: Any) -> bool:  # noqa: ANN401  whatever TOML can hold
    """Whether two values say the same: 1 and 1.0 do where a number is wanted, 0.0 and -0.0 not."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, float) or isinstance(other, float):
        numbers = isinstance(one, int | float) and isinstance(other, int | float)
        return numbers and float(one).hex() == float(other).hex()
    return bool(one == other)


def _said(part: Struct) -> Iterator[str]:
    """The keys whose values are not the defaults."""
    known = defaults(type(part))
    for key in part.__struct_fields__:
        held = getattr(part, key)
        if key not in TABLES and not (key in known and same(held, known[key])):
            yield key


def value(held: object, key: str = "") -> str:
    """``held`` as TOML; matrices get a row a line. Floats read back bit by bit."""
    if isinstance(held, bool):
        return "true" if held else "false"
    if isinstance(held, str):
        return _text(held) if key in ("description", "source") else _string(held)
    if not isinstance(held, list):
        return repr(held)
    if key == "weights" or (key in ("inputs", "targets") and len(held) > 1):
        return _rows(held, "")
    return f"[{', '.join(value(each) for each in held)}]"


def _rows(held: Sequence[object], indent: str) -> str:
    """A line for each row; a matrix of one row is one line too."""
    inner = indent + INDENT
    lines = [
        _rows(each, inner)
        if isinstance(each, list) and len(each) > 1 and isinstance(each[0], list)
        else value(each)
        for each in held
    ]
    return "[\n" + "".join(f"{inner}{line},\n" for line in lines) + f"{indent}]"


def _string(text: str) -> str:
    return '"' + _escaped(text).replace('"', '\\"').replace("\n", "\\n") + '"'


def _text(text: str) -> str:
    """Over several lines where it has several; blanks at its ends say nothing."""
    if "\n" not in text:
        return _string(text)
    ending = "" if text.endswith("\n") else "\n"
    quoted = _escaped(text).replace('"""', '""\\"')
    return f'"""\n{quoted}{ending}"""'


def _escaped(text: str) -> str:
    """Without what a terminal would obey; line ends and quotes stay."""
    return "".join(
        _ESCAPES.get(each)
        or (f"\\u{ord(each):04X}" if each != "\n" and category(each) == "Cc" else each)
        for each in text
    )
