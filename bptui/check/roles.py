"""Tells from the names of arguments what a class or function wants to be given."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import product

Sizes = tuple[int, int, int]
"""Inputs, hidden units, outputs."""

DATA = {
    "pairs": r"(train(ing)?_)?(data|set|pairs|examples)|(mini_?)?batch",
    "X": r"xs?|x_?(train|batch|val)|(train(ing)?_)?(inputs?|data|features|images)(_list|_array)?",
    "y": r"[yt]s?|[yt]_?(train|true|batch|val)|(train(ing)?_)?(targets?|labels?|outputs?)(_list)?|"
    r"(expected|desired)(_outputs?)?",
    "start": r"params?|parameters|weights|theta|model|net(work)?",
}
COUNT = r"_?(size|dim|nodes|units|neurons|features|layer(_size)?)?"
SIZES = {
    "{0}": rf"n_?[xi]|d|(n_?|num_)?(in|inputs?|features){COUNT}",
    "{1}": rf"(n_?)?h\d?|(n_|num_)?hid(den)?s?{COUNT}",
    "{2}": rf"n_?[yo]|k|c|(n_?|num_)?(out|outputs?|class|classes){COUNT}",
    "[{0}, {1}, {2}]": r"(layers?_?)?(sizes?|dims?|layers?|units|nodes)|layers_(sizes|dims)|"
    r"architecture|topology|structure",
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
    function: ast.FunctionDef | None, of: Sizes, sizes: bool = False
) -> Iterator[list[str]]:
    """Yield what to hand over; nothing where an argument that is needed has an unknown name.

    ``sizes``: what has the name of data is rather a size.
    """
    taken = function.args if function else ast.arguments([], [], None, [], [], None, [])
    names = [one.arg for one in (*taken.posonlyargs, *taken.args)]
    names = names[: len(names) - len(taken.defaults)]
    tables = (SIZES, DATA, OTHERS) if sizes else (DATA, OTHERS, SIZES)
    choices = [
        [
            given.format(*of)
            for table in tables
            for given, pattern in table.items()
            if re.fullmatch(pattern, name.strip("_"), re.IGNORECASE)
        ]
        for name in names[names[:1] == ["self"] :]
    ]
    if None not in taken.kw_defaults:
        yield from map(list, product(*choices))


def enough(arguments: Sequence[str]) -> bool:
    """Tell whether arguments have inputs and targets."""
    return {"X", "y"} <= {*arguments} or "pairs" in arguments
