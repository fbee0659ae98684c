"""A collection of records looked up by name: forgiving about spelling, clear about what it does not hold."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

from .errors import UnknownName

R = TypeVar("R")


def folded(name: str) -> str:
    """A name without case, spaces, hyphens, dots or underscores: 'Llama-3.1 70B' -> 'llama3170b'."""
    return re.sub(r"[\W_]+", "", name.casefold())


def closest(name: str, known: Mapping[str, str]) -> list[str]:
    """Up to three of the names in `known` (folded -> written) that look like `name`."""
    sought = folded(name)
    inside = sorted((f for f in known if len(sought) > 2 and sought in f), key=len)
    near = difflib.get_close_matches(sought, known, n=12, cutoff=0.6)
    return list(dict.fromkeys(known[f] for f in [*inside, *near]))[:3]


class Catalog(Mapping[str, R], Generic[R]):
    """Records by name, read from the data files when first used.

    Iterating gives names, `values()` the records; `catalog["name"]` also takes an alias, in any case and with
    any spaces, hyphens and underscores. `catalog.<tab>` and `catalog["<tab>` complete.

    Parameters
    ----------
    noun : str
        What one record is called in messages, such as "chip".
    load : callable
        Returns the records by name; called once.
    """

    def __init__(self, noun: str, load: Callable[[], dict[str, R]]) -> None:
        self._noun, self._load = noun, load

    @cached_property
    def _records(self) -> dict[str, R]:
        return self._load()

    @cached_property
    def _names(self) -> dict[str, str]:
        """Folded name or alias -> the record's name."""
        names: dict[str, str] = {}
        for name, record in self._records.items():
            for spelling in (name, *getattr(record, "aliases", ())):
                names.setdefault(folded(spelling), name)
        return names

    def __getitem__(self, name: str) -> R:
        if not isinstance(name, str):
            raise UnknownName(f"a {self._noun} is looked up by its name, not by {name!r}")
        if (record := self._records.get(name)) is not None:
            return record
        try:
            return self._records[self._names[folded(name)]]
        except KeyError:
            raise UnknownName(self._unknown(name)) from None

    def _unknown(self, name: str) -> str:
        near = closest(name, self._names)
        if near:
            return f"no {self._noun} is called {name!r}; did you mean {' or '.join(near)}?"
        some = ", ".join(list(self._records)[:6])
        return f"no {self._noun} is called {name!r}; there are {len(self)}, such as {some}" if some else (
            f"no {self._noun} is called {name!r}; there are none yet")

    def __getattr__(self, name: str) -> R:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except UnknownName as error:
            raise AttributeError(str(error)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __dir__(self) -> list[str]:
        identifiers = (re.sub(r"\W+", "_", name).strip("_") for name in self._records)
        return [*super().__dir__(), *(name for name in identifiers if name.isidentifier())]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._records)

    def __repr__(self) -> str:
        return f"<{len(self)} {self._noun}s: {', '.join(self._records)}>"

    def __reduce__(self) -> Any:
        raise TypeError(f"the {self._noun}s as a whole are not for pickling; pickle a record or its operands")
