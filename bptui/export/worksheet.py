"""The calculation of a step, to be read or handed out: what every format of it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bptui.core.engine import Snapshot
from bptui.core.mistakes import MISTAKES
from bptui.explain.captions import captions
from bptui.explain.explain import Explainer, Explanation
from bptui.explain.expression import Quantity, Setting
from bptui.explain.pieces import FORMS, Form
from bptui.explain.symbols import Symbols
from bptui.presets.build import counted
from bptui.presets.errors import cleaned

MOST = 16
"""Numbers of the largest array of which all are worked out one by one."""
MOST_SAMPLES = 12
"""Samples of a batch that are named."""
DIGITS, VALUE_DIGITS = 6, 10
ROUNDED = (
    f"Numbers in formulas are rounded to {DIGITS} significant digits, results to {VALUE_DIGITS}; "
    "the calculation uses unrounded ones."
)


@dataclass(frozen=True)
class Part:
    """A heading, a sentence about it, and an explanation."""

    title: str
    words: str
    explanation: Explanation


@dataclass(frozen=True)
class Worksheet:
    """A title block, ``facts`` by name in it, the ``settings`` of the training, and the parts.

    ``brief``: the parts are the operations of a step, of whose code only the line itself is shown.
    """

    title: str
    description: str
    facts: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, float], ...]
    parts: tuple[Part, ...]
    symbols: Symbols
    brief: bool

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms in the order in which they are shown."""
        return ("matrix", "scalar", "numpy") if self.brief else FORMS


def worksheet(snapshot: Snapshot, quantity: str, ascii_only: bool = False) -> Worksheet:
    """Explain ``quantity``, or a whole step operation by operation; see :class:`Explainer`.

    Raises :class:`~bptui.core.errors.UnusableError` where the network has nothing of that name.
    """
    experiment, explainer = snapshot.experiment, Explainer(snapshot, ascii_only, MOST)
    if quantity == "all":
        parts = tuple(_operations(explainer))
    else:
        explanation = explainer.explain(quantity)
        parts = (Part(explanation.title, "", explanation),)
    return Worksheet(
        cleaned(experiment.title or experiment.name).replace("\n", " "),
        cleaned(experiment.description).strip(),
        tuple(_facts(snapshot)),
        tuple(_settings(parts)),
        parts,
        explainer.symbols,
        quantity == "all",
    )


def _operations(explainer: Explainer) -> Iterator[Part]:
    snapshot = explainer.snapshot
    for place, operation in enumerate(snapshot.operations, 1):
        words = captions(snapshot.experiment, len(snapshot.batch))[operation.name].text
        explanation = explainer.operation(operation.name)
        title, words = f"{place}. {operation.name}", f"{words[0].upper()}{words[1:]}."
        yield Part(title, words, explanation)


def _facts(snapshot: Snapshot) -> list[tuple[str, str]]:
    experiment, training = snapshot.experiment, snapshot.experiment.training
    state = f"after {counted(snapshot.step, 'update')}" if snapshot.step else "the start values"
    facts = [
        ("preset", experiment.name),
        ("network", str(experiment.network)),
        ("loss", training.loss),
        ("optimizer", training.optimizer),
        ("step", f"{snapshot.step}, {state}"),
        ("batch", _batch(snapshot)),
        ("frozen", experiment.frozen_words()),
        ("source", experiment.source.replace("\n", " ")),
        *(("mistake", f"{name}: {MISTAKES[name].summary}") for name in training.mistakes),
    ]
    return [(name, cleaned(text)) for name, text in facts if text]


def _batch(snapshot: Snapshot) -> str:
    batch, every = snapshot.batch.tolist(), snapshot.experiment.data.samples
    whole = "the only sample" if every == 1 else f"all {every} samples"
    if batch == list(range(every)):
        return whole
    few = f"{counted(len(batch), 'sample')} of {every}: "
    text = f"{whole}, in the order " if len(batch) == every else few
    named = ", ".join(str(each + 1) for each in batch[:MOST_SAMPLES])
    return text + named + (", …" if len(batch) > MOST_SAMPLES else "")


def _settings(parts: Iterable[Part]) -> list[tuple[str, float]]:
    """Return the settings in the formulas and ``k``, each once, in the order of reading."""
    found: dict[str, float] = {}
    for statement in (statement for part in parts for statement in part.explanation.arrays):
        for equation in statement.sides.values():
            for node in equation.expression.walked():
                if isinstance(node, Setting):
                    found[node.name] = node.value
                if isinstance(node, Quantity) and node.name == "k":
                    found["k"] = float(equation.scope.value(node))
    return [*found.items()]
