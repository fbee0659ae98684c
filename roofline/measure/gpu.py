"""A GPU, measured with torch: bf16 and, where the chip has it, fp8.

Time is read from the GPU's own events, and the GPU first waits a moment so that the host can queue every
kernel: what is measured is the kernels, not Python. Every part but that also runs on torch's CPU device.
"""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .sweep import BATCHES, Sizes
from .timing import Work, wall

LAYER = (16384, 8192)  # outputs, inputs: one matrix far larger than a kernel launch is long
_HOLD_CYCLES = 2_000_000  # about a millisecond on the GPU, in which the host queues its kernels
_ROWS = 16  # fp8 products come in multiples of so many rows


class MissingDevice(RuntimeError):
    """What is missing on this machine, in one sentence."""


def torch_module() -> Any:
    try:
        import torch
    except ImportError:
        raise MissingDevice("measuring a GPU needs torch, which is not installed here; install it") from None
    return torch


def require_cuda() -> None:
    """Raise `MissingDevice` unless torch is installed and sees a CUDA GPU."""
    torch = torch_module()
    if not torch.cuda.is_available():
        raise MissingDevice(f"torch {torch.__version__} sees no CUDA GPU on this machine; try: measure cpu")


@contextmanager
def memory_enough() -> Iterator[None]:
    """Raise `MissingDevice` where torch finds the GPU's memory full."""
    torch = torch_module()
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise MissingDevice("the GPU has too little free memory for the sweep; end what else uses it") from None


class TorchMachine:
    """Answers `sweep.Machine` with torch on `device`, "cuda" or "cpu"."""

    thread_counts: tuple[int | None, ...] = (None,)
    query_group = 8

    def __init__(self, device: str = "cuda") -> None:
        self.torch = torch_module()
        self.device = self.torch.device(device)
        self.notes: list[str] = []
        self.warm_up = 0.05 if device == "cuda" else 0.0
        self.torch.manual_seed(0)
        half = "fp16" if device == "cuda" and self.torch.cuda.get_device_capability() < (8, 0) else "bf16"
        self._dtypes = {"fp16": self.torch.float16, "bf16": self.torch.bfloat16,
                        "fp8": self.torch.float8_e4m3fn}
        self._scale = self.torch.ones((), device=self.device)
        self.kv_precision = half
        self.precisions: tuple[str, ...] = (half, "fp8") if self._has_fp8() else (half,)

    def _has_fp8(self) -> bool:
        if self.device.type == "cuda" and self.torch.cuda.get_device_capability() < (8, 9):
            self.notes.append("fp8 is left out: this GPU has no fp8 arithmetic.")
            return False
        try:
            self.multiply(self.random((64, 64), "fp8"), self.vectors(64, 1, "fp8"), None)
        except (RuntimeError, NotImplementedError, AttributeError, TypeError, ValueError) as error:
            self.notes.append(f"fp8 is left out: torch cannot multiply it here ({type(error).__name__}).")
            return False
        return True

    def random(self, shape: tuple[int, ...], precision: str) -> Any:
        """Normal random numbers: a GPU multiplies zeros faster than it would real weights."""
        half = self._dtypes["bf16" if precision == "fp8" else precision]
        return self.torch.randn(shape, device=self.device, dtype=half).to(self._dtypes[precision])

    def vectors(self, width: int, batch: int, precision: str) -> Any:
        rows = -(-batch // _ROWS) * _ROWS if precision == "fp8" else batch
        return self.random((rows, width), precision)

    def products(self, width: int, batch: int, precision: str) -> Any:
        if precision == "fp8":
            return None  # the fp8 product makes its own output
        return self.torch.empty((batch, width), device=self.device, dtype=self._dtypes[precision])

    def copy(self, target: Any, source: Any, threads: int | None) -> None:
        target.copy_(source)

    def read(self, source: Any, threads: int | None) -> None:
        source.sum()

    def multiply(self, matrix: Any, vectors: Any, out: Any) -> None:
        if matrix.dtype == self._dtypes["fp8"]:
            self.torch._scaled_mm(vectors, matrix.t(), scale_a=self._scale, scale_b=self._scale,
                                  out_dtype=self._dtypes["bf16"], use_fast_accum=True)  # as in inference
        else:
            self.torch.mm(vectors, matrix.t(), out=out)

    def attend(self, cache: Any, queries: Any, out: Any) -> None:
        self.torch.bmm(cache, queries, out=out)

    def once(self, work: Work) -> float:
        if self.device.type != "cuda":
            return wall(work)
        cuda = self.torch.cuda
        start, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
        cuda.synchronize()
        cuda._sleep(_HOLD_CYCLES)
        start.record()
        work()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) * 1e-3


def sizes(memory_bytes: float) -> Sizes:
    """Buffers of gigabytes on a large GPU, and at most a thirtieth of the memory on a small one."""
    stream = int(max(2**26, min(2**31, memory_bytes / 30)))
    outputs, inputs = LAYER
    layers = max(1, min(8, int(memory_bytes / 15) // (2 * outputs * inputs)))
    heads, context, width = 8, 4096, 128
    pool = max(8, min(512, stream // (2 * heads * context * width)))
    return Sizes(stream, (4096, 8192), (layers, outputs, inputs), BATCHES, (pool, heads, context, width))


def memory_bytes() -> float:
    return float(torch_module().cuda.get_device_properties(0).total_memory)


def describe(machine: TorchMachine) -> dict[str, Any]:
    """The fields of a run that say what was measured; called right after the sweep, while clocks are high."""
    torch = machine.torch
    versions = {"python": platform.python_version(), "torch": torch.__version__, "system": platform.system()}
    fields: dict[str, Any] = {"kind": "gpu", "device": "torch on the CPU", "versions": versions,
                              "backend": f"torch {torch.__version__}", "notes": tuple(machine.notes)}
    if machine.device.type == "cuda":
        properties = torch.cuda.get_device_properties(0)
        versions["cuda"] = str(torch.version.cuda or torch.version.hip)
        versions["capability"] = f"{properties.major}.{properties.minor}"
        driver, clocks = _nvidia_smi(str(getattr(properties, "uuid", "")))
        if driver:
            versions["driver"] = driver
        fields |= {"device": properties.name, "clocks": clocks,
                   "memory_bytes": properties.total_memory,
                   "backend": f"torch {torch.__version__}, CUDA {versions['cuda']}"}
    return fields


_QUERY = ("driver_version", "clocks.sm", "clocks.mem", "clocks.max.sm", "clocks.max.mem", "power.limit")
_NAMES = (("core_hz", 1e6), ("memory_hz", 1e6), ("core_max_hz", 1e6), ("memory_max_hz", 1e6),
          ("power_limit_w", 1.0))


def _nvidia_smi(uuid: str) -> tuple[str, dict[str, float]]:
    """Driver version and clocks as the driver's tool tells them; empty where there is no such tool."""
    command = ["nvidia-smi", f"--query-gpu={','.join(_QUERY)}", "--format=csv,noheader,nounits"]
    if uuid:
        command.append(f"--id=GPU-{uuid.removeprefix('GPU-')}")
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return "", {}
    return parse_nvidia_smi(told)


def parse_nvidia_smi(told: str) -> tuple[str, dict[str, float]]:
    """Read the first line the tool printed; fields that it does not know ("[N/A]") are left out."""
    driver, *values = [field.strip() for field in (told.splitlines() or [""])[0].split(",")]
    clocks = {}
    for (name, scale), value in zip(_NAMES, values, strict=False):
        try:
            clocks[name] = float(value) * scale
        except ValueError:
            continue
    return driver, {name: value for name, value in clocks.items() if value > 0}
