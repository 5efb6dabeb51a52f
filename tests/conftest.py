"""Settings that must stand before numpy is imported, and what no test may see of the machine."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# what is collected lives to the end: nothing of it is garbage, in copies of this process neither
gc.disable()

# examples are other ones in every run, so that few of them each time are enough; where a run
# decides about other people's work they are the same each time
settings.register_profile(
    "short", max_examples=20, deadline=None, derandomize="CI" in os.environ, database=None
)
settings.load_profile("short")

# a shell has what it runs in the background ignore Ctrl+C, and so would all that tests start
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# as the program itself does: one thread, and so one order of summation and the same bits
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# workers, and the many programs that are started, take half the time where modules are compiled
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    cache = Path(__file__).parents[1] / ".pytest_cache"
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(cache / "compiled"))


@pytest.fixture(scope="session", autouse=True)
def _nothing_of_the_users_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The folders of whoever runs the tests are neither read nor written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.setenv("CI", "true")  # the first start has nothing to say to anybody
        for each in ("VIRTUAL_ENV", "CONDA_PREFIX"):  # bptui check takes the Python that is there
            patch.delenv(each, raising=False)
        yield


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's own presets, which the first one makes; they are in an empty one."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "data" / "bptui" / "presets"


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_runtest_setup() -> None:
    """What a test has told Textual in this process is no business of the next one's programs."""
    os.environ.pop("TEXTUAL_COLOR_SYSTEM", None)
