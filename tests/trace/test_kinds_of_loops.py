"""Masks and comparisons that gradients pass by, what is added up over samples, and convolutions."""

import pytest

from bptui.trace.mend.origins import blame_origins
from bptui.trace.step.training_steps import training_steps
from bptui.trace.tape import Tape
from tests.trace.kinds import HEAD, WRONG, assert_judged, program, slipped
from tests.trace.support import Run

RELU = """
for step in range(3):
    z = x @ W
    h = np.maximum(z, 0)
    loss = np.mean((h @ V - y) ** 2)
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T
    {mask}
    V -= 0.1 * h.T @ d
    W -= 0.1 * x.T @ dz
"""
MASKS = {
    "by a mask": "dz[z <= 0] = 0  #! dz[z > 0] = 0",
    "by a mask of another": "dz[h <= 0] = 0  #! dz[dz <= 0] = 0",
    "by where": "dz = np.where(z > 0, dz, 0)  #! dz = np.where(z < 0, dz, 0)",
    "by a name": "on = z > 0  #! on = z < 0\n    dz = dz * on",
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_a_comparison_is_turned_round(mask: str) -> None:
    text = RELU.format(mask=mask)
    assert_judged(text)
    right, wrong = WRONG.sub(r"\1\2", text), WRONG.sub(r"\1\3", text)
    assert program(wrong).mended() == program(right).text


def test_gradients_are_added_up_over_samples_whose_losses_nobody_adds() -> None:
    assert_judged("""
for step in range(3):
    dW, dV = np.zeros_like(W), np.zeros_like(V)
    for row, t in zip(x, y):
        h = np.tanh(row @ W)
        o = h @ V
        loss = ((o - t) ** 2).sum()
        d = 2 * (o - t)
        dV += np.outer(h, d)
        dW += np.outer(row, d @ V.T * (1 - h ** 2))  #! dW += np.outer(row, d @ V.T * (1 - h))
    W -= 0.1 * dW / 6
    V -= 0.1 * dV / 6
""")


@pytest.mark.parametrize("follow", ["T = 0.99 * T + 0.01 * W", "T += 0.1 * (W - T)"])
def test_a_copy_that_follows_a_parameter_is_none(follow: str) -> None:
    """As the network does that the targets of Q-learning are computed by."""
    found = program(f"""
T = W.copy()
for step in range(3):
    q = x @ W
    error = q[:, 0] - (y[:, 0] + 0.9 * (y @ V @ T.T[:, :2]).max(axis=1))
    loss = (error ** 2).mean()
    dq = np.zeros_like(q)
    dq[:, 0] = 2 * error / 6
    W -= 0.1 * x.T @ dq
    {follow}
""")
    assert found.verdict.right
    assert {one.name for one in found.verdict.step.parameters} == {"W"}


@pytest.mark.parametrize("terms", ["x.T @ dz + 0.02 * W", "0.02 * W + x.T @ dz"])
def test_a_memory_may_come_before_all_terms_of_a_gradient(terms: str) -> None:
    assert_judged(f"""
v, u = 0, 0
for step in range(3):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).mean() + 0.01 * (W ** 2).sum()
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T * (1 - h ** 2)
    v = 0.9 * v + {terms}  #! v = 0.9 * v + {terms.replace("0.02", "0.01")}
    u = 0.9 * u + h.T @ d
    W -= 0.1 * v
    V -= 0.1 * u
""")


BUFFERS = """
F = 0.1 * rng.normal(size=(2, 3, 3))
image = rng.uniform(size=(8, 8))
for step in range(3):
    maps = np.zeros((2, 6, 6))
    for k in range(2):
        for i in range(6):
            for j in range(6):
                maps[k, i, j] = np.sum(image[i:i + 3, j:j + 3] * F[k])
    loss = 0.5 * np.sum((maps - 1) ** 2)
    dF = np.zeros_like(F)
    for k in range(2):
        for i in range(6):
            for j in range(6):
                dF[k] += (maps[k, i, j] - 1) * image[i:i + 3, j:j + 3]
    F -= 0.001 * dF
"""


def test_a_buffer_of_gradients_is_no_parameter_before_the_first_update() -> None:
    assert program(BUFFERS).verdict.right
    # a program is stopped where enough steps were seen; here not even one was
    record = Run(HEAD + BUFFERS, limit=650).recorder
    assert not training_steps(Tape(record.tape, record.values, record.bindings))


def test_a_residual_is_left_out_around_functions_of_layers() -> None:
    text = """
def affine(u, A):
    return u @ A, (u, A)
def back(d, cache):
    u, A = cache
    return d @ A.T, u.T @ d
weights = [rng.normal(size=(3, 3)) for _ in range(3)]
for step in range(2):
    h, caches = x, []
    for A in weights:
        z, cache = affine(h, A)
        caches.append((cache, z > 0))
        h = h + np.maximum(z, 0)
    out, last = affine(h, W)
    loss = ((out - y) ** 2).mean()
    dh, dW = back(2 * (out - y) / 12, last)
    grads = []
    for cache, on in caches[::-1]:
        dx, dA = back(dh * on, cache)
        grads.insert(0, dA)
        dh = dx + dh  #! dh = dx
    W = W - 0.1 * dW
    weights = [A - 0.1 * g for A, g in zip(weights, grads)]
"""
    assert_judged(text)
    right, wrong = WRONG.sub(r"\1\2", text), WRONG.sub(r"\1\3", text)
    assert program(wrong).mended() == program(right).text


def test_parts_that_overlap_are_written_over_in_one_layer_of_two() -> None:
    text = """
def spread(d, size, stride):
    u = np.zeros((len(d), size))
    for k in range(d.shape[1]):
        u[:, k * stride:k * stride + 2] += d[:, k]  #! u[:, k * stride:k * stride + 2] = d[:, k]
    return u
A, B, C = rng.normal(size=(3, 6)), rng.normal(size=2), rng.normal(size=2)
for step in range(2):
    z = x @ A
    g = np.stack([z[:, k:k + 2] for k in range(0, 5, 2)], axis=1)
    h = np.tanh(g @ B)
    f = np.stack([h[:, k:k + 2] for k in range(2)], axis=1)
    out = f @ C
    loss = ((out - y) ** 2).mean()
    d = 2 * (out - y) / 12
    dC = np.einsum("nk,nkw->w", d, f)
    da = spread(d[:, :, None] * C, 3, 1) * (1 - h ** 2)
    dB = np.einsum("nk,nkw->w", da, g)
    dz = spread(da[:, :, None] * B, 6, 2)
    A, B, C = A - 0.1 * x.T @ dz, B - 0.1 * dB, C - 0.1 * dC
"""
    assert_judged(text)
    right, wrong = WRONG.sub(r"\1\2", text), WRONG.sub(r"\1\3", text)
    assert program(wrong).mended() == program(right).text


def test_deltas_may_be_clipped_on_their_way_through_time() -> None:
    assert_judged("""
U = rng.normal(size=(2, 2))
for step in range(2):
    h = [np.zeros(2)]
    for t in range(4):
        h.append(np.tanh(x[t] @ W + h[-1] @ U))
    dh = h[-1] - y[0]
    loss = 0.5 * (dh ** 2).sum()
    dW, dU = np.zeros_like(W), np.zeros_like(U)
    for t in (3, 2, 1, 0):
        dz = dh * (1 - h[t + 1] ** 2)  #! dz = dh * (1 - h[t + 1])
        dW += np.outer(x[t], dz)
        dU += np.outer(h[t], dz)
        dh = np.clip(U @ dz, -0.2, 0.2)
    W -= 0.1 * dW
    U -= 0.1 * dU
""")


def test_a_loop_is_blamed_that_leaves_a_layer_out() -> None:
    assert_judged("""
W = [W, V]
for step in range(3):
    a = [x]
    for w in W:
        a.append(np.tanh(a[-1] @ w))
    loss = ((a[-1] - y) ** 2).sum()
    d, dW = 2 * (a[-1] - y), [np.zeros_like(w) for w in W]
    for i in range(1, -1, -1):  #! for i in range(1, 0, -1):
        d = d * (1 - a[i + 1] ** 2)
        dW[i] = a[i].T @ d
        d = d @ W[i].T
    for i in range(2):
        W[i] -= 0.01 * dW[i]
""")


def test_a_loop_that_adds_zeros_leaves_no_gradient_out() -> None:
    assert_judged("""
P = {"U": rng.normal(size=(4, 3)), "R": rng.normal(size=(4, 4)), "O": rng.normal(size=(2, 4))}
for step in range(2):
    h, loss, d = {-1: np.zeros((4, 1))}, 0.0, {k: np.zeros_like(p) for k, p in P.items()}
    for i in range(3):
        h[i] = np.tanh(P["U"] @ x[i][:, None] + P["R"] @ h[i - 1])
        loss += 0.5 * np.sum((P["O"] @ h[i] - y[i][:, None]) ** 2)
    later = np.zeros((4, 1))
    for i in (2, 1, 0):
        e = P["O"] @ h[i] - y[i][:, None]
        d["O"] += e @ h[i].T
        dh = P["O"].T @ e + later  #! dh = later
        dz = dh * (1 - h[i] ** 2)
        d["U"] += dz @ x[i][:, None].T
        d["R"] += dz @ h[i - 1].T
        later = P["R"].T @ dz
    for k in P:
        P[k] -= 0.1 * d[k]
""")


def test_a_line_may_add_to_layers_of_other_sizes() -> None:
    text = """
def back(d, cache):
    a, w, z = cache
    dz = d * (1 - np.tanh(z) ** 2)
    dw = dz @ a.T / 6
    db = dz.sum(axis=1, keepdims=True) / 6  #! db = 6 / dz.sum(axis=1, keepdims=True)
    return w.T @ dz, dw, db
P = {"w1": W.T, "b1": b[:, None], "w2": rng.normal(size=(4, 2)), "b2": np.zeros((4, 1))}
t, n = rng.normal(size=(4, 6)), 2
for step in range(2):
    a, caches = x.T, []
    for k in range(1, n + 1):
        z = P[f"w{k}"] @ a + P[f"b{k}"]
        caches.append((a, P[f"w{k}"], z))
        a = np.tanh(z)
    loss = 0.5 * np.sum((a - t) ** 2) / 6
    d, G = a - t, {}
    for k in (2, 1):
        d, G[f"w{k}"], G[f"b{k}"] = back(d, caches[k - 1])
    for k in (1, 2):
        P[f"w{k}"] -= 0.1 * G[f"w{k}"]
        P[f"b{k}"] -= 0.1 * G[f"b{k}"]
"""
    assert_judged(text)
    wrong = program(WRONG.sub(r"\1\3", text))
    named = wrong.first_wrong
    blame_origins(wrong.verdict.lines, wrong.view)
    assert wrong.first_wrong == named


@pytest.mark.parametrize(
    ("most", "right", "slip"),
    [
        (1, "dR += dz @ hs[i].T", "dR = dz @ hs[i].T"),
        (1, "dU += dz @ x[i][:, None].T", "dU = dz @ x[i][:, None].T"),
        (5, "dh = R.T @ dz", "dh = R @ dz"),
    ],
)
def test_gradients_through_time_that_are_clipped_at_last(most: int, right: str, slip: str) -> None:
    text = f"""
U, R, O = rng.normal(size=(4, 3)), rng.normal(size=(4, 4)), rng.normal(size=(2, 4))
for step in range(2):
    hs = {{0: np.zeros((4, 1))}}
    for i in range(5):
        hs[i + 1] = np.tanh(U @ x[i][:, None] + R @ hs[i])
    loss = 0.5 * np.sum((O @ hs[5] - y[:1].T) ** 2)
    e = O @ hs[5] - y[:1].T
    dO = e @ hs[5].T
    dh = O.T @ e
    dU, dR = np.zeros_like(U), np.zeros_like(R)
    for i in reversed(range(5)):
        dz = (1 - hs[i + 1] ** 2) * dh
        dR += dz @ hs[i].T
        dU += dz @ x[i][:, None].T
        dh = R.T @ dz
    for g in (dU, dR, dO):
        np.clip(g, -{most}, {most}, out=g)
    U -= 0.1 * dU
    R -= 0.1 * dR
    O -= 0.1 * dO
"""
    assert_judged(slipped(text, right, slip))
