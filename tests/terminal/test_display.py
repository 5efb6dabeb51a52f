"""Differences against whole frames, as Textual writes them."""

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from bptui.terminal.display import Display
from bptui.terminal.screen import style_of

from .screens import Emulated, assert_same

WIDTH, HEIGHT = 24, 5
CONSOLE = Console(color_system="truecolor", force_terminal=True)
COLOURS = ["", "red", "bright_blue", "color(200)", "#010203", "#c86400"]
ATTRIBUTES = ["bold", "dim", "italic", "underline", "reverse", "strike"]
styles = st.builds(
    lambda attributes, colour, ground: RichStyle.parse(
        " ".join([*attributes, colour, f"on {ground}" if ground else ""])
    ),
    st.sets(st.sampled_from(ATTRIBUTES)),
    st.sampled_from(COLOURS),
    st.sampled_from(COLOURS),
)
texts = st.text("ab  ─│⣿é中文字漢x\u0301", max_size=12)
pieces = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), styles, texts)
frames = st.lists(st.lists(pieces, max_size=6), max_size=6)


@given(frames, st.lists(st.booleans(), min_size=6, max_size=6), st.booleans(), st.booleans())
@settings(max_examples=20, deadline=None)
def test_differences_lead_to_the_same_cells(
    drawn: list[list[tuple[int, int, RichStyle, str]]],
    sent: list[bool],
    erases: bool,
    returns: bool,
) -> None:
    display = Display(WIDTH, HEIGHT, erases)
    stock, ours = Emulated(WIDTH, HEIGHT), Emulated(WIDTH, HEIGHT, returns)
    for frame, is_sent in zip(drawn, sent, strict=False):
        # every row anew, as what is left of half a character differs between terminals
        for y, (x, _, style, text) in {piece[1]: piece for piece in frame}.items():
            strip = Strip([Segment(text.lstrip("\u0301"), style)]).crop(0, WIDTH - x)
            row = Strip([Segment(" " * x), *strip]).adjust_cell_length(WIDTH)
            update = LayoutUpdate([[row]], Region(0, y, WIDTH, 1))
            stock.feed(update.render_segments(CONSOLE))
            display.draw(update, ColorSystem.TRUECOLOR)
        stock.feed("\x1b[1;1H")
        if is_sent:
            ours.feed(display.frame())
            assert_same(stock, ours)
    ours.feed(display.frame())
    assert display.frame() == ""
    if any(drawn):
        assert_same(stock, ours)


@given(styles)
def test_a_style_is_what_rich_makes_of_it(style: RichStyle) -> None:
    made = style_of(style, ColorSystem.TRUECOLOR)
    whole = ";".join(filter(None, (*made.attributes, made.foreground, made.background)))
    assert style.render("x", color_system=ColorSystem.TRUECOLOR) == (
        f"\x1b[{whole}m" + "x\x1b[0m" if whole else "x"
    )


def shown(height: int, character: str) -> Display:
    """A display full of a character, which the terminal shows."""
    display = Display(80, height)
    for y in range(height):
        draw(display, 0, y, character * 80)
    assert len(display.frame()) > 80 * height
    return display


def draw(display: Display, x: int, y: int, text: str, style: str = "") -> None:
    strip = Strip([Segment(text, RichStyle.parse(style))])
    region = Region(x, y, strip.cell_length, 1)
    display.draw(LayoutUpdate([[strip]], region), ColorSystem.TRUECOLOR)


def test_an_idle_picture_costs_nothing_and_a_cell_a_few_bytes() -> None:
    display = shown(24, "x")
    draw(display, 0, 10, "x" * 80)
    assert display.frame() == ""
    draw(display, 0, 10, "x" * 40 + "7" + "x" * 39)
    assert display.frame() == "\x1b[11;41H7\x1b[H"


def test_what_is_forgotten_is_written_anew_and_another_screen_gets_nothing_of_this_one() -> None:
    display = Display(10, 2)
    draw(display, 0, 0, "abc", "red")
    assert "abc" in display.frame()
    display.forget()
    assert display.frame() == ""
    draw(display, 5, 1, "d", "red")
    frame = display.frame()
    assert "abc" in frame
    assert "d" in frame
    draw(display, 0, 0, "xyz", "red")
    assert display.left() == "\x1b[m"
    assert display.frame() == ""


def test_nobody_sees_in_which_colour_a_blank_is_written() -> None:
    display = shown(24, " ")
    draw(display, 0, 2, " " * 80, "bold red")
    assert display.frame() == ""
    draw(display, 0, 2, "  ", "underline red")
    assert display.frame() == "\x1b[4;31m\r\n\n  \x1b[H"
