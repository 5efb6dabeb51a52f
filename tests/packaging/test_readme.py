"""What the README shows and says is so: screens, commands, keys, presets, names, links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner

from bptui.app.commands import COMMANDS
from bptui.core.mistakes import MISTAKES
from bptui.main import COMMANDS as MODULES
from bptui.main import cli, open_app
from bptui.presets.files import loads
from bptui.presets.folders import shipped_names
from bptui.presets.schema import TABLES

from ..app.support import opened
from . import walk_through

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROSE = BLOCK.sub("", README)
SHELLS = ("sh", "console")
ENDS = {"|", ">", "<", "&&", ";", "#", ")"}
"""What ends a command for the program that reads its arguments."""


def code(*languages: str) -> list[str]:
    return [text for language, text in BLOCK.findall(README) if language in languages]


def table_after(heading: str) -> list[list[str]]:
    """The cells of the first table after ``heading``, without its head."""
    rest = README.split(f"\n{heading}\n", 1)[1].splitlines()
    lines = rest[next(at for at, line in enumerate(rest) if line.startswith("|")) :]
    rows = list(takewhile(lambda line: line.startswith("|"), lines))[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def spans(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


def commands() -> Iterator[str]:
    """Every command line of bptui in blocks and in the text."""
    for line in "\n".join(code(*SHELLS)).splitlines():
        yield from re.findall(r"(?:^|\$ |&& |<\(|bin/)(bptui\b[^)]*)", line)
    yield from (span for span in spans(PROSE) if re.match(r"bptui( |$)", span))


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_every_command_exists_with_its_options(line: str) -> None:
    words = shlex.split(line.replace("\\|", "|"), comments=True)[1:]
    arguments = [*takewhile(lambda word: word not in ENDS, words)]
    command: click.Command | None = open_app
    if arguments and arguments[0] in MODULES:
        command = cli.get_command(click.Context(cli), arguments.pop(0))
    elif arguments and arguments[0] in ("--help", "--version", "COMMAND"):
        return
    assert command is not None
    with click.Context(command, resilient_parsing=True) as context:
        parser = command.make_parser(context)
        parser.allow_interspersed_args = True
        values, rest, _ = parser.parse_args(arguments)
    assert not rest
    for each in command.params:
        value = values.get(each.name or "")
        if isinstance(each.type, click.Choice) and isinstance(value, str):
            assert value in each.type.choices


@pytest.mark.parametrize("block", code("console"), ids=lambda block: block.split()[2])
def test_what_a_command_prints(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line ``...`` stands for any number of lines."""
    monkeypatch.chdir(tmp_path)
    for text in code("python"):
        if text.startswith("# my_backprop.py"):
            (tmp_path / "my_backprop.py").write_text(text, encoding="utf-8")
    line, expected = block.split("\n", 1)
    result = CliRunner().invoke(cli, shlex.split(line.removeprefix("$ bptui ")))
    parts = [re.escape(part) for part in re.split(r"^\.\.\.\n", expected, flags=re.MULTILINE)]
    assert re.fullmatch(r"(?:.*\n)*?".join(parts), result.stdout), result.output


async def test_the_first_session() -> None:
    screens = walk_through.blocks(README)
    assert len(screens) > 3
    async with opened("article", walk_through.SIZE) as session:
        for keys, screen in screens:
            await walk_through.play(session, keys)
            await session.until(
                lambda: walk_through.shown(session) == screen,  # noqa: B023  used up at once
                f"the README's screen after {keys!r}",
            )


def test_the_table_of_keys_is_that_of_the_commands() -> None:
    told = {key for row in table_after("## Keys") for key in spans(row[0])}
    keys = {each.shown_key for each in COMMANDS if each.key}
    assert keys <= told
    assert told - keys <= {"tab", "shift+tab"}


def test_links_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", PROSE, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    links = re.findall(r"\]\(([^)]+)\)", PROSE)
    assert links
    for link in links:
        if link.startswith("https://"):
            continue
        if link.startswith("#"):
            assert link[1:] in anchors
        else:
            assert (ROOT / link.replace("%5B", "[").replace("%5D", "]")).is_file()


def test_its_preset_opens() -> None:
    (text,) = code("toml")
    assert loads(text, "example", ROOT).network.layers == (2, 2, 2)


def test_it_names_the_shipped_presets() -> None:
    section = README.split("\n## Presets\n", 1)[1].split("\n## ", 1)[0].split("```", 1)[0]
    assert set(shipped_names()) <= set(spans(section))


def test_it_names_all_mistakes() -> None:
    assert [*spans(" ".join(row[0] for row in table_after("### Mistakes")))] == [*MISTAKES]


def test_it_names_every_key_of_a_preset() -> None:
    told = {
        span.rpartition(".")[2]
        for row in table_after("### All keys")
        for cell in row[:2]
        for span in spans(cell)
    }
    for struct in TABLES.values():
        fields = {field.name for field in msgspec.structs.fields(struct)}
        assert fields - set(TABLES) <= told


def test_defaults_of_a_preset() -> None:
    defaults = {row[0]: row[2] for row in table_after("### All keys")}
    for table, struct in TABLES.items():
        for field in msgspec.structs.fields(struct):
            row = f"`{table}.{field.name}`"
            if row in defaults and isinstance(field.default, str | bool):
                assert spans(defaults[row])[:1] == [str(field.default).replace("True", "true")]
