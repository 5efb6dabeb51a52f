"""The tour as a list: what is said at each stop, the key that leads on, and what to look at."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from bptui.app.view import Selection

if TYPE_CHECKING:
    from bptui.app.program.app import ProgramApp

PRESET = "article"
LISTING = "article-listing-1"


class Stop(NamedTuple):
    """``text`` is said below the caption of the operation, or below a ``title`` of its own.

    ``key`` leads on, as Textual writes it, and ``does`` is what is said of it; ``then`` are keys in
    the dialog that it opens. The tour goes on once ``done`` of the app is true, and says
    ``otherwise`` where it is not; a stop that is ``over`` is left out. ``look`` is the panel to
    look at, which has the focus, and ``begin`` has it show what the text is about.
    """

    text: str
    key: str
    does: str
    title: str = ""
    then: tuple[str, ...] = ()
    done: Callable[[Any], bool] = lambda app: True
    otherwise: str = ""
    over: Callable[[Any], bool] = lambda app: False
    look: str = "network"
    begin: Callable[[Any], object] = lambda app: None
    run: Callable[[Any], str | None] | None = None
    """What the key does, instead of what it does otherwise; may return what is wrong."""


def _at(position: int) -> Callable[[Any], bool]:
    """Tell whether an operation of the step is shown, the first one at 0."""
    return lambda app: app.main.view.position == position


def _select(selection: Selection, pointed: bool = False) -> Callable[[Any], object]:
    """Select something; it is explained in the place of the operation where it is ``pointed``."""
    return lambda app: app.main.select(selection, pointed)


def _mended(app: ProgramApp) -> bool:
    """Tell whether a program is right, or has become so."""
    return app.moment.record.checked.report.verdict == "right"


def _show_wrong_line(app: ProgramApp) -> None:
    """Show the first wrong line, whichever the reader's changes have made so."""
    for stop in [*app.moment.record.wrong][:1]:
        app.main.show(app.moment.at(stop))


FROM_I2 = Selection("weight", 1, 0, 1)
"""w2, which leads to h1."""
NEW_W2 = 0.9
BREAKPOINT = "loss < 0.01"
THE_END = "end the tour: look around then, q quits"


FORWARD = (
    Stop(
        "This network, the worked example of an article (bptui help sources), gets two inputs, "
        "0.9 and 0.1, and should answer 0.11 and 0.89, its targets t1 and t2. Its weights w1 to "
        "w8 are guesses so far. Backpropagation finds how each has to change. One training step "
        "does that in twelve operations: n empties the screen and shows them one by one. The "
        "thick frame says where to look.",
        "n",
        "the first operation",
        "Welcome: how does a network learn?",
        done=_at(0),
        begin=_select(Selection("unit", 1, 0)),
    ),
    Stop(
        "h1 gets 0.9 * w1 + 0.1 * w2 = 0.9 * 0.15 + 0.1 * 0.25 = 0.16: w1 and w2 lead into "
        "h1, w1 from i1 and w2 from i2. In numpy: net_h = input @ W1. The input is a "
        "row, shape (1, 2), and W1 has a column for each unit: that of h1 is w1 and w2. ◂ is "
        "computed now, ▸ is read for it.",
        "n",
        "the next operation",
        done=_at(1),
    ),
    Stop(
        "A number between 0 and 1. How steep? If net_h1 grows from 0.16 to 0.17, out_h1 grows "
        "from 0.5399 to 0.5424, 0.25 times as much: the slope. It is out * (1 - out), here "
        "0.5399 * 0.4601: with u = e^(-net), out = 1 / (1 + u), 1 - out = u / (1 + u), and "
        "the derivative of out is their product.",
        "n",
        "the next operation",
        done=_at(2),
    ),
    Stop(
        "The same once more: net_o = out_h @ W2. Look at h1: it feeds o1 through w5 and also o2 "
        "through w7. On the way back both of these edges will count. Many networks add one more "
        "number to each net, a bias: it is a weight whose input is always 1.",
        "n",
        "the next operation",
        done=_at(3),
    ),
    Stop(
        "It is 0.62 and 0.63, and 0.11 and 0.89 are wanted (target): o1 is far too large, and o2 "
        "too small. Now that has to be said in one number.",
        "n",
        "the loss",
        done=_at(4),
    ),
    Stop(
        "Training makes it small. For each weight we must know: if it grew by 0.01, how many times "
        "0.01 would L grow? That slope is the gradient dL/dw. From here on we go backwards, from L "
        "to the weights, and ask it of each number.",
        "n",
        "backwards: the outputs first",
        done=_at(5),
    ),
    Stop(
        "Read dL/dout_o as: if out_o grows by 0.01, L grows so many times 0.01. If the error "
        "of o1 grows from 0.5106 to 0.5206, half its square grows from 0.1304 to 0.1355: 0.51 "
        "times these 0.01, the error itself. At o2 it is negative: L falls as out_o2 grows. "
        "A column dL/d, if any, has it beside out.",
        "n",
        "one operation further back",
        done=_at(6),
    ),
    Stop(
        "If net_o1 grows by 0.01, out_o1 grows from 0.6206 to 0.6230, 0.24 times as much: the "
        "slope, 0.6206 * 0.3794. L grows by 0.51 * 0.0024 = 0.0012, 0.12 times as much as "
        "net_o1: the product 0.51 * 0.24, by the chain rule. d shows each form of the "
        "Derivation by itself, page down more of it, if any.",
        "n",
        "from delta_o to the weights",
        done=_at(7),
        look="derivation",
    ),
    Stop(
        "gw5 is dL/dw5, shown in the place of w5. Why out_h1: net_o1 has w5 * out_h1 in it, so "
        "if w5 grows, it grows out_h1 times as much; how much net_o1 matters is delta_o1. "
        "out_h.T is a column, delta_o a row; a column times a row, in this order, is a table "
        "of all products: gW2 = out_h.T @ delta_o, shaped as W2.",
        "n",
        "to the hidden layer",
        done=_at(8),
        begin=_select(Selection("weight", 2, 0, 0)),
    ),
    Stop(
        "If out_h1 grows by 0.01, net_o1 grows by 0.01 * w5 = 0.004, and net_o2 by 0.0045. L "
        "changes by 0.12 * 0.004 = 0.00048 and by -0.06 * 0.0045 = -0.00027, in all by "
        "0.00021: 0.021 times as much, delta_o1 * w5 + delta_o2 * w7. In Derivation, j counts "
        "the outputs. tab shows the weights as matrices.",
        "tab",
        "see the weights as matrices",
        done=lambda app: app.focused is app.main.weights,
    ),
    Stop(
        "w5 is selected. Its column, o1, has the weights into o1, w5 and w6: forward, net_o1 took "
        "that column. Its row, h1, has the weights out of h1, w5 and w7: back, dL/dout_h1 takes "
        "that row, delta_o1 * w5 + delta_o2 * w7. Rows in the place of columns, that is the "
        "transposed matrix: dL/dout_h = delta_o @ W2.T",
        "n",
        "through the slope of the hidden units",
        "Why the way back goes through W2 transposed",
        done=_at(9),
        look="weights",
        begin=lambda app: app.main.show_names(True),
    ),
    Stop(
        "The chain rule again. Both operations together are the line to remember:\n"
        "delta_h = (delta_o @ W2.T) * out_h * (1 - out_h)\n"
        "@, the matrix product: how much out_h matters, along both edges. *, number by number: "
        "times the slope of sigmoid; that of tanh would be 1 - out^2.",
        "n",
        "the last gradient",
        done=_at(10),
    ),
    Stop(
        "As for gW2: dL/dw1 = i1 * delta_h1, and gW1 = input.T @ delta_h. A bias has the input "
        "1, its gradient is delta. A delta serves twice: for weights into its unit, and one "
        "layer further back. That is backpropagation. Arrows select another weight.",
        "down",
        "select w2",
        done=lambda app: app.main.view.pointed,
        begin=_select(Selection("weight", 1, 0, 0)),
    ),
    Stop(
        "Derivation begins with the chain from the loss to w2 (W1[1][0]: Python counts from 0): "
        "error, slope, weight, slope, input; j counts the outputs, as there are two paths. The "
        "right arrow goes over the names in it: the border below tells the link that each is a "
        "part of, and the network shows where it stands. Then page down shows the numbers.",
        "n",
        "the update",
        "The chain rule from the loss to one weight",
        done=_at(11),
        look="derivation",
        begin=_select(FROM_I2, pointed=True),
    ),
    Stop(
        "Where the loss grows with a weight, the weight shrinks, and the other way round; the "
        "learning rate 0.5 says how far: W1 = W1 - 0.5 * gW1. All gradients come first: delta_h "
        "used w5 = 0.4, the weight that made this answer. The new w5 belongs to a network that has "
        "not answered yet.",
        "s",
        "the step is done",
        done=lambda app: app.main.view.snapshot.step == 1 and app.main.view.position is None,
    ),
    Stop(
        "Programs take many samples at once, each in a row. With 5 samples of a 3-4-2 network "
        "delta_o is (5, 2) and W2 is (4, 2): delta_o @ W2.T, (5, 2) @ (2, 4), is (5, 4) like "
        "out_h, and W2 alone would not fit. In gW1 = input.T @ delta_h, (3, 5) @ (5, 4), the "
        "samples add up, for a bias in delta.sum(axis=0). Where L is their mean, delta_o is "
        "divided by 5, and so all that follows.",
        "enter",
        "what to remember",
        "Batches: a row for each sample",
        run=lambda app: None,
    ),
    Stop(
        "delta_o = (out_o - t) * out_o * (1 - out_o)       error times slope\n"
        "gW2 = out_h.T @ delta_o                           a weight's input times delta\n"
        "delta_h = (delta_o @ W2.T) * out_h * (1 - out_h)  W2.T adds up paths; slope\n"
        "gW1 = input.T @ delta_h                           as gW2, one layer back\n"
        "W1, W2 = W1 - 0.5 * gW1, W2 - 0.5 * gW2           last: delta_h needs old W2",
        "enter",
        "change the network",
        "Five lines to remember, and why",
        run=lambda app: None,
    ),
)
"""From the welcome to the update, then a whole step, and what to remember of it."""

EXPERIMENTS = (
    Stop(
        "The loss went from 0.1633 to 0.1579. Everything may be changed, and all that follows from "
        "it is computed anew. enter changes what is selected, now w2: type 0.9, and enter takes "
        "it. Later, e shows all settings of the experiment.",
        "enter",
        "then type 0.9, enter",
        "One step is done, and the network answers a little better",
        then=("0", ".", "9", "enter"),
        done=lambda app: app.main.view.parameters.weights[0][1][0] == NEW_W2,
        otherwise="w2 is not 0.9 yet",
        begin=_select(FROM_I2),
    ),
    Stop(
        "The loss hardly moved, from 0.1579 to 0.1582: w2 is multiplied by i2 = 0.1, so even "
        "a big change does little. Training goes on from these weights, and stops where "
        "you say. b asks for a breakpoint, a condition on any number: type loss < 0.01, and "
        "press esc, which sets it.",
        "b",
        "then type loss < 0.01, esc",
        "Stop at a breakpoint",
        then=(*("loss<0.01"), "escape"),
        done=lambda app: any(str(each) == BREAKPOINT for each in app.player.breakpoints),
        otherwise=f"there is no breakpoint at {BREAKPOINT} yet",
    ),
    Stop(
        "Training is nothing but this step, again and again: the same twelve operations, with "
        "other weights each time. It stops as soon as the loss is below 0.01.",
        "space",
        "run to the breakpoint",
        "Run",
        done=lambda app: app.main.view.snapshot.step > 1 and not app.main.view.running,
    ),
    Stop(
        "w5 and w6 are negative now, their edges dashed: o1 was far too large, so what feeds it "
        "had to become small. Now somebody's program with two mistakes: the article's first "
        "listing, as it was published. p lists the presets; type listing-1 and press enter.",
        "p",
        "then type listing-1, enter",
        "It stopped at step 82. Next: a program with mistakes",
        then=(*"listing-1", "enter"),
        done=lambda app: app.main.view.snapshot.experiment.name == LISTING,
        otherwise=f"{LISTING} is not open yet",
    ),
    Stop(
        "There is no error message: wrong gradients are still numbers, and as W2 is 2x2, it "
        "fits where W2.T belongs. c, the gradient check, changes each weight a little and "
        "measures what the loss does. In its table analytic is the program's gradient, the "
        "numbers beside it are what was measured. The error is relative: 1.4e-01 is "
        "14\N{NO-BREAK SPACE}%. Look at the verdicts, then esc.",
        "c",
        "then read, and esc",
        "A wrong program runs, too",
        then=("escape",),
    ),
    Stop(
        "So the way back is wrong: W2 stands where W2.T belongs, in the line that you remember. "
        "The check calls that transposed-weights. Derivation shows it: h1 was given w6, a weight "
        "out of h2, in the place of w7. There is a second mistake: the update leaves out W2.",
        "n",
        "to your own code",
        done=_at(9),
        look="derivation",
        begin=lambda app: app.player.go(0, 8),
    ),
)
OWN_CODE = Stop(
    "Your own programs are checked the same way. For practice enter writes {file} into this "
    "folder, thirty lines of numpy with a mistake, and opens it. esc ends the tour here.",
    "enter",
    "write {file} and open it",
    "Now your own code",
    done=lambda app: False,
    run=lambda app: app.write_example(),
)
CHECKED_ELSEWHERE = Stop(
    "Your own programs are checked the same way on Linux and macOS: bptui FILE.py.",
    "escape",
    THE_END,
    "Done",
)
PROGRAM = (
    Stop(
        "This is {file}. Its first updates were run and recorded, and each line of its "
        "backward pass is compared with the true gradient: ✓ is right, ✗ the first wrong one, "
        "and what reads it only follows, ↳. In it x is the input, and t the target. w goes to "
        "the first wrong line.",
        "w",
        "the first wrong line",
        "bptui FILE.py opens a numpy program",
        over=_mended,
        look="source",
        begin=lambda app: app.main.show(replace(app.moment, row=min(app.moment.record.judged))),
    ),
    Stop(
        "Below the line with ✗ stands what it should be, where that is known, and Derivation "
        "shows what it computes. Open {file} in an editor, for example in another terminal, "
        "fix the line and save it; r runs the program again.",
        "r",
        "run it again, when it is fixed",
        done=_mended,
        otherwise="not right yet: fix it, save it, press r",
        over=_mended,
        look="source",
        begin=_show_wrong_line,
    ),
    Stop(
        "Every line of the backward pass is right. bptui check {file} says the same in the "
        "shell, with --watch at every save. What next: bptui iris, a larger network, with "
        "tanh; bptui help first-steps; ? for all keys.",
        "escape",
        THE_END,
        "Done: you have fixed the backward pass",
        look="source",
    ),
)
"""With the user's file."""


def stops() -> tuple[Stop, ...]:
    """Return those on a network; the way to a program is left out where none can be run."""
    return (*FORWARD, *EXPERIMENTS, CHECKED_ELSEWHERE if sys.platform == "win32" else OWN_CODE)


def every_stop() -> int:
    """Return how many there are in all."""
    return len(stops()) + len(PROGRAM) * (stops()[-1] is OWN_CODE)


EXAMPLE = '''\
"""A network with two layers, trained by hand; one line of it is wrong."""

import numpy as np

x = np.array([[0.9, 0.1]])
t = np.array([[0.11, 0.89]])
W1 = np.array([[0.15, 0.2], [0.25, 0.3]])
W2 = np.array([[0.4, 0.45], [0.5, 0.55]])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


for step in range(100):
    net_h = x @ W1
    out_h = sigmoid(net_h)
    net_o = out_h @ W2
    out_o = sigmoid(net_o)
    loss = 0.5 * np.sum((out_o - t) ** 2)

    delta_o = (out_o - t) * out_o * (1 - out_o)
    gW2 = out_h.T @ delta_o
    delta_h = (delta_o @ W2) * out_h * (1 - out_h)
    gW1 = x.T @ delta_h

    W2 = W2 - 0.5 * gW2
    W1 = W1 - 0.5 * gW1

print(loss)
'''
"""The program to be fixed."""
