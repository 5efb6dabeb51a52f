"""Code that does what code of users may do: a function for each, called by its name."""

HELPER = """\
VALUE = 1

def divide(value):
    a = value
    return a @ a
"""
LIVELY = """\
import ctypes, os, random, signal, subprocess, sys, threading, time, warnings
from collections import deque
from decimal import Decimal
from fractions import Fraction
from functools import partial
import numpy as np
import helper

print("loaded in", os.getcwd(), __name__, helper.VALUE)
count = 0

def gradients(x, t, weights, biases=None, *rest):
    return globals()["".join(map(chr, x.astype(int)))](t, weights)

step = partial(gradients, 1.0, biases=None)

def counted(t, weights):
    global count
    count += 1
    return count

def damage(t, weights):
    t[0, 0] = 7.0
    weights[1] = np.ones((3, 1))
    return weights

def numbers(t, weights):
    kinds = [np.ones(2, kind) for kind in ("f2", "f4", "f8", "g", "i1", "u8", "?", ">f8")]
    return kinds, np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324]), 0.1, 7, True, 10**30, None

class Tensor:
    def __array__(self, dtype=None, copy=None):
        if self.attached:
            raise RuntimeError("use tensor.detach().numpy() instead")
        return np.ones((2, 2), np.float32)
    attached = True
    def detach(self):
        self.attached = False
        return self
    def cpu(self):
        return self

def others(t, weights):
    ragged = np.empty(2, object)
    ragged[:] = [np.ones(2), np.ones(3)]
    return {"tensor": Tensor(), "part": Fraction(1, 4), "lazy": (x for x in [1.5, Decimal("2.5")]),
            "deque": deque([1]), "view": {"a": 3}.values(), "matrix": np.matrix([[1, 2]]),
            "ragged": ragged, "text": "a", "complex": np.ones(2) * 1j, "keys": {1: 2},
            "big": 10**400, "words": np.array(["a"])}

def enormous(t, weights): return np.broadcast_to(1.0, (10**9,))

def endless(t, weights):
    around = []
    around.append(around)
    return around

def draw(t, weights): return [random.random(), np.random.rand()]
def fail(t, weights): return helper.divide(np.ones((5, 2)))
def deep(t, weights): return deep(t, weights)
def memory(t, weights): return np.ones(10**15)
def ask(t, weights): return input("? ")

def generator(t, weights):
    yield np.ones(2)
    raise ZeroDivisionError("in the middle")

def leave(t, weights): sys.exit("enough")

def warn(t, weights):
    for _ in range(1000):
        np.log(np.zeros(2) - 1)
    warnings.warn("mind the gap")

def mess_up(t, weights):
    np.seterr(all="raise")
    os.chdir("/")
    sys.path.clear()
    sys.stdout = None

def settings(t, weights):
    return [np.geterr()["over"] == "warn", os.getcwd() != "/", sys.stdout is not None]

def say(t, weights):
    print("from print", end="")
    os.write(1, b" from write\\n")
    print("to stderr", file=sys.stderr)
    os.system("echo from a program")

def forked(t, weights): return os.fork() == 0

def thread(t, weights):
    threading.Thread(target=time.sleep, args=(1000,)).start()
    return os.getpid()

def printing(t, weights):
    while True:
        print("x" * 79)

def crash(t, weights): ctypes.string_at(0)
def hard_exit(t, weights): os._exit(3)

def family(t, weights):
    child = subprocess.Popen(["sleep", "1000"])
    session = subprocess.Popen(["sleep", "2000"], start_new_session=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    leaving, left = os.pipe()
    forked = os.fork()
    if not forked:
        os.setsid()
        os.write(left, b"!")
        time.sleep(3000)
    os.read(leaving, 1)
    return [os.getpid(), child.pid, session.pid, forked]

if __name__ == "__main__":
    raise SystemExit("ran as a program")
"""
