"""The selected quantity, or the operation just carried out, explained with its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.style import Style
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip

from bptui.app.lines import BLANK, Line, clickable, pressing, tabs
from bptui.app.panels.panel import Panel
from bptui.app.styles import Styles
from bptui.app.view import View

if TYPE_CHECKING:  # loaded after the first numbers are shown
    from bptui.explain.explain import Explainer
    from bptui.explain.lines import TextLine
    from bptui.explain.report import Form

FORMS: tuple[Form, ...] = ("scalar", "matrix", "numpy")
UNDERLINED = Style(underline=True)


class DerivationPanel(Panel):
    """One explanation in one of three forms: scalar, matrix, numpy.

    It stays what it was while a run goes too fast for reading, and says so.
    """

    def __init__(self) -> None:
        super().__init__("Derivation", "derivation")
        self.form: Form = "scalar"
        self._explainer: Explainer | None = None
        self._lines: list[TextLine] = []
        self._written: object = None
        self._subject: object = None
        self._explained: View | None = None
        """The view whose numbers are explained."""
        self._drawn: object = None

    def next_form(self) -> None:
        """Go from scalar to matrix to numpy and back again."""
        self.action_form(FORMS[(FORMS.index(self.form) + 1) % len(FORMS)])

    def action_form(self, form: Form) -> None:
        """Explain in this form."""
        self.form = form
        self.scroll_home(animate=False)
        self.repaint()

    def watch_view(self, before: View | None, view: View | None) -> None:
        """Write in the same frame as the other panels; only the very first time after them."""
        if view is None:
            return
        if not view.hurries or self._explained is None or _asked(view) != _asked(self._explained):
            self._explained = view
        wanted = (self._explained.picture, self._waits(view))
        if self._drawn != wanted:
            self._drawn = wanted
            if self._explainer is None:
                self.call_after_refresh(self.repaint)
            else:
                self.repaint()

    def _waits(self, view: View) -> bool:
        """Return whether something else than ``view`` is explained until the run pauses."""
        shown = self._explained or view
        return (shown.snapshot, shown.position) != (view.snapshot, view.position)

    def resized(self) -> None:
        self.call_after_refresh(self.repaint)

    def extent(self, view: View, width: int, height: int) -> Size:
        lines = self._explain(self._explained or view, width, height)
        return Size(width - 1, max(len(lines), height))

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        waits, view = self._waits(view), self._explained or view
        lines, top = self._explain(view, width, height), int(self.scroll_offset.y)
        below = len(lines) - top - height
        said = clickable(f"{below} more line{'s' * (below > 1)} below", "page_down")
        if waits:
            said = Content(f"step {view.snapshot.step}, not updated while running")
        before = (said, Content(", ")) if waits or below > 0 else ()
        forms = (clickable("d:", pressing("d")), Content(" "), tabs(FORMS, self.form, "form"))
        self.note(Content.assemble(*before, *forms))
        styles, pending = self.text_styles, waits or not _computed(view)
        return [strip_of(spans, styles, pending) for spans in lines[top : top + height]]

    def _explain(self, view: View, width: int, height: int) -> list[TextLine]:
        """Return the lines on the operation just carried out, unless the selection was moved."""
        operation = None if view.pointed else view.operation
        what = view.selection if operation is None else view.position
        key = (view.snapshot, what, self.form, width, height)
        if self._written == key:
            return self._lines
        from bptui.explain.explain import Explainer  # after the first numbers are shown
        from bptui.explain.report import Report

        experiment = view.snapshot.experiment
        if self._explainer is None or self._explainer.experiment is not experiment:
            self._explainer = Explainer(experiment, self.around.few_characters)
        if operation is None:
            name = view.selection.name(experiment.network.names)
            explanation = self._explainer.explain(view.snapshot, name)
        else:
            explanation = self._explainer.explain_operation(view.snapshot, operation.name)
        # one column is left for the scroll bar, so that it never covers the end of a line
        for brief in (False, True):
            report = Report(self._explainer.symbols, max(width - 1, 20), brief=brief)
            self._lines = report.lines(explanation, self.form)
            if len(self._lines) <= height or self.form != "scalar":
                break
        self._written = key
        self.entitle(f"Derivation: {explanation.title}")
        if self._subject != (what, self.form):
            self._subject = (what, self.form)
            if self.scroll_offset.y:
                self.scroll_home(animate=False, immediate=True)
        return self._lines


def strip_of(spans: TextLine, styles: Styles, pending: bool = False) -> Strip:
    """Return a line of an explanation; ``pending``: its numbers are not those of now."""
    by_role, line = _by_role(styles), Line()
    for text, role, marked in spans:
        style = by_role.get("marked" if marked else role, styles.text)
        line.add(text, styles.dim if pending else style)
    return line.strip() if spans else BLANK


@lru_cache(maxsize=4)
def _by_role(styles: Styles) -> Mapping[str, Style]:
    """Return the styles by the roles of spans; other roles have the usual one."""
    return {
        "name": styles.strong,
        "quantity": styles.accent,
        "setting": styles.accent,
        "value": styles.strong,
        "selected": styles.strong + UNDERLINED,
        "label": styles.dim,
        "warning": styles.warning,
        "heading": styles.accent,
        "marked": styles.warning + UNDERLINED,
    }


def _asked(view: View) -> object:
    """Return what decides what of a step is explained."""
    return view.snapshot.experiment, view.selection, view.pointed


def _computed(view: View) -> bool:
    """Return whether what is explained has its value at this place in the step."""
    selection, names = view.selection, view.snapshot.experiment.network.names
    if view.operation is None or not view.pointed:
        return True
    if selection.kind == "unit":
        return selection.layer == 0 or view.computed(names.out(selection.layer))
    return view.computed(names.weight_gradient(selection.layer))
