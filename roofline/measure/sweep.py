"""The sweep: the four questions a roofline asks of a machine, the same on a CPU and on a GPU.

How fast can it copy and read memory, how fast can it multiply, how long does a stack of weight matrices take
as the batch of vectors grows, and how long does it take to read one cache per sequence? Buffers are larger
than the cache, work only grows, and a measurement that no longer fits the time is left out, never cut short.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from ..catalog.measurement import Result
from ..catalog.precision import BYTES
from .timing import Timing, Work, clock


class Machine(Protocol):
    """What a device must be able to do; `cpu.NumpyMachine` and `gpu.TorchMachine` do."""

    precisions: tuple[str, ...]
    kv_precision: str
    thread_counts: tuple[int | None, ...]  # for copy and read
    warm_up: float  # seconds
    query_group: int  # query heads that share one KV head

    def random(self, shape: tuple[int, ...], precision: str) -> Any: ...
    def vectors(self, width: int, batch: int, precision: str) -> Any: ...
    def products(self, width: int, batch: int, precision: str) -> Any: ...
    def copy(self, target: Any, source: Any, threads: int | None) -> None: ...
    def read(self, source: Any, threads: int | None) -> None: ...
    def multiply(self, matrix: Any, vectors: Any, out: Any) -> None: ...
    def attend(self, cache: Any, queries: Any, out: Any) -> None: ...
    def once(self, work: Work) -> float: ...


@dataclass(frozen=True)
class Sizes:
    """How large the buffers are; see `cpu.sizes` and `gpu.sizes` for the usual ones."""

    stream_bytes: int  # one buffer of the copy and read tests
    squares: tuple[int, ...]  # widths of the square products
    weights: tuple[int, int, int]  # layers, outputs, inputs
    batches: tuple[int, ...]  # vectors per pass
    cache: tuple[int, int, int, int]  # sequences in the pool, heads, context, width


BATCHES = tuple(2**i for i in range(14))  # 1 to 8192


Part = Callable[["Machine", "Sizes", "Pace"], Iterator[Result]]


def sweep(
    machine: Machine, sizes: Sizes, seconds: float, report: Callable[[str], None] = lambda line: None
) -> tuple[Result, ...]:
    """Measure everything within about `seconds` seconds, and tell `report` about each result.

    Reads and square products come first and once more at the end, so that a busy moment spoils neither rate.
    The smallest measurement of every kind is always made, so very short sweeps may overrun.
    """
    rates: list[Part] = [reads, *(partial(squares, precision=p) for p in machine.precisions)]
    passes: list[Part] = [partial(weight_passes, precision=p) for p in machine.precisions]
    parts: list[Part] = [copies, *rates, *passes, cache_reads, *rates]
    share = {copies: 1.0, reads: 1.0, squares: 1.0, weight_passes: 5.0, cache_reads: 2.0}
    shares = [share[getattr(part, "func", part)] for part in parts]
    end = time.perf_counter() + seconds
    results = []
    for i, part in enumerate(parts):
        pace = Pace((end - time.perf_counter()) * shares[i] / sum(shares[i:]))
        for result in part(machine, sizes, pace):
            report(line(result))
            results.append(result)
    return tuple(results)


class Pace:
    """Spends some seconds on a series of ever larger measurements, and starts none that will not fit."""

    def __init__(self, seconds: float) -> None:
        self.end = time.perf_counter() + seconds
        self.share = max(seconds / 24, 1e-3)  # of one measurement: most of the time is for the largest
        self.last = 0.0  # seconds of one run of the measurement before

    def fits(self, growth: float = 2.0) -> bool:
        """Whether a warm-up and three repeats of a measurement `growth` times the last one fit."""
        return self.last == 0 or time.perf_counter() + 4 * growth * self.last < self.end

    def clock(self, machine: Machine, work: Work) -> Timing:
        timing = clock(work, self.share, warm_up=min(machine.warm_up, self.share / 2), once=machine.once)
        self.last = timing.seconds_median
        return timing


def _result(
    timing: Timing, what: Any, precision: Any, shape: tuple[int, ...], flop: float, traffic: float,
    batch: int = 1, threads: int | None = None,
) -> Result:
    return Result(
        what=what, precision=precision, shape=shape, batch=batch, threads=threads, seconds=timing.seconds,
        seconds_median=timing.seconds_median, repeats=timing.repeats, flop=flop, bytes=traffic,
    )


def copies(machine: Machine, sizes: Sizes, pace: Pace) -> Iterator[Result]:
    """Copy one large buffer onto another: every byte is read once and written once."""
    precision = machine.precisions[0]
    numbers = int(sizes.stream_bytes / BYTES[precision])
    source, target = (machine.random((numbers,), precision) for _ in range(2))
    for threads in machine.thread_counts:
        timing = pace.clock(machine, lambda t=threads: machine.copy(target, source, t))  # type: ignore[misc]
        traffic = 2 * numbers * BYTES[precision]
        yield _result(timing, "copy", precision, (numbers,), 0, traffic, threads=threads)


def reads(machine: Machine, sizes: Sizes, pace: Pace) -> Iterator[Result]:
    """Reduce one large buffer to a number: every byte is read once and nothing is written."""
    precision = machine.precisions[0]
    numbers = int(sizes.stream_bytes / BYTES[precision])
    source = machine.random((numbers,), precision)
    for threads in machine.thread_counts:
        timing = pace.clock(machine, lambda t=threads: machine.read(source, t))  # type: ignore[misc]
        yield _result(timing, "read", precision, (numbers,), 0, numbers * BYTES[precision], threads=threads)


def squares(machine: Machine, sizes: Sizes, pace: Pace, precision: str) -> Iterator[Result]:
    """Multiply square matrices, where a machine comes closest to its arithmetic rate."""
    for i, n in enumerate(sizes.squares):
        if i and not pace.fits(growth=(n / sizes.squares[i - 1]) ** 3):
            return
        matrix, vectors = machine.random((n, n), precision), machine.vectors(n, n, precision)
        out = machine.products(n, n, precision)
        timing = pace.clock(machine, lambda a=matrix, x=vectors, y=out: machine.multiply(a, x, y))  # type: ignore[misc]
        traffic = 2 * n * n * BYTES[precision] + n * n * output_bytes(precision)
        yield _result(timing, "matmul", precision, (n, n, n), 2 * n**3, traffic)


def weight_passes(machine: Machine, sizes: Sizes, pace: Pace, precision: str) -> Iterator[Result]:
    """Send a batch of vectors through every matrix of a stack, as a model's forward pass does.

    The stack is larger than the cache, so that each pass must fetch every weight from memory again.
    """
    layers, outputs, inputs = sizes.weights
    stack = [machine.random((outputs, inputs), precision) for _ in range(layers)]
    for i, batch in enumerate(sizes.batches):
        if i and not pace.fits(growth=batch / sizes.batches[i - 1]):
            return
        vectors, out = machine.vectors(inputs, batch, precision), machine.products(outputs, batch, precision)

        def one_pass(x: Any = vectors, y: Any = out) -> None:
            for matrix in stack:
                machine.multiply(matrix, x, y)

        weights = layers * outputs * inputs
        through = layers * batch * (inputs * BYTES[precision] + outputs * output_bytes(precision))
        yield _result(pace.clock(machine, one_pass), "weights", precision, sizes.weights,
                      2 * weights * batch, weights * BYTES[precision] + through, batch)


def cache_reads(machine: Machine, sizes: Sizes, pace: Pace) -> Iterator[Result]:
    """Multiply each sequence's own keys by its own queries: nothing is shared, so bytes grow with the batch.

    Passes walk through a pool of sequences larger than the cache, so that each finds its keys in memory.
    """
    sequences, heads, context, width = sizes.cache
    precision, group = machine.kv_precision, machine.query_group
    keys = machine.random((sequences * heads, context, width), precision)
    queries = machine.random((sequences * heads, width, group), precision)
    out = machine.random((sequences * heads, context, group), precision)
    for batch in (b for b in sizes.batches if b <= sequences):
        if not pace.fits():
            return
        rows = batch * heads
        starts = itertools.cycle(range(0, (sequences // batch) * rows, rows))

        def one_pass(rows: int = rows, starts: Iterator[int] = starts) -> None:
            here = slice(start := next(starts), start + rows)
            machine.attend(keys[here], queries[here], out[:rows])

        numbers = rows * (context * width + width * group + context * group)
        yield _result(pace.clock(machine, one_pass), "kv", precision, (heads, context, width),
                      2 * rows * context * width * group, numbers * BYTES[precision], batch)


def output_bytes(precision: str) -> float:
    """Bytes per number of a product: fp8 products are written in bf16."""
    return max(BYTES[precision], 2.0)


def line(result: Result) -> str:
    """One result for people."""
    shape = " × ".join(str(n) for n in result.shape)
    threads = f", {result.threads} thread{'s' * (result.threads > 1)}" if result.threads else ""
    rate = f"{result.bytes / result.seconds / 1e9:,.1f} GB/s"
    if result.flop:
        rate += f", {result.flop / result.seconds / 1e9:,.0f} GFLOP/s"
    return (f"{result.what:<8}{result.precision:<5} {shape}, batch {result.batch}{threads}: "
            f"{result.seconds * 1e3:,.3f} ms, {rate}")

