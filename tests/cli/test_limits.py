"""The largest experiments that are accepted are served; the manual names the limits as they are."""

import math
import re
import sys
from pathlib import Path

import pytest

import bptui
from bptui.core import errors

from ..processes import python

MOST_MEMORY = 500 * 2**10
"""KiB."""
WATCHED = """
import re, sys
from bptui.main import main
try:
    main()
except SystemExit as end:
    print(end.code, file=sys.stderr)
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
"""


def largest() -> str:
    """Everything at its limit at once, with the optimizer that keeps most."""
    units = math.isqrt(errors.MOST_PARAMETERS) - 4
    batch = errors.MOST_IN_BATCH // (2 * units + 3)
    assert 0.98 * errors.MOST_PARAMETERS < units * units < errors.MOST_PARAMETERS
    return f"""
        [network]
        layers = [2, {units}, {units}, 1]
        activation = "tanh"
        [training]
        optimizer = "adam"
        batch_size = {batch}
        shuffle = true
        [data]
        dataset = "moons"
        samples = {errors.MOST_SAMPLES}
    """


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(
    "command", ["run --steps 0 --format jsonl -o /dev/null", "explain --quantity w1"]
)
def test_the_largest_experiment_fits_into_the_memory_it_may_take(
    command: str, tmp_path: Path
) -> None:
    file = tmp_path / "largest.toml"
    file.write_text(largest(), "utf-8")
    first, *rest = command.split()
    done = python("-c", WATCHED, first, str(file), *rest, timeout=None)
    code, peak = map(int, done.stderr.split()[-2:])
    assert code == 0
    assert peak < MOST_MEMORY


def test_the_manual_names_the_limits() -> None:
    page = (Path(bptui.__file__).parent / "help" / "limits.md").read_text("utf-8")
    named = {int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*", page)}
    assert named >= {value for value in vars(errors).values() if isinstance(value, int)}
