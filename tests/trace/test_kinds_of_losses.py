"""Kinds of everyday programs by what their loss is, and what only looks like one."""

import re

import pytest

from tests.trace.kinds import assert_judged, program

PROGRAMS = {
    "all gradients are wrong where targets come from a copy of the network": """
T, S, chosen = W.copy(), V.copy(), (x[:, 0] > 0).astype(int)
for step in range(2):
    target = y[:, 0] + 0.9 * (np.tanh(x[::-1] @ T) @ S).max(axis=1)
    h = np.tanh(x @ W)
    q = h @ V
    error = q[np.arange(6), chosen] - target
    loss = 0.5 * np.mean(error ** 2)
    dq = np.zeros_like(q)
    dq[np.arange(6), chosen] = error / 6  #! dq[:] = error[:, None] / 6
    dV = h.T @ dq
    dW = x.T @ (dq @ V.T * (1 - h ** 2))
    V -= 0.1 * dV
    W -= 0.1 * dW
""",
    "an actor and a critic that share a layer, what an action was worth being given": """
a, chosen = V[:, 0].copy(), (x[:, 0] > 0).astype(int)
for step in range(2):
    h = np.tanh(x @ W)
    e = np.exp(h @ V)
    p = e / e.sum(axis=1, keepdims=True)
    worth = y[:, 0] - h @ a
    actor_loss = -np.mean(np.log(p[np.arange(6), chosen]) * worth)
    critic_loss = 0.5 * np.mean(worth ** 2)
    d = (p - np.eye(2)[chosen]) * worth[:, None] / 6
    dh = d @ V.T - np.outer(worth / 6, a)
    dW = x.T @ (dh * (1 - h ** 2))  #! dW = x.T @ (dh * (1 - h))
    V, a, W = V - 0.1 * h.T @ d, a + 0.1 * h.T @ worth / 6, W - 0.1 * dW
""",
    "a loss that is only appended to a list": """
a, losses = V[:, 0].copy(), []
for step in range(2):
    h = np.maximum(x @ W, 0)
    out = h @ a
    losses.append(np.mean((out - y[:, 0]) ** 2) / 2)
    d = (out - y[:, 0]) / 6  #! d = (out + y[:, 0]) / 6
    dW = x.T @ (np.outer(d, a) * (h > 0))
    a, W = a - 0.1 * h.T @ d, W - 0.1 * dW
""",
    "a teacher that is a copy, and then an average of what weights were": """
T, S = W.copy(), V.copy()
for step in range(3):
    t = np.tanh(x @ T) @ S
    h = np.tanh(x @ W)
    o = h @ V
    loss = np.mean((o - y) ** 2) + 0.5 * np.mean((o - t) ** 2)
    d = 2 * (o - y) / y.size + (o - t) / y.size
    dW = x.T @ (d @ V.T * (1 - h ** 2))  #! dW = x.T @ (d @ V.T * (1 - h))
    V -= 0.1 * h.T @ d
    W -= 0.1 * dW
    T, S = 0.9 * T + 0.1 * W, 0.9 * S + 0.1 * V
""",
    "a loss that is told without the weights of its classes": """
c, weights = (x[:, 0] > 0).astype(int), np.array([0.5, 2.0])
for step in range(2):
    h = np.tanh(x @ W)
    e = np.exp(h @ V)
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(6), c]).mean()
    d = (p - np.eye(2)[c]) * weights[c][:, None] / 6
    dW = x.T @ (d @ V.T * (1 - h ** 2))  #! dW = x.T @ (d @ V.T * (1 - h))
    V -= 0.1 * h.T @ d
    W -= 0.1 * dW
""",
    "a root of what is made small": """
for step in range(2):
    h = np.tanh(x @ W)
    loss = np.sqrt(np.mean((h @ V - y) ** 2))
    d = 2 * (h @ V - y) / y.size
    dW = x.T @ (d @ V.T * (1 - h ** 2))  #! dW = x.T @ (d @ V.T * (1 - h))
    V -= 0.1 * h.T @ d
    W -= 0.1 * dW
""",
    "a norm of what is made small": """
for step in range(2):
    e = x @ W + b - y
    loss = np.linalg.norm(e)
    dW = x.T @ e / len(x)  #! dW = x.T @ y / len(x)
    db = e.mean(axis=0)
    W -= 0.1 * dW
    b -= 0.1 * db
""",
    "steps that gradients go straight through": """
for step in range(3):
    Q = np.round(W * 4) / 4
    h = np.tanh(x @ Q)
    loss = np.mean((h @ np.sign(V) - y) ** 2)
    d = 2 * (h @ np.sign(V) - y) / y.size
    dQ = x.T @ (d @ np.sign(V).T * (1 - h ** 2))  #! dQ = x.T @ (d @ np.sign(V).T * (1 - h))
    V -= 0.1 * h.T @ d
    W -= 0.1 * dQ
""",
    "single numbers that recur many times": """
u, v = [0.5, -0.3], [[0.2, 0.4], [-0.1, 0.3]]
for step in range(2):
    s = [[0.0, 0.0]]
    for t in range(16):
        s.append([np.tanh(u[i] * x[t % 6, 0] + sum(v[i][j] * s[-1][j] for j in (0, 1)))
                  for i in (0, 1)])
    loss = 0.5 * (s[-1][0] - 1.0) ** 2 + 0.5 * (s[-1][1] - 0.5) ** 2
    ds, du, dv = [s[-1][0] - 1.0, s[-1][1] - 0.5], [0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]]
    for t in range(15, -1, -1):
        dz = [ds[i] * (1 - s[t + 1][i] ** 2) for i in (0, 1)]
        for i in (0, 1):
            du[i] += dz[i] * x[t % 6, 0]  #! du[i] += ds[i] * x[t % 6, 0]
            for j in (0, 1):
                dv[i][j] += dz[i] * s[t][j]
        ds = [sum(v[i][j] * dz[i] for i in (0, 1)) for j in (0, 1)]
    for i in (0, 1):
        u[i] -= 0.1 * du[i]
        for j in (0, 1):
            v[i][j] -= 0.1 * dv[i][j]
""",
    "two losses that nobody adds, one times a weight": """
U, T = V[:, :1].copy(), (y[:, :1] > 0) * 1.0
for step in range(2):
    h = np.tanh(x @ W)
    first = h @ V
    p = 1 / (1 + np.exp(-(h @ U)))
    loss_one = ((first - y) ** 2).mean()
    loss_two = -np.mean(T * np.log(p) + (1 - T) * np.log(1 - p))
    d, e = 2 * (first - y) / 12, 0.5 * (p - T) / 6
    dh = d @ V.T + e @ U.T  #! dh = d @ V.T
    V, U = V - 0.1 * h.T @ d, U - 0.1 * h.T @ e
    W -= 0.1 * x.T @ (dh * (1 - h ** 2))
""",
    "a choice of two, times the reward, and no loss": """
w = W[:, 0].copy()
for step in range(2):
    errors, rewards = [], np.array([[1.0], [0.5], [-2.0]])
    for row in x[:3]:
        p = 1 / (1 + np.exp(-(np.tanh(row @ W) @ V[0])))
        errors.append((1 if row[0] > 0.2 else 0) - p)
    errors = np.vstack(errors) * rewards
    h = np.tanh(x[:3] @ W)
    dh = np.outer(errors, V[0])
    dW = x[:3].T @ (dh * (1 - h ** 2))  #! dW = x[:3].T @ (dh * (1 - h))
    V[0] += 0.1 * h.T @ errors[:, 0]
    W += 0.1 * dW
""",
    "an absolute error is told, and the square of it made small": """
for step in range(2):
    h = np.tanh(x @ W)
    error = h @ V - y
    dV, dz = h.T @ error, error @ V.T * (1 - h ** 2)  #! dV, dz = h.T @ error, error @ V.T * (1 - h)
    V, W = V - 0.1 * dV, W - 0.1 * x.T @ dz
    total_err = np.mean(np.abs(error))
""",
    "a hinge loss that the program only decides by, with weights that decay": """
w, c = W[:, 0].copy(), 0.1
for row, label in zip(x, np.sign(y[:, 0])):
    if label * (row @ w + c) >= 5:
        w -= 0.1 * (2 * 0.01 * w)
    else:
        w -= 0.1 * (2 * 0.01 * w - label * row)  #! w -= 0.1 * (2 * 0.01 * w + label * row)
        c -= 0.1 * -label
""",
    "a hinge loss that the first sample does not have": """
w, c = 9 * x[0], 0
for row, label in zip(x, np.where(np.arange(6) % 2, -1, 1)):
    if label * (row @ w - c) >= 1:
        w -= 0.01 * (0.02 * w)
    else:
        w -= 0.01 * (0.02 * w - label * row)  #! w -= 0.01 * (0.02 * w + label * row)
        c -= 0.01 * label
""",
    "an actor and its critic, each with a loss of its own": """
w, c, rows, done = np.zeros((3, 1)), np.zeros(1), np.arange(6), [0, 1, 1, 0, 1, 0]
for _ in range(2):
    e = np.exp(x @ W)
    p = e / e.sum(axis=1, keepdims=True)
    v = (x @ w + c)[:, 0]
    gain = y[:, 0] - v
    actor_loss = -np.mean(gain * np.log(p[rows, done]))
    critic_loss = 0.5 * np.mean(gain ** 2)
    d = p.copy()
    d[rows, done] -= 1
    dz = d * gain[:, None] / 6  #! dz = d * v[:, None] / 6
    W -= 0.1 * x.T @ dz
    w -= 0.1 * x.T @ (v - y[:, 0])[:, None] / 6
    c -= 0.1 * (v - y[:, 0]).mean()
""",
    "counts, of which logarithms are predicted": """
counts, w = np.abs(np.round(3 * y)), 0.1 * W
for _ in range(3):
    mean = np.exp(x @ w)
    w = w - 0.01 * x.T @ (mean - counts)  #! w = w - 0.01 * x.T @ (mean + counts)
""",
    "a term of a loss without a name is no loss": """
history = []
for step in range(2):
    e = x @ W - y
    history.append((e ** 2).sum() / 2 + 0.1 * np.abs(W).sum())
    dW = x.T @ e + 0.1 * np.sign(W)  #! dW = x.T @ e + 0.2 * np.sign(W)
    W -= 0.1 * dW
""",
    "weights lose a share of their signs, and the loss is computed after the update": """
for step in range(3):
    h = np.tanh(x @ W)
    d = h @ V - y
    dW = x.T @ (d @ V.T * (1 - h ** 2))  #! dW = x.T @ (d @ V.T * (1 - h))
    V = V - 0.01 * (h.T @ d + 0.1 * np.sign(V))
    W = W - 0.01 * (dW + 0.1 * np.sign(W))
    loss = 0.5 * (d ** 2).sum() + 0.1 * (np.abs(V).sum() + np.abs(W).sum())
""",
    "an action that is taken is picked, and counts by its reward": """
for episode in range(2):
    dW, db = np.zeros_like(W), np.zeros(2)
    for t in range(4):
        s = rng.normal(size=3)
        p = np.exp(s @ W + b) / np.exp(s @ W + b).sum()
        reward = rng.normal()
        dz = p.copy()
        dz[t % 2] -= 1
        dW += np.outer(s, dz) * reward  #! dW += np.outer(s, dz) / reward
        db += dz * reward
    W -= 0.1 * dW
    b -= 0.1 * db
""",
    "a penalty that the loss has is no decay": """
for step in range(2):
    e = x @ W - y
    loss = (e ** 2).sum() + 0.1 * (W ** 2).sum()
    dW = 2 * (x.T @ e) + 0.2 * W  #! dW = 2 * (x.T @ e) + 0.4 * W
    W -= 0.01 * dW
""",
    "errors on the way back are no losses, and targets stand in the call": """
def train(inputs, target):
    global p, q, r
    h = sum(i * w for i, w in zip(inputs, (p, q)))
    d_error_wrt_out = -(target - h * r)
    d_error_wrt_h = d_error_wrt_out * r  #! d_error_wrt_h = d_error_wrt_out * h
    r -= 0.1 * d_error_wrt_out * h
    p -= 0.1 * d_error_wrt_h * inputs[0]
    q -= 0.1 * d_error_wrt_h * inputs[1]
p, q, r = 0.4, -0.7, 0.9
for step in range(2):
    train([0.05, 0.1], 0.01)
""",
    "errors of an episode become rows, which its returns are multiplied with": """
for episode in range(2):
    states, errors, rewards = [], [], []
    for t in range(5):
        s = rng.normal(size=3)
        p = np.exp(s @ W) / np.exp(s @ W).sum()
        states.append(s)
        errors.append(np.eye(2)[rng.integers(2)] - p)
        rewards.append(rng.normal())
    G = np.cumsum(np.array(rewards)[::-1])[::-1]
    D = np.array(errors)
    D *= G[:, None]
    W += 0.1 * np.array(states).T @ D  #! W -= 0.1 * np.array(states).T @ D
""",
    "numbers that decay one by one, and are read too late": """
R, P, Q = np.array([[5, 3], [4, 1]]), rng.random((2, 2)), rng.random((2, 2))
for i, j in [(0, 0), (0, 1), (1, 0)]:
    e = R[i][j] - P[i] @ Q[:, j]
    for k in range(2):
        p, q = P[i][k], Q[k][j]
        P[i][k] = p + 0.01 * (2 * e * q - 0.02 * p)
        Q[k][j] += 0.01 * (2 * e * p - 0.02 * q)  #! Q[k][j] += 0.01 * (2 * e * P[i, k] - 0.02 * q)
""",
    "a loss less a number, as the logarithm of a hyperbolic cosine": """
for step in range(2):
    h = np.tanh(x @ W)
    off = h @ V - y
    loss = np.logaddexp(off, -off).mean() - np.log(2.0)
    d = np.tanh(off) / off.size
    dh = d @ V.T  #! dh = d
    V -= 0.1 * h.T @ d
    W -= 0.1 * x.T @ (dh * (1 - h * h))
""",
    "no gradient depends on a parameter": """
t = np.r_[np.ones(3), np.zeros(3)]
w, c = np.zeros(3), np.array(0.1)
for step in range(3):
    p = 1 / (1 + np.exp(-(x @ w + c)))
    loss = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
    dz = (p - t) / 6  #! dz = t / 6
    w -= 0.1 * x.T @ dz
    c -= 0.1 * dz.sum()
""",
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_is_judged(kind: str) -> None:
    assert_judged(PROGRAMS[kind])


def test_what_an_action_was_worth_is_given_also_where_losses_are_only_added_up() -> None:
    (text,) = (text for kind, text in PROGRAMS.items() if "share a layer, what" in kind)
    assert_judged(text + "    print(actor_loss + critic_loss)\n")


def test_a_loss_is_the_one_whose_gradients_the_program_has_as_they_are() -> None:
    text = """
smooth = 1.0
for step in range(2):
    out = x @ W + b
    loss = 0.5 * ((out - y) ** 2).sum()
    smooth_loss = smooth * 0.999 + loss * 0.001
    d = out - y
    W -= 0.02 * x.T @ d
    b -= 0.02 * d.sum(0)
"""
    assert program(text).verdict.lines.judged.loss.text == "loss"
    mean = text.replace(").sum()", ").mean()")
    assert program(mean).verdict.lines.judged.loss.text == "loss"
    text = re.sub(".*loss.*", "", text)
    implied = program(text).verdict.lines.judged.loss
    assert implied.text == "half squared error"
    text = text.replace("d = out", "d = 2 * (out").replace("- y\n", "- y)\n")
    implied = program(text).verdict.lines.judged.loss
    assert implied.text == "squared error"


def test_no_loss_is_implied_by_what_a_wrong_gradient_reads() -> None:
    text = """
y, V = np.array([[1, 0, 1, 1, 0, 0]]).T, V[:, :1]
for step in range(2):
    h = np.tanh(x @ W)
    out = 1 / (1 + np.exp(-(h @ V)))
    d = 2 * (out - y) * out * (1 - out)
    dV = h.T @ d
    dW = x.T @ ((out - y) @ V.T * (1 - h ** 2))
    V = V - 0.1 * dV
    W = W - 0.1 * dW
"""
    found = program(text)
    assert found.verdict.lines.judged.loss.text == "squared error"
    assert "dW = x.T @ (d @ V.T * (1 - h ** 2))" in found.mended()


def test_errors_may_be_clipped() -> None:
    assert program("""
for step in range(2):
    h = np.tanh(x @ W)
    e = h @ V - y
    loss = 0.5 * np.mean(e ** 2)
    d = np.clip(e, -1, 1) / y.size
    dW = x.T @ (d @ V.T * (1 - h ** 2))
    V -= 0.1 * h.T @ d
    W -= 0.1 * dW
""").verdict.right


@pytest.mark.parametrize("name", ["etotal", "custo", "verlust", "perdida", "kl", "sse", "损失"])
def test_a_loss_may_be_named_in_other_words(name: str) -> None:
    text = f"""
a, c, p, q = 0.3, -0.5, 0.4, 1.2
for step in range(2):
    h = np.tanh(a * p)
    out = np.tanh(c * h)
    {name} = 0.5 * (q - out) ** 2
    d = (out - q) * (1 - out ** 2)
    da = d * c * p
    dc = d * out
    a -= 0.1 * da
    c -= 0.1 * dc
"""
    assert program(text).verdict.lines.judged.loss.text == name
    assert program(text).verdict.lines.judged.loss.named


def test_an_output_and_its_target_may_have_other_shapes_of_the_same_size() -> None:
    assert_judged("""
meant, v = np.array([[0.5]]), V[0]
for step in range(2):
    h = np.tanh(W.T @ (x[:1].T))
    out = np.tanh(np.dot(v, h))
    error = out - meant
    d = error * (1 - out ** 2)
    change = (d * v).T * (1 - h ** 2) @ x[:1]  #! change = (d * v).T * (1 - h) @ x[:1]
    v = v - 0.1 * d * h.T
    W = W - 0.1 * change.T
""")


def test_a_loss_may_choose_its_terms_by_comparing() -> None:
    assert_judged("""
t = np.eye(2)[[0, 1, 1, 0, 1, 0]]
for step in range(2):
    p = 1 / (1 + np.exp(-(x @ W)))
    hit, miss = t == 1, t == 0
    loss = np.sum(hit * -np.log(p) + miss * -np.log(1 - p))
    dp = hit * (-1 / p) + miss * (1 / (1 - p))
    dz = dp * p * (1 - p)  #! dz = dp * (1 - p)
    W -= 0.1 * x.T @ dz
""")
