"""An edit of a line leaves the rest of it as its author wrote it."""

import ast

import pytest

from bptui.check.line_edits import kept

EDITS = {
    "one name": ("d=(a-y) * (a*(1-a))", "d = (a - y) * (z * (1 - a))", "d=(a-y) * (z*(1-a))"),
    "a sign": ("self.W1 += (lr)*dW", "self.W1 -= lr * dW", "self.W1 -= (lr)*dW"),
    "one factor more": ("g = (x.T @ d)", "g = x.T @ d / n", "g = (x.T @ d / n)"),
    "one less": ("g = np.dot(x.T,d*s)", "g = np.dot(x.T, d)", "g = np.dot(x.T,d)"),
    "other brackets": ("d = a - y*s", "d = (a - y) * s", "d = (a - y)*s"),
    "a key": ('g["W1"] = g["W2"]*2.', "g['W1'] = g['W3'] * 2.0", 'g["W1"] = g["W3"]*2.'),
    "several": ("a,b = (c)+1 ,d", "a, b = (e + 1, d)", "a,b = (e)+1 ,d"),
    "a sum no more": ("gh=e@(u+1)", "gh = e @ u", "gh=e@u"),
    "no sign": ("d = -(a-y)", "d = a - y", "d = a-y"),
    "a call": ("d[k] += g", "np.add.at(d, k, g)", "np.add.at(d, k, g)"),
    "all": ("d = (x)", "d += y.T", "d += (y.T)"),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_is_not_edited_stays(name: str) -> None:
    own, new, wanted = EDITS[name]
    whole, new = (ast.unparse(ast.parse(code)) for code in (own, new))
    found = kept(own, whole, new)
    assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(new))
    assert found == wanted
