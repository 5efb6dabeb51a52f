"""Finds how to train what a file defines but never runs: its class or function, on drawn data."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product, takewhile
from typing import NamedTuple

import numpy as np

from bptui.trace.record.recording import Recording
from bptui.trace.run import Run
from bptui.trace.tape import Reference

Sizes = tuple[int, int, int]
"""Inputs, hidden units, outputs."""

DATA = {
    "pairs": r"(train(ing)?_)?(data|set|pairs|examples)|(mini_?)?batch",
    "X": r"xs?|x_?(train|batch|val)|(train(ing)?_)?(inputs?|data|features|images)(_list|_array)?",
    "y": r"[yt]s?|[yt]_?(train|true|batch|val)|(train(ing)?_)?(targets?|labels?|outputs?)(_list)?|"
    r"(expected|desired)(_outputs?)?",
    "start": r"params?|parameters|weights|theta|model|net(work)?",
}
WEIGHTS = {
    "W": "{inputs}, {outputs}",
    "b": "{outputs}",
    "W1": "{inputs}, {hidden}",
    "b1": "{hidden}",
    "W2": "{hidden}, {outputs}",
    "b2": "{outputs}",
}
"""The shapes of parameters that a function is given one by one."""
DATA |= {name: name for name in WEIGHTS}
COUNT = r"_?(size|dim(ension)?|nodes|units|neurons|features|layer(_size)?)?"
SIZES = {
    "{0}": rf"n_?[xi]|d|(n_?|num_)?(in|inputs?|features){COUNT}",
    "{1}": rf"(n_?)?h\d?|(n_|num_)?hid(den)?s?{COUNT}",
    "{2}": rf"n_?[yo]|k|c|(n_?|num_)?(out|outputs?|class|classes){COUNT}",
    **dict.fromkeys(("1", "[{1}]"), r"(n_?|num_)?(hid(den)?_?layers|layers_hid(den)?)"),
    "[{0}, {1}, {2}]": r"(layers?_?)?(sizes?|dims?|layers?|units|nodes)|layers_(sizes|dims)|"
    r"archi(tecture)?|topology|structure",
}
OTHERS = {
    "out": r"o|outs?|outputs?|[ya]_?hat|[yt]_?pred|pred(iction)?s?|probs?|caches?",
    "grads": r"grad(ient)?s?|deltas?",
    "0.1": r"lr|eta|alpha|(learn(ing)?_?)?rate|step_?size",
    "3": r"(n_?|num_?|max_?)?(epochs?|iter(ation)?s?|steps|n_iter)",
    "6": r"(mini_?)?batch_?size",
    "0.01": r"reg(ulari[sz]ation)?(_strength)?|lambda_?|lambd|lmbda|l2|weight_decay",
    "0": r"(random_?)?(seed|state)",
    "0.9": r"momentum|beta|mu",
    "False": r"verbose|print_\w+|plot\w*",
}
"""What arguments are called, by what they are given: data, sizes of a network, others."""


def arguments_for(
    function: ast.FunctionDef | None, of: Sizes | None, sizes: bool = False
) -> Iterator[list[str]]:
    """Yield what to hand over; nothing where an argument that is needed has an unknown name.

    ``of`` is None where nothing is a size. ``sizes``: what has the name of data is rather a size.
    """
    taken = function.args if function else ast.arguments([], [], None, [], [], None, [])
    names = [one.arg for one in (*taken.posonlyargs, *taken.args)]
    needed = len(names) - len(taken.defaults)
    optional = zip(names[needed:], taken.defaults, strict=True)
    penalties = [f"{name}=0.01" for name in names[needed:] if _means(name, OTHERS["0.01"])]
    names = [*names[:needed], *(name for name, _ in takewhile(_may_be_targets, optional))]
    tables = (SIZES, DATA, OTHERS) if sizes else (DATA, OTHERS, SIZES)[: 3 if of else 2]
    choices = [
        [
            given.format(*of or ())
            for table in tables
            for given, pattern in table.items()
            if _means(name, pattern)
        ]
        for name in names[names[:1] == ["self"] :]
    ]
    if None not in taken.kw_defaults:
        yield from ([*given, *penalties] for given in product(*choices))


def _may_be_targets(argument: tuple[str, ast.expr]) -> bool:
    """Tell whether an argument and its default are those of a loss that is only told sometimes."""
    name, default = argument
    given = isinstance(default, ast.Constant) and default.value is None
    return given and _means(name, DATA["y"])


def _means(name: str, pattern: str) -> bool:
    return re.fullmatch(pattern, name.strip("_"), re.IGNORECASE) is not None


def enough(arguments: Sequence[str]) -> bool:
    """Tell whether arguments have inputs, each with targets: no outputs beside these."""
    return arguments.count("X") == arguments.count("y") > 0 or "pairs" in arguments


SAMPLES, INPUTS, HIDDEN, OUTPUTS = 6, 4, 5, 3
"""Sizes that differ, so that no array passes for another; those of a network that fixes none."""
CALLS = 3
BEGUN, WORKED = "begun_call", "worked_call"
"""Names for the numbers of the calls that were begun, and of those that raised nothing."""
MADE, MOST = "made_class", 90
"""A name for the number of a class that was made; calls that are tried at most."""
WHOLE = re.compile(r"train|fit|learn|step|partial_fit|update|optimi[sz]e|sgd|back", re.IGNORECASE)
FORWARD = re.compile(r"_?(feed_?)?forward", re.IGNORECASE)
BACKWARD = re.compile(r"_?back", re.IGNORECASE)
UPDATE = re.compile(r"_?(update|step|optimi[sz]e|apply|descend)", re.IGNORECASE)
GRADIENT = re.compile(r"(compute_|calc_|get_)?grad(ient)?s?|loss", re.IGNORECASE)
INITIAL = re.compile(r"_?(init|create|make|build|random)", re.IGNORECASE)
BIAS = re.compile(r"\bb", re.IGNORECASE)
ALIKE = ("add", "subtract", "multiply", "divide", "true_divide", "power", "square")
SAME = ("reshape", "transpose", "array", "asarray", "ravel", "atleast_2d", "astype", "copy")
"""Operations that take number by number, and those that only arrange numbers anew."""


@dataclass(frozen=True)
class DrawnCall:
    """``text`` draws data and trains with them; ``shown`` is the call alone, with their shapes."""

    text: str
    shown: str


def drawn_calls(
    tree: ast.Module, sizes: Mapping[str, Sizes], call: str = ""
) -> Iterator[DrawnCall]:
    """Yield the ways to train what is defined, the likeliest first; only a ``call`` that is told.

    ``sizes`` are those of the networks of classes that fix them.
    """
    for way, (x, y, told) in product([_told(call)] if call else _ways(tree, sizes), LAYOUTS):
        inputs, hidden, outputs = way.sizes
        if outputs == 1 and "eye" in y:
            continue
        classes = [sample % max(outputs, 2) for sample in range(SAMPLES)]
        given = {"classes": classes, "inputs": inputs, "outputs": outputs, "samples": SAMPLES}
        made = ["import numpy", f"X = {x.format(**given)}", f"y = {y.format(**given)}"]
        own = (name for name in WEIGHTS if re.search(rf"\b{name}\b", way.shown))
        shapes = {name: WEIGHTS[name].format(hidden=hidden, **given) for name in own}
        made += [f"{name} = {DRAWN.format(shape)}" for name, shape in shapes.items()]
        made += [f"pairs = {_pairs(told)}"] if "pairs" in way.shown else []
        made += way.first
        if way.repeated:
            made += [f"for call in range({CALLS}):"]
            made += [f"    {line}" for line in way.repeated.splitlines()]
        yield DrawnCall("\n".join(made), f"{way.shown} on drawn data, {told}")


DRAWN = "numpy.random.default_rng(0).normal(size=({}))"
ROWS, COLUMNS = DRAWN.format("{samples}, {inputs}"), DRAWN.format("{inputs}, {samples}")
SAMPLE = DRAWN.format("{inputs}")
LAYOUTS = (
    (ROWS, "numpy.eye({outputs})[{classes}]", "samples in rows"),
    (ROWS, "numpy.array({classes}) % 2.0", "a target a sample"),
    (ROWS, "numpy.array({classes})", "classes by their numbers"),
    (COLUMNS, "numpy.eye({outputs})[{classes}].T", "samples in columns"),
    (SAMPLE, "numpy.eye({outputs})[1]", "one sample"),
    (f"{SAMPLE}[:, None]", "numpy.eye({outputs})[:, :1]", "one sample, a column"),
    (ROWS, "numpy.array([{classes}]).T % 2.0", "samples in rows, one output"),
    (COLUMNS, "numpy.array([{classes}]) % 2.0", "samples in columns, one output"),
    (SAMPLE, "numpy.ones(1)", "one sample, one output"),
)
"""What x and y are, and the words for it."""


def _pairs(layout: str) -> str:
    """Return a list of the samples, each with its targets."""
    if layout.startswith("one"):
        return "[(X, y)]"
    return "[*zip(X.T[:, :, None], y.T[:, :, None])]" if "columns" in layout else "[*zip(X, y)]"


def working(calls: Sequence[DrawnCall], run: Callable[[str], Run]) -> Iterator[DrawnCall]:
    """Yield the calls that raise nothing before they have trained, in their order.

    ``run`` records a program: one that makes all of the calls, one after the other, as far as it
    gets before enough training was seen.
    """
    while calls:
        made = list[str]()
        for number, call in enumerate(calls):
            made += [f"{BEGUN} = {number}", "try:"]
            made += [f"    {line}" for line in call.text.splitlines()]
            made += [f"    {WORKED} = {number}", "except Exception:", "    pass"]
        tried = run("\n".join(made))
        plain = tried.recording.plain
        yield from (calls[value] for _, _, name, value in plain if name == WORKED)
        last = [value for _, _, name, value in plain if name == BEGUN][-1:]
        if tried.end != "enough" or not last:
            return
        yield calls[last[0]]  # it was still training
        calls = calls[last[0] + 1 :]


def spread(run: Run) -> bool:
    """Tell whether targets are combined with an array of another shape, and so are spread out."""
    tape = run.recording
    own = {b.entry for b in tape.bindings if b.name == "y" and not run.line_of(b.place)}
    for entry, note in enumerate(tape.tape):
        read = {part.entry for part in note.arguments if isinstance(part, Reference)}
        if not own & read:
            continue
        if note.call in SAME:
            own.add(entry)
        elif note.call in ALIKE:
            wide = max(np.size(tape.values[one]) for one in own & read)
            if np.size(tape.values[entry]) > wide:
                return True
    return False


def construction(tree: ast.Module) -> str:
    """Return a program that makes one object of each class that can be made without sizes."""
    made = list[str]()
    for number, node in enumerate(_roots(tree)):
        if isinstance(node, ast.ClassDef):
            told = {*_made(node, (INPUTS, HIDDEN, OUTPUTS))} - {*_made(node, (0, 0, 0))}
            for text in {*_made(node, (0, 0, 0))} if not told else ():
                made += ["try:", f"    {text}", "except Exception:", "    pass"]
        if made:
            made += [f"{MADE} = {number}"]
    return "\n".join(made)


def sizes_in(recording: Recording, tree: ast.Module) -> dict[str, Sizes]:
    """Return the sizes of the networks that :func:`construction` has made, by their classes."""
    found: dict[str, Sizes] = {}
    ends = {value: when for when, _, name, value in recording.plain if name == MADE}
    start = 0
    for number, node in enumerate(_roots(tree)):
        own = [
            binding.entry
            for binding in recording.bindings
            if start <= binding.when < ends.get(number, 0) and not BIAS.search(binding.name)
        ]
        shapes = [np.shape(recording.values[entry]) for entry in dict.fromkeys(own)]
        start = ends.get(number, start)
        matrices = [shape for shape in shapes if len(shape) == 2]
        if matrices:
            (rows, columns), last = matrices[0], matrices[-1]
            # (in, out) or (out, in); most networks have fewer outputs than inputs
            inward = matrices[1][0] == columns if len(matrices) > 1 else rows > columns
            found[node.name] = (rows, HIDDEN, last[1]) if inward else (columns, HIDDEN, last[0])
    return found


def _roots(tree: ast.Module) -> list[ast.ClassDef | ast.FunctionDef]:
    """Return the classes and functions that nothing else in the file uses, the last first."""
    defined = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    used = {
        part.id
        for node in defined
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and part.id != node.name
    }
    return [node for node in reversed(defined) if node.name not in used]


class _Way(NamedTuple):
    """Statements to carry out ``first``, and those to repeat; how both are shown together."""

    shown: str
    first: list[str]
    repeated: str
    sizes: Sizes


def _told(call: str) -> _Way:
    """Return a call that names its data; the first and last number in it are the sizes."""
    parts = [*ast.walk(ast.parse(call))]
    names = [part.id for part in parts if isinstance(part, ast.Name)]
    data = {
        name: given
        for name, given in product(names, ("X", "y"))
        if re.fullmatch(DATA[given], name, re.IGNORECASE)
    }
    counts = [n.value for n in parts if isinstance(n, ast.Constant) and type(n.value) is int]
    of = (counts[0], HIDDEN, counts[-1]) if len(counts) > 1 else (INPUTS, HIDDEN, OUTPUTS)
    return _Way(call, [*(f"{name} = {data[name]}" for name in data), call], "", of)


def _ways(tree: ast.Module, sizes: Mapping[str, Sizes]) -> Iterator[_Way]:
    """Yield the ways to train each class and function that nothing else uses."""
    for node in _roots(tree):
        of = sizes.get(node.name, (INPUTS, HIDDEN, OUTPUTS))
        if isinstance(node, ast.FunctionDef):
            for arguments in filter(enough, arguments_for(node, of)):
                for start in _starts(tree, of) if "start" in arguments else [""]:
                    given = (start if one == "start" else one for one in arguments)
                    called = f"{node.name}({', '.join(given)})"
                    # from the same start again and again no step follows another
                    yield _Way(called, [called], "", of) if start else _Way(called, [], called, of)
            continue
        methods = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
        for made in _made(node, of):
            for used in _uses(methods, "X, y" in made, of):
                shown = f"net = {made}; {'; '.join(used.splitlines())}"
                if "\n" not in used:
                    shown = used.replace("net", made, 1)
                yield _Way(shown, [f"net = {made}"], used, of)


def _starts(tree: ast.Module, of: Sizes) -> Iterator[str]:
    """Yield the expressions that make the start values of functions."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and INITIAL.match(node.name):
            for arguments in arguments_for(node, of, sizes=True):
                yield f"{node.name}({', '.join(arguments)})"


def _made(node: ast.ClassDef, of: Sizes) -> Iterator[str]:
    """Yield the expressions that make an object of a class."""
    methods = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
    start = methods.get("__init__")
    for arguments in arguments_for(start, of, sizes=True) if start else [[]]:
        yield f"{node.name}({', '.join(arguments)})"


def _uses(methods: Mapping[str, ast.FunctionDef], has_data: bool, of: Sizes) -> Iterator[str]:
    """Yield the ways to train an object: by one method, or forwards, backwards, update."""

    def called(name: str, whole: bool = True) -> Iterator[str]:
        sizes = None if BACKWARD.match(name) else of  # which is known by then
        for arguments in arguments_for(methods[name], sizes) if name else ():
            if has_data or not whole or enough(arguments):
                yield f"net.{name}({', '.join(arguments)})"

    def like(pattern: re.Pattern[str]) -> list[str]:
        return [name for name in methods if pattern.match(name)]

    for name in like(WHOLE):
        if not BACKWARD.match(name):
            yield from called(name)
    for names in product(like(FORWARD), like(BACKWARD), [*like(UPDATE), ""]):
        ways = [[*called(name, whole=False)] for name in names if name]
        for parts in product(*ways):
            steps = zip(("out", "grads", "_"), parts, strict=False)
            yield "\n".join(f"{name} = {step}" for name, step in steps)
    for name in like(BACKWARD):
        yield from called(name)
    for name in like(GRADIENT):
        yield from called(name)
