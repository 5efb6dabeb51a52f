"""Inputs as nobody should write them: valid files and texts, and what becomes of them."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

from bptui.presets.schema import TABLES, keys

from .bits import NUMBERS, STRAY, TEXTS, damaged, encoded, quoted, random_numbers, value

_SHIPPED = Path(__file__).resolve().parents[2] / "presets"
OWN = """title = "Mine"
[network]
layers = [2, 3, 1]
activation = ["tanh", "sigmoid"]
[init]
scheme = "normal"
scale = 0.5
seed = 3
[training]
loss = "binary_cross_entropy"
optimizer = "adam"
beta1 = 0.8
batch_size = 2
shuffle = true
mistakes = ["wrong-sign"]
steps = 5
"""
DATA = [
    'dataset = "moons"\nsamples = 6\nnoise = 0.1\n',
    "inputs = [[0, 1], [1, 0], [0.5, 2]]\ntargets = [[0], [1], [1]]\n",
    'csv = "t.csv"\ninput_columns = ["a", "b"]\nclass_column = "kind"\nstandardize = true\n',
]
TABLE = "a,b,kind\n" + "".join(f"{i},{i / 7},{'xy'[i % 2]}\n" for i in range(8))
CSV_PRESETS = [
    '[network]\nlayers = [2, 1]\n[data]\ncsv = "t.csv"\nclass_column = "kind"\n',
    '[network]\nlayers = [1, 1]\n[data]\ncsv = "t.csv"\ninput_columns = ["a"]\n'
    'target_columns = ["b"]\nstandardize = true\ntest_fraction = 0.3\n',
]
ROWS = [
    "0.15 0.25\n0.20 0.30",
    "[[1, 2], [3, 4]]",
    "W1 = np.array([[0.1, -2e-3],\n [3., 4]], dtype=float32)",
    "tensor([[1., 2.]], device='cuda:0')",
    "1;2;3\n4;5;6",
    "\uff11\uff0c\uff12\u3000\uff13",
    "1,5 2,5\n3,5 4,5",
    "[[np.float64(1.0), np.float64(2.0)]]",
]
LONGEST = 1_000_000
"""Characters of a pasted text."""
ENTRIES = ["2-3-1", "2 x 3 x 1", "relu*3, sigmoid", "yes no yes", "1e6", "0,15", "a,b", "all"]


def preset(random: Random) -> bytes:
    """A preset file: one that works, with some of its keys or its characters changed."""
    text = _valid_preset(random)
    for _ in range(random.choice([0, 0, 1, 1, 1, 2, 3])):
        text = _with_key(random, text)
    if random.random() < 0.3:
        text = damaged(random, text)
    if random.random() < 0.01:
        text += random.choice([f"# {'x' * 300_000}", f"title = '{'x' * 300_000}'", "a." * 100_000])
    return encoded(random, text)


def _valid_preset(random: Random) -> str:
    if random.random() < 0.2:
        return random.choice(_shipped())
    return f"{OWN}[data]\n{random.choice(DATA)}"


def _shipped() -> list[str]:
    # without the one whose CSV file lies elsewhere, and without thousands of steps
    files = sorted(file for file in _SHIPPED.glob("*.toml") if file.stem != "iris")
    return [file.read_text(encoding="utf-8") for file in files]


def _with_key(random: Random, text: str) -> str:
    """``text`` with one key of the schema given another value, twice perhaps, or left out."""
    table = random.choice(list(TABLES))
    key = random.choice([*keys(table), "unknown", quoted(random, TEXTS[7])])
    spelt = f"{key} = {value(random)}"
    lines = text.split("\n")
    places = [at for at, line in enumerate(lines) if line.partition("=")[0].strip() == key]
    pick = random.random()
    if places and pick < 0.1:
        del lines[places[0]]
    elif places and pick < 0.8:
        lines[places[0]] = spelt
    elif f"[{table}]" in lines:
        lines.insert(lines.index(f"[{table}]") + 1, spelt)
    elif table == "" or pick < 0.9:
        lines.insert(0, f"{table}.{spelt}" if table else spelt)
    else:
        lines += [f"[{table}]", spelt]
    return "\n".join(lines)


def csv_file(random: Random) -> bytes:
    """A CSV file: one that works, with some of its cells or its characters changed."""
    rows = [line.split(",") for line in TABLE.splitlines()]
    for _ in range(random.randint(0, 4)):
        row = random.choice(rows[:1] if random.random() < 0.3 else rows)
        cell = random.choice([*NUMBERS, *TEXTS, *STRAY, '"a,b"', '"1\n2"', '"1,2"', '"'])
        if row and random.random() < 0.8:
            row[random.randrange(len(row))] = cell
        else:
            row += [cell[:5_000]] * random.choice([1, 1, 2, 5_000])
    text = random.choice(["\n", "\r\n", "\n\n"]).join(",".join(row) for row in rows)
    return encoded(random, damaged(random, text) if random.random() < 0.4 else text)


def pasted(random: Random) -> str:
    """Text that someone pastes into a field of the form."""
    text = random.choice([*ROWS, *ROWS, *ENTRIES, *TEXTS, *NUMBERS, random_numbers(random)])
    if random.random() < 0.7:
        text = damaged(random, text)
    if random.random() < 0.05:
        times = random.choice([10, 1_000])
        text = text[: LONGEST // times] * times
    return text[:LONGEST]


def session(random: Random, lines: list[bytes]) -> bytes:
    """The file of a session with some of its values or bytes changed."""
    pick = random.random()
    if pick < 0.6:
        at = random.randrange(3)
        held = json.loads(lines[at])
        for _ in range(random.randint(1, 3)):
            _change(random, held)
        return b"\n".join([*lines[:at], json.dumps(held).encode(), *lines[at + 1 :]])
    whole = b"\n".join(lines)
    if pick < 0.95:
        return encoded(random, damaged(random, whole.decode()))
    return random.choice([b"", lines[0], whole[: random.randrange(len(whole))], b"[" * 100_000])


def _change(random: Random, held: object) -> None:
    """Give something inside of ``held`` another value."""
    if isinstance(held, dict) and held:
        place: str | int = random.choice(list(held))
    elif isinstance(held, list) and held:
        place = random.randrange(len(held))
    else:
        return
    inner = held[place]  # type: ignore[index]  # the place is one of its own
    if isinstance(inner, dict | list) and inner and random.random() < 0.8:
        _change(random, inner)
        return
    new: Callable[[], object] = random.choice(
        [
            lambda: random.choice(TEXTS),
            lambda: random.choice([-1, 0, 1, 2, 10**6, 10**9, 2**31, 10**12, 2**63, 10**30, 0.5]),
            lambda: random.choice([None, True, [], {}, [[]], 1e308, -0.0]),
            lambda: inner * 2 if isinstance(inner, str | list) else inner,
        ]
    )
    held[place] = new()  # type: ignore[index]  # as above
