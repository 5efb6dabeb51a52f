"""How the function was called, on what, and what else is worth knowing."""

from __future__ import annotations

from collections.abc import Iterator

from bptui.check.calls import FORMS
from bptui.check.check import Examined, FunctionCheck
from bptui.check.diagnosis.trials import Trial
from bptui.check.reporting.failures import why
from bptui.check.reporting.words import listed
from bptui.core.experiment import Experiment
from bptui.presets.errors import printable


def called(check: FunctionCheck) -> Iterator[str]:
    """How the function was called, and what else is worth knowing."""
    examined, experiment = check.examined, check.experiment
    made, function = examined.attempt, check.function
    if made.trials:
        yield f"called {FORMS[made.form]}; compared on {_compared(made.trials, experiment)}"
    batch = next((each for each in check.others if each.attempt.form == "batch"), None)
    if made.form != "batch" and examined.diagnosis is not None and batch is not None:
        # a failure on other sizes alone does not tell why it got one sample at a time
        failure = next(iter(batch.attempt.failures), None) if batch.diagnosis is None else None
        if failure is not None:
            yield f"with several samples in rows {why(failure)}, so it got one at a time"
        elif check.batch_cause is not None:
            names = " + ".join((*check.batch_cause.mistakes, *check.batch_cause.other))
            yield (
                f"with several samples in rows it would make a mistake, {names}; "
                f"{printable(experiment.name)} trains on one at a time, where that makes no "
                "difference"
            )
        elif not (batch.diagnosis and batch.diagnosis.right):
            yield "with several samples in rows its numbers are wrong, so it got one at a time"
        if experiment.schedule.batch_size > 1:
            yield (
                f"{printable(experiment.name)} trains on batches of "
                f"{experiment.schedule.batch_size}: the gradients of the samples must still be "
                f"{'averaged' if experiment.training.reduction == 'mean' else 'summed'}"
            )
    if made.biases != experiment.network.bias:
        yield (
            f"{printable(experiment.name)} has no biases, but the function takes some: it was "
            "compared with the same network with biases"
            if made.biases
            else f"{printable(experiment.name)} has biases, but the function takes none: it was "
            "compared with the same network without"
        )
    if function == "step" and experiment.training.optimizer != "sgd":
        yield (
            f"a step is compared with plain gradient descent; {printable(experiment.name)} trains "
            f"with {experiment.training.optimizer}, whose state step does not receive"
        )
    if examined.fixed is not None:
        yield _fixed(examined, experiment)
    if made.damaged:
        belong = "belongs" if made.damaged in (["x"], ["t"]) else "belong"
        yield (
            f"it changes {listed(made.damaged)} in place, which {belong} to the caller: the next "
            "step would use different numbers"
        )
    yield from map(printable, made.notes)


def _compared(trials: list[Trial], experiment: Experiment) -> str:
    """``article's own data and random data: 2-2-2 with 5, 6 and 7 samples, 3-4-2 with 8``."""
    drawn: dict[str, list[str]] = {}
    for each in trials:
        if not each.case.own:
            layers = "-".join(map(str, each.case.experiment.network.layers))
            drawn.setdefault(layers, []).append(str(each.case.samples))
    told = [f"{layers} with {listed(counts)}" for layers, counts in drawn.items()]
    word = "samples" if any(count != "1" for counts in drawn.values() for count in counts) else ""
    if told:
        told[0] += f" {word or 'sample'}"
    own = any(each.case.own for each in trials)
    parts = [f"{printable(experiment.name)}'s own data"] if own else []
    if told:
        parts.append(f"random data: {', '.join(told)}")
    return " and ".join(parts)


def _fixed(examined: Examined, experiment: Experiment) -> str:
    layers = "-".join(map(str, experiment.network.layers))
    fixed = examined.fixed
    if isinstance(fixed, Trial):
        other = fixed.case.experiment.network.layers
        return f"it works only for {layers}: on {'-'.join(map(str, other))} its numbers are wrong"
    assert fixed is not None, "asked only where there is one"
    other = fixed.case.experiment.network.layers
    sizes = "-".join(map(str, other))
    if fixed.stopped is not None and fixed.stopped.kind == "hung":
        time = printable(fixed.stopped.message)
        return f"it was compared only on {layers}: on {sizes} its time limit of {time} ran out"
    return f"it works only for {layers}: on {sizes} {why(fixed)}"
