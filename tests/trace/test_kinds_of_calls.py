"""Functions of the backward pass that are right, and are given something wrong."""

import pytest

from tests.trace.kinds import assert_judged

NORM = """
scale, shift = np.ones(2), np.zeros(2)
def normalized(z):
    centred = z - z.mean(axis=0)
    deviation = np.sqrt((centred ** 2).mean(axis=0) + 1e-5)
    return centred / deviation, deviation
def back(g, normed, deviation):
    dscale, dshift = (g * normed).sum(axis=0), g.sum(axis=0)
    g = g * scale
    g = g - g.mean(axis=0) - normed * (g * normed).mean(axis=0)
    return g / deviation, dscale, dshift
for step in range(2):
    normed, deviation = normalized(x @ W)
    z = scale * normed + shift
    h = np.tanh(z)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T * (1 - h ** 2)
    dx, dscale, dshift = back(dz, normed, deviation)  #! dx, dscale, dshift = back(z, normed, deviation)
    V -= 0.1 * h.T @ d
    W -= 0.1 * x.T @ dx
    scale -= 0.1 * dscale
    shift -= 0.1 * dshift
"""  # noqa: E501  a line with its slip
STEP = """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def error(out, y):
    return 2 * (out - y) / y.size
def sloped(g, z):
    s = sigmoid(z)
    return g * s * (1 - s)
for step in range(2):
    z = x @ W + b
    h = sigmoid(z)
    out = h @ V
    loss = ((out - y) ** 2).mean()
    d = error(out, y)
    dz = sloped(d @ V.T, z)
    V -= 0.1 * h.T @ d
    W -= 0.1 * x.T @ dz
    b -= 0.1 * dz.sum(axis=0)
"""
SHARED = """
u, v = rng.normal(size=(6, 3)), rng.normal(size=(6, 3))
def embed(x):
    h = np.tanh(x @ W)
    return h, h @ V
def back(x, h, g):
    dV = h.T @ g
    dh = g @ V.T
    dz = dh * (1 - h * h)
    return x.T @ dz, dV
for step in range(2):
    ha, ea = embed(x)
    hp, ep = embed(u)
    hn, en = embed(v)
    far = ((ea - ep) ** 2).sum(axis=1) - ((ea - en) ** 2).sum(axis=1) + 9
    loss = np.mean(np.maximum(far, 0))
    active = (far > 0)[:, None] / 6
    ga = back(x, ha, 2 * (en - ep) * active)
    gp = back(u, hp, -2 * (ea - ep) * active)  #! gp = back(u, ha, -2 * (ea - ep) * active)
    gn = back(v, hn, 2 * (ea - en) * active)
    dW, dV = (sum(parts) for parts in zip(ga, gp, gn))
    W -= 0.05 * dW
    V -= 0.05 * dV
"""
SLIPS = {
    "d = error(out, y)": ("d = error(-out, y)", "d = error(out, -y)", "d = error(out ** 2, y)"),
    "dz = sloped(d @ V.T, z)": ("dz = sloped(d @ V.T, z ** 2)", "dz = sloped(d @ V.T, 1 - z)"),
}
SLIPPED = [
    STEP.replace(right, f"{right}  #! {wrong}") for right, slips in SLIPS.items() for wrong in slips
]


@pytest.mark.parametrize("text", [NORM, SHARED, *SLIPPED])
def test_a_wrong_argument_is_the_calls(text: str) -> None:
    assert_judged(text)
