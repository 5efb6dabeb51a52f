"""``bptui completion``: a shell's script, and what may stand in a place of the command line.

Each function that offers something takes what click gives: context, parameter, text so far.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click
from click import Context, Parameter

if TYPE_CHECKING:  # which takes a twentieth of the start, and shells alone ask for it
    from click.shell_completion import CompletionItem

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_BPTUI_COMPLETE"
"""Of the environment, as click calls it; the script sets it to ask for what fits."""


@click.command("completion", short_help="Print a script for tab completion in your shell.")
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print a script for SHELL (bash, zsh or fish) that completes commands, options, preset names,
    files and themes when you press tab.

    \b
    Examples that install it:
      bptui completion bash > ~/.local/share/bash-completion/completions/bptui
      bptui completion zsh > ~/.zfunc/_bptui
      bptui completion fish > ~/.config/fish/completions/bptui.fish

    Create the folder first if needed (mkdir -p), then open a new shell. For zsh, ~/.zshrc needs
    `fpath+=~/.zfunc` before the line with compinit. Bash must be 4.4 or newer, with the package
    bash-completion; without it, put `source <(bptui completion bash)` into ~/.bashrc.

    \b
    Exit codes: 0 fine; 2 unusable arguments.
    """
    from click.shell_completion import get_completion_class

    from bptui.cli.common import write  # which takes from here what completes arguments

    found = get_completion_class(shell)
    assert found is not None, "click knows all of them"
    program = click.get_current_context().find_root().command
    write(found(program, {}, "bptui", VARIABLE).source())


def presets(
    context: Context | None, parameter: Parameter | None, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer the names of presets; where none begins so, it is a file."""
    from click.shell_completion import CompletionItem

    from bptui.presets.folders import own_names, shipped_names

    names = beginning(dict.fromkeys([*shipped_names(), *own_names()]), incomplete)
    return [*map(CompletionItem, names)] or any_file(context, parameter, incomplete)


def any_file(
    context: Context | None, parameter: Parameter | None, incomplete: str
) -> list[CompletionItem[str]]:
    """Leave files to the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def beginning(names: Iterable[str], incomplete: str) -> list[str]:
    # a shell reads one a line, and writes it to the terminal
    return [name for name in names if name.startswith(incomplete) and name.isprintable()]
