"""The report of a check for people: three parts, what differs marked, as wide as the terminal."""

import io
import re
from dataclasses import replace

import click
import pytest

from bptui.check.reports.report import Example, Line, Parameter, Report
from bptui.check.reports.text import as_text
from bptui.cli.common import styled

LONG = "d_hid = [hid[j] * (1 - hid[j]) * sum(d_out[k] * w_out[k][j] for k in range(n)) for j in J]"
REPORT = Report(
    "net.py",
    "wrong",
    loss={"name": "loss", "line": 4, "formula": "loss = np.mean(error ** 2)", "given": False},
    parameters=[
        Parameter("W1", (2, 4), None, "wrong", None, 0.3, [20]),
        Parameter("b1", (4,), "db1", "right", None, 0.0, [21]),
        Parameter("w[k][j]", (), None, "right", None, 0.0, [22]),
        Parameter("w[k][j]", (), None, "right", None, 0.0, [22]),
    ],
    lines=[
        Line(9, "error = a2 - y", "error", "dL/d a2", "right"),
        Line(
            *(10, "back = error @ W2.T", "back", "dL/d a1", "wrong", "back = d2 @ W2.T"),
            *("error -> d2", Example((3, 1), -0.25, 0.5), "missing-output-derivative"),
        ),
        Line(11, "d1 = back * (1 - a1 ** 2)", "d1", None, "follows"),
    ],
)


def test_of_a_long_dict_only_the_element_that_differs_is_printed() -> None:
    text = f"return dict({', '.join(f'gw{place}=e * h{place} * slope' for place in range(9))}, )"
    line = Line(9, text, "gw4", None, "wrong", text.replace("h4 * slope", "h4"))
    said = as_text([replace(REPORT, lines=[line])], 88)
    assert "line 9       ... gw4=e * h4 * slope, ...\n" in said
    assert "should be    ... gw4=e * h4, ...\n" in said
    whole = replace(line, text="g = sum(a, b) + 1 + " + text, should_be="g = " + text)
    assert "g = sum(a, b) + 1 + return" in as_text([replace(REPORT, lines=[whole])], 88)


@pytest.mark.parametrize("factor", ["", "-", "2 ", "-0.5 ", "5e-07 "])
def test_what_makes_up_for_a_factor_is_said_where_there_is_one(factor: str) -> None:
    line = Line(9, "error = a2 - y", "error", f"{factor}dL/d a2", "right")
    said = as_text([Report("net.py", "right", loss=REPORT.loss, lines=[line])], 88)
    assert ("makes up for" in said) == factor.endswith(" ")


def test_colours_change_no_character() -> None:
    styled = as_text([REPORT], 80, styled=True)
    assert click.unstyle(styled) == as_text([REPORT], 80)
    assert click.style("error", fg="red", bold=True) in styled
    assert click.style("d2", fg="green") in styled


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_nothing_is_wider_than_the_terminal_and_no_word_is_broken(columns: int) -> None:
    line = Line(3, LONG, "d_hid", None, "wrong", LONG.replace("w_out", "w_new"))
    text = as_text([Report("net.py", "wrong", lines=[line, *REPORT.lines])], columns)
    assert max(map(len, text.splitlines())) <= columns
    words = set(re.findall(r"[\w.]+", LONG))
    assert words <= set(re.findall(r"[\w.]+", text))


def test_what_a_terminal_would_obey_is_spelt_out() -> None:
    line = Line(3, "x = '\x1b[2J'", "x", None, "right")
    assert "\x1b[2J" not in as_text([Report("n\x1b.py", "right", lines=[line])], 80)


def test_why_it_was_called_with_single_samples_is_not_cut_off() -> None:
    fact = (
        f"with several samples in rows it raises {'a long message ' * 20}, so it got one at a time"
    )
    report = Report("net.py", "right", heading="net.py, step", facts=[("called", fact)])
    assert " ".join(as_text([report], 80).split()).endswith(fact)


@pytest.mark.parametrize(
    ("terminal", "environment", "colours"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_where_there_are_colours(
    terminal: bool, environment: dict[str, str], colours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert styled(Stream()) is colours
