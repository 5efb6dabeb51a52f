"""One thread for every contestant, and the table of results at the end."""

from __future__ import annotations

import os
import sys

import pytest

from .report import TABLE, Table

if "numpy" in sys.modules:
    raise RuntimeError("numpy was imported before its number of threads could be set to 1")
for library in ("OPENBLAS", "MKL", "OMP", "NUMEXPR", "VECLIB_MAXIMUM"):
    os.environ[f"{library}_NUM_THREADS"] = "1"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = Table()
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
    table = config.stash[TABLE]
    if table.rows:
        terminalreporter.section("bptui benchmarks: one thread, contestants in turn")
        for line in table.lines():
            terminalreporter.write_line(line)


@pytest.fixture
def table(request: pytest.FixtureRequest) -> Table:
    """The table printed at the end; rows are added to it."""
    return request.config.stash[TABLE]
