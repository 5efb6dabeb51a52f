"""Python's operators by the names of their syntax nodes: numpy's name, and what carries it out."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, TypeAlias

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
