"""A recorder: what it refuses, what it knows of names and places, and when it ends a program."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from bptui.trace.record.instrument import instrumented
from bptui.trace.record.operators import PROGRAM
from bptui.trace.record.recorder import Recorder
from bptui.trace.record.recording import Enough
from bptui.trace.run import plain
from tests.trace.odd import HEAD
from tests.trace.support import Run


@pytest.mark.parametrize(
    "source", ["return 1.5", "x = (", "break", "def f(): x = 1; global x", "f() = 1"]
)
def test_what_is_no_python_is_refused_as_the_compiler_does(source: str) -> None:
    with pytest.raises(SyntaxError) as ours:
        instrumented(source, "program.py")
    with pytest.raises(SyntaxError) as compilers:
        compile(source, "program.py", "exec")
    assert (ours.value.msg, ours.value.lineno) == (compilers.value.msg, compilers.value.lineno)


def test_names_say_whose_they_are() -> None:
    run = Run(HEAD + "def f(v):\n    global w\n    w = w - v\n    u = v * 2.0\nf(0.5)\nf(0.25)\n")
    frames = {name: [b.frame for b in run.recorder.bindings if b.name == name] for name in "wvu"}
    assert set(frames["w"]) == {0}
    first, second = frames["v"]
    assert 0 != first != second != 0
    assert frames["u"] == [first, second]


def test_places_are_those_of_the_source() -> None:
    source = "a = 1.5\nb = (a +\n     2.5) * a\n"
    run = Run(source)
    product = [note for note in run.recorder.tape if note.call == "multiply"]
    assert [run.places[note.place] for note in product] == [(2, 4, 3, 13)]
    whole = ast.get_source_segment(source, ast.parse(source).body[1].value)  # type: ignore[attr-defined]
    assert whole == "(a +\n     2.5) * a"


def test_recursion_goes_as_deep_as_without() -> None:
    source = "def f(n):\n    return 0.5 if n == 0 else f(n - 1)\nf(DEPTH)\n"
    depth = sys.getrecursionlimit() - 200
    assert not Run(source.replace("DEPTH", str(depth))).error


def test_a_sum_of_many_terms_is_rewritten() -> None:
    run = Run("a = 0.5\nb = " + " + ".join(["a"] * 600) + "\n")
    assert run.error == ""
    assert run.names["b"] == 300.0


def test_a_long_list_of_data_is_no_long_tape() -> None:
    run = Run("import numpy as np\na = np.array([i / 7 for i in range(5000)])\nb = a * 2.0\n")
    assert len(run.recorder.tape) < 10


def test_the_recorder_runs_in_older_pythons() -> None:
    code = "import sys, bptui.trace.record.session\n"
    code += "print(*(m for m in sys.modules if m.startswith('bptui')))"
    names = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    rooms = {name.rpartition(".")[0].removeprefix("bptui") for name in names}
    assert rooms == {"", ".trace", ".trace.record", ".trace.step"}
    for name in names:
        text = Path(str(importlib.import_module(name).__file__)).read_text("utf-8")
        ast.parse(text, feature_version=(3, 10))


@pytest.mark.parametrize(
    "body",
    [
        "try: w = w * 0.5\n    except: pass",
        "try: w = f(w)\n    except BaseException: w = w * 2.0",
        "with contextlib.suppress(BaseException): w = f(w)",
        "f(w)",
    ],
)
def test_an_endless_program_ends_when_enough_was_seen(body: str) -> None:
    head = "import contextlib\nw = 1.5\ndef f(v): return v * 0.5\n"
    run = Run(f"{head}while True:\n    {body}\n", limit=200)
    assert 200 < len(run.recorder.tape) < 250
    assert run.error == ""


def test_a_program_ends_before_its_values_fill_the_memory() -> None:
    source = "import numpy as np\nw = np.zeros(10**5)\nfor i in range(10**5): w[i] = 0.5 * i\n"
    tree, _ = instrumented(source, "program.py")
    recorder = Recorder()
    recorder.room = 50 * 10**6
    names = {PROGRAM: recorder}
    with pytest.raises(Enough):
        exec(compile(tree, "program.py", "exec", dont_inherit=True), names)
    assert 50 < len(recorder.tape) < 500


def test_no_list_is_taken_for_one_that_is_gone() -> None:
    body = "    net, a = Net(), [0.5]\n    net.w = a[0] * 2\n"
    source = f"class Net: pass\ndef f():\n{body}for _ in range(5): f()\n"
    bindings = Run(source).recorder.bindings
    for name in ("a[0]", "net.w"):
        places = [binding.location for binding in bindings if binding.name == name]
        assert len(set(places)) == len(places) == 5


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("%matplotlib inline\nimport numpy as np", "import numpy as np"),
        ("%%time\nw = 1.5\n", "w = 1.5"),
        ("if w:\n    !ls\n    v = 2.5", "v = 2.5"),
        ("files = !ls | head\nw?\n?np.dot\nw.shape??\nv = 1", "v = 1"),
        ("a, b = %who_ls\nprint(a)", "print(a)"),
        ('print("%d"\n  % 3)\n', "% 3"),  # no magic
        ('t = """\n%s\n!ls\n"""', "%s"),
    ],
)
def test_a_cell_is_python(cell: str, kept: str) -> None:
    text = plain(cell)
    ast.parse(text)
    assert text.count("\n") == cell.count("\n")
    assert kept in "\n".join(row for row in text.split("\n") if "pass" not in row)


def test_a_cell_in_another_language_is_left_out() -> None:
    assert ast.parse(plain("%%bash\nls -la | grep x\n")).body == []


def test_an_attribute_that_gets_its_name_while_it_runs_is_the_objects() -> None:
    run = Run("""
import numpy as np
class Net: pass
net = Net()
for name in ("W", "V"):
    setattr(net, name, np.zeros(2))
""")
    assert {"net.W", "net.V"} <= {binding.name for binding in run.recorder.bindings}
