"""The command line as a whole: help, exit codes, where output goes."""

import signal
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bptui import COMMANDS
from bptui.program import cli, open_app

from ..processes import python
from ..terminal.support import Terminal
from .support import bptui, printed

PYTHON = [sys.executable, "-m", "bptui"]


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom bptui.program import cli\n"
        "for words in ['--version'], ['run', '--help']:\n"
        "    cli(words, prog_name='bptui', standalone_mode=False)\n"
        "heavy = {'numpy', 'textual', 'msgspec', 'plotext', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = python("-c", program)
    assert (done.returncode, done.stderr) == (0, "")
    assert "bptui" in done.stdout


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_examples_exit_codes_and_a_word_about_every_option(command: str) -> None:
    text = bptui(*command.split(), "--help", COLUMNS="80").stdout
    assert "Examples" in text
    assert f"  bptui {command}" in text
    assert "Exit codes: 0" in text
    assert max(map(len, text.splitlines())) <= 80
    context = click.Context(cli)
    subject = cli.get_command(context, command) if command else open_app
    options = [each for each in subject.params if isinstance(each, click.Option)]
    assert [each.name for each in options if not each.help] == []
    assert all(option in text for each in options for option in each.opts)


def test_list_fits_80_columns() -> None:
    done = bptui("list")
    assert done.exit_code == 0
    rows = done.stdout.splitlines()
    assert max(map(len, rows)) <= 80
    assert rows[0].split()[0] == "article"
    assert {"xor", "iris", "mazur-as-published"} <= {row.split()[0] for row in rows}
    (iris,) = (row for row in rows if row.startswith("iris"))
    assert "4-8-3 tanh, softmax" in iris


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "nowhere.toml"],
        ["run", "article", "extra"],
        ["run", "article", "--steps", "-1"],
        ["run", "article", "--format", "xml"],
        ["run", "article", "-o", "/no/such/folder/file"],
        ["nowhere.toml"],
        ["--fps", "0"],
        ["--unknown"],
    ],
)
def test_unusable_arguments_end_with_2_and_one_message(arguments: list[str]) -> None:
    done = bptui(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.count("Error: ") == 1
    assert "Traceback" not in done.stderr


def test_without_a_terminal_a_name_prints_what_run_prints() -> None:
    opened = bptui("xor")
    assert (opened.exit_code, opened.stdout) == (0, printed("run", "xor"))
    assert "bptui run xor" in opened.stderr
    assert bptui().stdout == printed("run", "article")


def test_long_work_shows_progress_beside_a_file(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    options = ["--steps", "4000", "--every", "2000", "--format", "csv", "-o", str(file)]
    program = (
        "from bptui.cli import run\nfrom bptui.program import cli\n"
        "run.LONG = 0.0\n"  # or else it would have to train for longer than a second
        f"cli({['run', 'xor', *options]!r}, prog_name='bptui')\n"
    )
    with Terminal(command=("-c", program)) as terminal:
        assert terminal.ends() == 0
        assert "training  [#" in terminal.plain
    assert len(file.read_text().splitlines()) == 4


def test_a_closed_pipe_is_quiet() -> None:
    process = subprocess.Popen(
        [*PYTHON, "run", "article", "--steps", "100000", "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout.readline().startswith(b'{"step": 0')
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=120) == 0


def test_an_interrupt_is_quiet_and_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    process = subprocess.Popen(
        [*PYTHON, "run", "article", "--steps", "1000000000", "--format", "jsonl", "-o", str(file)],
        stderr=subprocess.PIPE,
        # a shell that runs the tests in the background makes them ignore interrupts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not list(tmp_path.iterdir()):  # the unfinished file: it is training
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=120) == 130
    assert list(tmp_path.iterdir()) == []


INTERRUPTED = """
import os, signal, sys
class AtImport:
    def find_spec(self, name, *rest):
        if name == wanted:
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)
wanted = sys.argv.pop(1)
sys.meta_path.insert(0, AtImport())
from bptui.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["bptui.main", "numpy"])
def test_an_interrupt_at_any_time_is_quiet(module: str) -> None:
    done = python("-c", INTERRUPTED, module, "run", "article")
    assert done.returncode in (-signal.SIGINT, 130)  # for a shell the same
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_message() -> None:
    with open("/dev/full", "w") as full:
        listed, written = (
            python("-m", "bptui", "list", stdout=full),
            bptui("run", "xor", "-o", full.name),
        )
    assert (listed.returncode, written.exit_code) == (2, 2)
    for said in (listed.stderr, written.stderr):
        assert said.count("\n") == 1
        assert "no space left on device" in said


def run_into(file: Path, preset: str = "article") -> int:
    return bptui("run", preset, "-o", str(file)).exit_code


def test_output_replaces_a_file_and_keeps_its_mode(tmp_path: Path) -> None:
    file, link = tmp_path / "out.txt", tmp_path / "link"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    assert run_into(link) == 0
    assert link.is_symlink()
    assert file.read_text().split()[0] == "step"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert set(tmp_path.iterdir()) == {file, link}


def test_an_unusable_preset_leaves_the_output_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "out.txt"
    file.write_text("old")
    assert run_into(file, "nowhere.toml") == 2
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_the_output_is_never_the_preset_itself(tmp_path: Path) -> None:
    preset = tmp_path / "own.toml"
    text = "[network]\nlayers = [2, 1]\n[data]\ndataset = 'and'\n"
    preset.write_text(text, encoding="utf-8")
    done = bptui("run", str(preset), "-o", str(preset))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "preset itself" in done.stderr
    assert preset.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("explian article", "explian: found no command, preset or file of that name; "),
        ("explian article --quantity w5", "did you mean explain?"),
        ("mazr", "mazr: found no command, preset or file"),
        ("mazr", "did you mean mazur?"),
        ("article xor", "Got unexpected extra argument (xor)"),
        ("article --fsp 3", "--fps"),
    ],
)
def test_a_mistyped_command_is_told_what_it_may_have_meant(line: str, told: str) -> None:
    done = bptui(*line.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr
