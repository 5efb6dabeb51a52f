"""The formulas of activation functions, losses and optimizers, as expressions."""

from __future__ import annotations

import math

from bptui.core.activations import GELU_CUBE, LEAKY_SLOPE
from bptui.core.derivation.expression import (
    HALF,
    ONE,
    TWO,
    Activated,
    Choice,
    Constant,
    Expression,
    Function,
    LogSumExp,
    Maximum,
    Negative,
    Power,
    Quantity,
    Quotient,
    Setting,
    Stable,
    Sum,
    Total,
    minus,
    plus,
    square,
    times,
)
from bptui.core.losses import TINY

SMALLEST_DIVISOR = float(TINY)
"""What the engine divides by at least where a loss takes logarithms of its outputs."""

ZERO = Constant(0.0)
_SLOPE = Constant(LEAKY_SLOPE)
_CUBE = Constant(GELU_CUBE)
_TINY = Constant(SMALLEST_DIVISOR, "", "np.finfo(float).tiny")
_SCALE = Constant(math.sqrt(2.0 / math.pi), "√(2/π)", "np.sqrt(2 / np.pi)")


def _exp(x: Expression) -> Expression:
    return Function("exp", x)


def _logistic(x: Expression) -> Expression:
    return Quotient(ONE, plus(ONE, _exp(Negative(x))))


def _gelu_tanh(z: Expression) -> Expression:
    inner = times(_SCALE, z, plus(ONE, times(_CUBE, square(z))))
    return Function("tanh", inner)


def activation(name: str, z: Expression) -> Activated:
    """f(z) by the name of the activation, as in :mod:`bptui.core.activations`."""
    match name:
        case "identity":
            body: Expression = z
        case "sigmoid":
            body = _logistic(z)
        case "tanh":
            body = Function("tanh", z)
        case "relu":
            body = Maximum(z, ZERO)
        case "leaky_relu":
            body = Maximum(z, times(_SLOPE, z))
        case "softplus":
            body = Function("ln_one_plus_exp", z)
        case "gelu":
            body = times(HALF, z, plus(ONE, _gelu_tanh(z)))
        case "softmax":
            # e^z may overflow where ln e^z does not
            shown = Quotient(_exp(z), Total(_exp(z), 1))
            body = Stable(shown, _exp(minus(z, LogSumExp(z))))
        case _:
            raise AssertionError(f"no formula for {name}")
    return Activated(name, z, body)


def derivative(name: str, z: Expression, a: Expression) -> Activated:
    """f'(z), with ``a`` for f(z) where that is how it is computed; not for softmax."""
    match name:
        case "identity":
            body: Expression = ONE
        case "sigmoid":
            body = times(a, minus(ONE, a))
        case "tanh":
            body = minus(ONE, square(a))
        case "relu":
            body = Choice(z, ONE, ZERO)
        case "leaky_relu":
            body = Choice(z, ONE, _SLOPE)
        case "softplus":
            body = _logistic(z)
        case "gelu":
            u = _gelu_tanh(z)
            slope = times(_SCALE, plus(ONE, times(Constant(3.0 * GELU_CUBE), square(z))))
            body = plus(times(HALF, plus(ONE, u)), times(HALF, z, minus(ONE, square(u)), slope))
        case _:
            raise AssertionError(f"no derivative for {name}")
    return Activated(f"{name}'", z, body)


def back_through_softmax(a: Expression, upstream: Expression) -> Expression:
    """dL/dz of a softmax: a (dL/da - the sum of a dL/da over the units)."""
    return times(a, minus(upstream, Total(times(a, upstream), 1)))


def _ln_out(activation_name: str, net: Expression, out: Expression) -> Expression:
    """ln of an output, computed from the pre-activation where the output is too close to 1."""
    if activation_name == "sigmoid":
        computed: Expression = Negative(Function("ln_one_plus_exp", Negative(net)))
    else:
        computed = minus(net, LogSumExp(net))
    return Stable(Function("ln", out), computed)


def loss_terms(
    loss: str, activation_name: str, net: Expression, out: Expression, target: Expression, m: int
) -> Expression:
    """What a loss adds up over the outputs of every sample; ``m`` outputs."""
    match loss:
        case "half_squared_error":
            return times(HALF, square(minus(out, target)))
        case "squared_error":
            return square(minus(out, target))
        case "mean_squared_error":
            return _over(square(minus(out, target)), m)
        case "binary_cross_entropy":
            other = Stable(
                Function("ln", minus(ONE, out)), Negative(Function("ln_one_plus_exp", net))
            )
            return Negative(
                plus(
                    times(target, _ln_out(activation_name, net, out)),
                    times(minus(ONE, target), other),
                )
            )
        case "cross_entropy":
            return Negative(times(target, _ln_out(activation_name, net, out)))
        case _:
            raise AssertionError(f"no formula for {loss}")


def _over(node: Expression, count: int) -> Expression:
    return node if count == 1 else Quotient(node, Constant(float(count)))


def loss_gradient(
    loss: str, out: Expression, target: Expression, m: int, saturated: bool
) -> Expression:
    """dL/dout of one sample's loss, by itself.

    ``saturated``: whether outputs have become so nearly 0 or 1 that quotients must be kept finite.
    """
    difference = minus(out, target)

    def divisor(of: Expression) -> Expression:
        return Maximum(of, _TINY) if saturated else of

    match loss:
        case "half_squared_error":
            return difference
        case "squared_error":
            return times(TWO, difference)
        case "mean_squared_error":
            return _over(times(TWO, difference), m)
        case "binary_cross_entropy":
            other = Quotient(minus(ONE, target), divisor(minus(ONE, out)))
            return minus(other, Quotient(target, divisor(out)))
        case "cross_entropy":
            return Negative(Quotient(target, divisor(out)))
        case _:
            raise AssertionError(f"no formula for {loss}")


def fused_gradient(
    loss: str, activation_name: str, out: Expression, target: Expression, one_hot: bool
) -> Expression:
    """dL/dnet of one sample's loss, where activation and loss cancel each other.

    ``one_hot``: whether every sample's targets add up to 1.
    """
    if loss == "binary_cross_entropy":
        return minus(out, target)
    if activation_name == "sigmoid":
        return times(target, minus(out, ONE))
    return minus(out if one_hot else times(out, Total(target, 1)), target)


def update(
    optimizer: str,
    parameter: str,
    gradient: Expression,
    learning_rate: float,
    settings: dict[str, float],
) -> dict[str, Expression]:
    """What an update makes of a parameter and its slots, in order, by name.

    The quantity ``k`` is the number of the update, from 1.
    """
    old, rate = Quantity(parameter), Setting("learning_rate", learning_rate)
    slot = {name: Quantity(f"{name}_{parameter}") for name in ("v", "m", "s")}
    fresh = {name: Quantity(each.name, new=True) for name, each in slot.items()}
    given = {name: Setting(name, value) for name, value in settings.items()}
    if optimizer == "sgd":
        return {parameter: minus(old, times(rate, gradient))}
    if optimizer in ("momentum", "nesterov"):
        mu = given["momentum"]
        velocity = minus(times(mu, slot["v"]), times(rate, gradient))
        step = fresh["v"] if optimizer == "momentum" else times(mu, fresh["v"])
        after = [Negative(times(rate, gradient))] if optimizer == "nesterov" else []
        return {slot["v"].name: velocity, parameter: plus(old, step, *after)}
    if optimizer == "adam":
        first, second = given["beta1"], given["beta2"]
        m = _mean(first, slot["m"], gradient)
        v = _mean(second, slot["v"], square(gradient))
        mean = Quotient(fresh["m"], _correction(first))
        root = Function("sqrt", Quotient(fresh["v"], _correction(second)))
        step = Quotient(times(rate, mean), plus(root, given["epsilon"]))
        return {slot["m"].name: m, slot["v"].name: v, parameter: minus(old, step)}
    if optimizer == "adagrad":
        sum_of_squares: Expression = plus(slot["s"], square(gradient))
    else:
        sum_of_squares = _mean(given["rho"], slot["s"], square(gradient))
    size = plus(Function("sqrt", fresh["s"]), given["epsilon"])
    step = Quotient(times(rate, gradient), size)
    return {slot["s"].name: sum_of_squares, parameter: minus(old, step)}


def _mean(decay: Setting, mean: Expression, sample: Expression) -> Sum:
    """decay mean + (1 - decay) sample."""
    return Sum((times(decay, mean), times(minus(ONE, decay), sample)))


def _correction(decay: Setting) -> Expression:
    return minus(ONE, Power(decay, Quantity("k")))
