"""Opens the form over the app, types into it, reads what it says beside its fields."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.events import Key, Paste
from textual.widgets import Static

from bptui.app.form.controls import LineScreen
from bptui.app.form.fields import fields
from bptui.app.form.screen import FormScreen
from bptui.core.experiment import Experiment

from .support import Session, opened

KEYS = {"\n": "enter", "\t": "tab", " ": "space", "-": "minus", ",": "comma", ".": "full_stop"}


class Form:
    """An open form: its fields by their keys in a preset, and what it gave in the end."""

    def __init__(self, session: Session, screen: FormScreen) -> None:
        self.session, self.screen = session, screen
        self.given: list[Experiment | None] = []

    async def type(self, text: str) -> None:
        """Press the keys of ``text`` in a burst; a line's end is enter, a tab is tab."""
        for each in text:
            key = KEYS.get(each, each)
            self.session.app.post_message(Key(key, each if each.isprintable() else None))
        await self.session.pilot.pause()

    def shown(self, key: str) -> bool:
        """Whether there is a field."""
        return any(field.key == key for field in fields(self.screen._draft))

    async def to(self, key: str) -> None:
        """Go to a field."""
        self.screen._go_to(key)
        await self.session.pilot.pause()

    @property
    def at(self) -> str:
        """The field that is being edited."""
        return self.screen._field.key

    async def write(self, key: str, text: str) -> None:
        """Paste ``text`` in the place of what stands in a field, or choose it."""
        if self.screen._fields[key].is_choice:
            await self.to(key)
            while self.text(key) != text:
                await self.session.press("right")
            return
        await self.enter(key, text)
        await self.session.until(lambda: self.session.app.screen is self.screen, "the form again")

    async def enter(self, key: str, text: str) -> None:
        """Do the same in the dialog of the field, which stays where the text is refused."""
        await self.to(key)
        await self.session.press("enter")
        dialog = self.session.app.screen
        await self.session.until(lambda: isinstance(dialog, LineScreen) and dialog.focused, key)
        if text:
            self.session.app.post_message(Paste(text))
        else:
            await self.session.press("delete")
        await self.session.until(lambda: dialog.text.strip() == text.strip(), "the text")
        await self.session.press("tab")

    async def refused(self, key: str, text: str) -> str:
        """What is said of a text that a field does not take."""
        await self.enter(key, text)
        said = str(self.session.app.screen._meaning.render())
        await self.session.press("escape")
        return said

    def text(self, key: str) -> str:
        """What stands in a field."""
        return self.screen._draft.chosen(key)

    def wrong(self) -> dict[str, str]:
        """What is said to be wrong, by field."""
        outcome = self.screen._outcome
        problems = outcome.problems if outcome is not None else {}
        return {key: said for key, said in problems.items() if self.text(key)}

    def said(self) -> str:
        """The line below the fields."""
        return str(self.screen.query_one("#form-said", Static).render())

    @property
    def ready(self) -> bool:
        outcome = self.screen._outcome
        return outcome is not None and outcome.experiment is not None

    async def checked(self) -> None:
        """Wait until the check under way has said what it found."""
        workers = self.session.app.workers
        await self.session.until(
            lambda: not any(each.group == "check" and each.is_running for each in workers),
            "the check to end",
        )

    async def finished(self) -> Experiment | None:
        """Wait until the form has closed; what it gave."""
        await self.session.until(lambda: self.given, "the form to close")
        return self.given[0]


@asynccontextmanager
async def form(
    experiment: Experiment | None, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[Form]:
    """The form on ``experiment``, or an empty one, after its first check."""
    async with opened("article", size) as session:
        session.app.animation_level = "none"  # where a scroll ends is checked, not how it moves
        screen = FormScreen(experiment)
        made = Form(session, screen)
        await session.app.push_screen(screen, made.given.append)
        await session.until(lambda: made.said(), "the first check")
        yield made
