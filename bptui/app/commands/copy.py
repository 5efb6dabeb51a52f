"""The command that copies what is selected: a number with all its digits, or the formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bptui.app.commands.edit import name_of, number_in_focus, selected_number
from bptui.app.panels.derivation import FormsPanel

if TYPE_CHECKING:
    from bptui.app.app import BptuiApp
    from bptui.app.program.app import ProgramApp

SHOWN = 40
"""Characters of what was copied that are repeated in the news."""


def copy(app: BptuiApp) -> None:
    """Copy the derivation where it has the focus, else the selected number."""
    main, view = app.main, app.main.view
    focused, snapshot, selection = main.focused, view.snapshot, view.selection
    names, number = snapshot.experiment.network.names, number_in_focus(app)[0]
    own, parameter = selection.name(names), selected_number(view)
    if isinstance(focused, FormsPanel):
        _copied(app, "derivation", focused.text)
    elif focused is main.gradients and parameter is not None and parameter.is_parameter:
        gradient = parameter.value(snapshot.experiment, snapshot.gradients)
        known = view.computed(names.weight_gradient(selection.layer))
        _copied(app, f"dL/d{own}", repr(gradient), known)
    elif number is not None and (number.kind != "target" or focused is main.samples):
        value = number.value(snapshot.experiment, view.parameters)
        _copied(app, name_of(number, view), repr(value))
    else:
        quantity = names.out(selection.layer)
        value = float(snapshot.values[quantity][view.row, selection.unit])
        _copied(app, f"out_{own}", repr(value), view.computed(quantity))


def copy_of_program(app: ProgramApp) -> None:
    """Copy the derivation where it has the focus, else the selected number of the program."""
    focused, moment = app.main.focused, app.moment
    name = moment.record.name(moment.subject)
    if isinstance(focused, FormsPanel):
        _copied(app, "derivation", focused.text)
    elif not moment.record.array(moment.subject).size:
        app.tell(f"{name} is empty.", app.place)
    else:
        index = "".join(f"[{at}]" for at in moment.index)
        value = float(moment.record.array(moment.subject)[moment.index])
        _copied(app, f"{name}{index}", repr(value))


def _copied(app: BptuiApp | ProgramApp, name: str, text: str, computed: bool = True) -> None:
    """Copy a text by the terminal, and say what was copied."""
    if not computed:
        app.tell(f"{name} has yet to be computed in this step.", app.place)
        return
    app.copy_to_clipboard(text)
    first, *more = text.splitlines() or [""]
    shown = f"{len(more) + 1} lines" if more else first if len(first) <= SHOWN else "1 line"
    app.tell(f"copied {name}: {shown}", app.place)
