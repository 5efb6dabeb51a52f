# Q&A shape: 2-2-1, no bias, every weight its own line, one sample; update in place.
import math


def squash(v):
    return 1 / (1 + math.exp(-v))


def gradients(x, t, weights):
    W, V = weights
    h0 = squash(W[0, 0] * x[0] + W[1, 0] * x[1])
    h1 = squash(W[0, 1] * x[0] + W[1, 1] * x[1])
    y = squash(V[0, 0] * h0 + V[1, 0] * h1)
    e = -(t[0] - y)
    return dict(
        gw1=e * y * (1 - y) * V[0, 0] * h0 * (1 - h0) * x[0],
        gw3=e * y * (1 - y) * V[1, 0] * h1 * (1 - h1) * x[0],
        gw2=e * y * (1 - y) * V[0, 0] * h0 * (1 - h0) * x[1],
        gw4=e * y * (1 - y) * V[1, 0] * h1 * (1 - h1) * x[1],
        gw5=e * h0,
        gw6=e * h1,
    )
