"""``bptui help``: pages as text, a pager on a terminal, and what is said of unknown topics."""

import re

import pytest

from bptui.help import TOPICS, page, title_of

from ..terminal.support import Terminal
from .support import printed

BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
BOLD = "\x1b[1m"


def test_the_topics_are_listed_with_their_titles() -> None:
    lines = printed("help").splitlines()
    assert [line.split()[0] for line in lines[2:]] == [*TOPICS]
    assert all(title_of(topic) in line for topic, line in zip(TOPICS, lines[2:], strict=True))


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_as_text(topic: str) -> None:
    text = printed("help", topic)
    source = page(topic)
    assert text.startswith(f"{title_of(topic)}\n\n")
    blocks = BLOCK.findall(source)
    code = {line.strip() for block in blocks for line in block.splitlines()[1:-1]}
    assert code <= {line.strip() for line in text.splitlines()}
    assert max(len(line) for line in text.splitlines() if line.strip() not in code) <= 80
    # every word of the page, whatever it is wrapped to
    words = re.findall(r"\w{4,}", re.sub(r"\]\([^)]*\)", "]", BLOCK.sub("", source)))
    assert {*words} <= {*re.findall(r"\w{4,}", text)}


def test_the_name_of_a_command_shows_its_help() -> None:
    assert printed("help", "run") == printed("run", "--help")


def test_a_terminal_gets_bold_titles_as_wide_as_it_is() -> None:
    with Terminal("help", "limits", COLUMNS="40", PAGER="less") as terminal:
        pager = re.compile(rb"\(END\)|\n:")  # it waits for a key, where there is one
        terminal.until(
            lambda: pager.search(terminal.written) or terminal.process.poll() is not None, "a page"
        )
        assert f"{BOLD}The largest network".encode() in terminal.written
        assert b"\x1b[?1049h" not in terminal.written


def test_a_terminal_that_cannot_do_anything_gets_text() -> None:
    with Terminal("help", "limits", term="dumb", PAGER="/nowhere/less") as terminal:
        assert terminal.ends() == 0
        assert "`<(...)`" in terminal.plain
        assert b"\x1b" not in terminal.written
