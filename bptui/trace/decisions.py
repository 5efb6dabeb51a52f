"""Where a computation decides by its numbers: which of two is larger, on which side of zero."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from bptui.core.graph.node import Node, Values

Numbers = Mapping[Node, Any]


def _largest(node: Node, values: Numbers) -> Values:
    x, extreme = values[node.inputs[0]], np.max if node.op.name == "max" else np.min
    return np.asarray(x == extreme(x, axis=node.settings.get("axis"), keepdims=True))


DECISIONS: dict[str, Callable[[Node, Numbers], Any]] = {
    **dict.fromkeys(
        ("maximum", "minimum"),
        lambda node, values: np.greater(*(values[part] for part in node.inputs)),
    ),
    **dict.fromkeys(("max", "min"), _largest),
    **dict.fromkeys(
        ("absolute", "sign"), lambda node, values: np.greater(values[node.inputs[0]], 0.0)
    ),
    "clip": lambda node, values: np.equal(values[node], values[node.inputs[0]]),
    **dict.fromkeys(("argmax", "argmin"), lambda node, values: values[node]),
}
"""What each operation decides, if it is no comparison, which is a decision itself."""


def decided_alike(nodes: Collection[Node], one: Numbers, other: Numbers) -> bool:
    """Whether all decisions are the same for two sets of numbers, ``one`` being the program's."""
    for node in nodes:
        decide = DECISIONS.get(node.op.name)
        if decide is not None:
            pair = decide(node, one), decide(node, other)
        elif np.asarray(one[node]).dtype.kind == "b":
            pair = one[node], other[node]
        else:
            continue
        tied = node.op.name in ("max", "min")  # of several that are the largest, some stay so
        if not (np.all(pair[1] <= pair[0]) if tied else np.array_equal(*pair)):
            return False
    return True
