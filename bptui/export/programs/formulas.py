"""The functions of a numpy program: activations, their derivatives, and losses.

They are the formulas of :mod:`bptui.core.activations` and :mod:`bptui.core.losses`, in the same
order of operations, so that they round alike.
"""

from __future__ import annotations

ACTIVATIONS = {
    "sigmoid": """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
""",
    "relu": """
def relu(z):
    return np.maximum(z, 0)
""",
    "leaky_relu": """
def leaky_relu(z):
    return np.maximum(z, 0.01 * z)
""",
    "softplus": '''
def softplus(z):
    """ln(e^z + 1), which never overflows this way."""
    return np.logaddexp(z, 0)
''',
    "gelu": '''
def gelu(z):
    """The tanh form of Hendrycks & Gimpel (2016), eq. 2."""
    u = np.tanh(np.sqrt(2 / np.pi) * (z * (1 + 0.044715 * z**2)))
    return 0.5 * (z * (1 + u))
''',
    "softmax": '''
def softmax(z):
    """e^z divided by its sum over each row, shifted by the row's largest z against overflow."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
''',
}
"""By name; identity and tanh need none."""

DERIVATIVES = {
    "sigmoid": """
def sigmoid_derivative(z):
    a = sigmoid(z)
    return a * (1 - a)
""",
    "tanh": """
def tanh_derivative(z):
    return 1 - np.tanh(z) ** 2
""",
    "relu": '''
def relu_derivative(z):
    """1 above 0, and 0 at 0 and below."""
    return np.where(z > 0, 1.0, 0.0)
''',
    "leaky_relu": """
def leaky_relu_derivative(z):
    return np.where(z > 0, 1.0, 0.01)
""",
    "softplus": '''
def softplus_derivative(z):
    """The sigmoid."""
    return 1 / (1 + np.exp(-z))
''',
    "gelu": """
def gelu_derivative(z):
    u = np.tanh(np.sqrt(2 / np.pi) * (z * (1 + 0.044715 * z**2)))
    inner = np.sqrt(2 / np.pi) * (z * (1 + 3 * 0.044715 * z**2))
    return 0.5 * (1 + u + inner * (1 - u**2))
""",
    "softmax": '''
def back_through_softmax(z, dL_da):
    """dL/dz. Every output depends on every z: da_j/dz_i = a_j ((1 if i = j else 0) - a_i)."""
    a = softmax(z)
    return a * (dL_da - (a * dL_da).sum(axis=1, keepdims=True))
''',
}
"""By activation; the identity's is 1."""

SQUARED_LOSSES = ("half_squared_error", "squared_error", "mean_squared_error")

LOSSES = {
    "half_squared_error": '''
def half_squared_error(out, t):
    """Half the squared error, summed over outputs{over}."""
    return float(0.5 * np.sum((out - t) ** 2){share})
''',
    "squared_error": '''
def squared_error(out, t):
    """The squared error, summed over outputs{over}."""
    return float(np.sum((out - t) ** 2){share})
''',
    "mean_squared_error": '''
def mean_squared_error(out, t):
    """The squared error, mean over outputs{over}."""
    return float(np.sum((out - t) ** 2) / t.shape[1]{share})
''',
    "binary_cross_entropy": '''
def binary_cross_entropy(z, t):
    """-t ln a - (1 - t) ln(1 - a) with a = sigmoid(z), summed over outputs{over}.

    As max(z, 0) - z t + ln(1 + e^-|z|): the same, but without overflow and the logarithm of 0.
    """
    return float(np.sum(np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))){share})
''',
    "cross_entropy after sigmoid": '''
def cross_entropy(z, t):
    """-t ln a with a = sigmoid(z), summed over outputs{over}.

    As -ln a = ln(1 + e^-z), without the logarithm of 0.
    """
    return float(np.sum(t * np.logaddexp(-z, 0)){share})
''',
    "cross_entropy after softmax": '''
def cross_entropy(z, t):
    """-t ln a with a = softmax(z), summed over outputs{over}.

    As ln a = z - ln(sum of e^z), shifted by the row's largest z against overflow.
    """
    shifted = z - z.max(axis=1, keepdims=True)
    log_a = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-np.sum(t * log_a){share})
''',
}
"""By name; the cross-entropies take the output layer's pre-activations."""

LOSS_DERIVATIVES = {
    "binary_cross_entropy": '''
def binary_cross_entropy_derivative(out, t):
    """-t / a + (1 - t) / (1 - a) for every output a of a sample."""
    return (1 - t) / np.maximum(1 - out, TINY) - t / np.maximum(out, TINY)
''',
}
"""By name; the others are so short that they stand where they are used."""


def activation_call(name: str, net: str) -> str:
    """The expression for f(net)."""
    if name == "identity":
        return net
    return f"np.tanh({net})" if name == "tanh" else f"{name}({net})"
