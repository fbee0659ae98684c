"""Number formats and what they take in memory. Weights, arithmetic and KV cache each have their own."""

from __future__ import annotations

from collections.abc import Iterable

from .errors import UnknownPrecision

#: Bytes per element. The two block formats carry their scales: mxfp4 has 8 bits per 32 elements (4.25 bits an
#: element), nvfp4 8 bits per 16 (4.5 bits). The scales of fp8 in large blocks are under 0.1 % and left out.
BYTES: dict[str, float] = {
    "fp64": 8.0,
    "fp32": 4.0,
    "bf16": 2.0,
    "fp16": 2.0,
    "fp8": 1.0,
    "int8": 1.0,
    "fp4": 0.5,
    "mxfp4": 4.25 / 8,
    "nvfp4": 4.5 / 8,
}


def listed(names: Iterable[str]) -> str:
    """'bf16, fp8 and fp4'."""
    names = list(names)
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def known(precision: str) -> str:
    """The precision itself; UnknownPrecision if there is no such format."""
    if not isinstance(precision, str) or precision not in BYTES:
        raise UnknownPrecision(f"precision {precision!r} is not known; there are {listed(BYTES)}")
    return precision


def bytes_per_element(precision: str) -> float:
    """Bytes that one element takes in `precision`; UnknownPrecision if there is no such format."""
    return BYTES[known(precision)]
