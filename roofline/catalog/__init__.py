"""The facts of the book: chips, memory, models, prices and published figures, each with its source and date.

Collections are read from `data/` when first used; importing this package reads nothing. What formulas take as
sources of values is `chips["GB200"].at("fp8", n=72)` and `models["DeepSeek-V3"].at(weights="fp8", kv="bf16")`.

Examples
--------
>>> from roofline.catalog import (
...     bytes_per_element, chips, counts, disclosures, measured, memory_tiers, models, prices, pricing_rules,
...     rack_totals, sources, sparse_scaling)
>>> chip = chips["h100"]
>>> chip.name, chip.at("fp8")["W"], chip.is_unconfirmed("bandwidth"), bool(chip.cited)
('H100', 3350000000000.0, False, True)
>>> model = models["DeepSeek-V3"]
>>> model.total, model.kv_read("bf16", context=1000), bytes_per_element("fp8")
(671000000000.0, 70272000.0, 1.0)
>>> models["DeepSeek-V3"].at(weights="fp8", kv="bf16").label
'DeepSeek-V3, weights fp8, KV bf16'
>>> all(line.tier == "batch" for line in prices.select(model="Claude Opus 4.6", tier="batch"))
True
>>> rack_totals(chips["GB200 NVL72"])["memory"] == 72 * chips["GB200"].memory
True
>>> row = next(row for row in counts() if row.model == "Llama-3-70B")
>>> round(row.ours / row.vendor, 2)
1.0
>>> chips["H1000"]
Traceback (most recent call last):
    ...
roofline.catalog.errors.UnknownName: no chip is called 'H1000'; did you mean H100 or H800 or H200?

What the collections hold:

>>> kinds = chips, memory_tiers, models, prices, pricing_rules, disclosures, sparse_scaling, sources, measured
>>> [type(next(iter(kind.values()))).__name__ for kind in kinds][:5]
['Chip', 'MemoryTier', 'Model', 'Price', 'PricingRule']
>>> [type(next(iter(kind.values()))).__name__ for kind in kinds][5:]
['Disclosure', 'SparseScaling', 'Source', 'Run']
>>> [type(kind).__name__ for kind in (chips, prices, chip.at("fp8"))]
['Catalog', 'PriceList', 'Operands']
>>> from roofline.catalog.disclosure import Table
>>> from roofline.catalog.record import Record
>>> isinstance(chip, Record), isinstance(disclosures["deepseek_inference_overview"], Table)
(True, True)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .collection import Catalog
from .errors import DataError, MissingFact, UnknownName, UnknownPrecision
from .operands import Operands
from .precision import BYTES, bytes_per_element

if TYPE_CHECKING:
    from .disclosure import Disclosure, SparseScaling
    from .hardware import Chip, MemoryTier, rack_totals
    from .language_model import Model, counts
    from .measurement import Run
    from .price import PriceList, PricingRule
    from .record import Source
    from .staleness import StaleFact, stale

    prices: PriceList

__all__ = [
    "BYTES", "Catalog", "DataError", "MissingFact", "Operands", "StaleFact", "UnknownName",
    "UnknownPrecision", "bytes_per_element", "chips", "counts", "disclosures", "measured", "memory_tiers",
    "models", "prices", "pricing_rules", "rack_totals", "sources", "sparse_scaling", "stale",
]


def _file(file: str, module: str, record: str) -> Any:
    """A function that reads `file` as records of a class; pydantic is imported only then."""
    def load() -> Any:
        model = getattr(import_module(f".{module}", __name__), record)
        return import_module(".loading", __name__).load(model, file)
    return load


def _runs() -> Any:
    return import_module(".measurement", __name__).load_measured()


sources: Catalog[Source] = Catalog("source", _file("sources.yaml", "record", "Source"))
chips: Catalog[Chip] = Catalog("chip", _file("accelerators.yaml", "hardware", "Chip"))
memory_tiers: Catalog[MemoryTier] = Catalog("memory tier", _file("memory_tiers.yaml", "hardware", "MemoryTier"))
models: Catalog[Model] = Catalog("model", _file("models.yaml", "language_model", "Model"))
sparse_scaling: Catalog[SparseScaling] = Catalog(
    "sparse-scaling point", _file("sparse_scaling.yaml", "disclosure", "SparseScaling"))
pricing_rules: Catalog[PricingRule] = Catalog("pricing rule", _file("pricing_rules.yaml", "price", "PricingRule"))
disclosures: Catalog[Disclosure] = Catalog("disclosure", _file("disclosures.yaml", "disclosure", "Disclosure"))
measured: Catalog[Run] = Catalog("measured run", _runs)

_LATER = {"prices": "price", "rack_totals": "hardware", "counts": "language_model", "StaleFact": "staleness",
          "stale": "staleness"}


def __getattr__(name: str) -> Any:
    """What itself needs pydantic is imported when first asked for."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f".{_LATER[name]}", __name__)
    if name == "prices":
        value = module.PriceList("price", _file("prices.yaml", "price", "Price"))
    else:
        value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
