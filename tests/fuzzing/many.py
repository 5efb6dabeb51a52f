"""Many hostile inputs, each under limits of time and memory."""

from __future__ import annotations

import multiprocessing
import resource
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

import click

from .judging import KINDS, Judge

SECONDS = 2.0
"""Of processor time: a busy machine makes nothing hang."""
MEMORY = 500 * 2**20
SLICE = 500


class HangError(BaseException):
    """An input that takes too long; nothing in the program can catch it."""


@dataclass
class Found:
    """What came of some inputs of one kind."""

    kind: str
    tried: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)
    largest: int = 0
    peak: int = 0


def try_many(
    inputs: int, kinds: tuple[str, ...], first: int, workers: int, seconds: float | None
) -> int:
    """Try as many inputs as ``seconds`` allow; 1 if there was any fault, otherwise 0."""
    wanted, count = kinds or tuple(KINDS), inputs // len(kinds or KINDS)
    tasks = [
        (kind, first + at, min(SLICE, count - at))
        for at in range(0, count, SLICE)
        for kind in wanted
    ]
    totals, began = dict[str, Found](), time.monotonic()
    # a new process for each slice, so that the peak of its memory is its own
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawned, max_tasks_per_child=1) as pool:
        for found in _until(seconds, pool, tasks):
            total = totals.setdefault(found.kind, Found(found.kind))
            total.tried += found.tried
            total.faults += found.faults
            total.slowest = max(total.slowest, found.slowest)
            total.largest, total.peak = (
                max(total.largest, found.largest),
                max(total.peak, found.peak),
            )
            for seed, fault in found.faults:
                click.echo(f"{found.kind} {seed}: {fault}", err=True)
    for each in totals.values():
        seconds, seed = each.slowest
        click.echo(
            f"{each.kind:10} {each.tried:8,} inputs, {len(each.faults)} faults; slowest "
            f"{seconds:.2f} s of processor time (seed {seed}); largest {each.largest:,} bytes; "
            f"peak {each.peak / 2**20:.0f} MiB"
        )
    tried = sum(each.tried for each in totals.values())
    click.echo(f"{tried:,} inputs in {time.monotonic() - began:.0f} s")
    return int(any(each.faults for each in totals.values()))


def _until(
    seconds: float | None, pool: ProcessPoolExecutor, tasks: list[tuple[str, int, int]]
) -> Iterator[Found]:
    """What came of the tasks; none is begun when the time is over."""
    over = None if seconds is None else time.monotonic() + seconds
    left = [pool.submit(_slice, task) for task in tasks]
    for future in as_completed(left):
        if over is not None and time.monotonic() > over:
            over = None
            for each in left:
                each.cancel()
        if not future.cancelled():
            yield future.result()


def _slice(task: tuple[str, int, int]) -> Found:
    kind, first, count = task
    found = Found(kind)
    signal.signal(signal.SIGPROF, _too_long)
    used = _size()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(Path(folder))
        for seed in range(first, first + count):
            began = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            try:
                given = KINDS[kind](judge, Random(f"{kind} {seed}"))
                found.largest = max(found.largest, len(given))
            except HangError:
                where = traceback.format_exc(limit=-3)
                found.faults.append((seed, f"more than {SECONDS} s\n{where}"))
            except BaseException:
                found.faults.append((seed, traceback.format_exc(limit=-4)[-2_000:]))
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            found.slowest = max(found.slowest, (time.process_time() - began, seed))
            found.tried += 1
    found.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return found


def _too_long(number: int, frame: FrameType | None) -> None:
    raise HangError


def _size() -> int:
    """Bytes of address space in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()
