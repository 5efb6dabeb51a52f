"""Checks a whole program with hand-written backpropagation: what it is made of, line by line."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from bptui.check.program.deadline import LateError, within
from bptui.check.program.drawn_calls import (
    MOST,
    construction,
    drawn_calls,
    sizes_in,
    spread,
    working,
)
from bptui.check.program.unapplied import local_updates
from bptui.check.program.writer import Checked
from bptui.check.reports.report import Report, Row
from bptui.check.running.interpreter import IMPORTS, Interpreter
from bptui.check.running.runner import recorded
from bptui.core.graph.node import ordered
from bptui.explain.words import listed
from bptui.presets.errors import printable
from bptui.trace.judge.judge import LOOKED_AT, judge
from bptui.trace.run import (
    LOOK,
    STEPS,
    NotRecordedError,
    OutOfTimeError,
    Run,
    out_of_time,
    source_of,
)
from bptui.trace.source import Source, told_in
from bptui.trace.step.likely import named
from bptui.trace.step.possible_losses import Loss
from bptui.trace.step.training_steps import training_steps
from bptui.trace.step.truth import StepTruth
from bptui.trace.step.unused_gradients import with_updates
from bptui.trace.step.updates import lost_updates
from bptui.trace.tape import Tape

LONGER = 8
"""Times as much that is recorded where sums within the first step looked like steps."""
LONGEST = 2
"""Times the limit that judging may take: wrong lines are looked for while there is time."""
MISFIT = re.compile(r"^ValueError.*(broadcast|mismatch|aligned| has \d+ numbers| is \d+ ?x)")
"""What is raised where arrays do not fit together."""
NOT_FINITE = "here its numbers become nan or inf"
COMPARISONS = ("less", "less_equal", "greater", "greater_equal")


def checked(
    file: Path,
    python: Interpreter,
    limit: float,
    call: str = "",
    step: int = 1,
    loss: str = "",
    look: int = LOOK,
    arguments: Sequence[str] = (),
) -> Checked | Report:
    """Run a program and judge its backpropagation; only a report where there is no verdict.

    ``loss`` names a variable or a loss, ``call`` is what runs a training step; comments of the
    program may tell both, too. At least ``look`` entries of the tape are recorded where the program
    goes on so long.

    Raises :class:`CannotStartError` where no process of ``python`` can be, and
    :class:`UnknownLossError` where there is no such loss.
    """
    try:
        own = Source(source_of(file))
        steps, told = max(STEPS, step + LOOKED_AT), told_in(own.text)
        call = call or told.get("call", "")
        run = recorded(file, python, limit, call, arguments, steps=steps, look=look)
    except SyntaxError as error:
        return _without(file, f"line {error.lineno}: {error.msg}")
    except OutOfTimeError as error:
        return _without(file, out_of_time(limit, error.line, step))
    except NotRecordedError as error:
        return _without(file, str(error))
    made = run.recording
    source, line_of = run.source, run.line_of
    tape = Tape(
        made.tape,
        made.values,
        made.bindings,
        lambda place: source.read_at(run.places[place]) if line_of(place) else (),
        made.compared,
        run.callers,
    )
    loss = loss or told.get("loss", "")
    of_name = (lambda truth: named(truth, loss)) if loss else None
    try:
        with within(LONGEST * limit):
            verdict = judge(tape, made.turns, line_of, step - 1, of_name, limit)
            lost = _lost(file, tape, run) if verdict is None else None
            ended = verdict is None and lost is None and run.end in ("ran", "exit")
            unused = with_updates(tape) if ended else None
            if unused is not None:
                verdict = judge(unused, made.turns, line_of, step - 1, of_name, limit)
            found = None if verdict is None else Checked(file, run, verdict, bool(loss))
            if found is not None and unused is not None:
                fact = ("updates", "none; each gradient is looked at as it is")
                found.report = replace(found.report, facts=[*found.report.facts, fact])
            unclear = None if found is None else _why_unclear(found) or _why_told_nothing(found)
    except LateError:
        many = f"its {len(made.tape):,} operations could not be judged within the time limit"
        return _without(file, f"{many}: {limit:g} s; --timeout SECONDS gives more")

    def without(reason: str, said: str) -> Checked | Report:
        """Return that there is no verdict, or record more where what was is no training step.

        What is added up within the first one looks like steps before that has an end.
        """
        if run.end == "enough" and (longer := LONGER * len(made.tape)) > look:
            return checked(file, python, limit, call, step, loss, longer, arguments)
        return _without(file, reason, said)

    if found is None:
        missing = run.line is None and run.message.startswith("NameError")
        if missing if call else run.end == "ran":
            record = partial(recorded, file, python, limit, arguments=arguments, look=1)
            again = partial(checked, file, python, limit, step=step, loss=loss)
            drawn = _drawn(own, call, record, partial(again, look=look, arguments=arguments))
            if drawn is not None:
                return drawn
        count = len(training_steps(tape))
        why = _why_nothing(run, python, limit, count, step, own, call, file.name)
        return lost or without(why, "failed")
    if found.verdict.right and run.line and _stopped(run, tape):
        return _without(file, f"line {run.line}: {run.message}; so its training step has no end")
    return found if unclear is None else without(unclear, "unclear")


def _stopped(run: Run, tape: Tape) -> bool:
    """Whether arrays that do not fit stop a program in the first step of its training."""
    return bool(MISFIT.search(run.message)) and len(training_steps(tape)) == 1


def _why_told_nothing(found: Checked) -> str | None:
    """Return why nothing is told that is wrong in a program which goes wrong, or is called so."""
    report = found.report
    if any(line.should_be or line.difference for line in report.lines):
        return None
    lost = _not_finite(found)
    if lost is not None and lost in found.found.backward:
        found.report = report.blaming(found.wrong(lost, NOT_FINITE))
        return None
    if lost is not None:
        return f"{found.where(lost)}: {NOT_FINITE}, so nothing can be said of its gradients"
    several = len(report.wrong) > 1  # lines that each get a gradient wrong
    gradients = several or any(line.stands_for for line in report.lines)
    gradients |= any(len(one.mended) > 1 and not one.updated for one in found.found.repairs)
    if report.verdict != "wrong" or gradients or any(found.found.judged.matches.values()):
        return None
    loss = found.found.judged.loss.text
    return (
        f"nothing that it updates by is a gradient of {loss}, nor is anything on the way: no "
        "backpropagation found; --loss NAME tells another loss"
    )


def _not_finite(found: Checked) -> int | None:
    """Return the first entry with a number that is not finite, where loss or updates have some."""
    values, ends = found.tape.values, [parameter.after for parameter in found.parameters]
    loss = found.found.judged.loss.entry
    behind = found.tape.behind([*ends, *([] if loss is None else [loss])])
    lost = (entry for entry in sorted(behind) if not np.isfinite(values[entry]).all())
    return None if np.isfinite([values[end].sum() for end in ends]).all() else next(lost, None)


def _drawn(
    source: Source,
    told: str,
    record: Callable[[str], Run],
    check: Callable[[str], Checked | Report],
) -> Checked | None:
    """Return what is said of a program whose class or function was called with drawn data.

    So is a call that is ``told``, where it names its data alone. ``record`` runs the program and a
    call, ``check`` judges it as well.
    """
    try:
        made = "" if told else construction(source.tree)
        sizes = sizes_in(record(made).recording, source.tree) if made else {}
        calls = [*islice(drawn_calls(source.tree, sizes, told), MOST)]
        for call in working(calls, record):
            found = check(call.text)
            if isinstance(found, Checked) and not spread(found.run):
                fact = ("called", f"{call.shown}; --call tells another way")
                found.report = replace(found.report, facts=[*found.report.facts, fact])
                return found
    except NotRecordedError:
        pass
    return None


def _lost(file: Path, tape: Tape, run: Run) -> Report | None:
    """Return the report on updates that change nothing, by their lines."""
    lines = [*local_updates(tape, run)]
    if not lines:
        return None
    own = listed(line.variable or "" for line in lines)
    several, inside = len(lines) > 1, all(update.frame for update in lost_updates(tape))
    where = "a function" if inside else "a loop"
    reason = (
        f"{own} {f'are names of {where}' if several else f'is a name of {where}'} alone, and every "
        f"{'call' if inside else 'turn'} begins with the old values; change them in place "
        f"({lines[0].variable} -= ...), or "
        f"{'return them and take them over' if inside else 'put the new ones where they came from'}"
    )
    return Report(str(file), "wrong", reason, lines=lines, files=run.source.files)


def _why_unclear(found: Checked) -> str | None:
    """Return why gradients that seem wrong may be right; None where they are wrong."""
    verdict, tape = found.verdict, found.tape
    if verdict.right:
        return None
    for entry, unknown in verdict.unknown.items():
        return f"{found.where(entry)}: no derivative is known of {unknown}"
    loss = verdict.lines.judged.loss
    for entry, name in () if loss.named else verdict.lines.truth.underived.items():
        return f"{found.where(entry)}: no gradient can be computed of {name}"
    known = found.told or loss.named
    if not known and (loss.used or _is_guessed(loss, verdict.lines.truth)):
        return "no loss is found in it; --loss NAME says which it is"
    if apart := _apart_from_the_loss(found):
        one = f"{listed(apart)} {'take' if len(apart) > 1 else 'takes'} no part in {loss.text}"
        return f"{one}, which the other gradients are of; --loss NAME tells a loss of all"
    drawn = _drawn_by(tape, verdict.lines.truth.dependent) if loss.entry is None else None
    if drawn is not None:
        return (
            f"{found.where(drawn)}: it draws numbers by what it computes, so what its gradients "
            "should be cannot be told from one draw"
        )
    errors = _errors(found) if loss.entry is None and not verdict.lines.repairs else []
    if len(errors) > 1:
        return (
            f"its gradients come from the errors of several outputs ({listed(errors)}), and no "
            "loss of all is computed; --loss NAME tells one"
        )
    return None


def _errors(found: Checked) -> list[str]:
    """Return the lines of the outputs that targets are subtracted from on the way to updates."""
    truth = found.verdict.lines.truth
    entries = {truth.graph.entry[out] for out in truth.outputs}
    used = entries.intersection(set().union(*truth.behind.values()))
    return [*dict.fromkeys(map(found.where, sorted(used)))]


def _apart_from_the_loss(found: Checked) -> list[str]:
    """Return the parameters that a loss does not depend on, where nothing else is wrong.

    They are computed with, as an actor beside its critic is.
    """
    judged, truth = found.found.judged, found.found.truth
    wrong = [p for p in truth.parameters if judged.matches[p.key] is None]
    apart = [p for p in wrong if truth.parameters[p] not in judged.gradients.of]
    used = (
        found.tape.dependents({p.before}, p.after) & truth.behind[p.key] - {p.before} for p in apart
    )
    others = len(wrong) < len(truth.parameters)
    return [p.name for p in apart] if others and wrong == apart and all(used) else []


def _is_guessed(loss: Loss, truth: StepTruth) -> bool:
    """Whether a loss is any number that is computed, and no difference implies one as likely.

    One that a difference implies is guessed if no gradient is right for it, it has one parameter,
    and no arrays are known to be data: so rates follow their schedules.
    """

    def right(one: Loss) -> int:
        judged = truth.judged(one)
        return -1 if judged is None else judged.right

    if loss.entry is None:
        together = len({*ordered([loss.node])} & {*truth.parameters.values()}) > 1
        return right(loss) <= 0 and truth.of_arrays.isdisjoint(truth.early) and not together
    implied = [right(one) for one in truth.losses if one.entry is None]
    return right(loss) > max(implied, default=-1)


def _drawn_by(tape: Tape, dependent: AbstractSet[int]) -> int | None:
    """Return the first entry that is drawn by what is computed; None where there is none.

    A comparison with numbers that are made where it stands is a draw: ``rng.random(n) < p``.
    """
    notes = tape.notes
    for entry in sorted(dependent):
        call, given = notes[entry].call, tape.inputs[entry]
        if dependent.isdisjoint(given):
            continue
        fresh = (one for one in given if notes[one].call in ("leaf", "random.random"))
        compares = call in COMPARISONS and any(
            notes[one].place == notes[entry].place for one in fresh
        )
        if call.startswith("random.") or compares:
            return entry
    return None


def _why_nothing(
    run: Run,
    python: Interpreter,
    limit: float,
    steps: int,
    step: int,
    source: Source,
    call: str,
    name: str,
) -> str:
    """Return why a program that was recorded shows no training step, or not that one."""
    if run.end == "time":
        return out_of_time(limit, run.line, step)
    if 0 < steps < step:
        why = "the recording is full after" if run.end == "enough" else "it makes only"
        return f"training step {step} is to be looked at (--step), and {why} {steps}"
    if run.message:
        where = f"line {run.line}: " if run.line else "--call: " if call else ""
        advice = f"; it was run with {python}{python.advice}"
        if run.message.startswith("EOFError"):
            advice = "; input() has no answer here: put a value in its place, or sys.argv[1], "
            advice += "which is VALUE in `bptui check FILE -- VALUE`"
        elif not run.message.startswith(IMPORTS):
            advice = ""
        path, at, *_ = run.way[-1] if run.way else (name, 0)
        module = f" ({path}, line {at})" if path != name else ""
        return f"{where}{run.message}{module}{advice}"
    defined = [*_defined(source.tree)]
    has = f" (it defines {listed(defined[:5])})" if defined else ""
    return (
        f"it updates nothing by a gradient; --call EXPRESSION runs a training step of it{has}, and "
        "`bptui check --template` prints a file of functions to fill in"
    )


def _defined(tree: ast.Module) -> Iterator[str]:
    """Yield the classes of a program with their public methods, then its functions."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            own = [one.name for one in node.body if isinstance(one, ast.FunctionDef)]
            public = [name for name in own if not name.startswith("_")]
            yield f"class {node.name}" + (f" with {listed(public[:5])}" if public else "")
    yield from (f"function {one.name}" for one in tree.body if isinstance(one, ast.FunctionDef))


def _without(file: Path, reason: str, verdict: str = "failed") -> Report:
    return Report(str(file), verdict, trouble=[Row(printable(f"{file}: {reason}"))])
