"""Makes a recorded step again and again, as the program would: where its loss goes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bptui.core.graph.node import Node, computed_from, evaluate, ordered
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.step.lowering import given_values
from bptui.trace.step.multiples import Numbers, rounded
from bptui.trace.step.training_steps import Parameter, TrainingStep

FEW, EFFORT, LARGEST = 30, 60_000, 1_000_000
"""Steps that show most, operations that may be spent on more, numbers that may be in a step."""


class Training:
    """Gradient descent on the data of one step, by the factors that the program has."""

    def __init__(self, lines: Lines, steps: Sequence[TrainingStep]) -> None:
        """Take the ``steps`` that were recorded, that of ``lines`` first."""
        judged, truth = lines.judged, lines.truth
        self.loss = judged.loss.node
        self.start = dict(given_values(truth.graph))
        self.rates: dict[Node, float] = {}
        for parameter, node in truth.parameters.items():
            factor = judged.whole.get(parameter.key, np.nan)
            known = self.rates.setdefault(node, factor)
            if rounded(known) != rounded(factor):
                self.rates[node] = np.nan
        self.gradients = {
            node: judged.gradients.of[node] for node in self.rates if node in judged.gradients.of
        }
        nodes = ordered([self.loss, *self.gradients.values()], computed_from)
        size = sum(int(np.prod(node.shape)) for node in nodes)
        plain = all(rate < 0 for rate in self.rates.values()) and len(self.gradients) == len(
            self.rates
        )
        self.most = max(min(EFFORT // len(nodes), 1000, LARGEST * FEW // size), FEW)
        same = self._same(lines, steps) if plain and size <= LARGEST else 0
        self.known = same > 0
        """Whether the step can be made here: by plain gradient descent, and soon enough."""
        self.goes_on = 1 < same == len(steps)
        """Whether the program's next steps are those that are made here, on the same data."""

    def _same(self, lines: Lines, steps: Sequence[TrainingStep]) -> int:
        """Return how many of the recorded steps are made here as well."""
        values, node_of = lines.truth.tape.values, dict(lines.truth.parameters)
        last = {p.before: node_of[p] for p in steps[0].parameters}
        for count, (made, step) in enumerate(
            zip((numbers for numbers, _ in self._run(len(steps), 1.0)), steps, strict=False)
        ):
            following: dict[int, Node] = {}
            for parameter in step.parameters:
                node = last.get(parameter.before)
                if node is None or not _close(made[node], parameter, values[parameter.after]):
                    return count
                following[parameter.after] = node
            last = following
        return len(steps)

    def at_start(self, node: Node) -> Numbers:
        """Return the value of a node at the program's own numbers."""
        return np.broadcast_to(evaluate([node], self.start)[node], node.shape)

    def losses(self, steps: int, faster: float = 1.0) -> list[float]:
        """Return the loss before each step, and after the last; it ends where it is no number."""
        return [loss for _, loss in self._run(steps + 1, faster)]

    def _run(self, steps: int, faster: float) -> list[tuple[dict[Node, Numbers], float]]:
        """Return the parameters after each step, and the loss before it."""
        found = []
        values = {node: np.array(value) for node, value in self.start.items()}
        for _ in range(steps):
            known = evaluate([self.loss, *self.gradients.values()], values)
            now = {
                node: values[node] + faster * rate * known[self.gradients[node]]
                for node, rate in self.rates.items()
            }
            values |= now
            loss = float(known[self.loss])
            found.append((now, loss))
            if not np.isfinite(loss):
                break
        return found


def _close(numbers: Numbers, parameter: Parameter, recorded: Numbers) -> bool:
    one, other = parameter.taken(numbers), parameter.taken(np.asarray(recorded, dtype=np.float64))
    return bool(np.allclose(np.reshape(one, np.shape(other)), other, rtol=1e-4, atol=1e-7))
