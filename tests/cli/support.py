"""Commands run in this process, and on a terminal of their own."""

from pathlib import Path

from click.testing import CliRunner, Result

from bptui.program import cli

DIVERGING = """
[network]
layers = [1, 2, 1]
activation = "identity"
[parameters]
weights = [[[2.0, 1.0]], [[1.0], [3.0]]]
[training]
learning_rate = 1e200
mistakes = ["wrong-sign", "missing-hidden-derivative"]
[data]
inputs = [[2]]
targets = [[1]]
"""
"""A preset whose loss is not finite at step 1."""


def bptui(*arguments: str, stdin: str | None = None, **variables: str) -> Result:
    return CliRunner().invoke(cli, arguments, prog_name="bptui", input=stdin, env=variables)


def printed(*arguments: str, stdin: str | None = None) -> str:
    """What a command prints that has nothing to complain of."""
    result = bptui(*arguments, stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def check(
    folder: Path, source: str, *options: str, name: str = "mine.py", limit: str = "600"
) -> Result:
    """Run ``bptui check`` on a file of that source."""
    file = folder / name
    file.write_text(source, encoding="utf-8")
    return bptui("check", str(file), "--timeout", limit, *options)


def says(done: Result, *texts: str) -> bool:
    """Whether what a command says, its line breaks aside, has all of these in it."""
    whole = " ".join((done.stdout + done.stderr).split())
    missing = [text for text in texts if text not in whole]
    assert not missing, f"{missing} not in:\n{done.stdout}{done.stderr}"
    return True
