"""Measure the machine at hand: memory bandwidth, matmul rate, and where a growing batch bends the curve.

`measure("cpu")` sweeps with numpy, `measure("gpu")` with torch on CUDA; `fit(run)` turns either into a
roofline.

Examples
--------
>>> from roofline.catalog import measured
>>> from roofline.measure import clock, fit, load, measure, to_yaml
>>> clock(lambda: sum(range(1000)), seconds=0.01).repeats >= 3
True
>>> run = measure("cpu", seconds=5)  # doctest: +SKIP
>>> run = next(iter(measured.values()))
>>> found = fit(run)
>>> 0 < found.share_of_bandwidth < 2
True
>>> type(run.results[0]).__name__, to_yaml(run).splitlines()[0]
('Result', 'kind: cpu')
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .. import __version__
from .timing import Timing, clock

if TYPE_CHECKING:
    from ..catalog.measurement import Result, Run, load, to_yaml
    from .fitting import Roofline, fit

__all__ = ["Result", "Roofline", "Run", "Timing", "clock", "fit", "load", "measure", "to_yaml"]

_LAZY = {"Roofline": ".fitting", "fit": ".fitting", "Result": "..catalog.measurement", "Run": "..catalog.measurement",
         "load": "..catalog.measurement", "to_yaml": "..catalog.measurement"}


def __getattr__(name: str) -> Any:
    """What needs sympy or pydantic is imported when first asked for: the command line starts without."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def measure(
    kind: str,
    seconds: float = 60.0,
    date: datetime.date | None = None,
    report: Callable[[str], None] = lambda line: None,
    threads: int | None = None,
) -> Run:
    """Sweep this machine's "cpu" or "gpu" for about so many seconds.

    Parameters
    ----------
    kind : str
        "cpu" measures with numpy, "gpu" with torch on CUDA.
    seconds : float
        About how long; setting up takes some seconds more.
    date : datetime.date, optional
        The day to write into the run; by default today.
    report : callable
        Is told each result, as one line of text.
    threads : int, optional
        Most threads of copies and reads on the CPU; by default its cores. The linear algebra library has its own
        setting, which it reads when numpy is loaded.

    Returns
    -------
    Run
        Device, software, clocks and results, ready for `fit` and `to_yaml`.

    Raises
    ------
    ValueError
        If `kind` is neither.
    gpu.MissingDevice
        If torch, a CUDA GPU or free memory on it is missing; the message is one sentence.
    """
    from ..catalog.measurement import Run
    from . import cpu, gpu
    from .sweep import sweep

    if kind == "cpu":
        results = sweep(cpu.NumpyMachine(threads), cpu.sizes(), seconds, report)
        fields = cpu.describe()
    elif kind == "gpu":
        gpu.require_cuda()
        with gpu.memory_enough():
            machine = gpu.TorchMachine()
            results = sweep(machine, gpu.sizes(gpu.memory_bytes()), seconds, report)
        fields = gpu.describe(machine)
    else:
        raise ValueError(f"measure: kind {kind!r} is neither 'cpu' nor 'gpu'")
    fields["versions"] = {"roofline": __version__, **fields["versions"]}
    return Run(**fields, date=date or datetime.date.today(), results=results)
