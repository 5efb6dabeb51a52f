"""Words for somebody who learns what is computed: lists, layers, and the links of any graph.

A link says how a value is used, and what the chain rule makes of that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bptui.core.activations import ACTIVATIONS
from bptui.core.graph.backward import Link
from bptui.core.network import Network

OVER = {"mean": "averaged", "sum": "summed"}
"""What becomes of the losses of samples, by the name of the reduction."""


def listed(names: Iterable[str]) -> str:
    """Return ``a, b and c``, each once."""
    *most, last = dict.fromkeys(names)
    return f"{', '.join(most)} and {last}" if most else last


def matters(name: str) -> str:
    """Say what the gradient with respect to ``name`` is."""
    return f"how much {name} matters to the loss"


def layer_words(network: Network, layer: int) -> str:
    """Write the output layer, the hidden layer, hidden layer 2."""
    if layer == 0:
        return "the input"
    if layer == network.depth:
        return "the output layer"
    return "the hidden layer" if network.depth == 2 else f"hidden layer {layer}"


# links

Told = Callable[..., str]
"""Says where lines are, by their numbers: ``lines 3, 12``."""
MOST_NAMED = 4
"""Operations that are named one after the other."""
SAME = "as it is"
_RULES = {
    "exp": ("goes through exp", "times its result"),
    "log": ("goes through ln", "over what it is"),
    "power": ("is raised to a power", "the power rule"),
    "square": ("is squared", "times twice what it is"),
    "multiply": ("is multiplied", "times the other factor"),
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
    ("is a factor of a matrix product", "times the other factor, transposed"),
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
        return "is a term of a sum", "minus that" if op == "subtract" and link.place else SAME
    if op == "divide":
        return ("divides", "the quotient rule") if link.place else ("is divided", "over the same")
    return _RULES.get(op, (f"goes through {op}", "times the derivative"))


def _where(way: Sequence[Link | str], told: Told) -> str:
    links = [link for link in way if isinstance(link, Link)]
    lines = sorted({link.consumer.line for link in links if link.consumer.line})
    return f" ({told(*lines)})" if lines else ""


def said_of_way(name: str, way: Sequence[Link | str], told: Told, times: int = 1) -> str:
    """Say what a value goes through, one after the other, and what that makes of its gradient.

    A ``way`` is made of links, and of the names of activations. ``told`` says where lines are;
    ``times``: how often the last value is used.
    """
    uses = [_through(step) if isinstance(step, str) else _rule_of(step) for step in way]
    uses = uses[:1] + [use for use in uses[1:] if use[1] != SAME]
    uses += [(f"is used {times} times", "the sum of what comes back")] * (times > 1)
    if not uses:
        return ""
    if len(uses) > MOST_NAMED:
        return f"{name} leads on{_where(way, told)}: the derivative of all that is there"
    (said, _), *further = uses
    if further:
        verbs = [each for each, _ in further]
        both = zip(verbs, ["", *verbs], strict=False)
        how = [v.removeprefix("is ") if w.startswith("is ") else v for v, w in both]
        said += f", and that {', '.join(how[:-1])}{' and ' * (len(how) > 1)}{how[-1]}"
    rules = [rule for _, rule in reversed(uses) if rule != SAME or not further]
    return f"{name} {said}{_where(way, told)}: {', '.join(rules) or SAME}"


def said_of(name: str, links: Sequence[Link], told: Told, *, at_once: bool = False) -> str:
    """Say how a value is used and what that makes of its gradient, with the program's lines.

    ``at_once``: several links are written as one formula.
    """
    if len(links) > 1:
        where = _where(links, told)
        return f"{name} is used {len(links)} times{where}: what comes back each time adds up"
    if links and at_once:
        return f"{name} leads on{_where(links, told)}: the derivative of all that is there"
    return said_of_way(name, links, told)
