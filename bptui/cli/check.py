"""``bptui check``: a user's own backpropagation, checked, and its mistake named."""

from __future__ import annotations

import ast
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from click.core import ParameterSource

from bptui.cli import DEFAULT_PRESET
from bptui.cli.common import (
    Unjudged,
    Unusable,
    format_option,
    load_preset,
    opened,
    readable,
    styled,
    text_width,
    write_json,
)
from bptui.cli.completion import any_file, presets
from bptui.cli.programs import interpreter_of, program_options, startable
from bptui.cli.watch import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bptui.check.interpreter import Interpreter
    from bptui.check.report import Report
    from bptui.core.experiment import Experiment

FORMATS = ("text", "json")
CODES = {"right": 0, "wrong": 1, "failed": 3}
"""Exit codes, by what the check found."""


@click.command(
    "check",
    short_help="Check your own backpropagation and find its mistake.",
    help="""Run FILE and compare its backpropagation with the correct one.

FILE is any Python program or notebook with hand-written numpy backpropagation, checked as it is:
the report says of each line of the backward pass whether it is right, points at the first wrong
one, and writes it as it should stand. A file that trains nothing by itself needs --call; what
stands after -- is the program's own.

Or FILE defines functions: gradients(x, t, weights), optionally with biases as a fourth
argument, or step(x, t, weights, learning_rate), optionally with biases before the learning rate;
`--template` prints a skeleton that says what they may return. The network is that of the preset,
with its own data and with random data. No other functions in your file are called.

Or FILE is step.npz, the numbers of a training step in any language: x, t, W1, b1, gW1, gb1, ...
Activations and loss are then those under which most of the numbers are right, or the preset's.

The report says which quantities are right, which one is wrong first, and which mistakes or changed
lines give exactly the numbers that your code gives.

Your code runs in its own process for at most --timeout seconds. This needs Linux or macOS, and
numpy with Python 3.10 or newer: that of the active environment (VIRTUAL_ENV, CONDA_PREFIX), else of
a .venv beside FILE, else bptui's own; --python chooses another one.

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
""",
)
@click.argument("file", required=False, metavar="[FILE]", shell_complete=any_file)
@click.argument("arguments", nargs=-1, metavar="[-- ARGUMENT...]")
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
@format_option(FORMATS)
def command(
    file: str | None,
    arguments: tuple[str, ...],
    name_or_file: str,
    call: str,
    step: int,
    loss: str,
    watch: bool,
    template: bool,
    timeout: float,
    python: str | None,
    form: str,
) -> None:
    if template:
        if file is not None:
            raise Unusable(f"--template prints a skeleton and reads no file; found {file!r}")
        from bptui.export.template import template as skeleton

        text = skeleton(load_preset(name_or_file))
        with opened(None) as stream:
            stream.write(text)
        return
    if file is None:
        raise Unusable("no file to check; `bptui check --template` prints a skeleton of one")
    path = readable(file)
    source = click.get_current_context().get_parameter_source("name_or_file")
    chosen = source is not ParameterSource.DEFAULT

    def found() -> list[Report]:
        """Return the reports on the file as it is now."""
        if path.suffix == ".npz":
            return of_numbers(path, load_preset(name_or_file) if chosen else None)
        interpreter = interpreter_of(path, python)
        functions, trains = defines_functions(path)
        whole = bool(call or loss or not functions)
        if whole or (trains and not chosen):  # functions of its own may happen to be called so
            # it loads numpy, which --help need not wait for
            from bptui.check.program import check_program

            report = check_program(path, interpreter, timeout, call, step, loss, arguments)
            if whole or not report.trouble:
                return [report]
        return of_functions(path, load_preset(name_or_file), timeout, interpreter)

    def once() -> None:
        written(found, form)

    if watch:
        watched(path, once, plain=form != "text")
    once()


def defines_functions(path: Path) -> tuple[bool, bool]:
    """Tell whether a file has functions to be called, gradients or step, and calls them itself."""
    if path.suffix == ".ipynb":
        return False, True
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return True, False  # which says what is wrong with it
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            functions |= {alias.asname or alias.name for alias in node.names}
    found = functions & {"gradients", "step"}
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return bool(found), bool(found & called)


def of_functions(
    path: Path, experiment: Experiment, limit: float, interpreter: Interpreter
) -> list[Report]:
    """Return the reports on the functions of a file."""
    # 0.3 s, which --help and --template need not wait for
    from bptui.check.check import check
    from bptui.check.found import UncheckableError
    from bptui.check.functions import reports_of, unchecked

    try:
        return reports_of(check(path, experiment, limit, interpreter))
    except UncheckableError as error:
        return [unchecked(path, error, interpreter)]


def of_numbers(path: Path, preset: Experiment | None) -> list[Report]:
    """Return the reports on recorded numbers."""
    # 0.3 s, which --help and --template need not wait for
    from bptui.check.recorded import UnknownNetworkError, UnusableNumbersError, reports_on
    from bptui.presets.errors import printable

    try:
        return reports_on(path, preset)
    except UnusableNumbersError as error:
        raise Unusable(printable(f"{path.name}: {error}")) from None
    except UnknownNetworkError as error:
        raise Unjudged(f"{printable(path.name)}: {error}") from None


def written(found: Callable[[], Sequence[Report]], form: str) -> NoReturn:
    """Write the reports that are found; raises what ends with the exit code of their verdict."""
    from bptui.check.report import as_json, verdict_of
    from bptui.check.rows import as_plain
    from bptui.check.text import as_text

    began = time.monotonic()
    with startable():
        reports = found()
    if form == "json":
        write_json(as_json(reports, time.monotonic() - began))
    if trouble := reports[0].trouble:
        raise Unjudged(as_plain(trouble))
    if form == "text":
        with opened(None) as stream:
            stream.write(as_text(reports, text_width(sys.stdout), styled(sys.stdout)))
    raise click.exceptions.Exit(CODES[verdict_of(reports)])
