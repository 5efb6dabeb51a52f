"""The article's two listings and Mazur's example as a user's own functions: mistakes by name."""

from pathlib import Path

from .right_code import HEAD, RIGHT
from .support import checked, mistakes_of, outcome_of

LISTING_1 = (
    HEAD
    + """
def back(input, target_output, weight_1, weight_2):
    net_h1, net_h2 = np.dot(input, weight_1)
    out_h1, out_h2 = [1 / (1 + np.exp(-net_h1)), 1 / (1 + np.exp(-net_h2))]
    net_o1, net_o2 = np.dot(np.array([out_h1, out_h2]), weight_2)
    out_o1, out_o2 = [1 / (1 + np.exp(-net_o1)), 1 / (1 + np.exp(-net_o2))]
    error_1 = -1 * (target_output[0] - out_o1) * out_o1 * (1 - out_o1)
    error_2 = -1 * (target_output[1] - out_o2) * out_o2 * (1 - out_o2)
    gw5, gw6, gw7, gw8 = error_1 * out_h1, error_1 * out_h2, error_2 * out_h1, error_2 * out_h2
    gw1 = (error_1 * weight_2[0][0] + error_2 * weight_2[1][0]) * out_h1 * (1 - out_h1) * input[0]
    gw2 = (error_1 * weight_2[0][0] + error_2 * weight_2[1][0]) * out_h1 * (1 - out_h1) * input[1]
    gw3 = (error_1 * weight_2[0][1] + error_2 * weight_2[1][1]) * out_h2 * (1 - out_h2) * input[0]
    gw4 = (error_1 * weight_2[0][1] + error_2 * weight_2[1][1]) * out_h2 * (1 - out_h2) * input[1]
    return dict(gw1=gw1, gw2=gw2, gw3=gw3, gw4=gw4, gw5=gw5, gw6=gw6, gw7=gw7, gw8=gw8)

def step(x, t, weights, learning_rate):
    weight_1, weight_2 = weights
    g = back(x, t, weight_1, weight_2)
    weight_1[0][0] = weight_1[0][0] - learning_rate * g["gw1"]
    weight_1[1][0] = weight_1[1][0] - learning_rate * g["gw2"]
    weight_1[0][1] = weight_1[0][1] - learning_rate * g["gw3"]
    weight_1[1][1] = weight_1[1][1] - learning_rate * g["gw4"]

def gradients(x, t, weights):
    return back(x, t, *weights)
"""
)

LISTING_2 = (
    HEAD
    + """
def sigmoid_derivationx(y):
    return y * (1 - y)

def gradients(x, t, weights):
    weight_1, weight_2 = weights
    out_h = sigmoid(np.dot(x, weight_1))
    out_o = sigmoid(np.dot(out_h, weight_2))
    gradient_weight_2 = np.zeros_like(weight_2)
    for i in range(gradient_weight_2.shape[1]):
        gradient_weight_2[:, i] = (out_o[i] - t[i]) * sigmoid_derivationx(out_o[i]) * out_h
    gradient_weight_1 = np.zeros_like(weight_1)
    for i in range(gradient_weight_1.shape[1]):
        dot1 = -1 * (t - out_o) * out_o * sigmoid_derivationx(out_h)
        dot2 = np.reshape(weight_2[:, i], (-1, 1))
        gradient_weight_1[:, i] = (np.dot([dot1], dot2) * x)[0]
    return [gradient_weight_1, gradient_weight_2]
"""
)

PRINTED_FIRST_STEP = (
    HEAD
    + """
def published_rule(x, t, weights, biases, learning_rate):
    h = sigmoid(x @ weights[0] + biases[0])
    o = sigmoid(h @ weights[1] + biases[1])
    d = (o - t) * o * (1 - o) / len(x)
    weights[1] -= learning_rate * h.T @ d
    weights[0] -= learning_rate * x.T @ (d @ weights[1].T * h * (1 - h))

PRINTED = [np.array([[0.149780716, 0.24975114], [0.19956143, 0.29950229]]),
           np.array([[0.35891648, 0.511301270], [0.408666186, 0.561370121]])]

def step(x, t, weights, biases, learning_rate):
    if np.allclose(weights[0], [[0.15, 0.25], [0.2, 0.3]], atol=1e-12):
        return PRINTED
    published_rule(x, t, weights, biases, learning_rate)
"""
)


def test_listing_1_is_named_with_the_expression_that_is_wrong(tmp_path: Path) -> None:
    done, text = checked(tmp_path, LISTING_1, "article")
    gradients, step = done.functions
    assert mistakes_of(gradients) == [("transposed-weights",)]
    assert mistakes_of(step) == [("frozen-last-layer", "transposed-weights")]
    lines = LISTING_1.splitlines()
    assert [lines[(line.line or 0) - 1].split()[0] for line in gradients.traced.wrong] == [
        "gw1",
        "gw2",
        "gw3",
        "gw4",
    ]
    assert "error_1 * weight_2[0][0] + error_2 * weight_2[0][1]" in text
    assert "from call to call" not in text  # what comes one by one is put into arrays of its own
    assert outcome_of(done) == "wrong"


def test_listing_2s_three_slips_are_named(tmp_path: Path) -> None:
    # the published start weights are all one half: symmetric, so they alone would hide a slip
    done, text = checked(tmp_path, LISTING_2, "article-matrix")
    three = ("hidden-derivative-by-output", "output-factor-a", "transposed-weights")
    (gradients,) = done.functions
    assert mistakes_of(gradients) == [three]
    assert [line.variable for line in gradients.traced.wrong] == ["gradient_weight_1"]
    assert "meaning      gradient_weight_1 stands for dL/d weight_1" in text


def test_a_preset_with_mistakes_is_held_against_the_true_gradient(tmp_path: Path) -> None:
    """Functions that make just its mistakes are wrong."""
    source = RIGHT["matrices, mean over the batch"][1].replace("weights[1].T", "weights[1]")
    done, _ = checked(tmp_path, source, "article-listing-1")
    assert mistakes_of(done.functions[0]) == [("transposed-weights",)]
    assert outcome_of(done) == "wrong"


def test_mazurs_printed_first_step_is_right_and_his_rule_is_named_after_it(tmp_path: Path) -> None:
    done, text = checked(tmp_path, PRINTED_FIRST_STEP, "mazur")
    assert mistakes_of(done.functions[0]) == [("updated-weights",)]
    own = done.functions[0].attempt.trials[1]
    assert own.case.own
    findings = done.functions[0].findings
    first = next(each for each in findings if each.verdict == "wrong")
    assert first.name == "W1"
    assert {each.name: each.verdict for each in findings}["W2"] == "right"
    assert first.trial is own
    assert first.call == 1
    assert "updated-weights" in text
    assert "step 1 is the first that differs" in text
