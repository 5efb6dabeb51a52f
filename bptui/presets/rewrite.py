"""The text of a preset file with some of its values changed, and everything else byte by byte."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from bptui.presets.layout import defaults, same, table, value
from bptui.presets.outline import LONG, Outline, outline
from bptui.presets.schema import TABLES, PresetFile

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Item

_MARK = "\ufeff"
_NUMBER = re.compile(r"[0-9eE.+\-]+")


class Change(NamedTuple):
    """A key of the table ``name``, or of the top (""): it comes, goes, or changes its value."""

    name: str
    key: str
    old: object
    new: object


def rewritten(text: str, preset: PresetFile) -> str:
    """``text`` with the values of ``preset``.

    Comments, order, blanks and the spelling of all values that stay are kept. Raises
    :class:`ValueError` where the text is beyond tomlkit.
    """
    body = text.removeprefix(_MARK)
    short = outline(body)
    raw = short.loaded()
    changes = [*_changes(raw, preset)]
    if not changes:
        return text
    result = _with(changes, short, raw, preset)
    if "\r\n" in body and "\n" not in body.replace("\r\n", ""):
        result = result.replace("\r\n", "\n").replace("\n", "\r\n")
    return text[: len(text) - len(body)] + result


def _with(changes: list[Change], short: Outline, raw: Mapping[str, Any], preset: PresetFile) -> str:
    """The text that ``short`` stands for, which holds ``raw``, with the changes to ``preset``."""
    import tomlkit  # takes a while, as does what it does
    from tomlkit.exceptions import TOMLKitError

    missing = dict.fromkeys(each.name for each in changes if each.name and each.name not in raw)
    begins_with_table = all(isinstance(each, dict) for each in raw.values())
    top = ""
    try:
        document = tomlkit.parse(short.text)
        for name, key, old, new in changes:
            if new is None:
                del _table(document, name)[key]
            elif old is not None:
                _replace(_table(document, name), key, old, new, key, short)
        for name, key, old, new in changes:
            if old is not None or name in missing:
                continue
            if name == "" and begins_with_table:
                top += f"{key} = {value(new, key)}\n"
            else:
                _add(document, name, key, value(new, key), short)
        _tidy(document, raw)
        result = short.restored(tomlkit.dumps(document))
    except TOMLKitError as error:
        raise ValueError(str(error)) from None
    for name in missing:
        result = f"{result.rstrip()}\n\n{table(name, getattr(preset, name))}"
    return f"{top}\n{result}" if top else result


def _changes(raw: Mapping[str, Any], preset: PresetFile) -> Iterator[Change]:
    given = preset.parameters.weights is not None  # so that no seed makes them
    for name in TABLES:
        part: Struct = getattr(preset, name) if name else preset
        written = raw.get(name, {}) if name else raw
        known = defaults(type(part))
        for key in part.__struct_fields__:
            if key in TABLES:
                continue
            old, new = written.get(key), getattr(part, key)
            if old is None:
                if not (key in known and same(new, known[key])):
                    yield Change(name, key, None, new)
            elif not same(old, new):
                needed = new != "" and not (
                    (name == "data" or (name == "init" and given)) and same(new, known.get(key))
                )
                yield Change(name, key, old, new if needed else None)


def _table(document: TOMLDocument, name: str) -> Any:  # noqa: ANN401  tables of several classes
    return document[name] if name else document


def _replace(
    container: Any,  # noqa: ANN401  a table or a list
    place: str | int,
    old: object,
    new: object,
    key: str,
    short: Outline,
) -> None:
    """Change as little as can be: single numbers where a list keeps its length."""
    from tomlkit.items import Float

    item = container[place]
    written = short.text_of(item.as_string()) if isinstance(item, Float) else None
    if written is not None:
        changed = _with_numbers(written, old, new)
        container[place] = _item(value(new, key) if changed is None else changed, short)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            if not same(before, after):
                _replace(container[place], index, before, after, "", short)
    else:
        container[place] = _item(value(new, key), short)


def _with_numbers(text: str, old: object, new: object) -> str | None:
    """The list of numbers ``old`` in ``text`` changed to ``new``; None where its shape changes."""
    try:
        pairs = [*_pairs(old, new)]
    except ValueError:
        return None
    left = iter(pairs)

    def changed(found: re.Match[str]) -> str:
        before, after = next(left)
        return found[0] if same(before, after) else value(after)

    return _NUMBER.sub(changed, text)


def _pairs(old: object, new: object) -> Iterator[tuple[object, object]]:
    """The numbers in both, in order; :class:`ValueError` where the lists differ in length."""
    if isinstance(old, list) and isinstance(new, list):
        for before, after in zip(old, new, strict=True):
            yield from _pairs(before, after)
    elif isinstance(old, list) or isinstance(new, list):
        raise ValueError
    else:
        yield old, new


def _item(text: str, short: Outline) -> Item:
    """What tomlkit makes of ``text``, or of a mark for it where it is long."""
    import tomlkit

    return tomlkit.value(short.mark(text) if len(text) >= LONG and text[0] == "[" else text)


def _add(document: TOMLDocument, name: str, key: str, text: str, short: Outline) -> None:
    """Write the key below the last one of its table."""
    from tomlkit.items import InlineTable, Table

    container = _table(document, name)
    last = _last(container)
    if last is None or isinstance(container, InlineTable):
        container[key] = _item(text, short)
        return
    dotted = isinstance(container, Table) and container.is_super_table() and name
    line = f"{last.trivia.indent}{f'{name}.' if dotted else ''}{key} = {text}\n"
    # the line is made part of what follows the last value: tomlkit would put it below comments
    # that belong to the next table
    last.trivia.trail = (last.trivia.trail or "\n") + line


def _last(container: Any) -> Item | None:  # noqa: ANN401  tables of several classes
    """The last value of a table that is no table itself; None where it has to be appended."""
    from tomlkit.container import Container
    from tomlkit.items import AbstractTable

    body = getattr(container if isinstance(container, Container) else container.value, "body", ())
    items = [item for key, item in body if key is not None and not isinstance(item, AbstractTable)]
    return items[-1] if items else None


def _tidy(document: TOMLDocument, raw: Mapping[str, Any]) -> None:
    """Remove tables that lost all their keys and hold no comment."""
    from tomlkit.items import AbstractTable, Comment

    for name in ("parameters", "init", "training"):
        left = document.get(name)
        if raw.get(name) and isinstance(left, AbstractTable) and not left:
            comments = [item for _, item in left.value.body if isinstance(item, Comment)]
            if not comments:
                del document[name]
