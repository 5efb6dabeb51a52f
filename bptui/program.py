"""The program as click knows it: commands that load on demand, all else opens the app."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bptui import COMMANDS, __version__
from bptui.cli import DEFAULT_PRESET, in_terminal, shows_the_app
from bptui.cli.common import (
    STDIN,
    TOO_LARGE,
    Unjudged,
    Unusable,
    discard_output,
    fit_for_terminals,
    interruptible,
    load_preset,
    readable,
)
from bptui.cli.completion import beginning, presets
from bptui.cli.programs import SUFFIXES, no_arguments, program_options, startable
from bptui.core.errors import reason_of
from bptui.terminal.capabilities import Capabilities, capabilities, is_served

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from bptui.check.program.writer import Checked

LOOK = 4_000
"""Entries of the tape that are recorded for the app: about a hundred updates of a small network."""
GLOBAL_OPTIONS = ("-h", "--help", "--version")

SETTINGS = {"help_option_names": ["-h", "--help"]}


def themes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Offer the names of themes that begin so."""
    from bptui.app import known_themes

    return beginning(known_themes(), incomplete)


@click.command(help="Open PRESET in the app; `bptui --help` says more.", context_settings=SETTINGS)
@click.argument("name_or_file", metavar="[PRESET]", required=False, shell_complete=presets)
@click.option("--resume", is_flag=True, help="Continue the last session, at the same step.")
@click.option(
    "--fps",
    type=click.IntRange(1, 240),
    metavar="N",
    help="Most frames per second while training; by default 30, over SSH 15.",
)
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only.")
@click.option(
    "--theme",
    metavar="NAME",
    shell_complete=themes,
    help="Colour theme, such as bptui-light or nord.",
)
@click.option("--present", is_flag=True, help="Begin as a presentation: large, with captions.")
@click.option(
    "--plain-driver", is_flag=True, help="Redraw whole regions, not only the cells that changed."
)
@click.option("--watch", is_flag=True, help="Run a program again at every save of its file.")
@click.option(
    "--preset",
    metavar="NAME_OR_FILE",
    shell_complete=presets,
    help="What functions of a program are called with; by default article.",
)
@program_options
def open_app(
    name_or_file: str | None,
    resume: bool,
    fps: int | None,
    ascii_only: bool,
    theme: str | None,
    present: bool,
    plain_driver: bool,
    watch: bool,
    preset: str | None,
    **how: Any,  # noqa: ANN401  the options of `judged`
) -> None:
    if resume and name_or_file is not None:
        raise Unusable("--resume continues the last session and takes no preset; use one of them")
    name_or_file = DEFAULT_PRESET if name_or_file is None else name_or_file
    refuse_unknown(name_or_file)
    refuse_unknown_theme(theme)
    program = readable(name_or_file) if name_or_file.endswith(SUFFIXES) else None
    if program is None:
        no_arguments(how["arguments"])
    if program is None and (watch or preset or how["call"] or how["loss"] or how["python"]):
        raise Unusable(
            "--watch, --preset, --call, --loss and --python are for programs: files that end in .py"
        )
    served = is_served_here()
    if not served and not in_terminal():
        if resume:
            raise Unusable("--resume needs a terminal to open the app in")
        without_terminal(name_or_file, program, preset, how)
        return
    term = os.environ.get("TERM", "")
    if not (served or shows_the_app(term)):
        raise Unusable(
            f"this terminal (TERM={term}) cannot show the app; "
            f"`bptui run {name_or_file}` prints the numbers instead"
        )
    if name_or_file == STDIN:
        raise Unusable("the app needs standard input for the keys; give it a file instead of -")
    around = capabilities(
        os.environ,
        sys.stdout.encoding,
        fps=fps,
        ascii_only=ascii_only,
        plain_driver=plain_driver,
        theme=theme,
        present=present,
    )
    gc.disable()  # starting makes much and drops little; the app turns it on after the first paint
    if program is not None:
        raise click.exceptions.Exit(open_program(program, around, watch, preset, how))
    from bptui.app import launch

    last = None
    if resume:
        from bptui.app.session.store import NothingToContinueError, continued

        try:
            last = continued()
        except NothingToContinueError as error:
            raise Unusable(str(error)) from None
    experiment = load_preset(name_or_file) if last is None else last.session.timeline.experiment
    raise click.exceptions.Exit(launch(experiment, around, last))


def refuse_unknown_theme(theme: str | None) -> None:
    """Raise :class:`Unusable` where a theme is named that there is not."""
    if theme is None:
        return
    from bptui.app import known_themes

    if theme not in (known := known_themes()):
        raise Unusable(f"--theme: found {theme!r}; expected one of {', '.join(known)}")


def is_served_here() -> bool:
    """Return whether another program shows the app; :class:`Unusable` where its driver is none."""
    if not is_served(os.environ):
        return False
    from bptui.app import driver_problem

    if problem := driver_problem(os.environ["TEXTUAL_DRIVER"]):
        raise Unusable(f"TEXTUAL_DRIVER: {problem}")
    return True


def without_terminal(
    name_or_file: str, program: Path | None, preset: str | None, how: dict[str, Any]
) -> None:
    """Do what ``bptui run`` does with a preset, or ``bptui check`` with a program."""
    from bptui.cli.check import reports_on_file, written
    from bptui.cli.run import run
    from bptui.presets.errors import printable

    experiment = load_preset(name_or_file) if program is None else None
    same = f"bptui {'check' if experiment is None else 'run'} {printable(name_or_file)}"
    click.echo(f"bptui: no terminal to open the app in; this is `{same}`", err=True)
    if program is not None:
        written(partial(reports_on_file, program, preset, **how), "text")
    if experiment is not None:
        run(experiment)


def open_program(
    path: Path, around: Capabilities, watch: bool, preset: str | None, how: dict[str, Any]
) -> int:
    """Open the app on a program; return the exit code.

    Raises :class:`Unjudged` where there is nothing to open, with the reason.
    """
    from bptui.app import launch_program
    from bptui.check.program.writer import Checked
    from bptui.check.reports.report import Report, as_plain
    from bptui.cli.check import recorded_call, run_or_called

    experiment = load_preset(preset or DEFAULT_PRESET)

    def check() -> Checked | Report:
        """Run the file as it is now: as a program, else its functions with the preset."""
        found = run_or_called(path, lambda: experiment, preset is not None, how | {"look": LOOK})
        return found if isinstance(found, Checked | Report) else recorded_call(found)

    with startable():
        found = check()
    if isinstance(found, Report):
        raise Unjudged(as_plain(found.trouble))
    return launch_program(path, found, check, around, watch)


def refuse_unknown(word: str) -> None:
    """Raise :class:`Unusable` where ``word`` names no preset and no file, and is no option.

    It may be a command that is mistyped.
    """
    from bptui.presets.errors import PresetError
    from bptui.presets.files import find

    if not word or word.startswith("-"):
        return
    try:
        find(word, COMMANDS)
    except PresetError as error:
        raise Unusable(str(error)) from None


class BptuiGroup(click.Group):
    """A group in which a first argument that is no command is a preset for the app."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _command(COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        options = [each for each in open_app.params if isinstance(each, click.Option)]
        records = [each.get_help_record(ctx) for each in options]
        with formatter.section("Options of the app"):
            formatter.write_dl([record for record in records if record])
        super().format_options(ctx, formatter)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        # a shell that completes the first word asks for commands and for presets
        first = not args and bool(extra.get("resilient_parsing"))
        if first or (args and (args[0] in COMMANDS or args[0] in GLOBAL_OPTIONS)):
            return super().make_context(info_name, args, parent, **extra)
        word = args[0] if args else ""  # click takes the list apart
        with fit_for_terminals():
            try:
                return open_app.make_context(info_name, args, parent, **extra)
            except click.UsageError:
                refuse_unknown(word)  # the arguments of a command do not suit the app
                raise

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Offer commands, options of the program and of the app, presets."""
        found = [*super().shell_complete(ctx, incomplete), *presets(ctx, None, incomplete)]
        found += open_app.shell_complete(ctx, incomplete)
        once = [*{item.value: item for item in reversed(found)}.values()][::-1]
        return [item for item in once if item.type == "plain"] or once

    def invoke(self, ctx: click.Context) -> object:
        try:
            with interruptible(), fit_for_terminals():
                return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)
        except BrokenPipeError:
            raise click.exceptions.Exit(0) from None
        except KeyboardInterrupt:
            raise click.exceptions.Exit(130) from None
        except MemoryError:
            raise Unusable(TOO_LARGE) from None


def _command(module: str) -> click.Command:
    command: click.Command = importlib.import_module(module).command
    return command


@click.group(
    cls=BptuiGroup,
    context_settings=SETTINGS,
    subcommand_metavar="[PRESET | COMMAND [ARGS]...]",
)
@click.version_option(__version__, prog_name="bptui")
def cli() -> None:
    """A debugger for backpropagation in the terminal.

    Without a command, bptui opens PRESET in the app: the name of a preset, shipped or your own, or
    a TOML file; by default `article`. It may also be your own numpy program, a .py or .ipynb file.

    \b
    Examples:
      bptui                      the article's network, step by step
      bptui xor                  another shipped preset
      bptui my-network.toml      one of your own
      bptui my_net.py            your own program, step by step
      bptui --resume             continue the last session
      bptui run mazur --every 1  train without a screen
      bptui explain mazur        the calculation of a step with its numbers
      bptui check my_code.py     find the mistake in your own backpropagation
      bptui help first-steps     the manual

    \b
    Exit codes: 0 fine; 1 depends on the command; 2 unusable preset or arguments;
    3 no verdict (check).
    """


def main() -> None:
    """Do what the command line says, and exit."""
    try:
        cli(prog_name="bptui")
    except OSError as error:  # help or version that cannot be written
        discard_output()
        told = f"Error: standard output: cannot be written: {reason_of(error)}"
        click.echo(told, err=True)
        sys.exit(2)
