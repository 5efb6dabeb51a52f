"""What dialogs are made of: a box with a title, a line to type in, a file to be written.

A dialog is a title, what its keys do, and the few functions that its kind leaves open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.events import Paste
from textual.screen import ModalScreen, ScreenResultType
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static, TextArea

from bptui.app.lines import key_hints
from bptui.app.screens import ClosesOnce
from bptui.core.errors import UnusableError
from bptui.presets.errors import cleaned
from bptui.presets.save import ExistsError, SaveError, shown_path

Value = TypeVar("Value")


PATH_ROOM = 46
"""Characters of a path that fit on a line of the narrowest dialog."""


def where(file: Path) -> str:
    """Return where a file will be: the end of a long path says more than its beginning."""
    path = shown_path(file)
    return f"→ {path}" if len(path) <= PATH_ROOM else f"→ …{path[1 - PATH_ROOM :]}"


class Rows(OptionList):
    """A list with headings: a page beyond the last row leads to that, where Textual leaves none.

    In the terminal's own colours, or none, its chosen row is reversed: so it can be read in all.
    """

    def render_line(self, y: int) -> Strip:
        strip, at = super().render_line(y), self.highlighted
        if at is None or not self.app.native_ansi_color:
            return strip
        own = any(style and style.meta.get("option") == at for _, style, _ in strip)
        return strip.apply_style(Style(reverse=own))

    def action_page_down(self) -> None:
        super().action_page_down()  # type: ignore[no-untyped-call]  # Textual's has no types
        if self.highlighted is None:
            self.action_last()

    def action_page_up(self) -> None:
        super().action_page_up()  # type: ignore[no-untyped-call]  # Textual's has no types
        if self.highlighted is None:
            self.action_first()


LONGEST_LINE = 40_000
"""Characters on one line that are shown, and read, within a moment."""


class Line(Input):
    """A text on one line; lines that are pasted are joined."""

    def _on_paste(self, event: Paste) -> None:
        event.prevent_default()
        event.stop()
        length = len(event.text)
        if len(self.value) + length > LONGEST_LINE:
            said = f"Too long for one line: {length:,} characters, at most {LONGEST_LINE:,}."
            self.notify(said, severity="warning")
        elif joined := " ".join(cleaned(event.text).split("\n")).strip():
            self.replace(joined, *sorted(self.selection))


class TextBox(TextArea):
    """A text of several lines; what is pasted is fit to be shown."""

    async def _on_paste(self, event: Paste) -> None:
        event.prevent_default()
        event.stop()
        lines = (line.rstrip("\t ") for line in event.text.splitlines())
        text = "\n".join("\t".join(map(cleaned, line.split("\t"))) for line in lines)
        self.move_cursor(self.replace(text, *self.selection).end_location)


class Dialog(ModalScreen[ScreenResultType], ClosesOnce[ScreenResultType]):
    """A box in the middle of the screen; ``rows`` are in it, ``keys`` below say what they do."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [Path(__file__).with_name("dialogs.tcss")]
    BINDINGS: ClassVar = [Binding("escape", "close", "Close")]
    BOX: ClassVar[type[Widget]] = Vertical
    WAITED_FOR: ClassVar = "default"
    """The group of workers that answer a key; the keys after it wait for them."""

    def __init__(self, title: str = "", keys: str = "") -> None:
        super().__init__()
        # kept, since what was asked for arrives at any time
        self.box = self.BOX(classes="dialog box")
        self.box.border_title, self.box.border_subtitle = Content(title), key_hints(keys)
        self.said = Static(classes="said", markup=False)

    @property
    def busy(self) -> bool:
        waited_for = (worker for worker in self.workers if worker.group == self.WAITED_FOR)
        return any(worker.node is self and not worker.is_finished for worker in waited_for)

    def compose(self) -> ComposeResult:
        with self.box:
            yield from self.rows()

    def render_line(self, y: int) -> Strip:
        """Leave a blank on both sides of the box: borders below it would run into its own."""
        below, around = super().render_line(y), self.box.region.grow((0, 1, 0, 1))
        around = around.intersection(self.region)
        if not around.y <= y < around.bottom:
            return below
        blank = Strip([Segment(" " * around.width, self.box.rich_style)])
        return Strip.join([below.crop(0, around.x), blank, below.crop(around.right)])

    def rows(self) -> Iterable[Widget]:
        """Return what stands in the box, from top to bottom."""
        return ()

    def say(self, text: str | Content, wrong: bool = False) -> None:
        """Show what there is to be said of what was typed or chosen."""
        self.said.update(text)
        self.said.set_class(wrong, "wrong")

    def stay_above(self, rows: int, height: int) -> None:
        """Leave the last rows of a screen of that height as they are, to be read."""
        self.styles.background = "transparent"
        self.box.styles.margin, self.box.styles.max_height = (0, 0, rows, 0), height - rows

    def action_close(self) -> None:
        self.dismiss(None)


class Question(Dialog[ScreenResultType], Generic[ScreenResultType, Value]):
    """A line to type in, and below it what the text means, or what is wrong with it.

    ``text`` stands in it from the start, ``hint`` while it is empty.
    """

    def __init__(self, title: str, keys: str, text: str = "", hint: str = "") -> None:
        super().__init__(title, keys)
        self._field = Line(text, placeholder=hint, select_on_focus=bool(text))

    def rows(self) -> Iterable[Widget]:
        return self._field, self.said

    def read(self, text: str) -> tuple[Value, str]:
        """Return what the text stands for, and in words what enter does with it.

        Raises :class:`SaveError` or :class:`ValueError` with what is wrong.
        """
        raise NotImplementedError

    def take(self, value: Value) -> object:
        """Do what enter does: give the value, unless a kind of dialog does more."""
        return self.dismiss(value)  # type: ignore[arg-type]  # where it does, it is the result

    def on_mount(self) -> None:
        self._field.focus()
        self.check()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.check()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_submit()

    def action_submit(self) -> None:
        """Take what the text stands for, unless something is wrong with it."""
        value = self.check()
        if value is not None:
            self.take(value)

    def check(self) -> Value | None:
        """Say what the text means or what is wrong with it; return what it stands for."""
        text = self._field.value
        try:
            value, words = self.read(text)
        except (SaveError, ValueError) as error:
            words = str(error)
            if isinstance(error, ValueError):
                words = f"{words[:1].upper()}{words[1:]}"
            self.say(words, wrong=bool(text.strip()))
            return None
        self.say(words)
        return value


class FileQuestion(Question[Path | None, Path]):
    """Asks for a file, and which of ``options`` is written to it; gives it once it is written.

    One that exists takes a second enter. While it is written, esc stops that at most.
    """

    BINDINGS: ClassVar = [
        Binding("up", "move('cursor_up')", "What is above", show=False),
        Binding("down", "move('cursor_down')", "What is below", show=False),
    ]
    WRITING: ClassVar = "writing …"
    _overwrites: Path | None = None

    def __init__(self, title: str, keys: str, text: str, options: Sequence[Content] = ()) -> None:
        choose = "↑ ↓: choose, " if options else ""
        super().__init__(title, f"{choose}{keys}", text)
        self._options = Rows(*options)
        self._options.can_focus = False  # what is typed always goes to the name
        self._options.highlighted = 0 if options else None
        self._options.display = bool(options)
        self._about = Static(classes="about", markup=False)

    def rows(self) -> Iterable[Widget]:
        return *super().rows(), self._options, self._about

    @property
    def chosen(self) -> int:
        """The option that is highlighted."""
        return self._options.highlighted or 0

    def about(self) -> str:
        """Return what is written, and what is not."""
        return ""

    def put(self, value: Path, overwrite: bool) -> Path:
        """Write the file, in a thread; raises :class:`SaveError` or :class:`UnusableError`."""
        raise NotImplementedError

    def stop(self) -> None:
        """Have what is being written given up, where it can be."""

    def action_move(self, how: str) -> None:
        """Choose what is above or below."""
        if not self._field.disabled:
            getattr(self._options, f"action_{how}")()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._overwrites = None
        self.check()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._overwrites = None

    def check(self) -> Path | None:
        about = self.about()
        self._about.update(about)
        self._about.display = bool(about)
        return super().check()

    @work
    async def take(self, value: Path) -> None:
        """Write the file beside the event loop: a large one takes seconds."""
        overwrite, self._overwrites = value == self._overwrites, None
        self.say(self.WRITING)
        self._field.disabled, wrong = True, ""
        try:
            self.dismiss(await asyncio.to_thread(self.put, value, overwrite))
        except ExistsError:
            self._overwrites = value
            wrong = f"{value.name} exists: enter again to overwrite it, or type another name."
        except (SaveError, UnusableError) as error:
            wrong = str(error)
        except MemoryError:
            wrong = "Not enough memory."
        finally:
            self.stop()  # where the app is left, the thread must not keep it
        if wrong:
            self._field.disabled = False
            self._field.focus()
            self.say(wrong, wrong=True)

    def action_close(self) -> None:
        if self._field.disabled:
            self.stop()
        else:
            self.dismiss(None)
