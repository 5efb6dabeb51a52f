"""Says why a function is wrong, in a sentence: the plainest thing that is true of its numbers."""

from __future__ import annotations

from bptui.check.causes import digits_right, name_of, named, striking
from bptui.check.comparing import ADDED_TO_NOTHING, UNCHANGED
from bptui.check.found import WRONG, FunctionCheck
from bptui.check.rows import listed
from bptui.check.slips import another_network


def not_a_slip(check: FunctionCheck) -> str:
    """Return what makes the numbers others without any slip in a formula; "" for nothing known."""
    findings, found = check.examined.findings, check.traced
    wrong = [one for one in findings if one.verdict in WRONG]
    if not wrong or check.examined.attempt.unstable:
        return ""
    whole = len(wrong) == sum(one.verdict != "not given" for one in findings)
    if whole and all(one.notice == UNCHANGED for one in wrong):
        return (
            "it changes nothing: W1 = W1 - ... gives a new value to a local name alone; "
            "return the new parameters, or change them in place: W1 -= ..."
        )
    if found.ignored:
        which = listed(found.ignored)
        return f"the result does not depend on the {which} that it is given: is a global name used?"
    if whole and all(one.notice == ADDED_TO_NOTHING for one in wrong):
        return "it returns the changes alone: the old parameters are missing in W - rate * gradient"
    if found.updates > 1:
        return (
            f"it makes {found.updates} updates, one after the other, in a call; a step is one "
            "update, by the gradient of the whole batch"
        )
    for cause in check.causes:
        if another_network(cause, check.experiment) is not None:
            return name_of(cause, check)
    return ""


def what_is_wrong(check: FunctionCheck) -> str:
    """Return what a wrong function computes instead, or where it goes wrong, in a few words."""
    told = not_a_slip(check)
    if told:
        return told
    for name, why in check.examined.attempt.spoiled.items():
        return f"{name}: {why}"
    causes, wrong = named(check), check.traced.wrong
    if causes:
        return " or ".join(dict.fromkeys(name_of(cause, check) for cause in causes))
    findings = check.examined.findings
    if common := striking(findings):
        return common
    mistakes = dict.fromkeys(line.mistake for line in wrong)
    if mistakes and None not in mistakes:
        return " + ".join(filter(None, mistakes))
    if wrong:
        numbers = [str(line.line) for line in wrong]
        return f"line{'s' * (len(wrong) > 1)} {listed(numbers)}"
    names = [one.name for one in findings if one.verdict == "wrong"]
    digits = digits_right(findings)
    said = f"right to only {digits} digits" if digits else "wrong"
    return f"{listed(names)} {'are' if len(names) > 1 else 'is'} {said}"
