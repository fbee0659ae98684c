"""What a record hands to a formula: symbol names and SI values, with where they came from."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .record import Source

#: Units that read better than those of the notation; values are always SI.
SHOWN_IN = {"price": "USD/hour", "b_w": "bit/parameter"}


class Operands(Mapping[str, float]):
    """A frozen mapping from symbol names to SI floats that a formula takes as a source of values.

    Attributes
    ----------
    label : str
        What the values describe, such as "72 x GB200 at fp8".
    sources : mapping of str to tuple of Source
        The sources of each symbol's value; empty for a choice of the reader, such as n.
    unconfirmed : frozenset of str
        Symbols whose value no source confirms.
    """

    __slots__ = ("_values", "label", "sources", "unconfirmed")
    _values: Mapping[str, float]
    label: str
    sources: Mapping[str, tuple[Source, ...]]
    unconfirmed: frozenset[str]

    def __init__(self, label: str, values: Mapping[str, float], sources: Mapping[str, tuple[Source, ...]],
                 unconfirmed: frozenset[str] = frozenset()) -> None:
        for slot, value in (("label", label), ("_values", MappingProxyType(dict(values))),
                            ("sources", MappingProxyType(dict(sources))), ("unconfirmed", unconfirmed)):
            object.__setattr__(self, slot, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"operands are frozen; cannot set {name}")

    def __getitem__(self, symbol: str) -> float:
        return self._values[symbol]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> KeysView[str]:
        return self._values.keys()

    def values(self) -> ValuesView[float]:
        return self._values.values()

    def items(self) -> ItemsView[str, float]:
        return self._values.items()

    def __hash__(self) -> int:
        return hash((self.label, tuple(self._values.items())))

    def __reduce__(self) -> Any:
        return Operands, (self.label, dict(self._values), dict(self.sources), self.unconfirmed)

    def __repr__(self) -> str:
        from roofline.algebra.units import ONE, text
        from roofline.notation import notation

        units = {name: card.unit for name, card in notation.inputs.items()} | SHOWN_IN
        mark = dict.fromkeys(self.unconfirmed, " (unconfirmed)")
        shown = (f"{name} = {text(value, units.get(name, ONE), 4)}{mark.get(name, '')}" for name, value in self.items())
        return f"<{self.label}: {', '.join(shown)}>"
