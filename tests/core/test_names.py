"""Names: the article's in a network with one hidden layer, numbered ones in deeper networks."""

from __future__ import annotations

from bptui.core.network import Names


def test_the_articles_weights_are_numbered_by_destination_first() -> None:
    names = Names((2, 2, 2))
    assert [names.weight(1, i, j) for j in range(2) for i in range(2)] == ["w1", "w2", "w3", "w4"]
    assert names.weight(1, 1, 0) == "w2"
    assert names.weight(1, 0, 1) == "w3"
    assert [names.weight(2, i, j) for j in range(2) for i in range(2)] == ["w5", "w6", "w7", "w8"]


def test_every_weight_has_a_number_of_its_own() -> None:
    layers = (3, 4, 1, 2)
    names = Names(layers)
    found = [
        names.weight(layer, i, j)
        for layer in range(1, 4)
        for j in range(layers[layer])
        for i in range(layers[layer - 1])
    ]
    assert found == [f"w{n}" for n in range(1, 3 * 4 + 4 * 1 + 1 * 2 + 1)]


def test_quantities_with_one_hidden_layer() -> None:
    names = Names((2, 3, 1))
    assert [names.net(1), names.out(1), names.net(2), names.out(2)] == [
        "net_h",
        "out_h",
        "net_o",
        "out_o",
    ]
    assert names.out(0) == "input"
    assert [names.delta(2), names.out_gradient(1)] == ["delta_o", "dL/dout_h"]
    assert [names.weights(1), names.bias(2), names.weight_gradient(1), names.bias_gradient(2)] == [
        "W1",
        "b2",
        "gW1",
        "gb2",
    ]
    assert [names.unit(0, 1), names.unit(1, 2), names.unit(2, 0)] == ["i2", "h3", "o1"]


def test_without_a_hidden_layer() -> None:
    names = Names((3, 2))
    assert [names.net(1), names.out(1), names.unit(0, 2), names.unit(1, 1)] == [
        "net_o",
        "out_o",
        "i3",
        "o2",
    ]


def test_deeper_networks_number_their_layers() -> None:
    names = Names((2, 3, 4, 2))
    assert [names.net(layer) for layer in (1, 2, 3)] == ["net_1", "net_2", "net_3"]
    assert [names.out(layer) for layer in range(4)] == ["input", "out_1", "out_2", "out_3"]
    assert [names.unit(1, 0), names.unit(2, 3), names.unit(3, 1)] == ["h1.1", "h2.4", "o2"]


def test_no_two_quantities_share_a_name() -> None:
    for layers in ((2, 2), (2, 2, 2), (2, 2, 2, 2, 2)):
        names = Names(layers)
        makers = (
            names.net,
            names.out,
            names.out_gradient,
            names.delta,
            names.weights,
            names.bias,
            names.weight_gradient,
            names.bias_gradient,
        )
        found = [make(layer) for make in makers for layer in range(1, names.depth + 1)]
        assert len(set(found)) == len(found)
