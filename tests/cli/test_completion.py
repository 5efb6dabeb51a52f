"""What a shell is offered for the word being typed: by click's classes, and in a real bash."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from bptui import COMMANDS
from bptui.presets.folders import shipped_names
from bptui.program import cli

from ..processes import python
from .support import bptui


def offered(*words: str) -> list[str]:
    """The items for the last of the words."""
    shell = ShellComplete(cli, {}, "bptui", "_BPTUI_COMPLETE")
    return [item.value for item in shell.get_completions(list(words[:-1]), words[-1])]


def test_the_first_word_is_a_command_a_preset_a_file_or_an_option() -> None:
    assert {*COMMANDS, *shipped_names()} <= set(offered(""))
    assert offered("ex") == ["explain", "export"]
    assert set(offered("article")) == {name for name in shipped_names() if "article" in name}
    assert {"--fps", "--resume", "--version", "--help"} <= set(offered("--"))
    assert offered("--ver") == ["--version"]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["run", "maz"], ["mazur", "mazur-as-published"]),
        (["run", "xor", "--format", ""], ["table", "jsonl", "csv"]),
        (["export", "xor", "--to", "t"], ["torch", "toml"]),
        (["--theme", "bptui-"], ["bptui-dark", "bptui-light"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
    ],
    ids=" ".join,
)
def test_words(words: list[str], wanted: list[str]) -> None:
    assert offered(*words) == wanted


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_ask_the_program(shell: str) -> None:
    done = bptui("completion", shell)
    assert done.exit_code == 0, done.output
    assert f"_BPTUI_COMPLETE={shell}_complete" in done.stdout
    assert "%(" not in done.stdout


def test_names_are_completed_without_numpy() -> None:
    program = "from bptui.program import cli\nimport sys\ntry:\n cli(prog_name='bptui')\nfinally:\n"
    program += " print({'numpy', 'textual', 'msgspec'} & set(sys.modules), file=sys.stderr)"
    words = {"_BPTUI_COMPLETE": "bash_complete", "COMP_WORDS": "bptui run maz", "COMP_CWORD": "2"}
    done = python("-c", program, env=words)
    assert (done.stdout, done.stderr) == ("plain,mazur\nplain,mazur-as-published\n", "set()\n")


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_a_real_bash(tmp_path: Path) -> None:
    (tmp_path / "bptui").write_text(f'#!/bin/sh\nexec {sys.executable} -m bptui "$@"\n')
    (tmp_path / "bptui").chmod(0o755)
    script = r"""
eval "$(bptui completion bash)"
compopt() { printf "compopt %s\n" "$2"; }
try() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bptui_completion bptui
    printf '<%s>' "${COMPREPLY[@]}"; echo
}
try bptui run maz
try bptui run ./ne
try bptui run xor -o x
complete -p bptui
"""
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env={**os.environ, "PATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "<mazur><mazur-as-published>",
        "compopt default",
        "<>",
        "compopt default",
        "<>",
        "complete -o nosort -F _bptui_completion bptui",
    ]
