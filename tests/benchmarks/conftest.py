"""One thread for every contestant, and the table of results at the end."""

import os
import sys
from typing import Any

import pytest

from .measuring import ROWS, Table

if "numpy" in sys.modules:
    raise RuntimeError("numpy was imported before its number of threads could be set to 1")
for library in ("OPENBLAS", "MKL", "OMP", "NUMEXPR", "VECLIB_MAXIMUM"):
    os.environ[f"{library}_NUM_THREADS"] = "1"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []
    # pytest-benchmark measures nothing where tests are shared between workers, which is the
    # project's setting for the ordinary ones
    if not config.getoption("numprocesses", None):
        config.option.dist = "no"
    # a round holds all contestants, so the plugin's own table would tell nothing about either;
    # what --benchmark-json writes has the best time of each in extra_info
    config.option.benchmark_quiet = True


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if rows := config.stash[ROWS]:
        terminalreporter.section("bptui benchmarks: one thread, contestants in turn")
        head = ("what", "measured", "target", "result", "")
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        for cells in (head, tuple("-" * width for width in widths), *rows):
            terminalreporter.write_line("  ".join(map(str.ljust, cells, widths)).rstrip())


@pytest.fixture
def table(request: pytest.FixtureRequest, benchmark: Any) -> Table:  # noqa: ANN401  has no type
    """The table printed at the end; rows are added to it."""
    return Table(request.config.stash[ROWS], benchmark)
