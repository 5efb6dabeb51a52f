# Book class: train(inputs_list, targets_list), columns, (out, in), no bias.
# weights' own gradient has it: the derivative is missing on the way back only.
import numpy as np


class Book:
    def __init__(self, wih, who, lr):
        self.wih, self.who, self.lr = wih, who, lr

    def train(self, a, b):
        i = np.array(a, ndmin=2).T
        want = np.array(b, ndmin=2).T
        h = 1 / (1 + np.exp(-(self.wih @ i)))
        o = 1 / (1 + np.exp(-(self.who @ h)))
        eo = want - o
        eh = self.who.T @ eo
        self.who = self.who + self.lr * (eo * o * (1 - o)) @ h.T
        self.wih = self.wih + self.lr * (eh * h * (1 - h)) @ i.T


def step(x, t, weights, learning_rate):
    net = Book(weights[0].T, weights[1].T, learning_rate)
    net.train(x, t)
    return [net.wih.T, net.who.T]
