"""Differences against whole frames, and what goes through as it is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.terminal.display import Display
from bptui.terminal.screen import PLAIN, Style, change, selected

from .screens import Emulated, assert_same

WIDTH, HEIGHT = 24, 5
COLOURS = ["31", "94", "38;5;200", "38;2;1;2;3", "38;2;200;100;0"]
styles = st.builds(
    Style,
    foreground=st.sampled_from(["", *COLOURS]),
    background=st.sampled_from(["", "44", "104", "48;5;7", "48;2;9;8;7"]),
    attributes=st.sets(st.sampled_from(["1", "2", "3", "4", "7", "9"])).map(
        lambda each: tuple(sorted(each))
    ),
    link=st.just(""),
)
texts = st.text("ab  ─│⣿é中文字漢x\u0301", max_size=12)
pieces = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), styles, texts)
frames = st.lists(st.lists(pieces, max_size=6), max_size=6)


def written(piece: tuple[int, int, Style, str]) -> str:
    """As textual writes it, cut where the row ends."""
    x, y, style, text = piece
    parameters = ";".join(filter(None, (*style.attributes, style.foreground, style.background)))
    fits = ""
    for character in text:
        if x + cells(fits + character) <= WIDTH:
            fits += character
    styled = f"\x1b[{parameters}m{fits}\x1b[0m" if parameters else fits
    return f"\x1b[{y + 1};{x + 1}H{styled}"


def cells(text: str) -> int:
    return sum(0 if each == "\u0301" else 1 + (each in "中文字漢") for each in text)


@given(frames, st.lists(st.booleans(), min_size=6, max_size=6), st.booleans(), st.booleans())
@settings(max_examples=20, deadline=None)
def test_differences_lead_to_the_same_cells(
    drawn: list[list[tuple[int, int, Style, str]]], sent: list[bool], erases: bool, returns: bool
) -> None:
    display = Display(WIDTH, HEIGHT, erases, returns)
    stock, ours = Emulated(WIDTH, HEIGHT), Emulated(WIDTH, HEIGHT, returns)
    for frame, is_sent in zip(drawn, sent, strict=False):
        # every row anew, as what is left of half a character differs between terminals
        rows = [(0, y, PLAIN, " " * WIDTH) for y in sorted({piece[1] for piece in frame})]
        data = "".join(map(written, [*rows, *without_overlap(frame)])) + "\x1b[1;1H"
        stock.feed(data)
        display.write(data)
        if is_sent:
            ours.feed(display.frame())
            assert_same(stock, ours)
    ours.feed(display.frame())
    assert display.frame() == ""
    if any(drawn):
        assert_same(stock, ours)


def without_overlap(frame: list[tuple[int, int, Style, str]]) -> list[tuple[int, int, Style, str]]:
    """One piece a row."""
    return list({piece[1]: piece for piece in frame if not piece[3].startswith("\u0301")}.values())


@given(styles, styles)
def test_a_change_leads_from_one_style_to_the_other(one: Style, other: Style) -> None:
    for before in (one, None):
        style = one
        for part in change(before, other).split("m"):
            if part:
                after = selected(style, part.removeprefix("\x1b["))
                assert after is not None
                style = after
        assert style == other


def test_an_idle_picture_costs_nothing_and_a_cell_a_few_bytes() -> None:
    display = Display(80, 24)
    display.write("\x1b[1;1H" + "\n".join(["x" * 80] * 24) + "\x1b[1;1H")
    assert len(display.frame()) > 80 * 24
    display.write("\x1b[1;1H" + "\n".join(["x" * 80] * 24) + "\x1b[1;1H")
    assert display.frame() == ""
    display.write("\x1b[11;1H" + "x" * 40 + "7" + "x" * 39 + "\x1b[1;1H")
    assert display.frame() == "\x1b[11;41H7\x1b[H"


def test_cells_written_later_and_cells_of_the_same_style_are_not_stepped_over() -> None:
    display = Display(80, 24)
    display.write("\x1b[1;1H" + "\n".join([" " * 80] * 24) + "\x1b[1;1H")
    display.frame()
    display.write("\x1b[3;1Hone \x1b[31mis\x1b[0m two\x1b[1;1H")
    assert display.frame() == "\r\n\none    two\x1b[31m\r\x1b[4Cis\x1b[H"


def test_what_it_does_not_know_goes_through_where_it_stands_and_everything_is_written_anew() -> (
    None
):
    display = Display(10, 2)
    display.write("\x1b[1;1Habc\x1b[1;1H")
    display.frame()
    display.write("\x1b[1;3H\x1b[31mZ\x1bP1;2qpicture\x1b\\")
    assert display.owes
    assert display.owed().endswith("\x1b[31m\x1b[2CZ\x1bP1;2qpicture\x1b\\")
    display.write("\x1b[0m\x1b[2;1H!\x1b[1;1H")
    whole = display.frame()
    assert "ab" in whole
    assert "Z" in whole
    assert "!" in whole


def test_modes_questions_and_titles_leave_the_picture_alone() -> None:
    harmless = ["\x07", "\x1b[?1003h", "\x1b[?25l", "\x1b[>9u", "\x1b[<u", "\x1b[?2048$p"]
    harmless += ["\x1b]52;c;eA==\x07", "\x1b]22;text\x07", "\x1b]0;title\x07", "\x1b[?2004l"]
    display = Display(10, 2)
    display.write("\x1b[1;1Habc\x1b[1;1H")
    display.frame()
    for each in harmless:
        display.write(each)
        assert display.owed() == each
        assert display.frame() == ""
    for unknown in ("\x1b[2J", "\x1b[3;7r"):
        display.write(unknown)
        display.owed()
        display.repaint()
        assert "abc" in display.frame()


def test_the_other_screen_gets_nothing_of_this_one() -> None:
    display = Display(10, 2)
    display.write("\x1b[1;1H\x1b[31mabc")
    display.write("\x1b[?1049l")
    assert display.owed() == "\x1b[0m\x1b[?1049l"
    assert display.frame() == ""


def test_a_repaint_writes_what_is_there_and_nothing_before_there_is_something() -> None:
    display = Display(10, 2)
    display.repaint()
    assert display.frame() == ""
    display.write("\x1b[1;1Habc\x1b[1;1H")
    display.frame()
    display.repaint()
    assert "abc" in display.frame()
    assert display.frame() == ""
