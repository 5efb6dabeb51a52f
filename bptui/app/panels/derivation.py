"""The selected quantity, or the operation just carried out, explained with its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip

from bptui.app.lines import BLANK, Line, clickable, pressing, tabs
from bptui.app.panels.panel import Panel
from bptui.app.styles import Styles
from bptui.app.view import View

if TYPE_CHECKING:
    from bptui.explain.explain import Explainer, Explanation
    from bptui.explain.lines import Span, TextLine
    from bptui.explain.report import Form


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

    def explanation(self, view: View, explainer: Explainer) -> Explanation:
        """Of the operation just carried out, unless the selection was moved since."""
        if view.operation is not None and not view.pointed:
            return explainer.explain_operation(view.snapshot, view.operation.name)
        names = view.snapshot.experiment.network.names
        return explainer.explain(view.snapshot, view.selection.name(names))

    def next_form(self) -> None:
        """From scalar to matrix to numpy and back again."""
        from bptui.explain.report import FORMS

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
        """Whether something else than ``view`` is explained until the run pauses."""
        shown = self._explained or view
        return (shown.snapshot, shown.position) != (view.snapshot, view.position)

    def resized(self) -> None:
        self.call_after_refresh(self.repaint)

    def extent(self, view: View, width: int, height: int) -> Size:
        lines = self._explain(self._explained or view, width, height)
        # of one size as long as it fits: another one has the whole screen laid out anew
        return Size(width - (len(lines) > height), max(len(lines), height))

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        waits, view = self._waits(view), self._explained or view
        lines, top = self._explain(view, width, height), int(self.scroll_offset.y)
        below = len(lines) - top - height
        said = clickable(f"{below} more line{'s' * (below > 1)} below", "page_down")
        if waits:
            said = Content(f"step {view.snapshot.step}, not updated while running")
        before = (said, Content(", "))
        forms = (clickable("d:", pressing("d")), Content(" "), tabs(_FORMS, self.form, "form"))
        self.note(Content.assemble(*(before if waits or below > 0 else ()), *forms))
        pending = waits or not self._computed(view)
        return [self._strip(line, pending) for line in lines[top : top + height]]

    def _computed(self, view: View) -> bool:
        """Whether what is explained has its value at this place in the step."""
        names = view.snapshot.experiment.network.names
        selection = view.selection
        if view.operation is None or not view.pointed:
            return True
        if selection.kind == "unit":
            return selection.layer == 0 or view.computed(names.out(selection.layer))
        return view.computed(names.weight_gradient(selection.layer))

    def _explain(self, view: View, width: int, height: int) -> list[TextLine]:
        what = view.position if view.position is not None and not view.pointed else view.selection
        key = (view.snapshot, what, self.form, width, height)
        if self._written == key:
            return self._lines
        from bptui.explain.explain import Explainer  # after the first numbers are shown
        from bptui.explain.report import Report

        experiment = view.snapshot.experiment
        if self._explainer is None or self._explainer.experiment is not experiment:
            self._explainer = Explainer(experiment, self.around.few_characters)
        explanation = self.explanation(view, self._explainer)
        # one column is left for the scroll bar, so that it never covers the end of a line
        for brief in (False, True):
            report = Report(self._explainer.symbols, max(width - 1, 20), brief=brief)
            self._lines = report.lines(explanation, self.form)
            if len(self._lines) <= height or self.form != "scalar":
                break
        self._written = key
        title = f"Derivation: {explanation.title}"
        if self.border_title != title:
            self.border_title = title
        if self._subject != (what, self.form):
            self._subject = (what, self.form)
            self.scroll_home(animate=False, immediate=True)
        return self._lines

    def _strip(self, spans: TextLine, pending: bool) -> Strip:
        if not spans:
            return BLANK
        line, colours = Line(), self.text_styles
        for span in spans:
            line.add(span.text, colours.dim if pending else self._style(span, colours))
        return line.strip()

    def _style(self, span: Span, colours: Styles) -> Style:
        if span.marked:
            return colours.warning + _UNDERLINED
        return {
            "name": colours.strong,
            "operator": colours.text,
            "quantity": colours.accent,
            "setting": colours.accent,
            "value": colours.strong,
            "selected": colours.strong + _UNDERLINED,
            "label": colours.dim,
            "warning": colours.warning,
            "heading": colours.accent,
        }.get(span.role, colours.text)


def _asked(view: View) -> object:
    """What decides what of a step is explained."""
    return view.snapshot.experiment, view.selection, view.pointed


_FORMS = ("scalar", "matrix", "numpy")
_UNDERLINED = Style(underline=True)
