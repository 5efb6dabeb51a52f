"""The rules of the chain rule in words: how a value is used, and what that makes of gradients."""

from __future__ import annotations

from bptui.core.activations import ACTIVATIONS
from bptui.core.graph.backward import Link

RULES = {
    "exp": ("goes through exp", "times its result"),
    "log": ("goes through ln", "over what it is"),
    "power": ("is raised to a power", "the power rule"),
    "square": ("is squared", "times twice what it is"),
    "multiply": ("is a factor", "times the other one"),
    "sum": ("is summed", "the same for each term"),
    "mean": ("is averaged", "an equal part for each"),
    "getitem": ("is read in part", "back to the places that were read"),
    "setitem": ("is written over in part", "nothing where it was"),
    "where": ("is taken where a condition holds", "there alone"),
    "transpose": ("is transposed", "turned back"),
    "reshape": ("is given another shape", "back in its own"),
    "max": ("is looked through for its largest", "to the largest alone"),
}
"""How a value is used, and what the chain rule makes of that."""
RULES |= dict.fromkeys(
    ("matmul", "einsum", "tensordot"),
    ("is a factor of a product", "the gradient of that by the other factor"),
)


def rule_of(link: Link) -> tuple[str, str]:
    """Return how a value is used, and what that makes of the gradient."""
    op = link.consumer.op.name
    if op in ACTIVATIONS:
        rule = "by the softmax's derivatives" if op == "softmax" else "times its slope"
        return f"goes through {op}", rule
    if op in ("add", "subtract"):
        if (
            link.contribution.op.name == "sum"
            or link.consumer.inputs[link.place].shape != link.consumer.shape
        ):
            return "is added to all samples", "the sum over them"
        return "is a term of a sum", "minus that" if op == "subtract" and link.place else "as it is"
    if op == "divide":
        return (
            ("is divided", "over the same") if link.place == 0 else ("divides", "the quotient rule")
        )
    return RULES.get(op, (f"goes through {op}", "times the derivative"))
