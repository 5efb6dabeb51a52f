"""Measurements in turns, and the table of their results."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, NamedTuple

import pytest


class Table(NamedTuple):
    """Results as text, a row each; ``benchmark`` is pytest-benchmark's fixture."""

    rows: list[tuple[str, ...]]
    benchmark: Any

    def add(
        self, what: str, measured: str, value: float, wanted: float, most: str = "", unit: str = "x"
    ) -> None:
        """Add a row, then fail the running test unless ``value`` is at least ``wanted``.

        At most, where that is the unit of ``most``; ``measured`` says what ``value`` was made of.
        """
        met, unit = value <= wanted if most else value >= wanted, most or unit
        target = f"{'<=' if most else '>='} {wanted:g} {unit}"
        row = what, measured, target, f"{value:.3g} {unit}", "met" if met else "MISSED"
        self.rows.append(row)
        assert met, f"{what}: {value:.4g} {unit}, wanted {target}"

    def play(self, function: Callable[[], Any], rounds: int) -> Any:  # noqa: ANN401  what it gives
        """Call it so often, with the benchmark's clock running."""
        return self.benchmark.pedantic(function, rounds=rounds)

    def in_turns(
        self, contestants: Mapping[str, Callable[[], object]], rounds: int, warmup: int = 2
    ) -> dict[str, list[float]]:
        """Seconds of every call by contestant: A B C, then B C A, then C A B, ...

        A slow moment hits all of them. The order moves on by one each round, as a contestant finds
        the caches the way the one before left them. The benchmark's time is that of a round.
        """
        names = list(contestants)
        seconds: dict[str, list[float]] = {name: [] for name in names}

        def play() -> None:
            for name in names:
                began = perf_counter()
                contestants[name]()
                seconds[name].append(perf_counter() - began)
            names.append(names.pop(0))

        self.benchmark.pedantic(play, rounds=rounds, warmup_rounds=warmup)
        kept = {name: times[warmup:] for name, times in seconds.items()}
        self.benchmark.extra_info.update({name: min(times) for name, times in kept.items()})
        return kept


def percentile_95(values: list[float]) -> float:
    """The smallest value that at least 95 % of ``values`` do not exceed."""
    return sorted(values)[-(-len(values) * 95 // 100) - 1]


ROWS = pytest.StashKey[list[tuple[str, ...]]]()
