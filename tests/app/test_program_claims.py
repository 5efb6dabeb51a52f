"""What is said of the values of somebody's own program: as the report, and each by its name."""

from functools import cache

import numpy as np
import pytest

from bptui.app.program.derivation import Writer
from bptui.app.program.moment import opened as start
from bptui.app.program.record import Record
from bptui.check.program.writer import Checked
from bptui.explain.equation import Equation
from bptui.explain.pieces import FORMS
from bptui.explain.report import Report

from .program_support import GIVEN, check


@cache
def checked(name: str) -> Checked:
    """A given program, which is run once for all that is said of it."""
    found = check(GIVEN / f"{name}.py")()
    assert isinstance(found, Checked)
    return found


@pytest.mark.parametrize("name", ["adam_einsum", "leaky_layers", "char_rnn", "dropout_net"])
def test_nothing_is_said_to_be_wrong_that_the_report_has_not_found(name: str) -> None:
    """In later updates there are memories of an optimizer, other batches, and other labels."""
    found = checked(name)
    record = Record(found)
    moment = start(record)
    claims = moment.claims
    accused = {line.line for line in found.report.lines if line.verdict in ("wrong", "follows")}
    known = compared = 0
    for update in (0, 1, len(record.steps) - 1):
        for entry in record.stops[slice(*record.span(update))]:
            claim = claims.of(entry)
            known += claim is not None
            assert claim is None or np.asarray(record.tape.values[entry]).dtype.kind == "f"
            if claim is not None and claim.verdict != "right":  # in every update it is explained
                explained = Writer(moment.choosing(entry), ascii_only=False).explanation()
                assert "should be" in explained.title
                right = claims.true(entry)
                for told in explained.arrays if update == record.first else ():
                    is_gradient = isinstance(told, Equation) and told.left.name[0] != "e"
                    if is_gradient and right is not None and told.array.size == right.size:
                        assert np.allclose(told.array.ravel(), right.ravel(), rtol=1e-4)
                        compared += 1
            assert not claims.is_wrong(entry) or record.line_of[entry] in accused
    assert known > 20
    assert compared or name != "dropout_net"  # whose gradients have a factor


def explained(name: str, line: int, *, forward: bool = False) -> dict[str, str]:
    """Return what is written of the gradients of a line, in each form, by their titles.

    ``forward``: of what is no gradient, too.
    """
    found = checked(name)
    record = Record(found)
    moment, texts = start(record), dict[str, str]()
    for entry in record.stops[slice(*record.span(record.first))]:
        if record.line_of[entry] == line and (forward or moment.claims.of(entry) is not None):
            writer = Writer(moment.choosing(entry), ascii_only=False)
            made, report = writer.explanation(), Report(writer.symbols, 200, 4)
            for form in FORMS:
                rows = ("".join(part.text for part in row) for row in report.lines(made, form))
                texts[made.title] = "\n".join((texts.get(made.title, ""), *rows))
    return texts


def test_values_of_one_name_are_told_apart() -> None:
    (text,) = explained("layers_softmax", 16).values()
    assert "dL/dout (line 22) = dL/dout (line 11) · dout (line 11)/dout (line 22)" in text
    assert "dL/dout[0, 0] (line 22) = dL/dout[0, 0] (line 11) · " in text
    assert "dL_dout_line_22 = dL_dout_line_11 @ self.W.T" in text
    assert "grad (line 16) = grad (line 39) @ " in text
    (text,) = explained("layers_softmax", 25).values()
    assert "dL/dout (line 11) = dL/dout (line 22) · dout (line 22)/dout (line 11)\n" in text


def test_items_of_one_name_in_a_line_have_their_own() -> None:
    texts = explained("plain_python_lists", 21, forward=True)
    text = texts["sum(w[i] * row[i] for i in range(n_in))"]
    assert "= 0 + w_hid[0][0] + w_hid[0][1] · 0" in text
    assert "w_hid[2][1]" in text
    assert "+ w[i] + w[i]" not in text


def test_a_reason_names_all_operations_up_to_the_next_name() -> None:
    text = explained("momentum_tanh", 29)["d_out stands for dL/dout"]
    assert "out is a term of a sum, and that is raised to a power and averaged (line 50)" in text
    text = explained("attention_head", 35)["dK should be dL/d self.K"]
    assert "self.K is transposed, and that is a factor of a matrix product" in text
