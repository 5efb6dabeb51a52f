"""``bptui check``: a user's own backpropagation, checked, and its mistake named."""

from __future__ import annotations

import ast
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.core import ParameterSource

from bptui.atomic import saved_at
from bptui.cli import DEFAULT_PRESET
from bptui.cli.common import (
    Signalled,
    Unjudged,
    Unusable,
    as_json,
    format_option,
    interruptible,
    load_preset,
    readable,
    styled,
    text_width,
    write,
)
from bptui.cli.completion import any_file, presets
from bptui.cli.programs import judged, program_options, startable

if TYPE_CHECKING:
    from bptui.check.functions.check import Check
    from bptui.check.program.writer import Checked
    from bptui.check.reports.report import Report
    from bptui.core.experiment import Experiment

CODES = {"right": 0, "wrong": 1, "failed": 3}
"""Exit codes, by what the check found."""
PAUSE = 0.25
"""Seconds between two looks at a watched file, which cost microseconds."""
CLEAR = "\x1b[H\x1b[J"


@click.command("check", short_help="Check your own backpropagation and find its mistake.")
@click.argument("file", required=False, metavar="[FILE]", shell_complete=any_file)
@click.option(
    "--preset",
    "name_or_file",
    default=DEFAULT_PRESET,
    show_default=True,
    metavar="NAME_OR_FILE",
    shell_complete=presets,
    help="The network, loss and samples to check with.",
)
@click.option(
    "--watch", is_flag=True, help="Check again at every save, until ctrl+c; exit code 0 then."
)
@click.option("--template", is_flag=True, help="Print a skeleton of such a file instead.")
@program_options
@format_option()
def command(
    file: str | None,
    name_or_file: str,
    watch: bool,
    template: bool,
    form: str,
    **how: Any,  # noqa: ANN401  the options of `judged`
) -> None:
    """Run FILE and compare its backpropagation with the correct one.

    FILE is any Python program or notebook with hand-written numpy backpropagation, checked as it
    is: the report says of each line of the backward pass whether it is right, points at the first
    wrong one, and writes it as it should stand. A class or function that the file does not call is
    called with random data where that is obvious; otherwise say how with --call. Arguments after --
    go to the program.

    Or FILE defines functions, gradients(x, t, weights) or step(x, t, weights, learning_rate), which
    are called with the data of the preset and with random data; `--template` prints a skeleton. Or
    it is step.npz, the numbers of a training step in any language: x, t, W1, b1, gW1, gb1, ...

    Your code runs in its own process for at most --timeout seconds. This needs Linux or macOS, and
    numpy with Python 3.10 or newer: that of the active environment, else of a .venv beside FILE,
    else bptui's own; --python chooses another one. `bptui help check` says more.

    \b
    Examples:
      bptui check my_net.py
      bptui check --call 'Net(2, 3, 1).train_step(X, y)' net.py
      bptui check my_net.py -- --epochs 5
      bptui check --watch my_net.py
      bptui check my_functions.py --preset mazur
      bptui check step.npz
      bptui check --template --preset xor > my_xor.py
      bptui check my_xor.py --preset xor --timeout 60

    \b
    Exit codes: 0 everything given is right; 1 a mistake; 2 an unusable file,
    preset or Python; 3 no verdict: the code raises an exception, hangs or exits,
    or there is nothing to check.
    """
    if template:
        if file is not None:
            raise Unusable(f"--template prints a skeleton and reads no file; found {file!r}")
        from bptui.export.template import template as skeleton

        write(skeleton(load_preset(name_or_file)))
        return
    if file is None:
        raise Unusable("no file to check; `bptui check --template` prints a skeleton of one")
    path = readable(file)
    source = click.get_current_context().get_parameter_source("name_or_file")
    chosen = name_or_file if source is not ParameterSource.DEFAULT else None
    found = partial(reports_on_file, path, chosen, **how)
    if watch:
        watched(path, found, form)
    written(found, form)


def defines_functions(path: Path) -> tuple[bool, bool]:
    """Tell whether a file has functions to be called, gradients or step, and calls them itself."""
    from bptui.check.functions.signatures import defined

    if path.suffix == ".ipynb":
        return False, True
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return True, False  # which says what is wrong with it
    found = defined(tree).keys() & {"gradients", "step"}
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return bool(found), bool(found & called)


def reports_on_file(
    path: Path,
    preset: str | None,
    **how: Any,  # noqa: ANN401  the options of `judged`
) -> Sequence[Report]:
    """Return the reports on a file as it is now."""
    if path.suffix == ".npz":
        return of_numbers(path, load_preset(preset) if preset else None)

    from bptui.check.program.writer import Checked
    from bptui.check.reports.report import Report

    load = partial(load_preset, preset or DEFAULT_PRESET)
    found = run_or_called(path, load, preset is not None, how)
    if isinstance(found, Report):
        return [found]
    if isinstance(found, Checked):
        return [found.report]
    from bptui.check.functions.report import reports_of

    return reports_of(found)


def run_or_called(
    path: Path, load: Callable[[], Experiment], chosen: bool, how: Mapping[str, Any]
) -> Checked | Check | Report:
    """Return what was found of a file: as a program, or of its functions where there are any.

    They are called with the experiment that is loaded for that; ``chosen``: the user has named it.
    ``how`` are the options of `judged`.
    """
    from bptui.check.reports.report import Report

    functions, trains = defines_functions(path)
    whole = bool(how["call"] or how["loss"] or not functions)
    found: Checked | Report | None = None
    if whole or (trains and not chosen):  # they may just happen to be called so
        found = judged(path, **how)
        if whole or not isinstance(found, Report):
            return found
    from bptui.check.functions.calls import NotLoadedError
    from bptui.check.functions.check import check
    from bptui.check.functions.report import unchecked
    from bptui.check.functions.signatures import UncheckableError
    from bptui.check.running.interpreter import interpreter_for

    experiment, interpreter = load(), interpreter_for(path, how["python"])
    try:
        return check(path, experiment, how["timeout"], interpreter)
    except (NotLoadedError, UncheckableError) as error:
        return found or unchecked(path, error, interpreter)


def recorded_call(check: Check) -> Checked | Report:
    """Return a recorded call of a function of a file, of a wrong one where there is one."""
    from bptui.check.functions.report import reports_of
    from bptui.check.reports.report import Report, Row

    runs = sorted(check.functions, key=lambda one: one.outcome != "wrong")
    run = next((one.traced.checked for one in runs if one.traced.checked), None)
    known = next((one.reason for one in reports_of(check) if one.reason), None)
    why = known or "its lines cannot be shown; `bptui check` says what is known of its numbers"
    return run or Report(str(check.file), "failed", trouble=[Row(f"{check.file.name}: {why}")])


def of_numbers(path: Path, preset: Experiment | None) -> Sequence[Report]:
    """Return the reports on recorded numbers."""
    from bptui.check.functions.recorded import UnusableNumbersError, reports_on
    from bptui.check.numbers.inferring import UnknownNetworkError
    from bptui.presets.errors import printable

    try:
        return reports_on(path, preset)
    except UnusableNumbersError as error:
        raise Unusable(printable(f"{path.name}: {error}")) from None
    except UnknownNetworkError as error:
        raise Unjudged(f"{printable(path.name)}: {error}") from None


def written(found: Callable[[], Sequence[Report]], form: str, before: str = "") -> NoReturn:
    """Write the reports that are found, after what stands ``before`` them.

    Raises what ends with the exit code of their verdict.
    """
    from bptui.check.reports import report
    from bptui.check.reports.report import as_plain
    from bptui.check.reports.text import as_text

    began = time.monotonic()
    try:
        with startable():
            reports = found()
    finally:
        write(before)
    if form == "json":
        write(as_json(report.as_json(reports, time.monotonic() - began)))
    if trouble := reports[0].trouble:
        raise Unjudged(as_plain(trouble))
    if form == "text":
        write(as_text(reports, text_width(sys.stdout), styled(sys.stdout)))
    raise click.exceptions.Exit(CODES[report.verdict_of(reports)])


def watched(path: Path, found: Callable[[], Sequence[Report]], form: str) -> NoReturn:
    """Write the reports on every version of a program, until ctrl+c ends with exit code 0.

    On a terminal each takes the place of the one before; elsewhere a line with the time stands
    between them, unless they are JSON.
    """
    shown = sys.stdout is not None and sys.stdout.isatty()
    files: dict[Path, object] = {path: None}

    def found_again() -> Sequence[Report]:
        reports = found()
        for name in (name for report in reports for name in report.files.names if name):
            files.setdefault(path.parent / name, saved_at(path.parent / name))
        return reports

    with interruptible(), suppress(KeyboardInterrupt):
        for version in _versions(files):
            saved = f"\n--- saved at {datetime.now():%H:%M:%S} ---\n\n"
            before = saved if version and form == "text" else ""
            try:
                written(found_again, form, CLEAR if shown else before)
            except click.exceptions.Exit:
                pass
            except Signalled:
                raise
            except click.ClickException as error:
                error.show()
            if shown:
                write(f"\nWatching {path.name}; ctrl+c ends.\n")
    raise click.exceptions.Exit(0)


def _versions(files: dict[Path, object]) -> Iterator[int]:
    """Yield the number of each version of a program, from 0, once it is there and has settled.

    ``files``: when each was saved that is known already; others may be added between versions.
    """

    def saved() -> dict[Path, object]:
        return {file: saved_at(file) for file in files}

    own = next(iter(files))
    for number in count():
        while (found := saved())[own] is None or found == files:
            time.sleep(PAUSE)
        while found[own] is None or found != files:
            files.update(found)
            time.sleep(PAUSE)
            found = saved()
        yield number
