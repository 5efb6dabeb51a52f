"""A small network in numpy with a wrong line, and how it is checked."""

from pathlib import Path

from .support import check

NET = """\
import numpy as np

np.random.seed(1)
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
y = np.array([[0], [1], [1], [0]], dtype=float)
W1, b1 = 2 * np.random.random((2, 4)) - 1, np.zeros((1, 4))
W2, b2 = 2 * np.random.random((4, 1)) - 1, np.zeros((1, 1))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


for epoch in range(2000):
    a1 = sigmoid(X @ W1 + b1)
    a2 = sigmoid(a1 @ W2 + b2)
    loss = 0.5 * np.sum((a2 - y) ** 2)
    error = a2 - y
    d2 = error * a2 * (1 - a2)
    hidden_error = error @ W2.T
    d1 = hidden_error * a1 * (1 - a1)
    W2 -= 0.8 * a1.T @ d2
    b2 -= 0.8 * d2.sum(axis=0, keepdims=True)
    W1 -= 0.8 * X.T @ d1
    b1 -= 0.8 * d1.sum(axis=0, keepdims=True)
print(a2.ravel())
"""
RIGHT = NET.replace("error @ W2.T", "d2 @ W2.T")


def run(folder: Path, source: str, *options: str, name: str = "net.py") -> tuple[int, str, str]:
    done = check(folder, source, *options, name=name)
    return done.exit_code, done.stdout, done.stderr
