"""The command line: commands that load on demand, and everything else opens the app."""

from __future__ import annotations

import importlib

import click

from bptui import __version__
from bptui.cli.errors import Unusable

# what these modules need beyond click they import when they run: help and version stay quick
COMMANDS = {
    "list": "bptui.cli.list_presets",
    "run": "bptui.cli.run",
}
APP = "bptui.cli.app"
GLOBAL_OPTIONS = ("-h", "--help", "--version")

HELP = """A debugger for backpropagation in the terminal.

Without a command, opens PRESET in the app: the name of a shipped preset or a TOML file; `article`
where none is given.

\b
Examples:
  bptui                      the article's network, step by step
  bptui xor                  another of the shipped presets
  bptui my-network.toml      one of your own
  bptui run mazur --every 1  without a screen
"""


class BptuiGroup(click.Group):
    """A group in which a first argument that is no command is a preset for the app."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _command(COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        options = [each for each in _command(APP).params if isinstance(each, click.Option)]
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
        if args and (args[0] in COMMANDS or args[0] in GLOBAL_OPTIONS):
            return super().make_context(info_name, args, parent, **extra)
        return _command(APP).make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)
        except BrokenPipeError:
            raise click.exceptions.Exit(0) from None
        except KeyboardInterrupt:
            raise click.exceptions.Exit(130) from None
        except MemoryError:
            raise Unusable("not enough memory for a network and samples of this size") from None


def _command(module: str) -> click.Command:
    command: click.Command = importlib.import_module(module).command
    return command


SETTINGS = {"help_option_names": ["-h", "--help"]}


@click.group(
    cls=BptuiGroup,
    context_settings=SETTINGS,
    help=HELP,
    subcommand_metavar="[PRESET | COMMAND [ARGS]...]",
)
@click.version_option(__version__, prog_name="bptui")
def cli() -> None:
    pass


def main() -> None:
    """The entry point ``bptui``."""
    cli(prog_name="bptui")
