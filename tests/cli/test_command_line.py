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


REFUSED = {
    "run nowhere.toml": "nowhere.toml: found a file that cannot be read (no such file",
    "run article extra": "Got unexpected extra argument (extra)",
    "run article --steps -1": "Invalid value for '--steps': -1 is not in the range",
    "run article --format xml": "'xml' is not one of 'table', 'jsonl', 'csv'",
    "run article -o /no/such/folder/file": "--output '/no/such/folder/file': cannot be written",
    "nowhere.toml": "nowhere.toml: found a file that cannot be read",
    "--fps 0": "Invalid value for '--fps'",
    "--unknown": "No such option",
    "explian article --quantity w5": "did you mean explain?",
    "mazr": "mazr: found no command, preset or file of that name; ",
    "mazr xor": "did you mean mazur?",
    "article xor": "Got unexpected extra argument (xor)",
    "article --fsp 3": "--fps",
    "--resume": "--resume needs a terminal",
    "--resume xor": "takes no preset",
    "tutorial": "the tour needs a terminal",
    "tutorial 99": "found stop 99; the tour has stops 1 to 27",
    "explain article --quantity w9": "--quantity: found 'w9'; expected one of w1 to w8, ",
    "explain article --quantity b1": "--quantity: found 'b1'; expected one of ",
    "explain article --step -1": "Invalid value for '--step': -1 is not in the range 0<=x<=",
    "explain article -o /nowhere/at/all": "--output '/nowhere/at/all': cannot be written",
    "explain nothing": "nothing: found no preset",
    "gradcheck article --step -1": "-1 is not in the range 0<=x<=1000000000",
    "gradcheck article --step x": "'x' is not a valid integer",
    "gradcheck no-such-preset": "no-such-preset",
    "export mazur-as-published --to torch": "--to torch: The preset makes a mistake",
    "export article --to cobol": "Invalid value for '--to'",
    "export article": "Missing option '--to'",
    "export nothing --to numpy": "nothing: found no preset",
    "export article --to numpy -o /nowhere/at/all": "--output '/nowhere/at/all'",
    "export article --to numpy -- 3": "unexpected extra argument (3)",
    "check": "no file to check",
    "check none.py": "no such file",
    "check mine.py --timeout inf": "is not in the range",
    "check mine.py --template": "reads no file",
    "check --template --preset nonsense": "nonsense",
    "help preset": "no page about 'preset': did you mean presets?",
    "help key": "no page about 'key': did you mean keys?",
    "help exprot": "no page about 'exprot': did you mean export?",
    "help zzz": "no page about 'zzz': `bptui help` lists them",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_done_ends_with_2_and_one_message(line: str) -> None:
    done = bptui(*line.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("Error: ") == 1
    assert REFUSED[line] in done.stderr
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
