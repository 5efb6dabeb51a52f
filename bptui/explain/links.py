"""The links of any graph in words: how a value is used, and what the chain rule makes of that."""

from __future__ import annotations

from collections.abc import Sequence

from bptui.core.activations import ACTIVATIONS
from bptui.core.graph.backward import Link

_RULES = {
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
_RULES |= dict.fromkeys(
    ("matmul", "einsum", "tensordot"),
    ("is a factor of a product", "the gradient of that by the other factor"),
)


def _through(function: str) -> tuple[str, str]:
    mixed = ACTIVATIONS[function].pullback is not None
    return (
        f"goes through {function}",
        f"by the {function}'s derivatives" if mixed else "times its slope",
    )


def _rule_of(link: Link) -> tuple[str, str]:
    """Return how a value is used, and what that makes of the gradient."""
    op = link.consumer.op.name
    if op in ACTIVATIONS:
        return _through(op)
    if op in ("add", "subtract"):
        broadcast = link.consumer.inputs[link.place].shape != link.consumer.shape
        if broadcast or link.contribution.op.name == "sum":
            return "is added to all samples", "the sum over them"
        return "is a term of a sum", "minus that" if op == "subtract" and link.place else "as it is"
    if op == "divide":
        return ("divides", "the quotient rule") if link.place else ("is divided", "over the same")
    return _RULES.get(op, (f"goes through {op}", "times the derivative"))


def used_by_function(name: str, function: str) -> str:
    """Say that a value goes through an activation, and what that makes of its gradient."""
    return f"{name} {': '.join(_through(function))}"


def said_of(name: str, links: Sequence[Link], *, at_once: bool = False) -> str:
    """Say how a value is used and what that makes of its gradient, with the program's lines.

    ``at_once``: several links are written as one formula.
    """
    lines = sorted({link.consumer.line for link in links if link.consumer.line})
    where = f" (line{'s' * (len(lines) > 1)} {', '.join(map(str, lines))})" if lines else ""
    if len(links) > 1:
        return f"{name} is used {len(links)} times{where}: what comes back each time adds up"
    if links and at_once:
        return f"{name} leads on{where}: the derivative of all that is there"
    if not links:
        return ""
    how, rule = _rule_of(links[0])
    return f"{name} {how}{where}: {rule}"
