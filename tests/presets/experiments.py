"""Experiments of all kinds for property tests: loaded, edited, and made by a program."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from bptui.core.arrays import Array, frozen
from bptui.core.data import Data
from bptui.core.experiment import Experiment, Training
from bptui.core.network import Network, Parameters
from bptui.core.optimizers import OPTIMIZERS
from bptui.presets import loads

CSV = "a,b,kind,y\n1,2,one,5\n3,-4,two,6.5\n0.25,1e3,one,7\n2,2,two,8\n9,0.1,one,-0.0\n"
FLOATS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([-0.0, 0.0, 1e-300, 5e-324, 0.1, 1.0, 1e22, 123456789.0]),
)
RATES = st.floats(0.0, 1e300)
BELOW_ONE = st.floats(0.0, 1.0, exclude_max=True)

DATA = [
    (
        "inputs = [[1, 2], [3.50, -4], [5, 6e2], [7, 8], [9, 1]]\n"
        "targets = [[0.5], [1], [0], [1], [0.25]]\n",
        1,
    ),
    ('dataset = "moons"\nsamples = 5\nnoise = 0.1\nseed = 3\n', 2),
    ('csv = "t.csv"\ninput_columns = ["b", "a"]\ntarget_columns = ["y"]\n', 1),
    ('csv = "t.csv"\ninput_columns = ["a", "b"]\nclass_column = "kind"\n', 2),
]


def write_csv(folder: Path) -> None:
    """The CSV file that some of the presets read."""
    (folder / "t.csv").write_text(CSV)


@st.composite
def presets(draw: st.DrawFn) -> str:
    """A preset with comments, in any style; its CSV file is that of :func:`write_csv`."""
    data, outputs = draw(st.sampled_from(DATA))
    hidden = draw(st.lists(st.integers(1, 3), max_size=2))
    layers = [2, *hidden, outputs]
    bias = draw(st.booleans())
    activation = draw(st.sampled_from(['"identity"', str(["tanh"] * len(hidden) + ["identity"])]))
    tables = {
        "network": [
            f"layers = {layers}",
            f"activation = {activation}",
            f"bias = {str(bias).lower()}",
        ]
    }
    if draw(st.booleans()):
        parts = draw(parameters(tuple(layers), bias))
        tables["parameters"] = [f"weights = {[each.tolist() for each in parts.weights]}"]
        if parts.biases is not None and draw(st.booleans()):
            tables["parameters"].append(f"biases = {[each.tolist() for each in parts.biases]}")
    if draw(st.booleans()):
        tables["init"] = ["scheme = 'normal'", "scale = 0.50", "seed = 4"]
    if draw(st.booleans()):
        training = ["learning_rate = 0.250", "optimizer = 'adam'", "beta1 = 0.9", "shuffle = true"]
        tables["training"] = [*training, "batch_size = 2", "train_weights = true"]
    tables["data"] = data.split("\n")[:-1]
    if draw(st.booleans()):
        tables["data"].append("standardize = true")
    if draw(st.booleans()):
        tables["data"] += ["test_fraction = 0.4", "split_seed = 7"]
    names = draw(st.permutations(list(tables)))
    lines = draw(st.sampled_from([[], ["# the top"], ["title = 'T'"], ["# a", "", "title = 'T'"]]))
    # a table begun by a header takes all that follows, so that the other styles come first
    styles = sorted(draw(st.sampled_from(["dotted", "inline", "table"])) for _ in names)
    for name, style in zip(names, styles, strict=True):
        lines += _written(name, tables[name], style)
    return "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n# the end"]))


def _written(name: str, lines: list[str], style: str) -> list[str]:
    if style == "dotted":
        return [f"{name}.{line} # {name}" for line in lines]
    if style == "inline":
        return [f"{name} = {{ {', '.join(lines)} }}  # {name}"]
    return ["", f"# about {name}", f"[{name}] # {name}", *(f"{line} # a value" for line in lines)]


def arrays(*shape: int) -> st.SearchStrategy[Array]:
    size = int(np.prod(shape))
    return st.lists(FLOATS, min_size=size, max_size=size).map(
        lambda numbers: frozen(np.array(numbers, dtype=np.float64).reshape(shape))
    )


@st.composite
def parameters(draw: st.DrawFn, layers: tuple[int, ...], bias: bool) -> Parameters:
    weights = tuple(draw(arrays(*shape)) for shape in pairwise(layers))
    return Parameters(weights, tuple(draw(arrays(u)) for u in layers[1:]) if bias else None)


@st.composite
def samples(draw: st.DrawFn, inputs: int, targets: int) -> Data:
    training, test = draw(st.integers(1, 5)), draw(st.integers(0, 4))
    shapes = [(training, inputs), (training, targets), (test, inputs), (test, targets)]
    return Data(*(draw(arrays(*shape)) for shape in shapes))


@st.composite
def trainings(draw: st.DrawFn, depth: int, samples: int) -> Training:
    optimizer = draw(st.sampled_from(sorted(OPTIMIZERS)))
    names = draw(st.sets(st.sampled_from(["", *OPTIMIZERS[optimizer].defaults])))
    values: dict[str, Any] = {name: draw(BELOW_ONE) for name in names if name}
    if "epsilon" in values:
        values["epsilon"] += 1e-9
    switches = st.one_of(st.booleans(), st.tuples(*[st.booleans()] * depth))
    mistakes = draw(st.sampled_from([(), ("doubled",), ("wrong-sign", "missing-half")]))
    return Training(
        loss=draw(st.sampled_from(["half_squared_error", "mean_squared_error"])),
        reduction=draw(st.sampled_from(["mean", "sum"])),
        optimizer=optimizer,
        learning_rate=draw(st.one_of(RATES, st.sampled_from([-0.0, 0.1, 1, 1e-300]))),
        settings=tuple(values.items()),
        l2=draw(st.one_of(RATES, st.just(-0.0))),
        steps=draw(st.integers(0, 10**9)),
        batch_size=draw(st.one_of(st.none(), st.integers(1, samples))),
        shuffle=draw(st.booleans()),
        seed=draw(st.integers(0, 2**63 - 1)),
        train_weights=draw(switches),
        train_biases=draw(switches),
        mistakes=mistakes,
    )


@st.composite
def programmed(draw: st.DrawFn) -> Experiment:
    """An experiment that no preset describes."""
    layers = tuple(draw(st.lists(st.integers(1, 3), min_size=2, max_size=4)))
    names = draw(
        st.lists(
            st.sampled_from(["tanh", "relu"]), min_size=len(layers) - 1, max_size=len(layers) - 1
        )
    )
    network = Network(layers, tuple(names), draw(st.booleans()))
    data = draw(samples(layers[0], layers[-1]))
    start = draw(parameters(layers, network.bias))
    training = draw(trainings(network.depth, data.samples))
    return Experiment("made", network, start, training, data, draw(st.sampled_from(["", "T"])))


@st.composite
def edited(draw: st.DrawFn, folder: Path) -> Experiment:
    """An experiment loaded from a preset in ``folder``, with some of its parts changed."""
    experiment = loads(draw(presets()), "mine", folder)
    network = experiment.network
    if draw(st.booleans()):
        changed = draw(parameters(network.layers, network.bias))
        kept = experiment.start
        start = draw(
            st.sampled_from(
                [
                    changed,
                    Parameters(kept.weights, changed.biases),
                    Parameters(changed.weights, kept.biases),
                    one_weight_changed(kept, draw(FLOATS)),
                ]
            )
        )
        experiment = replace(experiment, start=start)
    if draw(st.booleans()):
        data = draw(
            st.one_of(
                samples(network.layers[0], network.layers[-1]),
                FLOATS.map(lambda value: one_input_changed(experiment.data, value)),
            )
        )
        # a batch size chosen for the old samples may be too large for the new ones
        training = replace(experiment.training, batch_size=None)
        experiment = replace(experiment, data=data, training=training)
    if draw(st.booleans()):
        training = draw(trainings(network.depth, experiment.data.samples))
        experiment = replace(experiment, training=training)
    elif draw(st.booleans()):
        training = replace(experiment.training, learning_rate=draw(RATES))
        experiment = replace(experiment, training=training)
    return experiment


def one_weight_changed(start: Parameters, value: float) -> Parameters:
    first = start.weights[0].copy()
    first[0, 0] = value
    return Parameters((frozen(first), *start.weights[1:]), start.biases)


def one_input_changed(data: Data, value: float) -> Data:
    inputs = data.inputs.copy()
    inputs[-1, 0] = value
    return replace(data, inputs=frozen(inputs))
