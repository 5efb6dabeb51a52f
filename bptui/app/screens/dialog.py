"""What dialogs are made of: a box with a title, a line to type in, a list of what was made.

A dialog is a title, what its keys do, and the few functions that its kind leaves open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePath
from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from bptui.app.key_queue import Busy
from bptui.app.lines import key_hints
from bptui.app.screens import ClosesOnce
from bptui.core.errors import UnusableError
from bptui.presets.save import ExistsError, SaveError

Value = TypeVar("Value")
Result = TypeVar("Result")
Item = TypeVar("Item")


def ending(text: str, width: int) -> str:
    """Return ``text``, or as much of its end as fits: that of a path says more than its beginning.

    ``width`` is in cells.
    """
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) >= width:
        text = text[1:]
    return f"…{text}"


class Dialog(Busy, ModalScreen[ScreenResultType], ClosesOnce[ScreenResultType]):
    """A box in the middle of the screen; ``rows`` are in it, ``keys`` say what enter and esc do."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [Path(__file__).with_name("dialogs.tcss")]
    BINDINGS: ClassVar = [Binding("escape", "close", "Close")]
    WAITED_FOR: ClassVar = "default"
    """The group of workers that answer a key; the keys after it wait for them."""

    def __init__(self, title: str = "", keys: str = "") -> None:
        super().__init__()
        self._title, self._keys = title, keys
        self.box: Widget = Vertical(classes="dialog box")
        """All that is seen of the dialog; kept, since what was asked for arrives at any time."""

    @property
    def busy(self) -> bool:
        waited_for = (worker for worker in self.workers if worker.group == self.WAITED_FOR)
        return any(worker.node is self and not worker.is_finished for worker in waited_for)

    def compose(self) -> ComposeResult:
        with self.box:
            self.box.border_title, self.box.border_subtitle = Content(self._title), self._keys
            yield from self.rows()

    def rows(self) -> Iterable[Widget]:
        """Return what stands in the box, from top to bottom."""
        return ()

    def on_mount(self) -> None:
        """Have the keys that the lower border names pressed by a click."""
        for box in self.children:
            if box.border_subtitle:
                box.border_subtitle = key_hints(box.border_subtitle)

    def action_close(self) -> None:
        self.dismiss(None)


class Question(Dialog[ScreenResultType], Generic[ScreenResultType, Value]):
    """A line to type in, and below it what the text means, or what is wrong with it.

    ``text`` stands in it from the start, ``hint`` while it is empty.
    """

    ERRORS: ClassVar[tuple[type[Exception], ...]] = (ValueError,)
    """What :meth:`read` may raise, with what is wrong in words."""

    def __init__(self, title: str, keys: str, text: str = "", hint: str = "") -> None:
        super().__init__(title, keys)
        self._field = Input(text, placeholder=hint, select_on_focus=bool(text))
        # kept here, since results may still arrive while the dialog is being taken down
        self._meaning = Static(classes="meaning", markup=False)
        self._writing = False

    def rows(self) -> Iterable[Widget]:
        return self._field, self._meaning

    def read(self, text: str) -> tuple[Value, str]:
        """Return what the text stands for, and in words what enter does with it."""
        raise NotImplementedError

    def take(self, value: Value) -> object:
        """Do what enter does; what takes long is a worker."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self._field.focus()
        self.check()

    def on_resize(self) -> None:
        # once there is a width for paths; a question or an error stays
        if not self._meaning.has_class("wrong"):
            self.call_after_refresh(self.check)

    def on_input_changed(self, event: Input.Changed) -> None:
        self.check()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        value = self.check()
        if value is not None:
            self.take(value)

    def check(self) -> Value | None:
        """Say what the text means or what is wrong with it; return what it stands for."""
        if self._writing:
            return None
        text = self._field.value
        try:
            value, words = self.read(text)
        except self.ERRORS as error:
            words = str(error)
            if isinstance(error, ValueError):
                words = f"{words[:1].upper()}{words[1:]}"
            self.say(words, wrong=bool(text.strip()))
            return None
        self.say(words)
        return value

    async def writing(self, write: Callable[..., Result], *arguments: object) -> Result:
        """Write a file beside the event loop; neither enter nor esc do anything meanwhile."""
        self.say("writing …")
        self._writing = True
        try:
            return await asyncio.to_thread(write, *arguments)
        finally:
            self._writing = False

    def action_close(self) -> None:
        if not self._writing:
            self.dismiss(None)

    def say(self, text: str, wrong: bool = False) -> None:
        """Show a text below the line."""
        self._meaning.update(text)
        self._meaning.set_class(wrong, "wrong")

    def shown(self, path: str) -> str:
        """Return where a file will be, as far as there is room for it."""
        return f"→ {ending(path, (self._meaning.size.width or 54) - 2)}"

    def write(self, text: str) -> None:
        """Put a text into the line, to be changed or taken as it is."""
        self._field.value = text
        self._field.action_end()
        self._field.focus()


class FileQuestion(Question[Path | None, Value]):
    """Asks for a file and gives it once it is written; one that exists takes a second enter."""

    ERRORS = (SaveError, ValueError)
    _overwrites: Path | None = None

    def on_input_changed(self, event: Input.Changed) -> None:
        self._overwrites = None

    async def put(self, path: Path, write: Callable[[Path, bool], object]) -> None:
        """Have ``path`` written, over what is there if that was agreed to."""
        overwrite, self._overwrites = path == self._overwrites, None
        try:
            await self.writing(write, path, overwrite)
        except ExistsError:
            self._overwrites = path
            wrong = f"{path.name} exists: enter again to overwrite it, or type another name."
        except (SaveError, UnusableError) as error:
            wrong = str(error)
        except MemoryError:
            wrong = "Not enough memory."
        else:
            self.dismiss(path)
            return
        self.say(wrong, wrong=True)


class Collection(Question[ScreenResultType, Value], Generic[ScreenResultType, Value, Item]):
    """The same above a list of what was made, from which things can be removed.

    ``below`` it stands what its keys do, or what there is to say while it is empty.
    """

    BINDINGS: ClassVar = [
        Binding("delete,backspace", "remove", "Remove"),
        Binding("down", "to_list", "To the list", show=False),
    ]

    def __init__(self, title: str, keys: str, text: str, hint: str, below: tuple[str, str]) -> None:
        super().__init__(title, keys, text, hint)
        self._below = below
        self._list = OptionList(markup=False)
        self._list_keys = Static(classes="keys", markup=False)

    def rows(self) -> Iterable[Widget]:
        return *super().rows(), self._list, self._list_keys

    @property
    def items(self) -> Sequence[Item]:
        """What was made, in order."""
        raise NotImplementedError

    def line(self, item: Item) -> Content:
        """Return what the list says of one."""
        raise NotImplementedError

    def forget(self, item: Item) -> None:
        """Forget one."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.fill()

    def fill(self, highlighted: int | None = None) -> None:
        """Show the list as it is now."""
        items, listing = self.items, self._list
        at = listing.highlighted if highlighted is None else highlighted
        listing.set_options(Option(self.line(item)) for item in items)
        listing.display = bool(items)
        self._list_keys.update(key_hints(self._below[not items]))
        if items:
            listing.highlighted = min(at or 0, len(items) - 1)
        else:
            self._field.focus()
        self.check()

    @property
    def highlighted(self) -> Item | None:
        """The one that is chosen, while the list has the focus."""
        at = self._list.highlighted
        return self.items[at] if self._list.has_focus and at is not None else None

    def action_remove(self) -> None:
        item = self.highlighted
        if item is not None:
            self.forget(item)
            self.fill()

    def action_to_list(self) -> None:
        if self.items:
            self._list.focus()
