"""Activation functions and losses as a student writes them: code, and formulas for comments.

What :mod:`bptui.core.activations` and :mod:`bptui.core.losses` compute.
"""

from __future__ import annotations

from bptui.core.activations import GELU_CUBE, LEAKY_SLOPE

SIGMOID = """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
"""
GELU = f"""
def gelu(z):
    # the tanh form (in torch: approximate="tanh"); the exact one, z times the distribution
    # function of the standard normal, differs from it by up to 0.0005
    return z / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + {GELU_CUBE} * z**3)))
"""
SOFTMAX = """
def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)  # the same result, and nothing overflows
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softmax(z):
    return np.exp(log_softmax(z))
"""
FUNCTIONS = {"sigmoid": SIGMOID, "gelu": GELU, "softmax": SOFTMAX}

FORWARD = {
    "identity": "{net}",
    "sigmoid": "sigmoid({net})",
    "tanh": "np.tanh({net})",
    "relu": "np.maximum({net}, 0)",
    "leaky_relu": f"np.where({{net}} > 0, {{net}}, {LEAKY_SLOPE} * {{net}})",
    "softplus": "np.logaddexp(0, {net})",
    "gelu": "gelu({net})",
    "softmax": "softmax({net})",
}
SLOPE = {
    "identity": "1",
    "sigmoid": "{out} * (1 - {out})",
    "tanh": "1 - {out}^2",
    "relu": "1 where {net} > 0, else 0",
    "leaky_relu": f"1 where {{net}} > 0, else {LEAKY_SLOPE}",
    "softplus": "1 / (1 + e^-{net})",
    "gelu": (
        f"(1 + u) / 2 + {{net}} * (1 - u^2) / 2 * c * (1 + 3 * {GELU_CUBE} * {{net}}^2)\n"
        f"with c = sqrt(2 / pi), u = tanh(c * ({{net}} + {GELU_CUBE} * {{net}}^3))"
    ),
}
"""Formulas of f'(net), in lines."""

FORMULA = {
    "half_squared_error": "1/2 sum_j (out_j - t_j)^2",
    "squared_error": "sum_j (out_j - t_j)^2",
    "mean_squared_error": "1/m sum_j (out_j - t_j)^2, m outputs",
    "binary_cross_entropy": "-sum_j (t_j ln out_j + (1 - t_j) ln(1 - out_j))",
    "cross_entropy": "-sum_j t_j ln out_j",
}
OUTPUT_GRADIENT = {
    "half_squared_error": "({out} - t){over}",
    "squared_error": "2 * ({out} - t){over}",
    "mean_squared_error": "2 * ({out} - t) / m{over}",
    "binary_cross_entropy": "((1 - t) / (1 - {out}) - t / {out}){over}",
    "cross_entropy": "-t / {out}{over}",
}
