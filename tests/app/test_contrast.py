"""What is read stands out from what lies below it: measured as WCAG 2 does, on the screen."""

import pytest
from rich.color import Color, ColorSystem
from textual.geometry import Region
from textual.theme import Theme

from bptui.app.app import BptuiApp
from bptui.app.styles import ANSI, DARK, LIGHT
from bptui.presets.files import load
from bptui.terminal.capabilities import USUAL

from .support import Session

TEXT, GRAPHICS = 4.5, 3.0
"""The least contrast of numbers and words, and of borders and lines."""
HIGHER = 1.4
"""So many times as much is needed on a projector, but for dialogs."""
DEPTHS = (ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT)
SYMBOLS = "·•∘┊"
Colours = tuple[str, str]


def contrast(colours: Colours, depth: ColorSystem) -> float:
    """Of two colours, as a terminal of that depth shows them."""
    dark, light = sorted(_luminance(Color.parse(each).downgrade(depth)) for each in colours)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    parts = [value / 255 for value in colour.get_truecolor()]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def needed(character: str) -> float:
    """The contrast that a character must have; 0 for blanks and scroll bars."""
    if character.isspace() or "▀" <= character <= "▟":
        return 0.0
    if "─" <= character <= "╿" or "⠀" <= character <= "⣿" or character in SYMBOLS:
        return GRAPHICS
    return TEXT


def pale(session: Session, seen: dict[tuple[float, Colours], str]) -> None:
    """Add what of the screen, or of the dialog over it, has too little contrast to ``seen``."""
    app = session.app
    boxes = list(app.screen.query(".dialog, .editor, #form"))
    times = HIGHER if app.presenting and not boxes else 1.0
    region = boxes[0].region if boxes else Region(0, 0, *app.size)
    for strip in app.screen._compositor.render_strips()[region.y : region.bottom]:
        for text, style, _ in strip.crop(region.x, region.right):
            least = times * max(map(needed, set(text)), default=0.0)
            if not least:
                continue
            assert style is not None, text
            assert style.color is not None, text
            assert style.bgcolor is not None, text
            key = (least, (style.color.name, style.bgcolor.name))
            if key not in seen:
                fits = min(contrast(key[1], depth) for depth in DEPTHS) >= least
                seen[key] = "" if fits else text


async def close_by_its_border(session: Session) -> None:
    """Click on the key that the border of a dialog names."""
    await session.shows("esc: ")
    box = next(each for each in session.app.screen.children if each.border_subtitle)
    border = session.lines()[box.region.bottom - 1]
    x = border.index("esc", box.region.x)
    await session.pilot.click(offset=(x + 6, box.region.bottom - 1))


@pytest.mark.parametrize("present", [False, True], ids=["", "presented"])
@pytest.mark.parametrize("own", [DARK, LIGHT], ids=lambda own: own.name)
async def test_every_screen_can_be_read(own: Theme, present: bool) -> None:
    """All operations, all panels and all dialogs, in colours of 24 bits and of eight."""
    app = BptuiApp(load("xor"), USUAL._replace(theme=own.name, present=present))
    seen: dict[tuple[float, Colours], str] = {}
    async with app.run_test(size=(120, 36), notifications=True):
        session = Session(app)
        await session.until(lambda: session.draws_loss, "the first losses")
        await session.press("s", "s")
        for keys in (*["nnn"] * 4, "nd", "d", *[["tab"]] * 2, "i"):
            await session.press(*keys)
            pale(session, seen)
        await session.press("a")  # a curve is kept, a breakpoint set
        await session.press("b", *"loss<1", "enter", "escape")
        every = ("question_mark", "p", "b", "g", "x", "w", "c", "e", "enter")
        for key in every[:2] if present else every:  # whose dialogs have the same colours
            await session.press(key)
            await session.until(lambda: len(app.screen_stack) == 2, f"the dialog of {key}")
            await session.pilot.pause()
            pale(session, seen)
            await close_by_its_border(session)
            await session.until(lambda: len(app.screen_stack) == 1, f"the end of {key}")
        app.notify("a warning", severity="warning")
        await session.press("o")
        for _ in range(3):
            await session.press("o")
            pale(session, seen)
        await app.player.open(load("circles")).wait()
        await session.press("o")
        pale(session, seen)
        await app.player.open(load("article-listing-1")).wait()
        await session.press("c")
        await session.shows("wrong by")
        pale(session, seen)
    found = [f"{where}: {key}" for key, where in seen.items() if where]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", ANSI)
async def test_in_the_terminals_own_colours_dialogs_have_no_others_below_their_text(
    theme: str,
) -> None:
    """Nobody knows whether two of them differ; what is chosen is reversed, as a whole."""
    app = BptuiApp(load("article-listing-1"), USUAL._replace(theme=theme))
    async with app.run_test(size=(80, 24)):
        session = Session(app)
        await session.until(lambda: session.draws_loss, "the first losses")
        await session.press("b", *"loss<1", "enter", "escape")
        chosen = {"c": "wrong by", "p": "listing-1", "x": "numpy"}
        chosen["e"] = "[2, 2, 2]"
        for keys, text in chosen.items():
            await session.press(*keys.split())
            await session.shows(text)
            box, rows = app.screen.query_one(".dialog").region, list[str]()
            for strip in app.screen._compositor.render_strips()[box.y : box.bottom]:
                parts = [each for each in strip.crop(box.x, box.right) if each.text.strip(" ▁▄▔▎│")]
                assert all(style and style.bgcolor.name == "default" for _, style, _ in parts), keys
                lit = "".join(part for part, style, _ in parts if style and style.reverse)
                rows += [lit] * (len(lit) > 3)
            assert any(text in row for row in rows), (keys, rows)
            rows = session.lines()[box.y : box.bottom]
            beside = {row[x] for row in rows for x in (box.x - 1, box.right) if 0 <= x < len(row)}
            assert beside <= {" "}
            await session.press(*["escape"] * len(app.screen_stack[1:]))
            await session.closed()
