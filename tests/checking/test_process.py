"""The user's code in its own process: values come back whole, and nothing it does gets out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import OrderedDict, deque, namedtuple
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

from bptui.checking.answers import Answer, Argument, Loaded, Signature, Stopped
from bptui.checking.process.messages import UnreadableError, read
from bptui.checking.process.output import KEPT, Output
from bptui.checking.process.user_code import CannotStartError, UserCode
from bptui.checking.process.values import Taker

SHORT = 0.25
"""The limit in seconds of code that hangs."""

LIVELY = """\
import os, sys, threading, time, warnings
import numpy as np
import helper
from functools import partial

print("loaded in", os.getcwd(), __name__, helper.VALUE)
count = 0
np.seterr(divide="ignore")

def gradients(x, t, weights, biases=None, *rest):
    return [2.0 * each for each in weights]

step = partial(gradients, biases=1)

class Strange(type(sys)):  # as torch.classes is
    def __getattr__(self, name):
        raise RuntimeError("nothing here has a name")

sys.modules["strange"] = Strange("strange")
sys.modules["stranger"] = type(sys)("stranger")
sys.modules["stranger"].__path__ = 1

def counted():
    global count
    count += 1
    return count

def damage(x, t, weights):
    x[0, 0] = 7.0
    weights[0] += 1.0
    weights[1] = np.ones((3, 1))
    return weights

def layout(x, weights, rate):
    good = all(each.flags.c_contiguous and each.flags.writeable and each.flags.owndata
               and each.dtype == np.float64 for each in [x, *weights])
    return [float(good and type(rate) is float and type(weights) is list)]

def dtypes():
    return [np.ones(2, kind) for kind in ("f2", "f4", "f8", "g", "i1", "u8", "?", ">f8")]

def special():
    return np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])

def fail():
    return helper.divide(np.ones((5, 2)))

def huge_name():
    raise type("_Hidden", (ValueError,), {})("caf\\u00e9 \\ud800" + "x" * 10_000)

def deep(n=0):
    return deep(n + 1)

async def later():
    return np.ones(2)

def memory():
    return np.ones(10**15)

def leave():
    sys.exit("enough")

def interrupt():
    raise KeyboardInterrupt

def generator():
    yield np.ones(2)
    raise ZeroDivisionError("in the middle")

def enormous(x=None):
    return np.broadcast_to(1.0, (10**9,))

def warn():
    for _ in range(1000):
        np.log(np.zeros(2) - 1)
    np.mean([])
    warnings.warn("mind the gap")
    return 0.0

def flood_of_warnings():
    for i in range(10_000):
        warnings.warn(f"number {i}")

def settings():
    return [float(np.geterr()["divide"] == "ignore"), float(np.geterr()["over"] == "raise"),
            float(os.path.basename(os.getcwd()) == "elsewhere"), float(sys.getrecursionlimit())]

def mess_up():
    np.seterr(all="raise")
    os.makedirs("elsewhere", exist_ok=True)
    os.chdir("elsewhere")
    sys.setrecursionlimit(5000)
    sys.path.clear()
    sys.stdout = None
    warnings.simplefilter("error")
    os.environ["HOME"] = "/nowhere"

def low_descriptors():
    for descriptor in range(3, 150):
        try:
            os.write(descriptor, b"garbage\\n")
            os.close(descriptor)
        except OSError:
            pass
    os.close(0), os.close(1)
    return 1.0

def say():
    print("from print", end="")
    os.write(1, b" from write\\n")
    print("to stderr", file=sys.stderr)
    os.system("echo from a program")
    sys.__stdout__.write("past the stream\\n")

def forked():
    return float(os.fork() == 0)

def thread():
    threading.Thread(target=time.sleep, args=(1000,)).start()
    return 1.0

def ask():
    return input("? ")

if __name__ == "__main__":
    raise SystemExit("ran as a program")
"""

HELPER = """\
VALUE = 1

def divide(value):
    a = value
    return a @ a
"""

X: Argument = np.arange(6.0).reshape(3, 2).T
ARGUMENTS: list[Argument] = [X, np.ones((2, 1)), [np.ones((3, 2)), np.ones((2, 1))]]


def script(folder: Path, text: str, name: str = "solution.py") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("täglich neu")  # a name that needs quoting everywhere
    script(made, HELPER, "helper.py")
    return made


@pytest.fixture(scope="module")
def process(folder: Path) -> Iterator[UserCode]:
    before = os.getcwd()
    os.chdir(folder)
    with UserCode(script(folder, LIVELY), 60.0) as code:
        os.chdir(before)
        yield code


@pytest.fixture
def code(process: UserCode) -> UserCode:
    """A new life of the module, in the process that all these tests share."""
    assert isinstance(process.load(), Loaded)
    return process


def answer(code: UserCode, function: str, *arguments: Argument) -> Answer:
    given = code.call(function, arguments)
    assert isinstance(given, Answer), given
    return given


def stopped(code: UserCode, function: str, *arguments: Argument) -> Stopped:
    given = code.call(function, arguments)
    assert isinstance(given, Stopped), given
    return given


def number(code: UserCode, function: str, *arguments: Argument) -> float:
    (value,) = answer(code, function, *arguments).given.arrays
    return float(value.ravel()[0])


def gone(pid: int) -> bool:
    """Whether no such process runs; a dead one that nobody has waited for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rsplit(")", 1)[1].split()[0] in "ZX"


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        os.sched_yield()


def test_functions_are_found_with_their_signatures(process: UserCode) -> None:
    loaded = process.load()
    assert isinstance(loaded, Loaded)
    assert loaded.functions["gradients"] == Signature(
        ("x", "t", "weights", "biases"),
        3,
        LIVELY.splitlines().index("def gradients(x, t, weights, biases=None, *rest):") + 1,
        True,
    )
    assert loaded.functions["step"].names == ("x", "t", "weights")
    assert (
        loaded.functions["step"].line
        == LIVELY.splitlines().index("step = partial(gradients, biases=1)") + 1
    )
    assert {"damage", "dtypes"} <= set(loaded.others)
    assert "gradients" not in loaded.others


KINDS = """\
from helper import divide
class step:
    def __init__(self, x, t, weights, learning_rate):
        pass
def gradients(t, *, weights, x, biases, other=2):
    return [x, t, weights[0], biases[0]]
"""
STEP_BY_NAME = """\
import numpy as np
from helper import divide as gradients
def step(x, t, weights, biases=None, *, learning_rate=0.1, **others):
    return [1.0 if biases is None else biases[0], learning_rate]
np.seterr = None
"""


def test_parameters_by_name_only_get_their_arguments(folder: Path) -> None:
    with UserCode(script(folder, KINDS, "kinds.py")) as code:
        loaded = code.load()
        assert isinstance(loaded, Loaded)
        assert loaded.functions["step"].line == 2, "that of the class"
        assert loaded.functions["gradients"] == Signature(
            ("t", "x", "weights", "biases"), 4, 5, keyword_only=("x", "weights", "biases")
        )
        given = answer(code, "gradients", *ARGUMENTS, [np.zeros(4)]).given.arrays
        assert [each.shape for each in given] == [(2, 3), (2, 1), (3, 2), (4,)]
        script(folder, STEP_BY_NAME, "kinds.py")
        loaded = code.load()
        assert isinstance(loaded, Loaded)
        assert loaded.functions["gradients"].line == 2, "that of the import"
        assert loaded.functions["step"].names == ("x", "t", "weights", "biases", "learning_rate")
        assert loaded.functions["step"].required == 3
        for biases, expected in (([], [1.0, 0.25]), ([[np.array(7.0)]], [7.0, 0.25])):
            given = answer(code, "step", *ARGUMENTS, *biases, 0.25).given.arrays
            assert [float(each) for each in given] == expected
        with pytest.raises(CannotStartError, match=r"own error .*: TypeError: .* \(life.py"):
            code.load()  # what the code did to numpy stops bptui, which is no exit of the code
        assert isinstance(code.load(), Loaded), "in another process"


def test_values_come_back_with_all_their_bits(code: UserCode) -> None:
    given = answer(code, "gradients", *ARGUMENTS).given
    assert given.kind == "sequence"
    assert [each.tolist() for each in given.arrays] == [[[2.0, 2.0]] * 3, [[2.0], [2.0]]]
    kinds = [each.dtype.str for each in answer(code, "dtypes").given.arrays]
    wide = np.dtype(np.longdouble).str
    assert kinds == ["<f2", "<f4", "<f8", wide, "|i1", "<u8", "|b1", ">f8"]
    special = answer(code, "special").given.arrays[0]
    expected = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    assert special.tobytes() == expected.tobytes()


def test_arguments_are_fresh_and_their_damage_is_seen(code: UserCode) -> None:
    assert number(code, "layout", X, [np.ones((2, 3)).T], 0.5) == 1.0
    before = [np.array(X), *(np.array(each) for each in ARGUMENTS[2])]  # type: ignore[union-attr]
    after = answer(code, "damage", *ARGUMENTS).arguments
    x, t, weights = after
    assert isinstance(x, np.ndarray)
    assert x[0, 0] == 7.0
    assert np.array_equal(t, np.ones((2, 1)))
    assert [each.tolist() for each in weights] == [[[2.0, 2.0]] * 3, [[1.0]] * 3]
    assert np.array_equal(before[0], np.asarray(X)), "the caller's own arrays stay"
    unchanged = answer(code, "gradients", *ARGUMENTS).arguments
    assert np.array_equal(np.asarray(unchanged[0]), before[0])


def test_errors_show_the_users_lines_only(code: UserCode) -> None:
    lines = LIVELY.splitlines()
    error = stopped(code, "fail")
    assert error.kind == "raised"
    assert not error.while_loading
    assert error.message.startswith("ValueError: matmul: ")
    outer, inner = error.frames
    assert (outer.file, outer.function) == ("solution.py", "fail")
    assert outer.source == "return helper.divide(np.ones((5, 2)))" == lines[outer.line - 1].strip()
    assert (inner.file, inner.line, inner.function) == ("helper.py", 5, "divide")
    deep = stopped(code, "deep")
    assert deep.message.startswith("RecursionError: maximum recursion depth exceeded")
    assert len(deep.frames) == 10
    assert 900 < deep.omitted + 10 <= 1000
    assert stopped(code, "memory").message.startswith("MemoryError: Unable to allocate")
    assert stopped(code, "interrupt").message == "KeyboardInterrupt"
    hidden = stopped(code, "huge_name").message
    assert hidden.startswith("ValueError: café \\ud800xxx")
    assert len(hidden) < 2100
    inside = stopped(code, "generator")
    assert inside.message == "ZeroDivisionError: in the middle"
    assert inside.frames[-1].function == "generator"
    wrong = stopped(code, "gradients", X)
    assert wrong.message.startswith("TypeError: gradients() missing 2 required positional")
    assert stopped(code, "ask").message == "EOFError: EOF when reading a line"
    assert answer(code, "counted").given.arrays == (np.array(1),), "still the same life"


def test_sys_exit_is_an_exit_with_its_line(code: UserCode) -> None:
    left = stopped(code, "leave")
    assert (left.kind, left.message) == ("exited", "sys.exit('enough')")
    assert left.frames[-1].source == 'sys.exit("enough")'


def test_warnings_have_the_users_line_and_are_not_repeated(code: UserCode) -> None:
    lines = [each.strip() for each in LIVELY.splitlines()]
    noted = answer(code, "warn").warnings
    assert {each.file for each in noted} == {"solution.py"}
    sources = {each.message: lines[each.line - 1] for each in noted}
    assert sources["invalid value encountered in log"] == "np.log(np.zeros(2) - 1)"
    assert sources["Mean of empty slice"] == "np.mean([])"
    assert sources["mind the gap"] == 'warnings.warn("mind the gap")'
    assert {each.category for each in noted} == {"RuntimeWarning", "UserWarning"}
    assert len(noted) == len(sources) <= 5
    assert len(answer(code, "flood_of_warnings").warnings) == 50
    (never_awaited,) = answer(code, "later").warnings
    assert never_awaited.message == "coroutine 'later' was never awaited"
    assert (never_awaited.file, never_awaited.line) == ("", 0), "no line of bptui's own"


def test_a_life_begins_as_the_first_did(process: UserCode, folder: Path) -> None:
    assert isinstance(process.load(), Loaded)
    first = answer(process, "settings").given.arrays
    assert [float(each) for each in first[:3]] == [1.0, 0.0, 0.0]
    for expected in (1.0, 2.0):
        assert number(process, "counted") == expected
    answer(process, "mess_up")
    assert float(answer(process, "settings").given.arrays[2]) == 1.0
    script(folder, HELPER.replace("VALUE = 1", "VALUE = 22"), "helper.py")
    assert isinstance(process.load(), Loaded)
    assert process.output.endswith(f"loaded in {folder.resolve()} solution 22\n")
    assert answer(process, "settings").given.arrays == first
    assert number(process, "counted") == 1.0
    script(folder, HELPER, "helper.py")


def test_all_that_is_printed_is_kept_in_order(code: UserCode) -> None:
    before = len(code.output)
    answer(code, "say")
    said = code.output[before:]
    assert said == "from print from write\nto stderr\nfrom a program\npast the stream\n"


def test_low_descriptors_forks_and_threads_do_no_harm(process: UserCode) -> None:
    for function, expected in (("low_descriptors", 1.0), ("forked", 0.0), ("thread", 1.0)):
        assert isinstance(process.load(), Loaded)
        assert number(process, function) == expected
    assert isinstance(process.load(), Loaded)
    assert process.output.endswith(" solution 1\n"), "the outputs are open again"


def test_a_round_trip_is_quick(code: UserCode) -> None:
    times = []
    for _ in range(50):
        began = time.perf_counter()
        answer(code, "gradients", *ARGUMENTS)
        times.append(time.perf_counter() - began)
    assert sorted(times)[5] < 0.005, "about 0.5 ms on an idle machine"


def test_more_numbers_than_asked_for_are_described_instead(code: UserCode) -> None:
    given = answer(code, "enormous").given
    assert given.kind == "other"
    expected = "an array of 1,000,000,000 numbers, more numbers than were asked for"
    assert given.text == expected
    big = np.arange(3e5)
    (after,) = answer(code, "enormous", big).arguments
    assert np.array_equal(after, big), "the arguments have room of their own"
    (back,) = answer(code, "gradients", big, big, [big]).given.arrays
    assert np.array_equal(back, 2.0 * big)


DANGEROUS = """\
import os, sys, time, ctypes, subprocess

def gradients():
    print("before")
    while True:
        pass

def printing():
    while True:
        print("x" * 79)

def sleeping():
    time.sleep(1000)

def crash():
    ctypes.string_at(0)

def hard_exit():
    os._exit(3)

def close_all():
    os.closerange(3, 300)
    return 1.0

def garbage():
    for descriptor in range(200, 230):
        try:
            os.write(descriptor, b'{"kind": "answer", "number": 1}\\n')
        except OSError:
            pass
    return 1.0

def family():
    child = subprocess.Popen(["sleep", "1000"])
    daemon = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    fork = os.fork()
    if fork == 0:
        os.setsid()
        time.sleep(1000)
    return [os.getpid(), child.pid, daemon.pid, fork]
"""


def test_hangs_and_crashes_end_the_process_and_the_next_life_starts_another(tmp_path: Path) -> None:
    file = script(tmp_path, DANGEROUS)
    lines = DANGEROUS.splitlines()
    with ExitStack() as stack:
        # all of them are started before the first is asked, as that takes a while
        codes = {
            each: stack.enter_context(UserCode(file, SHORT))
            for each in ("gradients", "printing", "sleeping")
        }
        for function, code in codes.items():
            assert isinstance(code.load(), Loaded)
            began = time.monotonic()
            hung = stopped(code, function)
            assert time.monotonic() - began < SHORT + 3.0
            assert (hung.kind, hung.message, hung.while_loading) == ("hung", "0.25 s", False)
            assert hung.frames[-1].function == function
            assert hung.frames[-1].source == lines[hung.frames[-1].line - 1].strip()
            assert code.elapsed >= SHORT
            assert code.load() == Stopped("hung", "0.25 s", while_loading=True), "no time is left"
            if function == "gradients":
                assert code.output == "before\n"
            if function == "printing":
                assert len(code.output) < 2 * KEPT + 100
                assert "bytes left out ...]" in code.output
    with UserCode(file, 30.0) as code:
        assert isinstance(code.load(), Loaded)
        crashed = stopped(code, "crash")
        assert (crashed.kind, crashed.message) == ("crashed", "signal SIGSEGV")
        assert crashed.frames[-1].source == "ctypes.string_at(0)"
        assert isinstance(code.load(), Loaded)
        left = stopped(code, "hard_exit")
        assert (left.kind, left.message) == ("exited", "os._exit(3)")
        assert isinstance(code.load(), Loaded)
        assert stopped(code, "close_all").kind == "crashed"
        assert isinstance(code.load(), Loaded)
        spoilt = stopped(code, "garbage")
        assert (spoilt.kind, spoilt.message) == ("crashed", "an answer that cannot be read")
        assert isinstance(code.load(), Loaded)
        family = [int(each) for each in answer(code, "family").given.arrays]
        assert not any(map(gone, family))
    for pid in family:
        wait_until(lambda pid=pid: gone(pid))  # type: ignore[misc]  # bound early on purpose


def test_what_happens_while_the_file_is_loaded(tmp_path: Path) -> None:
    cases = [
        ("x = 1\ndef f(:\n", "raised", "SyntaxError: invalid syntax"),
        ("import sys\nsys.exit()\n", "exited", "sys.exit()"),
        ("a = 1\nb = a / 0\n", "raised", "ZeroDivisionError: division by zero"),
        ("import no_such\n", "raised", "ModuleNotFoundError: No module named 'no_such'"),
        ("raise NotImplementedError\n", "raised", "NotImplementedError"),
        ("x = 1\nwhile x:\n    x = 2\n", "hung", "0.5 s"),
    ]
    file = tmp_path / "solution.py"
    with UserCode(file, 0.5) as code:
        for text, kind, message in cases:
            script(tmp_path, text)
            end = code.load()
            assert isinstance(end, Stopped)
            assert (end.kind, end.message, end.while_loading) == (kind, message, True)
            assert end.frames[-1].file == "solution.py"
            assert end.frames[-1].source in text
            assert end.frames[-1].source
    with UserCode(script(tmp_path, "import numpy as np\nnp.log(0.0)\n", "statistics.py")) as code:
        loaded = code.load()
        assert isinstance(loaded, Loaded)
        assert loaded.functions == {}
        assert [(each.file, each.line) for each in loaded.warnings] == [("statistics.py", 2)]


def test_an_interrupted_caller_leaves_no_process(tmp_path: Path) -> None:
    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    file = script(
        tmp_path, "import os\nprint(os.getpid())\ndef gradients():\n    while True: pass\n"
    )
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with UserCode(file) as code:
            assert isinstance(code.load(), Loaded)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(KeyboardInterrupt):
                code.call("gradients", [])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert gone(int(code.output))


@pytest.mark.skipif(sys.platform != "linux", reason="the lifeline is a means of Linux")
def test_a_killed_caller_leaves_no_process(tmp_path: Path) -> None:
    file = script(tmp_path, "import os\ndef gradients():\n    while True: pass\n")
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from bptui.checking.process.user_code import UserCode\n"
        f"with UserCode(Path({str(file)!r}), 1000.0) as code:\n"
        "    code.load()\n    print(code._pipes._process.pid, flush=True)\n"
        "    code.call('gradients', [])\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        assert not gone(pid)
        caller.kill()
    wait_until(lambda: gone(pid))


Pair = namedtuple("Pair", "weights biases")
MATRIX, VECTOR = np.ones((2, 2)), np.ones(2)
ROWS = [[1.0, 2.0], [3.0, 4.0]]
AROUND: list[object] = []
AROUND.append(AROUND)


class Tensor:
    """Something that numpy can read, as tensors of other libraries are."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:  # noqa: ANN401  # numpy's protocol
        return np.ones((2, 2), np.float32)


class Recording:
    """A tensor that remembers how it was made, and so is not read as it is: torch has such."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:  # noqa: ANN401  # numpy's protocol
        raise RuntimeError("use tensor.detach().numpy() instead")

    def detach(self) -> Recording:
        return self

    def cpu(self) -> Tensor:
        return Tensor()


def ragged(*arrays: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401  # anything
    made = np.empty(len(arrays), object)
    made[:] = arrays
    return made


@pytest.mark.parametrize(
    ("value", "kind", "shapes"),
    [
        (None, "nothing", []),
        (1, "array", [()]),
        (True, "array", [()]),
        (np.float32(1), "array", [()]),
        (MATRIX, "array", [(2, 2)]),
        (np.ones((2, 3, 3)), "array", [(2, 3, 3)]),
        (np.ones((1, 2)).view(np.matrix), "array", [(1, 2)]),
        (np.ma.array([1.0, 2.0], mask=[True, False]), "array", [(2,)]),
        (Tensor(), "array", [(2, 2)]),
        (Recording(), "array", [(2, 2)]),
        (Fraction(1, 3), "array", [()]),
        ([], "sequence", []),
        ([MATRIX], "sequence", [(2, 2)]),
        ([MATRIX, np.ones((2, 3))], "sequence", [(2, 2), (2, 3)]),
        ((MATRIX, MATRIX), "sequence", [(2, 2), (2, 2)]),
        ([ROWS, ROWS], "sequence", [(2, 2), (2, 2)]),
        ([[VECTOR, VECTOR], [VECTOR, VECTOR]], "sequence", [(2, 2), (2, 2)]),
        ([ROWS, ROWS, ROWS], "sequence", [(2, 2)] * 3),
        ([Tensor(), Tensor()], "sequence", [(2, 2), (2, 2)]),
        ([Recording(), Recording()], "sequence", [(2, 2), (2, 2)]),
        ([[MATRIX, VECTOR]] * 3, "sequence", [(2, 2), (2,)] * 3),
        ([[MATRIX, None]], "sequence", [(2, 2)]),
        ([1.0, 2, Decimal("0.5")], "sequence", [(), (), ()]),
        ([10**30, 1], "sequence", [(), ()]),
        (deque([MATRIX]), "sequence", [(2, 2)]),
        (range(3), "sequence", [(), (), ()]),
        ((each for each in [MATRIX, VECTOR]), "sequence", [(2, 2), (2,)]),
        (map(np.asarray, [MATRIX, MATRIX]), "sequence", [(2, 2), (2, 2)]),
        (zip([1.0, 2.0], [3.0, 4.0], strict=True), "sequence", [(2,), (2,)]),
        (OrderedDict(a=MATRIX).values(), "sequence", [(2, 2)]),
        (ragged(MATRIX, np.ones((2, 3))), "sequence", [(2, 2), (2, 3)]),
        (np.array([1.5, Fraction(1, 2)], object), "array", [(2,)]),
        (([MATRIX, MATRIX], [VECTOR, VECTOR]), "pair", [(2, 2), (2, 2), "|", (2,), (2,)]),
        ([[MATRIX], [VECTOR]], "pair", [(2, 2), "|", (2,)]),
        (Pair([MATRIX], (VECTOR,)), "pair", [(2, 2), "|", (2,)]),
        (([ROWS, ROWS], ROWS), "pair", [(2, 2), (2, 2), "|", (2,), (2,)]),
        (([MATRIX, np.ones((2, 3))], [VECTOR, np.ones(3)]), "pair",
         [(2, 2), (2, 3), "|", (2,), (3,)]),
        (([MATRIX, MATRIX], None), "pair", [(2, 2), (2, 2), "|"]),
        (([MATRIX], [None]), "pair", [(2, 2), "|"]),
        ((np.ones((3, 2, 2)), np.ones((3, 2))), "pair", [(2, 2)] * 3 + ["|"] + [(2,)] * 3),
        ((np.ones((3, 2, 2)), np.ones((3, 2, 2))), "sequence", [(3, 2, 2)] * 2),
        ((map(np.asarray, [MATRIX]), iter([VECTOR])), "pair", [(2, 2), "|", (2,)]),
        (([VECTOR, np.ones(3)], [VECTOR]), "pair", [(2,), (3,), "|", (2,)]),
        ("text", "other", "a str"),
        (MATRIX * 1j, "other", "an array of complex numbers"),
        (np.array(["a"]), "other", "an array of dtype <U1"),
        ([MATRIX, "a"], "other", "a list of an array of 4 numbers, a str"),
        ([{"a": 1}, {"b": 2}], "other", "a list of 2 dicts"),
        ([["a", "b"], [1, 2]], "other", "a list of 2 lists, where [0][0] is a str"),
        ([[[1, 2], [3, 1j]]], "other", "a list of a list, where [0][1][1] is a complex"),
        ([ROWS, [[1, 2], [3]]], "other",
         "a list of 2 lists, where the parts of [1] differ in shape, (2,) and (1,)"),
        ([[10**400, 1]], "other",
         "a list of a list, where [0][0] is a whole number too large for a float"),
        (AROUND, "other", "a list of a list, where [0] is nested too deeply"),
        ([MATRIX, None], "other", "a list of an array of 4 numbers, None"),
        ({1: MATRIX}, "other", "a dict whose keys are not names but int"),
        (object(), "other", "an object"),
        (([MATRIX, VECTOR], [VECTOR], 0.5), "other", "a tuple of a list, a list, a float"),
    ],
)  # fmt: skip
def test_every_kind_of_value_is_taken_apart(value: object, kind: str, shapes: object) -> None:
    given = Taker(1 << 20).given(value)
    assert given.kind == kind
    if kind == "other":
        assert given.text == shapes
        return
    found = [each.shape for each in given.arrays]
    assert (
        found + (["|"] if kind == "pair" else []) + [each.shape for each in given.second] == shapes
    )
    assert all(type(each) is np.ndarray for each in given.arrays)


def test_dicts_keep_their_names() -> None:
    value = {"gW1": ROWS, "loss": np.float32(0.5), "gW": [MATRIX, np.ones((2, 3))], "gb1": None,
             "note": "a string"}  # fmt: skip
    given = Taker(1 << 20).given(value)
    items = dict(given.items)
    assert list(items) == ["gW1", "loss", "gW"]
    assert np.array_equal(items["gW1"], np.array(ROWS))
    assert isinstance(items["loss"], np.ndarray)
    assert (items["loss"].shape, items["loss"].dtype) == ((), np.float32)
    assert [each.shape for each in items["gW"]] == [(2, 2), (2, 3)]
    assert given.text == "note is a str"


def test_arguments_that_no_longer_hold_numbers_are_empty() -> None:
    assert Taker(1 << 20).argument([MATRIX, "gone"]) == ()
    assert Taker(8).argument(MATRIX) == ()


NUMBERS = np.array([1.0]).tobytes()
ARRAY = {"dtype": "<f8", "shape": [1], "start": 0}
GIVEN = {"kind": "array", "arrays": [ARRAY], "second": [], "items": [], "text": ""}
ANSWER = {"kind": "answer", "number": 4, "given": GIVEN, "arguments": [], "warnings": []}


def test_only_honest_answers_are_read() -> None:
    number, reply = read(json.dumps(ANSWER).encode(), NUMBERS)
    assert number == 4
    assert isinstance(reply, Answer)
    assert reply.given.arrays[0].tolist() == [1.0]
    bad_arrays: list[dict[str, object]] = [
        {"dtype": "O"}, {"dtype": "V8"}, {"dtype": "no such"}, {"dtype": "<c16"}, {"shape": [2]},
        {"shape": [-1]}, {"shape": [0, 10**30]}, {"shape": [1] * 65}, {"start": 1}, {"start": -1},
        {"start": 10**30}, {"start": "0"}, {"shape": [10**9, 10**9]},
    ]  # fmt: skip
    hostile = [
        json.dumps({**ANSWER, "given": {**GIVEN, "arrays": [{**ARRAY, **bad}]}})
        for bad in bad_arrays
    ]
    hostile += ["", "null", "{}", "[" * 100_000, '{"kind": "new"}', '{"kind": "answer"}']
    hostile += [json.dumps({**ANSWER, "given": {**GIVEN, "kind": "surprise"}})]
    for line in hostile:
        with pytest.raises(UnreadableError):
            read(line.encode(), NUMBERS)
    with pytest.raises(UnreadableError):
        read(b"\xff\x80\x04garbage", NUMBERS)


def test_much_output_keeps_its_head_and_tail() -> None:
    little = Output()
    little.add("grün\n".encode())
    little.add(b"\xff")
    assert str(little) == "grün\n\\xff"
    much, lines = Output(), [f"line {each}\n" for each in range(100_000)]
    for each in lines:
        much.add(each.encode())
    head, tail = str(much).split("[... ")
    left_out, tail = tail.split(" bytes left out ...]\n")
    assert "".join(lines).startswith(head)
    assert "".join(lines).endswith(tail)
    assert int(left_out.replace(",", "")) == sum(map(len, lines)) - len(head) - len(tail)
    assert KEPT - 20 < len(head) <= KEPT
