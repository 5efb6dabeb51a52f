"""What the selected quantity is computed from, and what is computed from it."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace
from rich.cells import cell_len
from rich.style import Style
from textual.content import Content
from textual.geometry import Size

from bptui.app.diagram.drawing import Drawing
from bptui.app.diagram.edges import Edge, wires_of
from bptui.app.diagram.layout import Layout
from bptui.app.diagram.scalars import picture
from bptui.app.lines import Line, clickable, fitted, pressing, tabs
from bptui.app.panels.network import arranged
from bptui.app.panels.pictures import Picture, by_rows
from bptui.app.program.moment import SIGNS, Moment, ProgramPanel, verdict_style
from bptui.app.program.network import network_view, weight_name
from bptui.app.program.numbers import Numbers, looked_at
from bptui.app.view import Direction, View

LEFT, RIGHT = -1, +1
KINDS = ("network", "edges", "numbers")
"""What can be shown: the first of a program that trains a network of layers, where it fits."""


class GraphPanel(ProgramPanel):
    """Inputs on the left, consumers on the right, the selected quantity between them."""

    def __init__(self) -> None:
        super().__init__("Graph", "graph")
        self.kind = KINDS[1]
        self._chosen: str | None = None
        self._kinds: tuple[str, ...] = KINDS[1:]
        self._numbers: dict[object, Numbers] = {}

    def next_kind(self) -> None:
        """Show the next kind of picture."""
        self.action_kind(self._kinds[(self._kinds.index(self.kind) + 1) % len(self._kinds)])

    def action_kind(self, kind: str) -> None:
        """Show the network, the edges around the selected value, or the numbers that it is of."""
        self.kind = self._chosen = kind
        self.scroll_home(animate=False)
        self.resized()

    def _numbers_of(self, view: Moment) -> Numbers:
        """Return the picture of the selected number, else of the loss where all of it has room.

        It is the same from one moment to another.
        """
        of_loss = looked_at(view)
        numbers = self._computed(of_loss)
        return numbers if numbers.whole or of_loss is view else self._computed(view)

    def _computed(self, view: Moment) -> Numbers:
        key = id(view.record), view.subject, view.index
        if key not in self._numbers:
            self._numbers = {**dict([*self._numbers.items()][-3:]), key: Numbers(view)}
        return self._numbers[key]

    def draw(self, view: Moment, width: int, height: int) -> Picture:
        """Draw what was chosen: the network first, where all of it has room."""
        network, whole = network_view(view.record, view.update), False
        if network is not None:
            of = network.snapshot.experiment.network
            layout, drawn = arranged(of, width, height, (), view.present)
            whole = not layout.omissions and layout.width <= width
        self._kinds = KINDS[network is None :]
        self.kind = self._chosen if self._chosen in self._kinds else KINDS[not whole]
        if network is not None and self.kind == KINDS[0]:
            made = self._network(view, network, layout, drawn)
        elif self.kind == KINDS[1]:
            made = self._edges(view, width, height)
        else:
            made = self._numbered(view, width)
        kinds = tabs(self._kinds, [self.kind], "kind")
        note = Content.assemble(clickable("v:", pressing("v")), " ", kinds)
        return made._replace(title=f"Graph: {made.title}", notes=[note])

    def sides(self, view: Moment, entry: int) -> dict[int, list[int]]:
        """Return the quantities against the flow and along it."""
        record = view.record
        return {LEFT: record.sources(entry), RIGHT: record.uses(entry, view.update)}

    def neighbour(self, view: Moment, direction: Direction) -> Moment:
        """Follow the edges left and right; up and down go to the other ends of the last one."""
        if self.kind == KINDS[0]:
            self._chosen = KINDS[1]  # which have to be seen
        if direction in ("left", "right"):
            side = LEFT if direction == "left" else RIGHT
            found = self.sides(view, view.subject)[side]
            if not found:
                return view
            before = view.origin
            back = before is not None and before[1] == -side and before[0] in found
            entry = before[0] if before is not None and back else found[0]
            return view.choosing(entry, (view.subject, side))
        if view.origin is None:
            return view
        siblings = self.sides(view, view.origin[0])[view.origin[1]]
        if view.subject not in siblings:
            return replace(view, origin=None)
        at = siblings.index(view.subject) + (1 if direction == "down" else -1)
        return view.choosing(siblings[at % len(siblings)], view.origin)

    def _edges(self, view: Moment, width: int, height: int) -> Picture:
        """Draw both sides ``side`` columns wide, the ends of their edges, the middle between."""
        record, styles, entry = view.record, self.text_styles, view.subject
        reading = {LEFT: record.line_of[entry], RIGHT: 0}
        ends = {
            at: self._ends(view, found, height, reading[at])
            for at, found in self.sides(view, entry).items()
        }
        side = max(min(width // 3 - 3, 30), 8)
        middle = max(width - 2 * side - 8, 8)
        centre = (height - 1) // 2 if height < 6 else max(height // 2 - 1, 1)
        own = self._own(view, middle)
        top = max(min(centre, height - len(own)), 0)
        strips = []
        for y in range(height):
            text, style, edge = _end(ends[LEFT], y - centre, "┐┤┘")
            text = fitted(text, side)
            line = Line().add(" " * (side - cell_len(text)), styles.text).add(text, style)
            line.add(f" ─{edge}" if edge else "   ", styles.faint)
            if 0 <= y - top < len(own):
                text, style = own[y - top]
                dash = "─" if y == centre and ends[LEFT] else " "
                line.add(f"{dash} ", styles.faint).add(fitted(text, middle), style)
                if y == centre and ends[RIGHT]:
                    left = side + 5 + middle - line.width
                    line.add(f" {'─' * (left - 1)}" * (left > 0), styles.faint)
            line.pad(side + 5 + middle, styles.text)
            text, style, edge = _end(ends[RIGHT], y - centre, "┌├└")
            line.add(f"{edge}─ " if edge else "   ", styles.faint).add(fitted(text, side), style)
            strips.append(line.strip())
        picture = by_rows(Size(width, height), strips.__getitem__)
        return picture._replace(title=record.name(entry))

    def _network(
        self, view: Moment, network: View, layout: Layout, drawn: tuple[Edge, ...]
    ) -> Picture:
        """Draw the network that is trained with the true derivatives for its first sample."""
        named = partial(weight_name, view.record)
        wires = wires_of(layout, drawn, network, self.text_styles, named)
        drawing = Drawing(layout, wires, network, self.text_styles, focused=False)
        shown = ", true gradients" * bool(layout.style.columns)  # which take room
        size = Size(layout.width, layout.height)
        return Picture(
            size, lambda seen: drawing.part(seen.x, seen.width), title=f"the network{shown}"
        )

    def _numbered(self, view: Moment, width: int) -> Picture:
        """Draw what the selected number is computed from."""
        numbers, styles, record = self._numbers_of(view), self.text_styles, view.record
        title = f"{numbers.title}, value │ true gradient"
        if len(numbers.found) > 1:
            looks, chosen = numbers.looks(view), partial(numbers.chosen, view)
            drawn = picture(numbers.found, looks, styles, self.has_focus, chosen)
            return drawn._replace(title=title, spot=drawn.spot or drawn.touched, touched=None)
        sources = record.sources(view.subject)
        said = ["Select a value that the program computes: this one is given."]
        if sources:
            names = ", ".join(dict.fromkeys(map(record.name, sources)))
            said = ["Too long to be drawn.", f"Select what it is computed from: {names}"]
        rows = [Line().add(fitted(f" {each}", width), styles.dim).strip() for each in said]
        return by_rows(Size(width, len(rows)), rows.__getitem__)._replace(title=title)

    def _own(self, view: Moment, room: int) -> list[tuple[str, Style]]:
        """Return the lines on the selected quantity: name, how it is computed, what it is."""
        record, styles, entry = view.record, self.text_styles, view.subject
        name = fitted(record.name(entry), max(room - len(record.shape(entry)) - 1, 4))
        lines = [(f"{name} {record.shape(entry)}", styles.strong + styles.bold)]
        number, call = record.line_of[entry], record.tape.notes[entry].call
        if number:
            said = f"{call}, {record.told(number)}"
            lines.append((said if len(said) <= room else call, styles.dim))
        elif call == "leaf":
            lines.append(("given", styles.dim))
        claim = view.claims.of(entry)
        if claim is not None:
            says = f"{SIGNS[claim.verdict]} {view.claims.text(claim)}"
            lines.append((says, verdict_style(styles, claim.verdict)))
        return lines

    def _ends(
        self, view: Moment, entries: list[int], height: int, line: int
    ) -> list[tuple[str, Style]]:
        """Return the names and shapes of quantities, as many as there is room for.

        Those that a ``line`` reads are called what it calls them.
        """
        record, styles = view.record, self.text_styles
        found: list[tuple[str, Style]] = []
        for entry in entries:
            claim = view.claims.of(entry)
            style = styles.text if claim is None else verdict_style(styles, claim.verdict)
            name = record.name(entry, line)
            found.append((f"{name} {record.shape(entry)}".strip(), style))
        if len(found) > height:
            left = len(found) - height + 1
            found = [*found[: height - 1], (f"… {left} more", styles.dim)]
        return found


def _end(ends: list[tuple[str, Style]], y: int, corners: str) -> tuple[str, Style, str]:
    """Return what stands ``y`` lines below the middle, and the piece of the edge beside it.

    ``corners`` are those of the first, of one between, and of the last.
    """
    count = len(ends)
    at = y + (count - 1) // 2
    if not 0 <= at < count:
        return "", Style(), ""
    pieces = "┬┼┴" if y == 0 else corners
    place = 0 if at == 0 else 2 if at == count - 1 else 1
    return *ends[at], "─" if count == 1 else pieces[place]
