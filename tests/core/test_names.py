"""Names: the article's in a network with one hidden layer, numbered ones in deeper networks."""

from __future__ import annotations

from bptui.core.network import Names


def quantities(layers: tuple[int, ...]) -> list[str]:
    """Return the names of all arrays, forward and backward."""
    names = Names(layers)
    makers = (names.net, names.out, names.out_gradient, names.delta, names.weights, names.bias)
    makers += (names.weight_gradient, names.bias_gradient)
    return [make(layer) for make in makers for layer in range(1, names.depth + 1)]


def test_weights_are_numbered_by_destination_first() -> None:
    layers = (2, 2, 3, 1)
    names = Names(layers)
    found = [
        names.weight(layer, i, j)
        for layer in range(1, 4)
        for j in range(layers[layer])
        for i in range(layers[layer - 1])
    ]
    assert found == [f"w{n}" for n in range(1, 4 + 6 + 3 + 1)]
    assert Names((2, 2, 2)).weight(1, 1, 0) == "w2"


def test_quantities() -> None:
    hidden = ["net_h", "net_o", "out_h", "out_o", "dL/dout_h", "dL/dout_o", "delta_h", "delta_o"]
    matrices = ["W1", "W2", "b1", "b2", "gW1", "gW2", "gb1", "gb2"]
    assert quantities((2, 3, 1)) == [*hidden, *matrices]
    assert quantities((3, 2)) == [*hidden[1::2], *matrices[::2]]
    assert quantities((2, 3, 4, 2))[:6] == ["net_1", "net_2", "net_3", "out_1", "out_2", "out_3"]
    assert Names((3, 2)).out(0) == "input"


def test_units() -> None:
    assert [Names((2, 3, 1)).unit(*place) for place in ((0, 1), (1, 2), (2, 0))] == [
        *("i2", "h3", "o1")
    ]
    assert [Names((3, 2)).unit(*place) for place in ((0, 2), (1, 1))] == ["i3", "o2"]
    deep = Names((2, 3, 4, 2))
    assert [deep.unit(*place) for place in ((1, 0), (2, 3), (3, 1))] == ["h1.1", "h2.4", "o2"]
