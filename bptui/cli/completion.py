"""``bptui completion``: the script with which a shell completes the command line."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_BPTUI_COMPLETE"
"""Of the environment, as click calls it; the script sets it to ask for what fits."""

# click's own leaves names to be split and expanded, and puts a blank after a folder
BASH = r"""%(complete_func)s() {
    local IFS=$'\n' response type value
    response=$(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \
        %(complete_var)s=bash_complete "$1")
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain)
                if [[ $value == "~/"* ]]; then
                    COMPREPLY+=("~/$(printf %%q "${value:2}")")
                else
                    COMPREPLY+=("$(printf %%q "$value")")
                fi ;;
        esac
    done <<< "$response"
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == */ ]]; then
        compopt -o nospace
    fi
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


@click.command(
    "completion",
    short_help="Print a script for tab completion in your shell.",
    help="""Print a script for SHELL (bash, zsh or fish) that completes commands, options, preset
names, files and themes when you press tab.

\b
Examples that install it:
  bptui completion bash > ~/.local/share/bash-completion/completions/bptui
  bptui completion zsh > ~/.zfunc/_bptui
  bptui completion fish > ~/.config/fish/completions/bptui.fish

Create the folder first if needed (mkdir -p), then open a new shell. For zsh, ~/.zshrc
needs `fpath+=~/.zfunc` before the line with compinit. Bash must be 4.4 or newer, with the package
bash-completion; without it, put `source <(bptui completion bash)` into ~/.bashrc.

\b
Exit codes: 0 fine; 2 unusable arguments.
""",
)
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    from click.shell_completion import get_completion_class

    from bptui.cli.output import opened

    found = get_completion_class(shell)
    assert found is not None, "click knows all of them"
    program = click.get_current_context().find_root().command
    script = found(program, {}, "bptui", VARIABLE)
    if shell == "bash":
        script.source_template = BASH  # type: ignore[misc]  # of this object alone
    with opened(None) as stream:
        stream.write(script.source())
