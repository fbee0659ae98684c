"""The equations of Tokens from First Principles, each written once, with units and proofs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_FROM_CATALOG = ("chips", "disclosures", "measured", "memory_tiers", "models", "prices")


def __getattr__(name: str) -> Any:
    if name in _FROM_CATALOG:
        return getattr(import_module("roofline.catalog"), name)
    raise AttributeError(f"module 'roofline' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_FROM_CATALOG])
