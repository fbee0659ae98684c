"""Benchmarks, as ratios measured in one run: `make bench`. Nothing here passes or fails.

Each formula is swept densely (every input an array of a million values) with its checks, beside the same expression
in bare numpy; then the peak memory of a sweep over its result, and the guide times of the engine.
"""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import sympy

from roofline import batch_size
from roofline.algebra import Formula
from roofline.batch_size import t_step
from roofline.notation import notation

POINTS = 1_000_000


def best(run: Callable[[], object], repeats: int = 7) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def dense(formula: Formula, points: int = POINTS, seed: int = 0) -> dict[str, np.ndarray]:
    """An array for every input, log-spread inside its domain, keeping to the notation's relations."""
    rng = np.random.default_rng(seed)
    drawn = {}
    for name in formula.inputs:
        where = notation.inputs[name].domain
        drawn[name] = rng.uniform(0.01, 0.99, points) if where.high == 1 else 10 ** rng.uniform(0.1, 3, points)
    for relation in notation.relations:
        if relation.small in drawn and relation.large in drawn:
            drawn[relation.large] = drawn[relation.large] + drawn[relation.small]
    return drawn


def against_bare_numpy(formula: Formula) -> float:
    values = dense(formula)
    bare = sympy.lambdify([notation.inputs[n].symbol for n in formula.inputs], formula.expr, "numpy")
    # sympy stacks the arguments of Max and Min; hand-written numpy would not
    bare.__globals__["amax"] = lambda pair, axis: np.maximum(*pair)
    bare.__globals__["amin"] = lambda pair, axis: np.minimum(*pair)
    arguments = list(values.values())
    with np.errstate(all="ignore"):
        checked, plain = [], []
        for _ in range(3):  # take turns, so that a busy moment hits both
            checked.append(best(lambda: formula(**values), 3))
            plain.append(best(lambda: bare(*arguments), 3))
    return min(checked) / min(plain)


def five_array_sweep() -> tuple[float, float]:
    """Time ratio of t_step over five dense arrays to hand-written numpy, and its peak memory over the result."""
    values = dense(t_step)
    names = ("B", "L", "N_act", "C", "W")
    five = {n: values[n] for n in names}
    fixed = {"N_tot": 1e12, "b_w": 1.0, "kappa": 7e4, "n": 8.0}

    def bare(B, L, N_act, C, W):
        return np.maximum(2.0 * B * N_act / (8.0 * C), (1e12 + B * 7e4 * L) / (8.0 * W))

    assert np.allclose(bare(**five), t_step(**five, **fixed))
    ratios = [best(lambda: t_step(**five, **fixed), 5) / best(lambda: bare(**five), 5) for _ in range(5)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    result = t_step(**five, **fixed)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return sorted(ratios)[2], peak / result.nbytes


def guides() -> dict[str, float]:
    from roofline.catalog import chips, models

    chip, model = chips["GB200"].at("fp8", n=72), models["DeepSeek-V3"].at(weights="fp8", kv="bf16")
    B, L = np.geomspace(1, 1e5, 1000)[:, None], np.geomspace(1, 1e6, 1000)
    compiled = t_step.compile("B", chip, model, L=8192)
    imported = [sys.executable, "-c", "import roofline, roofline.batch_size, roofline.catalog"]
    return {
        "a million broadcast points, ms": 1e3 * best(lambda: t_step(chip, model, B=B, L=L)),
        "compiled scalar call, µs": 1e6 * best(lambda: [compiled(64.0) for _ in range(1000)]) / 1000,
        "call with chip and model, µs": 1e6
        * best(lambda: [t_step(chip, model, B=64, L=8192) for _ in range(100)])
        / 100,
        "chip.at and model.at, then call, µs": 1e6
        * best(
            lambda: [
                t_step(chips["GB200"].at("fp8", n=72), models["DeepSeek-V3"].at(weights="fp8", kv="bf16"), B=64, L=8192)
                for _ in range(100)
            ]
        )
        / 100,
        "import roofline with its catalog, s": best(lambda: subprocess.run(imported, check=True), 3),
    }


def main() -> None:
    ratio, memory = five_array_sweep()
    print(f"dense five-array sweep of t_step over bare numpy: {ratio:.2f} (goal 1.5)")
    print(f"peak memory of that sweep over its result:        {memory:.2f} (goal 3)")
    ratios = {f.name: against_bare_numpy(f) for f in vars(batch_size).values() if isinstance(f, Formula)}
    worst = max(ratios, key=ratios.__getitem__)
    print(
        f"each formula over bare numpy, {len(ratios)} formulas: worst {worst} {ratios[worst]:.2f} (goal 2), "
        f"median {sorted(ratios.values())[len(ratios) // 2]:.2f}"
    )
    for name, value in ratios.items():
        print(f"  {name:22} {value:5.2f}")
    for name, value in guides().items():
        print(f"{name}: {value:.3g}")


if __name__ == "__main__":
    main()
