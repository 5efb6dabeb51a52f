"""The optimizers as functions that change one parameter array, with what they remember for it.

The rules are those of :mod:`bptui.core.optimizers`.
"""

from __future__ import annotations

UPDATES = {
    "sgd": '''
def update(parameter, gradient):
    """Gradient descent, in place: against the gradient, the direction of steepest descent."""
    parameter -= LEARNING_RATE * gradient
''',
    "momentum": '''
def update(parameter, gradient, v):
    """Momentum: a velocity v that keeps a part of its old value. Changes both in place."""
    v *= MOMENTUM
    v -= LEARNING_RATE * gradient
    parameter += v
''',
    "nesterov": '''
def update(parameter, gradient, v):
    """Nesterov momentum: the velocity v looked up one step ahead. Changes both in place."""
    v *= MOMENTUM
    v -= LEARNING_RATE * gradient
    parameter += MOMENTUM * v - LEARNING_RATE * gradient
''',
    "adagrad": '''
def update(parameter, gradient, s):
    """Adagrad: smaller steps where gradients were large; s is the sum of their squares."""
    s += gradient**2
    parameter -= LEARNING_RATE * gradient / (np.sqrt(s) + EPSILON)
''',
    "rmsprop": '''
def update(parameter, gradient, s):
    """RMSprop: smaller steps where gradients are large; s is the running mean of their squares."""
    s *= RHO
    s += (1 - RHO) * gradient**2
    parameter -= LEARNING_RATE * gradient / (np.sqrt(s) + EPSILON)
''',
    "adam": '''
def update(parameter, gradient, m, v, k):
    """Adam (Kingma & Ba 2015, algorithm 1), update k = 1, 2, ...

    m and v are the running means of the gradient and of its square; both start at 0, and dividing
    by 1 - beta^k makes up for that.
    """
    m *= BETA1
    m += (1 - BETA1) * gradient
    v *= BETA2
    v += (1 - BETA2) * gradient**2
    step = LEARNING_RATE * (m / (1 - BETA1**k))
    parameter -= step / (np.sqrt(v / (1 - BETA2**k)) + EPSILON)
''',
}


def update_call(parameter: str, slots: tuple[str, ...], optimizer: str) -> str:
    """``update(W1, gW1, mW1, vW1, step + 1)``."""
    remembered = "".join(f", {slot}{parameter}" for slot in slots)
    counted = ", step + 1" if optimizer == "adam" else ""
    return f"update({parameter}, g{parameter}{remembered}{counted})"
