"""Adds each batch to the gradients of the last one: both names have the same list."""

import numpy as np


class Net:
    templates = None

    def train(self, x, t, weights, biases):
        if Net.templates is None:
            Net.templates = [np.zeros_like(w) for w in weights], [np.zeros_like(b) for b in biases]
        self.wu, self.bu = Net.templates
        for a, want in zip(x, t):
            h = np.tanh(a @ weights[0] + biases[0])
            o = np.tanh(h @ weights[1] + biases[1])
            d = (o - want) * (1 - o**2)
            dh = (weights[1] @ d) * (1 - h**2)
            self.wu[0] += np.outer(a, dh) / len(x)
            self.wu[1] += np.outer(h, d) / len(x)
            self.bu[0] += dh / len(x)
            self.bu[1] += d / len(x)


def step(x, t, weights, biases, learning_rate):
    net = Net()
    net.train(x, t, weights, biases)
    return (
        [w - learning_rate * g for w, g in zip(weights, net.wu)],
        [b - learning_rate * g for b, g in zip(biases, net.bu)],
    )
