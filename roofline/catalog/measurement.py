"""Measured runs: what one is, how it is written to and read from YAML, and those in data/measured.

Numbers are plain SI, with the unit in the field's name. A run names the product that was measured and the
software that did it; it holds no host name and no path.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .loading import DATA, checked, read

Precision = Literal["fp64", "fp32", "fp16", "bf16", "fp8"]
Sentence = Annotated[str, Field(min_length=1, max_length=300)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]

# the axes of `shape` for each kind of work
AXES = {
    "copy": ("numbers",),
    "read": ("numbers",),
    "matmul": ("rows", "inner", "columns"),
    "weights": ("layers", "outputs", "inputs"),
    "kv": ("heads", "context", "width"),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Result(_Strict):
    """One piece of work at one size.

    `seconds` is the fastest repeat. `bytes` is the memory traffic the work needs at the least: every operand
    once. `batch` is the number of vectors (weights) or sequences (kv) in one pass; `threads` is how many
    threads share a copy or read.
    """

    what: Literal["copy", "read", "matmul", "weights", "kv"]
    precision: Precision
    shape: tuple[Count, ...]
    batch: Count = 1
    threads: Count | None = None
    seconds: Positive
    seconds_median: Positive
    repeats: Count
    flop: Amount
    bytes: Amount

    @model_validator(mode="after")
    def _consistent(self) -> Result:
        axes = AXES[self.what]
        if len(self.shape) != len(axes):
            raise ValueError(f"the shape of {self.what} is ({', '.join(axes)}), got {list(self.shape)}")
        if self.seconds_median < self.seconds:
            raise ValueError("seconds is the fastest repeat and cannot exceed seconds_median")
        return self


class Run(_Strict):
    """A sweep of one device on one day."""

    kind: Literal["cpu", "gpu"]
    device: Sentence
    backend: Sentence
    date: datetime.date
    versions: Annotated[dict[str, str], Field(min_length=1)]
    clocks: dict[str, Positive] = {}
    threads: dict[str, Count] = {}
    memory_bytes: Count | None = None
    notes: tuple[Sentence, ...] = ()
    results: Annotated[tuple[Result, ...], Field(min_length=1)]


def to_yaml(run: Run) -> str:
    """The run as YAML, one line a result, times at six digits."""
    fields = {name: _plain(value) for name, value in run.model_dump(exclude={"results"}).items() if value}
    lines = [_plain(result.model_dump(exclude_none=True)) for result in run.results]
    return _dump(fields, None) + "results:\n" + "".join("- " + _dump(line, True) for line in lines)


def _dump(fields: dict[str, Any], flow: bool | None) -> str:
    text = yaml.safe_dump(fields, sort_keys=False, default_flow_style=flow, width=10_000, allow_unicode=True)
    return str(text)


def _plain(value: Any) -> Any:
    """Lists for tuples, integers where a float is whole, six digits where it is not."""
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(f"{value:.6g}")
    return value


def load(path: str | Path) -> Run:
    """Read and validate a run.

    Raises
    ------
    DataError
        A ValueError of one sentence that says which file, which field and what is wrong with it.
    """
    path = Path(path)
    return checked(Run, read(path), path.name)


def load_measured() -> dict[str, Run]:
    """The contributed runs by file name; DataError says which file does not fit and why."""
    return {path.stem: load(path) for path in sorted((DATA / "measured").glob("*.yaml"))}
