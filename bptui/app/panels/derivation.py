"""The selected quantity, or the operation just carried out, explained with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, TypeAlias

from msgspec.structs import replace
from rich.style import Style
from textual.binding import Binding
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.lines import BLANK, Line, clickable, pressing, tabs
from bptui.app.panels.factors import Symbol, following, place_at, symbols
from bptui.app.panels.panel import ChosenT, Panel, ShownT
from bptui.app.panels.pictures import Picture, by_rows
from bptui.app.styles import Styles
from bptui.app.view import Cursor, Direction, Selection, View

if TYPE_CHECKING:  # loaded after the first numbers are shown
    from bptui.explain.explain import Explainer, Explanation
    from bptui.explain.lines import TextLine
    from bptui.explain.pieces import Form
    from bptui.explain.report import Report

Wanted: TypeAlias = Literal["all", "scalar", "matrix", "numpy"]
"""A form, or as many of them as find room."""
Reports: TypeAlias = "Callable[[int, bool], Report]"
"""Makes a report in so many columns; one that spares lines where it can."""
Forms: TypeAlias = "tuple[Form, ...]"
FORMS: Forms = ("scalar", "matrix", "numpy")
DIGITS, FEW_DIGITS = (6, 7), (4, 4)
"""Of numbers in formulas and of values, also in a presentation."""
LOW = 4
"""Lines that a link of the chain rule and the first number fill; why they do stands below them."""
WIDE = 104
"""Columns from which the forms may stand beside each other."""
SLACK = 3
"""Lines by which forms beside each other may be longer than one that scrolls anyway."""
MOST_PLANS, MOST_WRITTEN = 200, 3
UNDERLINED = Style(underline=True)


class Written(NamedTuple):
    """An explanation as it is shown: its title, the forms it is in, and its lines."""

    title: str = ""
    forms: tuple[Form, ...] = FORMS[:1]
    lines: Sequence[TextLine] = ()


class FormsPanel(Panel[ShownT, ChosenT]):
    """One explanation in three forms: scalar, matrix, numpy, beside each other or one alone."""

    def __init__(self) -> None:
        super().__init__("Derivation", "derivation")
        self.form: Wanted = "all"
        self._shown = Written()
        self._written: dict[object, Written] = {}
        """The latest ones, by what they depend on."""
        self._subject: object = None
        self._plans: dict[object, tuple[Forms, int]] = {}
        """The forms that were chosen, and their lines at most, by what was explained."""

    def explanation(self, view: ShownT) -> tuple[Explanation, Reports]:
        """Return what is explained, and who writes it."""
        raise NotImplementedError

    def lines(self, view: ShownT, report: Report, made: Explanation, form: Form) -> list[TextLine]:
        """Return an explanation in a form."""
        return report.lines(made, form)

    def subject(self, view: ShownT) -> object:
        """Return what is explained, whatever its numbers are."""
        return view.picture

    def numbers(self, view: ShownT) -> object:
        """Return what the lines depend on."""
        return view.picture

    def standing(self, view: ShownT) -> ShownT:
        """Return the view whose numbers are explained."""
        return view

    def remark(self, view: ShownT) -> str:
        """Return what is said of numbers that are not those of now."""
        return ""

    def cursor(self, view: ShownT) -> tuple[int, int]:
        """Return the line, and the piece of it, that the cursor is on; (-1, -1) for none."""
        return -1, -1

    def factor_at(self, x: int, y: int) -> Cursor | None:
        """Return the cursor on the factor at a cell."""
        return None

    def pending(self, view: ShownT) -> bool:
        """Return whether what is explained does not have these numbers now."""
        return False

    @property
    def shown(self) -> tuple[Form, ...]:
        """The forms that are on the screen."""
        return self._shown.forms

    @property
    def text(self) -> str:
        """What is explained and how, as it is shown."""
        from bptui.explain.lines import plain

        return "\n".join(map(plain, self._shown.lines)).strip("\n")

    def next_form(self) -> None:
        """Go from all forms that find room to scalar, matrix and numpy alone, and back again."""
        if self.form == "all":
            self.show_form(FORMS[len(self.shown) == 1])
        else:
            following: tuple[Wanted, ...] = (*FORMS[1:], "all")
            self.show_form(following[FORMS.index(self.form)])

    def action_form(self, form: Form) -> None:
        """Explain in this form alone; in all of them where it is alone by now."""
        self.show_form("all" if self.form == form else form)

    def show_form(self, form: Wanted) -> None:
        """Explain in a form, or in all that find room."""
        self.form = form
        self.scroll_home(animate=False)
        self.repaint()

    def draw(self, view: ShownT, width: int, height: int) -> Picture:
        standing = self.standing(view)
        written = self.written(standing, width, height)
        if written is not self._shown:
            self._shown = written
            before, self._subject = self._subject, (self.subject(standing), self.form)
            if self._subject != before and self.scroll_offset.y:
                self.scroll_home(animate=False, immediate=True)
        lines, top = written.lines, int(self.scroll_offset.y)
        below = len(lines) - top - height
        said = Content(self.remark(view))
        if not said and below > 0:
            said = clickable(f"{below} more line{'s' * (below > 1)} below", "page_down")
        forms = (clickable("d:", pressing("d")), Content(" "), tabs(FORMS, self.shown, "form"))
        beside = Content.assemble(said, ", " if said else "", *forms)
        styles, pending, (cursor, at) = self.text_styles, self.pending(view), self.cursor(view)
        picture = by_rows(
            Size(width - 1, max(len(lines), height)),
            lambda y: (
                strip_of(lines[y], styles, pending, at if y == cursor else -1)
                if y < len(lines)
                else BLANK
            ),
        )
        return picture._replace(
            title=f"Derivation: {written.title}",
            notes=[beside, *[said] * bool(said)],
            spot=None if cursor < 0 else Region(0, cursor, 1, 1),
            pick=self.factor_at,
        )

    def written(self, view: ShownT, width: int, height: int) -> Written:
        """Return what is explained in the forms that are wanted and find room.

        Which these are is decided once for what is explained: nothing jumps as numbers change, and
        the next ones are there at once.
        """
        key = (self.numbers(view), self.form, width, height)
        if key not in self._written:
            while len(self._written) >= MOST_WRITTEN:
                del self._written[next(iter(self._written))]
            # one column is left for the scroll bar, so that it never covers the end of a line
            self._written[key] = self._write(view, max(width - 1, 20), height)
        return self._written[key]

    def _write(self, view: ShownT, width: int, height: int) -> Written:
        """Write the forms that were chosen before for what is explained, or choose them."""
        from bptui.app.panels.columns import beside

        made, usual = self.explanation(view)

        def report(width: int, spare: bool) -> Report:
            written = usual(width, spare)
            written.why_last = height <= LOW
            return written

        def write(part: Explanation, form: Form, width: int) -> list[TextLine]:
            return self.lines(view, report(width, True), part, form)

        about = (self.subject(view), made.title, self.form, width, height)
        form: Form = FORMS[0] if self.form == "all" else self.form
        lines: Sequence[TextLine] = ()
        chosen, most = self._plans.pop(about, ((), 0))
        tried = [chosen]
        if len(chosen) < 2:  # one alone, or they are yet to be chosen
            lines = self.lines(view, report(width, form != FORMS[0]), made, form)
            if form == FORMS[0] and len(lines) > height:
                lines = write(made, form, width)
            most = max(height, len(lines) + SLACK)
            several = not chosen and self.form == "all" and width >= WIDE and made.arrays
            every = [FORMS, FORMS[:2], FORMS[::2]] if made.numbers else [FORMS[1:]]
            tried = every if several else []
        found = beside(tried, made, report(width, True), write, height, most) if tried else None
        if found is None and len(chosen) > 1:  # they have no room any more: others are chosen
            return self._write(view, width, height)
        if len(self._plans) > MOST_PLANS:
            self._plans.clear()
        forms, lines = found or ((form,), lines)
        self._plans[about] = forms, most
        return Written(made.title, forms, lines)


class DerivationPanel(FormsPanel[View, Selection]):
    """Explains the operation just carried out, unless the selection was moved since.

    It stays what it was while a run goes too fast for reading, and says so.
    """

    BINDINGS: ClassVar = [
        Binding("enter", "screen.go_to_factor", "Go there", show=False),
        Binding("backspace", "screen.come_back", "Come back", show=False),
    ]
    follows = True
    _explainer: Explainer | None = None
    _explained: View | None = None
    """The view whose numbers are explained."""

    def watch_view(self, before: View | None, view: View | None) -> None:
        """Write in the same frame as the other panels; only the very first time after them."""
        if view is None:
            return
        if not view.hurries or self._explained is None or _asked(view) != _asked(self._explained):
            self._explained = view
        if self._explainer is None:
            self.call_after_refresh(self.repaint)
        else:
            self.repaint()
            self.call_after_refresh(self._write_ahead, view)
            if before is not None and view.cursor != before.cursor:
                self.follow(self.drawn.spot)

    def _write_ahead(self, view: View) -> None:
        """Write what the next key will show, while this is looked at: the next operation."""
        at_rest = view is self.view and not view.running and view.seeking is None
        following = 0 if view.position is None else view.position + 1
        if at_rest and following < len(view.snapshot.operations) and self.size.area:
            coming = replace(view, position=following, pointed=False)
            self.written(coming, *self.container_size)

    def subject(self, view: View) -> object:
        return view.selection if view.explained is None else view.position

    def numbers(self, view: View) -> object:
        return view.snapshot, view.position, view.selection, view.pointed, view.present

    def cursor(self, view: View) -> tuple[int, int]:
        found = symbols(self._shown.lines) if view.cursor else []
        place = self._place(view, found)
        return (-1, -1) if place is None else found[place][1:3]

    @staticmethod
    def _place(view: View, found: Sequence[Symbol]) -> int | None:
        """Return where the cursor is: in another form on the first symbol of the same."""
        if view.cursor is None:
            return None
        own, name, at, *_ = view.cursor
        same = [
            k
            for k, s in enumerate(found)
            if (s.quantity.name, s.quantity.index or ()) == (name, at)
        ]
        return own if own in same else next(iter(same), None)

    def step(self, view: View, direction: Direction) -> Cursor | None:
        """Return the factor next to the one under the cursor, or the first one in sight."""
        found, top = symbols(self._shown.lines), int(self.scroll_offset.y)
        if not found:
            return None
        place = self._place(view, found)
        if place is None:
            return self._factor(found, next((k for k, s in enumerate(found) if s.row >= top), 0))
        return self._factor(found, following(found, place, direction))

    def factor_at(self, x: int, y: int) -> Cursor | None:
        found = symbols(self._shown.lines)
        place = place_at(found, x, y)
        return None if place is None else self._factor(found, place)

    def _factor(self, found: Sequence[Symbol], place: int) -> Cursor:
        symbol = found[place]
        said = self._explainer.words(symbol.quantity) if self._explainer else ""
        quantity = symbol.quantity
        also = tuple(each.index or () for each in symbol.also)
        cursor = Cursor(place, quantity.name, quantity.index or (), symbol.told or said, also)
        view = self._explained
        if view is None or len(view.snapshot.batch) == 1 or self.shown[symbol.form] == "scalar":
            return cursor
        chosen = cursor.selection(view.snapshot.experiment.network.names)
        if chosen is None or chosen.kind != "unit":
            return cursor
        return cursor._replace(told=f"{said}, sample s{cursor.at[0] + 1}")

    def remark(self, view: View) -> str:
        if view.cursor is not None and view.cursor.told:
            leads = view.cursor.selection(view.snapshot.experiment.network.names) is not None
            return view.cursor.told + ", enter: go there" * leads
        if self._waits(view):
            shown = self._explained or view
            return f"step {shown.snapshot.step}, not updated while running"
        back = self.has_focus and self.screen.check_action("come_back", ())
        return "backspace: come back" if back else ""

    def _waits(self, view: View) -> bool:
        shown = self._explained or view
        return (shown.snapshot, shown.position) != (view.snapshot, view.position)

    def pending(self, view: View) -> bool:
        """Return whether what is explained does not have its value, or not this one, by now."""
        shown = self._explained or view
        selection, names = shown.selection, shown.snapshot.experiment.network.names
        quantity = names.weight_gradient(selection.layer)
        if selection.kind == "unit":
            quantity = names.out(selection.layer)
        computed = shown.explained is not None or shown.computed(quantity)
        return self._waits(view) or not computed

    def standing(self, view: View) -> View:
        return self._explained or view

    def explanation(self, view: View) -> tuple[Explanation, Reports]:
        from bptui.explain.explain import Explainer  # after the first numbers are shown
        from bptui.explain.lines import Headings
        from bptui.explain.report import Report

        explainer = self._explainer
        if explainer is None or explainer.snapshot is not view.snapshot:
            explainer = self._explainer = Explainer(view.snapshot, self.around.few_characters)
        if view.explained is not None:
            made = explainer.operation(view.explained.name)
        else:
            made = explainer.explain(view.selection.name(explainer.names))
        digits = FEW_DIGITS if view.present else DIGITS
        headings = Headings(explainer.symbols, frozenset(view.selection.units))

        def report(width: int, spare: bool) -> Report:
            return Report(explainer.symbols, width, *digits, brief=spare, headings=headings)

        return made, report


def strip_of(spans: TextLine, styles: Styles, pending: bool = False, cursor: int = -1) -> Strip:
    """Return a line of an explanation; ``pending``: its numbers are not those of now.

    The piece at ``cursor`` stands out.
    """
    by_role, line = _by_role(styles), Line()
    for place, (text, role, marked, *_) in enumerate(spans):
        usual = styles.dim if pending else by_role.get("marked" if marked else role, styles.text)
        if place == cursor:  # the blanks that keep columns in line are no part of it
            bare = text.rstrip()
            line.add(bare, styles.factor)
            text = text[len(bare) :]
        line.add(text, usual)
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
        "lit": styles.accent + styles.lit,
        "label": styles.dim,
        "warning": styles.warning,
        "heading": styles.accent,
        "marked": styles.warning + UNDERLINED,
    }


def _asked(view: View) -> object:
    """Return what decides what of a step is explained."""
    return view.snapshot.experiment, view.selection, view.pointed
