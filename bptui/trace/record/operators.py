"""What is known of operators, and of functions that the program has not written itself."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from types import BuiltinFunctionType, MethodType, ModuleType
from typing import Any, TypeAlias

import numpy as np

from bptui.trace.tape import Value

Operators: TypeAlias = dict[str, tuple[str, Callable[..., Any]]]

BINARY: Operators = {
    "Add": ("add", operator.add),
    "Sub": ("subtract", operator.sub),
    "Mult": ("multiply", operator.mul),
    "Div": ("divide", operator.truediv),
    "FloorDiv": ("floor_divide", operator.floordiv),
    "Mod": ("remainder", operator.mod),
    "Pow": ("power", operator.pow),
    "MatMult": ("matmul", operator.matmul),
    "BitAnd": ("bitwise_and", operator.and_),
    "BitOr": ("bitwise_or", operator.or_),
    "BitXor": ("bitwise_xor", operator.xor),
    "LShift": ("left_shift", operator.lshift),
    "RShift": ("right_shift", operator.rshift),
}
IN_PLACE: dict[str, Callable[..., Any]] = {
    sign: getattr(operator, f"i{function.__name__.strip('_')}")
    for sign, (_, function) in BINARY.items()
}
UNARY: Operators = {
    "USub": ("negative", operator.neg),
    "UAdd": ("positive", operator.pos),
    "Invert": ("invert", operator.invert),
}
COMPARE: Operators = {
    "Eq": ("equal", operator.eq),
    "NotEq": ("not_equal", operator.ne),
    "Lt": ("less", operator.lt),
    "LtE": ("less_equal", operator.le),
    "Gt": ("greater", operator.gt),
    "GtE": ("greater_equal", operator.ge),
}
"""By the names of their syntax nodes: numpy's name, and what carries them out."""
CHANGING = frozenset({"fill", "sort", "partition", "put", "itemset", "resize", "setfield"})
"""Methods of arrays that change them in place."""
CHANGING_FUNCTIONS = frozenset(
    {"shuffle", "put", "copyto", "place", "putmask", "fill_diagonal", "put_along_axis"}
)
VIEWING = frozenset(
    {"split", "array_split", "hsplit", "vsplit", "dsplit", "diagonal", "rot90", "flipud", "fliplr"}
    | {"as_strided", "sliding_window_view", "rollaxis", "unstack", "broadcast_arrays"}
)
"""Functions that may give views, which are best known by where their numbers stand."""
GOING_THROUGH = (zip, enumerate, reversed, map, filter, list, tuple, sorted, set, iter)
"""What goes through arrays row by row without our seeing it."""
APPLYING = (map, filter, functools.reduce)
"""What calls its first argument."""
CONTAINERS = (list, tuple, dict, set, frozenset, str, bytes)
"""What has methods that compute nothing."""
OUT = {
    **dict.fromkeys(("max", "min", "amax", "amin", "argmax", "argmin", "any", "all"), 2),
    **dict.fromkeys(("dot", "outer", "concatenate", "stack", "round", "around"), 2),
    **dict.fromkeys(("clip", "sum", "mean", "prod", "std", "var", "cumsum", "take"), 3),
}
"""Where ``out`` stands among the arguments; for a method the array is the first."""
OPERATORS = {
    function: name for table in (BINARY, UNARY, COMPARE) for name, function in table.values()
}
"""The functions of the module ``operator`` with numpy's names."""
PROGRAM = "__bptui__"
"""The global name by which a rewritten program reaches its recorder."""


def name_of(function: Value) -> str:
    """Return a function's name on the tape: numpy's and the built-in ones without a module."""
    if isinstance(function, BuiltinFunctionType) and function in OPERATORS:
        return OPERATORS[function]
    name = getattr(function, "__name__", type(function).__name__)
    module = getattr(function, "__module__", None) or ""
    if isinstance(function, BuiltinFunctionType) and module in ("math", "cmath"):
        return f"math.{name}"
    if f"{type(owner_of_method(function)).__module__}.".startswith(("numpy.random", "random.")):
        return f"random.{name}"
    return name if module.startswith("numpy") or module == "builtins" else f"{module}.{name}"


def owner_of_method(function: Value) -> Value:
    """Return the object that a method is bound to; None for a function."""
    bound = isinstance(function, BuiltinFunctionType | MethodType)
    owner = function.__self__ if bound else None
    return None if isinstance(owner, ModuleType) else owner


def is_of_program(function: Value) -> bool:
    """Whether a function is written in a file that is rewritten, too."""
    inner = function.__func__ if isinstance(function, MethodType) else function
    if isinstance(inner, type):
        inner = inner.__init__  # type: ignore[misc]  # looked at only
    known = getattr(inner, "__globals__", None)
    if known is None:
        known = getattr(getattr(type(inner), "__call__", None), "__globals__", {})  # noqa: B004  its globals
    return PROGRAM in known


def is_pure(function: Value) -> bool:
    """Whether a function of a library changes none of its arguments."""
    module = getattr(function, "__module__", None) or ""
    if isinstance(function, type):
        return function in (float, int, complex, bool) or module.startswith("numpy")
    if owner_of_method(function) is not None:
        return False
    if getattr(function, "__name__", "") in CHANGING_FUNCTIONS:
        return False
    if module == "_operator":
        return function in OPERATORS
    return module.startswith(("numpy", "math", "builtins", "cmath"))


def out_of(name: str, arguments: tuple[Value, ...], words: dict[str, Value]) -> Value:
    """Return the array that a call of numpy writes its result into, if there is one."""
    place = OUT.get(name, len(arguments))
    out = words.get("out", arguments[place] if len(arguments) > place else None)
    if isinstance(out, tuple):
        out = out[0] if len(out) == 1 else None
    return out if isinstance(out, np.ndarray) else None
