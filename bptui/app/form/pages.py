"""What the form held before it was emptied: nothing that was typed is lost."""

from __future__ import annotations

from bptui.app.form.checking import Place
from bptui.app.form.draft import EMPTY, Draft
from bptui.presets.folders import working_folder

Page = tuple[Place, Draft]


class Pages:
    """Emptying a form puts what stands in it aside; emptying one as it was turns a page back.

    An empty form, or a page just turned to, is left for the page put aside before it; after the
    first page comes the empty form again. So each is within reach, and none takes another's place.
    """

    def __init__(self, place: Place, opened: Draft) -> None:
        self._opened = self._shown = opened
        self._aside: list[Page] = [(place, opened)] if opened.changed(empty()[1]) else []
        """In the order in which they were put aside."""
        self._at = 0
        """Which of them is shown; their number: the empty form."""

    def turned(self, place: Place, draft: Draft) -> Page:
        """What to show in the place of ``draft``, which is kept."""
        edited = draft.changed(self._shown)
        if edited:
            del self._aside[self._at : self._at + 1]
            self._aside.append((place, draft))
        self._at = len(self._aside) if edited or self._at == 0 else self._at - 1
        page = self._aside[self._at] if self._at < len(self._aside) else empty()
        self._shown = page[1]
        return page

    def changed(self, draft: Draft) -> bool:
        """Whether something was typed into the form as it is shown."""
        return draft.changed(self._opened)

    def unsaved(self, draft: Draft) -> bool:
        """Whether something was typed into it or into what was put aside."""
        others = (each for at, (_, each) in enumerate(self._aside) if at != self._at)
        return self.changed(draft) or any(map(self.changed, others))


def empty() -> Page:
    """The form with nothing in it."""
    folder = working_folder()
    return Place("untitled", folder), Draft.of(EMPTY, folder)
