"""The reader's own processor, measured with numpy.

Copies and reads run on one thread and on every core; products run on as many threads as numpy's linear
algebra library takes, which is read off the processor time it uses.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from .sweep import BATCHES, Sizes
from .timing import Work, clock, wall

_DTYPES: dict[str, Any] = {"fp32": np.float32, "fp64": np.float64}
_NUMBER = r"([\d.]+)"


class NumpyMachine:
    """Answers `sweep.Machine` with numpy."""

    precisions: tuple[str, ...] = ("fp32", "fp64")
    kv_precision = "fp32"
    warm_up = 0.0
    query_group = 1

    def __init__(self, threads: int | None = None) -> None:
        most = threads or cores()
        self.thread_counts: tuple[int | None, ...] = (1, most) if most > 1 else (1,)
        self._generator = np.random.default_rng(0)
        self._pool = ThreadPoolExecutor(most)

    def random(self, shape: tuple[int, ...], precision: str) -> np.ndarray:
        return self._generator.random(shape, dtype=_DTYPES[precision])

    def vectors(self, width: int, batch: int, precision: str) -> np.ndarray:
        return self.random((width, batch), precision)

    def products(self, width: int, batch: int, precision: str) -> np.ndarray:
        return np.empty((width, batch), _DTYPES[precision])

    def copy(self, target: np.ndarray, source: np.ndarray, threads: int | None) -> None:
        self._spread(lambda part: np.copyto(target[part], source[part]), source.size, threads or 1)

    def read(self, source: np.ndarray, threads: int | None) -> None:
        self._spread(lambda part: source[part].max(), source.size, threads or 1)

    def multiply(self, matrix: np.ndarray, vectors: np.ndarray, out: np.ndarray) -> None:
        np.matmul(matrix, vectors, out=out)

    def attend(self, cache: np.ndarray, queries: np.ndarray, out: np.ndarray) -> None:
        np.matmul(cache, queries, out=out)

    def once(self, work: Work) -> float:
        return wall(work)

    def _spread(self, task: Callable[[slice], Any], numbers: int, threads: int) -> None:
        """Run `task` on equal parts of a buffer at the same time; numpy lets go of Python's lock in each."""
        step = -(-numbers // threads)
        parts = [slice(start, start + step) for start in range(0, numbers, step)]
        if len(parts) == 1:
            task(parts[0])
        else:
            list(self._pool.map(task, parts))


def sizes() -> Sizes:
    """Buffers of four times the last-level cache, within 256 MB and a sixteenth of the memory."""
    stream = int(max(2**26, min(max(2**28, 4 * cache_bytes()), memory_bytes() / 16)))
    width = 4096
    layers = max(1, min(stream, 2**29) // (4 * width * width))
    sequence = 4 * 4096 * 128  # bytes of one sequence's keys
    return Sizes(
        stream_bytes=stream,
        squares=(1024, 2048, 4096),
        weights=(layers, width, width),
        batches=BATCHES,
        cache=(max(32, min(stream, 2**28) // sequence), 1, 4096, 128),
    )


def describe() -> dict[str, Any]:
    """The fields of a run that say what was measured: product, software, clocks, threads."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    library = f"{blas.get('name', 'unknown BLAS')} {blas.get('version', '')}".strip()
    return {
        "kind": "cpu",
        "device": model_name(),
        "backend": f"numpy {np.__version__}, {library}",
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "blas": library,
                     "system": platform.system()},
        "clocks": clocks(),
        "threads": {"cores": cores(), "blas": blas_threads()},
        "memory_bytes": memory_bytes(),
        "notes": neighbours(),
    }


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def blas_threads() -> int:
    """How many cores a large product keeps busy: processor seconds over wall seconds, rounded."""
    a = np.ones((1536, 1536), np.float32)
    out = np.empty_like(a)
    return max(1, min(cores(), round(clock(lambda: np.matmul(a, a, out=out), 0.2).cores_busy)))


def neighbours() -> tuple[str, ...]:
    """A sentence if other work keeps this process from a whole core: the rates then come out too low."""
    numbers = np.ones(2**18, np.float32)
    share = clock(numbers.max, 0.2, repeats=(3, 10_000)).cores_busy
    if share > 0.9:
        return ()
    return (f"Other work shared the processor: one thread had {share:.0%} of a core.",)


def model_name() -> str:
    """The processor's product name, as the system tells it."""
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return " ".join(found[1].split())
    if platform.system() == "Darwin":
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            told = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
            return told.stdout.strip()
    return platform.processor() or platform.machine() or "unknown processor"


def clocks() -> dict[str, float]:
    """Clock rates in hertz: the present one, and the highest where the system tells it."""
    found = {}
    with contextlib.suppress(OSError):
        now = re.search(rf"^cpu MHz\s*:\s*{_NUMBER}$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if now:
            found["core_hz"] = float(now[1]) * 1e6
    with contextlib.suppress(OSError, ValueError):
        found["core_max_hz"] = float(_cpu0("cpufreq/cpuinfo_max_freq")) * 1e3
    return {name: hertz for name, hertz in found.items() if hertz > 0}


def cache_bytes() -> int:
    """Bytes of the largest cache, or 32 MiB where the system does not tell."""
    largest = 0
    for index in range(8):
        with contextlib.suppress(OSError, KeyError, ValueError):
            text = _cpu0(f"cache/index{index}/size")
            largest = max(largest, int(text[:-1]) * {"K": 2**10, "M": 2**20}[text[-1]])
    return largest or 2**25


def memory_bytes() -> int:
    """Bytes of memory this process may use: the machine's, or its container's if that is less."""
    memory = 2**32
    with contextlib.suppress(OSError, ValueError, AttributeError):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            memory = min(memory, int(Path(limit).read_text()))
    return memory


def _cpu0(name: str) -> str:
    return Path("/sys/devices/system/cpu/cpu0", name).read_text().strip()
