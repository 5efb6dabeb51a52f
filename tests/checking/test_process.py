"""The user's code in its own process: values come back whole, and nothing it does gets out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bptui.check.answers import Argument, Loaded, Signature
from bptui.check.process.messages import OwnError
from bptui.check.process.user_code import UserCode

from .process_support import answer, number, script, stopped

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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("täglich neu")  # a name that needs quoting everywhere
    script(made, HELPER, "helper.py")
    return made


@pytest.fixture(scope="module")
def process(folder: Path) -> Iterator[UserCode]:
    before = os.getcwd()
    os.chdir(folder)
    with UserCode(script(folder, LIVELY), 600.0) as code:
        os.chdir(before)
        yield code


@pytest.fixture
def code(process: UserCode) -> UserCode:
    """A new life of the module, in the process that all these tests share."""
    assert isinstance(process.load(), Loaded)
    return process


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
        with pytest.raises(OwnError, match=r"internal error .*: TypeError: .* \(life.py"):
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
    sources = {each.message.rstrip("."): lines[each.line - 1] for each in noted}
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


def test_more_numbers_than_asked_for_are_described_instead(code: UserCode) -> None:
    given = answer(code, "enormous").given
    assert given.kind == "other"
    expected = "an array of 1,000,000,000 numbers, more numbers than expected"
    assert given.text == expected
    big = np.arange(3e5)
    (after,) = answer(code, "enormous", big).arguments
    assert np.array_equal(after, big), "the arguments have room of their own"
    (back,) = answer(code, "gradients", big, big, [big]).given.arrays
    assert np.array_equal(back, 2.0 * big)
