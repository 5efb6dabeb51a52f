"""The user's code in its own process: values come back whole, and nothing it does gets out."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from bptui.check.process import StoppedError
from bptui.check.runner import Answer, Signature, UserCode
from bptui.check.values import Other, Value

from .lively_code import HELPER, LIVELY

SHORT = 1.5
"""The limit in seconds of code that hangs: a busy machine has begun it by then."""
ARGUMENTS: list[Value] = [np.ones((2, 1)), [np.ones((3, 2)), np.ones((2, 1))]]


def script(folder: Path, text: str, name: str = "solution.py") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def ask(code: UserCode, function: str) -> Answer:
    """Call one of the functions above."""
    return code.call("gradients", [np.array([*map(ord, function)], float), *ARGUMENTS])


def given(code: UserCode, function: str) -> Value:
    return ask(code, function).given


def stopped(code: UserCode, function: str) -> StoppedError:
    with pytest.raises(StoppedError) as raised:
        ask(code, function)
    return raised.value


def gone(pid: int) -> bool:
    """Tell whether no such process runs; a dead one that nobody has waited for does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        os.sched_yield()


@pytest.fixture(scope="module", params=["copied", "started"], autouse=True)
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    """In which way the processes come to be."""
    if request.param == "copied" and sys.platform != "linux":
        pytest.skip("processes are copied on Linux only")
    with pytest.MonkeyPatch.context() as patch:
        copied = request.param == "copied"
        patch.setattr("bptui.check.process.is_alike", lambda python, file: copied)
        yield request.param


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("täglich neu")  # a name that needs quoting everywhere
    script(made, HELPER, "helper.py")
    script(made, LIVELY)
    return made


@pytest.fixture(scope="module")
def process(way: str, folder: Path) -> Iterator[UserCode]:
    with UserCode(folder / "solution.py", 600.0) as code:
        yield code


@pytest.fixture
def code(process: UserCode) -> UserCode:
    """A new life of the module, in the process that all these tests share."""
    process.load()
    return process


def test_functions_are_found_with_their_signatures(process: UserCode) -> None:
    loaded = process.load()
    line = LIVELY.splitlines().index("def gradients(x, t, weights, biases=None, *rest):") + 1
    names = ["x", "t", "weights", "biases"]
    assert loaded.functions == {
        "gradients": Signature(names, 3, line, True),
        "step": Signature(["t", "weights"], 2, 0),
    }
    assert "damage" in loaded.others


def test_values_come_back_with_all_their_bits(code: UserCode) -> None:
    value = given(code, "numbers")
    kinds, special, *rest = value
    assert isinstance(kinds, list)
    dtypes = [each.dtype.str for each in kinds if isinstance(each, np.ndarray)]
    assert dtypes == ["<f2", "<f4", "<f8", "<f8", "|i1", "<u8", "|b1", ">f8"]
    expected = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    assert special.tobytes() == expected.tobytes()
    assert rest == [0.1, 7, True, 10**30, None]


def test_all_kinds_of_values_are_taken_apart(code: UserCode) -> None:
    found = given(code, "others")
    plain = {
        name: each.tolist() if isinstance(each, np.ndarray) else each
        for name, each in found.items()
    }
    ragged = plain.pop("ragged")
    assert isinstance(ragged, list)
    assert [np.shape(each) for each in ragged] == [(2,), (3,)]  # type: ignore[arg-type]  # arrays
    assert plain == {
        "tensor": [[1.0, 1.0], [1.0, 1.0]],
        "part": 0.25,
        "lazy": [1.5, 2.5],
        "deque": [1],
        "view": [3],
        "matrix": [[1, 2]],
        "text": Other("a str"),
        "complex": Other("an array of complex numbers"),
        "keys": Other("a dict whose keys are not names"),
        "big": Other("a whole number too large for a float"),
        "words": Other("an array of dtype <U1"),
    }
    large = "an array of 1,000,000,000 numbers, more numbers than expected"
    assert given(code, "enormous") == Other(large)
    assert "nested too deeply" in repr(given(code, "endless"))


def test_arguments_are_fresh_and_their_damage_is_seen(code: UserCode) -> None:
    answer = ask(code, "damage")
    assert answer.changed == [1, 2]
    after = [each.tolist() for each in answer.arguments[2] if isinstance(each, np.ndarray)]  # type: ignore[union-attr]  # a list
    assert after == [[[1.0, 1.0]] * 3, [[1.0]] * 3]
    assert ARGUMENTS[0] == pytest.approx(np.ones((2, 1))), "the caller's own arrays stay"
    answer = ask(code, "counted")
    assert answer.changed == []


def test_errors_show_the_users_lines_only(code: UserCode) -> None:
    error = stopped(code, "fail")
    assert (error.kind, error.while_loading) == ("raised", False)
    assert error.message.startswith("ValueError: matmul: ")
    *_, outer, inner = error.frames
    assert (outer.file, outer.function) == ("solution.py", "fail")
    assert outer.source.endswith("return helper.divide(np.ones((5, 2)))")
    assert (inner.file, inner.line, inner.function) == ("helper.py", 5, "divide")
    deep = stopped(code, "deep")
    assert deep.message.startswith("RecursionError: maximum recursion depth exceeded")
    assert len(deep.frames) == 6
    assert 900 < deep.omitted + 6 <= 1000
    for function, message in (
        ("memory", "MemoryError: Unable to allocate"),
        ("generator", "ZeroDivisionError: in the middle"),
        ("ask", "EOFError: EOF when reading a line"),
        ("leave", "sys.exit('enough')"),
    ):
        end = stopped(code, function)
        assert end.message.startswith(message)
        assert end.kind == ("exited" if function == "leave" else "raised")
        assert end.frames[-1].function == function
    assert given(code, "counted") == 1, "still the same life"
    assert given(code, "counted") == 2


def test_no_two_processes_draw_the_same_numbers(folder: Path) -> None:
    np.random.rand()  # which begins what copies would go on with
    drawn = list[Value]()
    for _ in range(2):
        with UserCode(folder / "solution.py", 600.0) as code:
            code.load()
            drawn += given(code, "draw")  # type: ignore[arg-type]  # a list
    assert len({*map(str, drawn)}) == 4


def test_warnings_are_printed_with_the_line(way: str, code: UserCode) -> None:
    if way == "copied":
        pytest.skip("pytest catches the warnings of this process")
    before, lines = len(code.output), [line.strip() for line in LIVELY.splitlines()]
    assert given(code, "warn") is None
    warned = re.findall(r"solution.py, line (\d+): (\w+): (.*)", code.output[before:])
    assert {(lines[int(line) - 1], kind, text) for line, kind, text in warned} == {
        ("np.log(np.zeros(2) - 1)", "RuntimeWarning", "invalid value encountered in log"),
        ('warnings.warn("mind the gap")', "UserWarning", "mind the gap"),
    }
    assert len(warned) == 2, "each once"


def test_a_life_begins_as_the_first_did(process: UserCode, folder: Path) -> None:
    process.load()
    assert given(process, "settings") == [True, True, True]
    assert given(process, "counted") == 1
    before = len(process.output)
    assert given(process, "say") is None
    said = "from print from write\nto stderr\nfrom a program\n"
    assert process.output[before:] == said, "in its order"
    given(process, "mess_up")
    script(folder, HELPER.replace("VALUE = 1", "VALUE = 22"), "helper.py")
    for function, expected in (("settings", [True, True, True]), ("counted", 1), ("forked", False)):
        process.load()
        assert given(process, function) == expected
    assert process.output.endswith(" solution 22\n")
    script(folder, HELPER, "helper.py")


def test_hangs_and_crashes_end_the_process_and_the_next_life_starts_another(folder: Path) -> None:
    with UserCode(folder / "solution.py", 600.0) as code:
        for function, kind, message in (
            ("crash", "crashed", "signal SIGSEGV"),
            ("hard_exit", "exited", "os._exit(3)"),
            ("printing", "hung", "1.5 s"),
        ):
            code.load()
            if kind == "hung":
                code.limit, code.elapsed = SHORT, 0.0
            end = stopped(code, function)
            assert (end.kind, end.message, end.while_loading) == (kind, message, False)
            if kind == "hung":
                assert end.frames[-1].function == function
                assert end.frames[-1].source in LIVELY
                assert code.elapsed >= SHORT
                with pytest.raises(StoppedError) as raised:  # no time left
                    code.load()
                assert raised.value == StoppedError("hung", "1.5 s", while_loading=True)
                code.limit = 600.0
        assert "x" * 79 in code.output
        assert len(code.output) < 200_000


@pytest.mark.skipif(sys.platform != "linux", reason="others have nothing to find sessions by")
def test_nothing_that_the_code_started_is_left(folder: Path) -> None:
    with UserCode(folder / "solution.py", 600.0) as code:
        code.load()
        found = given(code, "family")
        family = [pid for pid in [*found, given(code, "thread")] if type(pid) is int]
        assert len(family) == 5
        assert not any(map(gone, family))
    wait_until(lambda: all(map(gone, family)))  # killed: the kernel may take a moment


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_caller_that_ends_leaves_no_process(sent: signal.Signals, tmp_path: Path) -> None:
    endless = (
        "import os, subprocess\nprint(os.getpid(), subprocess.Popen(['sleep', '1000']).pid)\n"
        "def step(x, t, weights):\n    while True: pass\n"
    )
    program = (
        "from pathlib import Path\nfrom bptui.check.runner import UserCode\n"
        f"with UserCode(Path({str(script(tmp_path, endless))!r}), 1000.0) as code:\n"
        "    code.load()\n    print(code.output, flush=True)\n"
        "    code.call('step', [1.0, 1.0, 1.0])\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdout=pipe, stderr=pipe) as caller:
        processes = [*map(int, caller.stdout.readline().split())]
        assert not any(map(gone, processes))
        caller.send_signal(sent)
    wait_until(lambda: all(map(gone, processes)))
