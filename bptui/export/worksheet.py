"""The calculation of a step, to be read or handed out: what every format of it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bptui.core.backprop import Operation
from bptui.core.engine import Snapshot
from bptui.core.mistakes import MISTAKES
from bptui.explain.equation import Statement, equations
from bptui.explain.explain import Explainer, Explanation, Section
from bptui.explain.expression import Quantity, Scope, Setting
from bptui.explain.report import FORMS, Form
from bptui.explain.symbols import Symbols
from bptui.explain.words import operation_words
from bptui.presets.errors import cleaned

MOST, MOST_OF_LARGE = 16, 8
"""Numbers of an array that are worked out one by one: all, or of a larger one the first."""
MOST_SAMPLES = 12
"""Samples of a batch that are named."""
DIGITS, VALUE_DIGITS = 6, 10
ROUNDED = (
    f"Numbers in formulas are rounded to {DIGITS} significant digits, results to {VALUE_DIGITS}; "
    "the calculation uses unrounded ones."
)


@dataclass(frozen=True)
class Part:
    """A heading, a sentence about it, and an explanation in ``forms``, in that order.

    ``brief``: an operation of the worksheet, of whose code only the line itself is shown.
    """

    title: str
    words: str
    explanation: Explanation
    forms: tuple[Form, ...] = FORMS
    brief: bool = False


@dataclass(frozen=True)
class Worksheet:
    """A title block, ``facts`` by name in it, the ``settings`` of the training, and the parts."""

    title: str
    description: str
    facts: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, float], ...]
    parts: tuple[Part, ...]
    explainer: Explainer


def worksheet(explainer: Explainer, snapshot: Snapshot, quantity: str) -> Worksheet:
    """Explain ``quantity``, or a whole step operation by operation.

    Raises :class:`~bptui.core.errors.UnusableError` where the network has nothing of that name.
    """
    experiment = snapshot.experiment
    if quantity == "all":
        parts = tuple(_operations(explainer, snapshot))
    else:
        explanation = explainer.explain(snapshot, quantity, MOST)
        parts = (Part(explanation.title, "", explanation),)
    return Worksheet(
        cleaned(experiment.title or experiment.name).replace("\n", " "),
        cleaned(experiment.description).strip(),
        tuple((name, cleaned(text)) for name, text in _facts(snapshot)),
        tuple(_settings(parts)),
        parts,
        explainer,
    )


def _operations(explainer: Explainer, snapshot: Snapshot) -> list[Part]:
    samples = len(snapshot.batch)
    parts: list[Part] = []
    for place, operation in enumerate(snapshot.operations, 1):
        words = operation_words(operation, snapshot.experiment, samples)
        most = MOST if _largest(snapshot, operation) <= MOST else MOST_OF_LARGE
        explanation = explainer.explain_operation(snapshot, operation.name, most)
        forms: tuple[Form, ...] = ("matrix", "scalar", "numpy")
        words = f"{words[0].upper()}{words[1:]}."
        parts.append(Part(f"{place}. {operation.name}", words, explanation, forms, True))
    return parts


def _largest(snapshot: Snapshot, operation: Operation) -> int:
    """Count the numbers in the largest array that an operation computes."""
    arrays = Scope.of(snapshot).old
    # an update of what is frozen writes nothing
    return max((arrays[name].size for name in operation.writes if name in arrays), default=0)


def _facts(snapshot: Snapshot) -> list[tuple[str, str]]:
    experiment, training = snapshot.experiment, snapshot.experiment.training
    facts = [
        ("preset", experiment.name),
        ("network", str(experiment.network)),
        ("loss", training.loss),
        ("optimizer", training.optimizer),
        ("step", f"{snapshot.step}, {_state(snapshot.step)}"),
        ("batch", _batch(snapshot)),
    ]
    if experiment.frozen:
        facts.append(("frozen", experiment.frozen_words()))
    if experiment.source:
        facts.append(("source", experiment.source.replace("\n", " ")))
    for name in training.mistakes:
        facts.append(("mistake", f"{name}: {MISTAKES[name].summary}"))
    return facts


def _batch(snapshot: Snapshot) -> str:
    batch, every = snapshot.batch.tolist(), snapshot.experiment.data.samples
    if len(batch) == every:
        text = "the only sample" if every == 1 else f"all {every} samples"
        in_order = batch == list(range(every))
        if in_order:
            return text
        text += ", in the order "
    else:
        text = f"{_count(len(batch), 'sample')} of {every}: "
    named = ", ".join(str(each + 1) for each in batch[:MOST_SAMPLES])
    return text + named + (", …" if len(batch) > MOST_SAMPLES else "")


def _state(step: int) -> str:
    return f"after {_count(step, 'update')}" if step else "the start values"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _settings(parts: tuple[Part, ...]) -> list[tuple[str, float]]:
    """Yield the settings in the formulas and ``k``, each once, in the order of reading."""
    found: dict[str, float] = {}
    for part in parts:
        statements = [*part.explanation.arrays]
        for section in part.explanation.numbers:
            statements += section.statements[:1]
        for statement in statements:
            for equation in equations(statement).values():
                stack = [equation.expression]
                while stack:
                    node = stack.pop()
                    if isinstance(node, Setting):
                        found[node.name] = node.value
                    if isinstance(node, Quantity) and node.name == "k":
                        found["k"] = float(equation.scope.value(node))
                    stack += reversed(node.parts)
    return [*found.items()]


def sections(explanation: Explanation, symbols: Symbols) -> Iterator[tuple[str, Section]]:
    """Yield the equations on single numbers with what to write above them, if anything.

    Numbers that every sample of a batch has are put together by sample.
    """
    for section in explanation.numbers:
        label = section.title if section.title.startswith("where") else ""
        groups: dict[str, list[Statement]] = {}
        for statement in section.statements:
            first = next(iter(equations(statement).values()))
            groups.setdefault(label or first.sample(symbols), []).append(statement)
        for place, (title, statements) in enumerate(groups.items(), 1):
            omitted = section.omitted if place == len(groups) else 0
            yield title, Section(title, tuple(statements), omitted)
