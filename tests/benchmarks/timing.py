"""Interleaved measurements: contestants take turns, so that a slow moment hits all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any


def in_turns(
    benchmark: Any,  # noqa: ANN401  pytest-benchmark's fixture has no public type
    contestants: Mapping[str, Callable[[], object]],
    rounds: int,
    warmup: int = 2,
) -> dict[str, list[float]]:
    """Seconds of every call by contestant: A B C, then B C A, then C A B, ...

    The order moves on by one each round, as a contestant finds the caches the way the one before
    left them. The benchmark's own time is that of a whole round.
    """
    names = list(contestants)
    seconds: dict[str, list[float]] = {name: [] for name in names}

    def play() -> None:
        for name in names:
            began = perf_counter()
            contestants[name]()
            seconds[name].append(perf_counter() - began)
        names.append(names.pop(0))

    benchmark.pedantic(play, rounds=rounds, warmup_rounds=warmup)
    kept = {name: times[warmup:] for name, times in seconds.items()}
    benchmark.extra_info.update({name: min(times) for name, times in kept.items()})
    return kept


def percentile_95(values: list[float]) -> float:
    """The smallest value that at least 95 % of ``values`` do not exceed."""
    return sorted(values)[-(-len(values) * 95 // 100) - 1]
