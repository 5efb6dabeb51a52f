"""Any text in ASCII, as wide as before; and which terminals need it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bptui.app.styles import fitting
from bptui.terminal.ascii import CONSOLE, locale_is_utf8, to_ascii, to_console
from bptui.terminal.capabilities import USUAL, Capabilities, capabilities

from ..processes import python


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_as_wide_as_before(text: str) -> None:
    for spelling in (to_ascii, to_console):
        spelt = spelling(text)
        assert cell_len(spelt) == cell_len(text)
        assert all(each.isascii() or each in CONSOLE or each in "┌┐└┘" for each in spelt)
        assert spelling(spelt) == spelt
    assert to_ascii(text).isascii()


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_stays_as_it_is(text: str) -> None:
    assert to_ascii(f"\x1b[1;38;5;4m{text}é\x1b[0m") == f"\x1b[1;38;5;4m{text}e\x1b[0m"


def test_what_stands_for_what() -> None:
    assert to_ascii("╭─┤═║┃╯┈ ▸◂↳ ▲▼ ● … “δ²” — ⎡⎤") == '+-+=||+- ><> ^v @ ~ "d2" - []'
    assert to_ascii("学习 é e\u0301 \u200b!") == "???? e e !"
    assert to_ascii("⠉⠒⠤⣀⡇⢸⢁⡈⣿⠀") == "'--_||\\/# "
    assert to_ascii("⠵⠬⢤⡦") == "----"  # lines that others lead into
    assert to_console("╭─┤═ ▸ ²") == "┌─┤─ > ²"
    assert USUAL.spelling is None
    assert Capabilities(ascii_only=True, console=True).spelling is to_ascii
    assert capabilities({"TERM": "linux"}, "utf-8").spelling is to_console


@pytest.mark.parametrize(
    ("variables", "utf8"),
    [
        ({}, True),
        ({"LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "de_DE.utf8@euro"}, True),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, False),
        ({"LANG": "de_DE"}, False),
        ({"LANG": "de_DE.ISO-8859-15@euro"}, False),
        ({"LC_ALL": "POSIX", "LANG": "C.UTF-8"}, False),
        ({"LC_ALL": "", "LC_CTYPE": "en_US.UTF-8", "LANG": "C"}, True),
    ],
)
def test_the_locale(variables: dict[str, str], utf8: bool) -> None:
    assert locale_is_utf8(variables) == utf8
    assert capabilities(variables, "utf-8").ascii_only != utf8
    assert capabilities(variables, "iso8859-1").ascii_only
    assert capabilities(variables, "utf-8", ascii_only=True).ascii_only


@pytest.mark.parametrize(
    ("variables", "theme"),
    [
        ({"TERM": "xterm-256color"}, "bptui-dark"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "bptui-dark"),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, "bptui-light"),
        ({"TERM": "xterm"}, "ansi-dark"),
        ({"TERM": "linux", "COLORFGBG": "0;default;15"}, "ansi-light"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "ansi-dark"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "bptui-dark"),
    ],
)
def test_the_theme_that_fits(variables: dict[str, str], theme: str) -> None:
    around = capabilities(variables, "utf-8")
    assert fitting(around) == theme
    wanted = around._replace(theme="nord")
    assert fitting(wanted) == ("nord" if around.colours else theme)


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_no_command_fails_for_an_encoding(variables: dict[str, str]) -> None:
    command = ("-m", "bptui", "explain", "xor", "--quantity", "w1")
    done = python(*command, env=variables, text=False)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode("ascii")
    assert "dL/dw1 = sum (out_o1   - t1) / 4 * w9" in text
    assert "out_h1^2" in text
