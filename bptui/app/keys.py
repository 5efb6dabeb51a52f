"""Keys that take effect in the control they are pressed in, before any key that follows.

Textual runs a widget's bindings only after the key has gone up to the app, where a later tab may
already have moved the focus: of fast typing, which may come as a burst, keys would be lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import ClassVar, cast

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.widget import Widget
from textual.widgets import Input


class KeysAtOnce:
    """Comes before a widget's class; runs its bindings, and those of ``KEYS_OF``, at once."""

    KEYS_OF: ClassVar[tuple[type[Widget], ...]] = ()

    async def on_key(self, event: Key) -> None:
        action = _actions((*self.KEYS_OF, type(self))).get(event.key)
        if action is not None:
            event.stop()
            event.prevent_default()
            await cast(Widget, self).run_action(action)


class Entry(KeysAtOnce, Input):
    """A line to type into."""

    KEYS_OF: ClassVar = (Input,)


@cache
def _actions(kinds: tuple[type, ...]) -> dict[str, str]:
    return {each.key: each.action for kind in kinds for each in _bindings(kind)}


def _bindings(kind: type) -> Iterable[Binding]:
    own: list[BindingType] = kind.__dict__.get("BINDINGS", [])
    return Binding.make_bindings(own)
