"""Why the links of the chain rule are what they are, in words: one source for all that explains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod

from bptui.core.experiment import Experiment
from bptui.explain.captions import untrue
from bptui.explain.chain import LOSS, PASSED_ON, Chain, ChainRule, Factor
from bptui.explain.expression import Quantity, Scope
from bptui.explain.formulas import StepFormulas
from bptui.explain.symbols import Place, Symbols
from bptui.explain.words import listed, matters

MOST_NAMED = 3
"""Units of a layer that are named one by one."""


class Reasons(ChainRule):
    """Says why the links of a chain are these, in the names of the network."""

    def __init__(
        self, experiment: Experiment, samples: int, formulas: StepFormulas, scope: Scope
    ) -> None:
        super().__init__(experiment.network, formulas, scope)
        self.experiment, self.samples = experiment, samples
        self.text = Symbols(self.names).text
        self.activation = experiment.network.activations[-1]
        self.averaged = experiment.training.reduction == "mean" and samples > 1
        self.untrue = untrue(experiment, samples)

    def told(self, gradient: Quantity, *, far: bool) -> Chain | None:
        """Return the chain of a gradient's number with its reasons; None for others."""
        chain = self.chain(gradient, self.samples, far=far)
        untrue = gradient.name in self.untrue
        return chain and replace(chain, why=(*self.why(chain),), untrue=untrue)

    def why(self, chain: Chain) -> Iterator[str]:
        """Yield the reasons of a chain, the most important one first."""
        of, kind = self.text(chain.of), self._place(chain.gradient).kind
        if kind == "delta":
            yield self._short(self.text(chain.gradient), of, chain.gradient.name)
        yield from self._parting(chain)
        above, _, factor, *_ = chain.paths[0][-1]
        if kind == "bias_gradient":
            yield f"{self.text(above)} has {of} as a term, so that factor is 1"
        value = chain.paths[0][0].value
        delta = isinstance(value, Quantity) and self._place(value).kind == "delta" and value.name
        near = kind == "weight_gradient" and len(chain.paths[0]) == 2
        if near and delta and isinstance(factor, Quantity):
            read = self.text(factor)
            yield f"{self.text(above)} has {of} times {read} as a term, so that factor is {read}"
        elif kind not in PASSED_ON and delta:
            net, (text, *_), *_ = chain.written(self.text, lambda above, below: below)[0]
            yield self._short(text, net, delta)
        if chain.derived is not None:
            yield self.experiment.loss.shortcuts[self.activation].why
        if chain.over_samples:
            yield f"each of the {self.samples} samples uses {of}, so their parts add up"
        if chain.added is not None:
            yield f"the penalty contains {of}, too, so its slope is added"
        if self.averaged and (chain.derived is not None or len(value.parts) > 0):
            yield f"L is the mean over {self.samples} samples: its slope is divided by as many"

    def array(self, name: str) -> tuple[str, str]:
        """Return the link that a whole array is, as ``dL/dnet_h = dL/dout_h * ...``, and why."""
        place, names = self.places[name], self.names
        layer, last = place.layer, place.layer == names.depth
        net, out, delta = names.net(layer), names.out(layer), names.delta(layer)
        after = layer + 1
        true = name not in self.untrue
        if place.kind == "out_gradient":
            if last:
                should = "" if true else "it should be "
                return f"dL/d{out}", f"{should}how much each output changes the loss"
            weights = names.weights(after)
            link = f"dL/d{out} = {names.delta(after)} * d{names.net(after)}/d{out}"
            unit, first = names.unit(layer, 0), f"row 1 of {weights}"
            why = f"every unit sums over those it feeds: {unit} over {first}"
            return link, f"{why}, hence {weights} transposed"
        if place.kind == "delta":
            link = f"{delta} = " * true + f"dL/d{net} = dL/d{out} * d{out}/d{net}"
            short = self._short(delta, net, name)
            if name != self.shortened:
                return link, short
            return link, f"{short}; {self.experiment.loss.shortcuts[self.activation].why}"
        of = self.sources[name]
        link = f"{name} = " * true + f"dL/d{of} = {delta} * d{net}/d{of}"
        summed = ", summed over the samples" * (self.samples > 1)
        if place.kind == "bias_gradient":
            return (
                link,
                f"a bias is a term of its own, so its factor is 1: the delta itself{summed}",
            )
        read = names.out(layer - 1)
        why = f"each weight carries {read} to a unit: that times its delta{summed}"
        why += f", hence {read} transposed, in front"
        return link, why + "; the penalty's slope is added" * bool(self.experiment.training.l2)

    def _short(self, delta: str, net: str, name: str) -> str:
        what = "should be" if name in self.untrue else "is short for"
        return f"{delta} {what} dL/d{net}: {matters(net)}"

    def _place(self, quantity: Quantity) -> Place:
        return self.places[quantity.name]

    def _parting(self, chain: Chain) -> Iterator[str]:
        """Say what feeds what, where paths part; or of a parameter that there is one path."""
        feeds: list[str] = []
        sizes: dict[str, int] = {}
        for links in list(zip(*chain.paths, strict=True))[::-1]:
            pairs = {(link.above, link.below) for link in links}
            ends = {link.below for link in links}
            if LOSS in {link.above for link in links} or len(pairs) == len(ends):
                continue
            layer = self._place(links[0].above).layer
            units = self._units(layer)
            sizes[links[0].above.name] = self.names.layers[layer]
            if self._place(links[0].above).kind == "out":
                yield (
                    f"{self.activation} makes each output of all pre-activations, so "
                    f"{self.text(links[0].below) if len(ends) == 1 else 'each'} reaches L "
                    f"through {units}"
                )
                continue
            source = "each of these" if feeds else self._unit(links[0].below)
            feeds.append(f"{source} feeds {units}")
        if feeds:
            count = prod(sizes.values())
            every = "both paths" if count == 2 else f"all {count} paths"
            so = f", so {every} add up"
            if self._place(chain.gradient).kind == "out_gradient":
                so = f": small changes reach L on {every}, and add up"
            yield ", ".join(feeds) + so
            return
        kind, size = self._place(chain.gradient).kind, len(chain.paths[0])
        if kind == "out_gradient" and size == 1:
            should = "it should be " * (chain.gradient.name in self.untrue)
            yield f"{should}how much {self.text(chain.of)} changes the loss"
        elif size > 2 - (kind == "out_gradient") and kind != "delta":
            yield f"{self.text(chain.of)} reaches L through {self._through(chain.paths[0])} alone"

    def _through(self, path: Sequence[Factor]) -> str:
        above = [link.above for link in path[::-1] if link.above != LOSS]
        return listed([self.text(each) for each in above if self._place(each).kind == "net"])

    def _unit(self, quantity: Quantity) -> str:
        return self.names.unit(self._place(quantity).layer, (quantity.index or (0,))[-1])

    def _units(self, layer: int) -> str:
        size = self.names.layers[layer]
        if size <= MOST_NAMED:
            return listed([self.names.unit(layer, unit) for unit in range(size)])
        return f"{self.names.unit(layer, 0)} to {self.names.unit(layer, size - 1)}"
