"""A formula: a small function of named symbols that sympy, numpy, JavaScript and LaTeX all read."""

from __future__ import annotations

import inspect
import pickle
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from . import dimensions, numeric, printing, units
from .symbols import Domain, DomainError, InputMissing, NameUnknown, nearest

if TYPE_CHECKING:
    from .notation import Notation


@dataclass(frozen=True, eq=False, repr=False)
class Formula:
    """One equation: call it for numbers, hand it to sympy for its full expression, print it in LaTeX or JavaScript.

    Attributes
    ----------
    name, unit, meaning : str
    rhs : sympy expression, one level deep (other formulas stand as symbols)
    expr : sympy expression, in inputs only
    inputs : tuple of str, the inputs it depends on, in the order of the notation
    """

    name: str
    unit: str
    tex: str
    function: Callable[..., Any]
    notation: Notation
    arguments: tuple[str, ...]
    result: Domain
    infinite: str | None

    def __post_init__(self) -> None:
        about = f"{inspect.getdoc(self.function)}\n\nUnit: {self.unit}. Inputs: {', '.join(self.inputs)}."
        object.__setattr__(self, "__doc__", about)

    @property
    def meaning(self) -> str:
        return inspect.getdoc(self.function).splitlines()[0]  # type: ignore[union-attr]

    @cached_property
    def rhs(self) -> sympy.Expr:
        return sympy.sympify(self.function(**{a: self._opaque(a) for a in self.arguments}))

    @cached_property
    def expr(self) -> sympy.Expr:
        notation = self.notation
        full = {
            a: notation.formulas[a].expr if a in notation.formulas else notation.inputs[a].symbol
            for a in self.arguments
        }
        return sympy.sympify(self.function(**full))

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        free = {s.name for s in self.expr.free_symbols}
        return tuple(name for name in self.notation.inputs if name in free)

    def _opaque(self, name: str) -> sympy.Symbol:
        made = self.notation.formulas.get(name)
        return sympy.Symbol(name, **made.result.assumptions) if made else self.notation.inputs[name].symbol

    def check_units(self) -> None:
        notation = self.notation
        given = {a: notation.card(a).unit for a in self.arguments}
        try:
            found = dimensions.of(self.rhs, given)
        except units.UnitError as error:
            raise units.UnitError(f"{self.name}: {error}") from None
        free_of_units = self.rhs.is_number and (self.rhs.is_zero or self.rhs.is_infinite)
        if not free_of_units and found != dimensions.dimension(self.unit):
            raise units.UnitError(
                f"{self.name} is declared in {self.unit}, but {self.rhs} comes out in {dimensions.written(found)}"
            )

    # numbers

    def __call__(self, *sources: Mapping[str, float], **values: Any) -> Any:
        """The value in base units: a float, or a float array of the broadcast shape of the inputs.

        Parameters
        ----------
        *sources : mappings from input names to values
            Chips and models from the catalog, or plain dictionaries; names that this formula does not use are skipped.
        **values : numbers or arrays
            Single inputs; they win over sources.

        Raises
        ------
        InputMissing, NameUnknown, DomainError
        """
        return numeric.evaluate(self, self.bind(*sources, **values))

    def bind(self, *sources: Mapping[str, float], **values: Any) -> dict[str, Any]:
        """The inputs of this formula, in order, checked to be complete and inside their domains."""
        given = self._gather(sources, values)
        bound = self._numbers(given)
        known = self._related(given) | bound
        for relation in self.notation.relations:
            # a sweep checks those between its own arrays block by block
            if not (relation.joins(bound) and any(type(bound[n]) is not float for n in relation.names)):
                relation.check(known)
        return bound

    def _numbers(self, given: dict[str, Any], free: tuple[str, ...] = ()) -> dict[str, Any]:
        """Each input but the free ones as a float or an array inside its domain."""
        cards, bound = self.notation.inputs, {}
        for name in self.inputs:
            if name in free:
                continue
            value = given.get(name, cards[name].default)
            if value is None:
                missing = [n for n in self.inputs if n not in free and given.get(n, cards[n].default) is None]
                raise InputMissing(f"{self.name} needs " + ", ".join(cards[n].describe() for n in missing))
            bound[name] = cards[name].number(value)
        return bound

    def _related(self, given: dict[str, Any]) -> dict[str, Any]:
        """What was given beyond the inputs and has a relation to one of them, as numbers."""
        mine = set(self.inputs)
        beside = (n for r in self.notation.relations if not mine.isdisjoint(r.names) for n in r.names if n not in mine)
        return {n: self.notation.inputs[n].number(given[n]) for n in beside if n in given}

    def _gather(self, sources: tuple[Mapping[str, float], ...], values: dict[str, Any]) -> dict[str, Any]:
        cards = self.notation.inputs
        given: dict[str, Any] = {}
        for source in sources:
            if not isinstance(source, Mapping):
                raise TypeError(
                    f"{self.name}: {source!r} is not a source of values; pass chip.at(...), model.at(...), "
                    "a dictionary, or single inputs by name"
                )
            for name, value in source.items():
                if name not in cards:
                    raise NameUnknown(
                        f"{self.name}: {source!r} gives {name!r}, which is not in the notation" + nearest(name, cards)
                    )
                if name in given and name not in values and not np.array_equal(given[name], value):
                    raise DomainError(
                        f"{self.name}: {name} is given twice, as {given[name]!r} and as {value!r}; "
                        f"say which with {name}=..."
                    )
                given[name] = value
        for name, value in values.items():
            if name not in self.inputs:
                self._refuse(name)
            given[name] = value
        return given

    def _refuse(self, name: str) -> None:
        if name in self.notation.inputs:
            raise NameUnknown(f"{self.name} does not depend on {name}; its inputs are {', '.join(self.inputs)}")
        if name in self.notation.formulas:
            raise NameUnknown(
                f"{self.name}: {name} is itself a formula; give its inputs instead: "
                + ", ".join(self.notation.formulas[name].inputs)
            )
        raise NameUnknown(
            f"{self.name}: no input is called {name!r}"
            + nearest(name, self.inputs)
            + f" (its inputs are {', '.join(self.inputs)})"
        )

    def compile(self, *free_and_sources: str | Mapping[str, float], **values: Any) -> numeric.Compiled:
        """A bare function of the named inputs, everything else fixed: for hot loops.

        >>> from roofline.batch_size import t_drain
        >>> f = t_drain.compile("M", W=8e12)
        >>> f(4e12)
        0.5
        """
        free = tuple(a for a in free_and_sources if isinstance(a, str))
        sources = tuple(a for a in free_and_sources if not isinstance(a, str))
        if not free or len(set(free)) < len(free):
            raise NameUnknown(f"{self.name}.compile: name each input to leave free once, such as {self.inputs[0]!r}")
        for name in free:
            if name not in self.inputs:
                self._refuse(name)
        given = self._gather(sources, values)
        return numeric.Compiled(self, free, self._numbers(given, free), self._related(given))

    @cached_property
    def scalar(self) -> Callable[..., Any]:
        return printing.scalar(self.inputs, self.expr)

    @cached_property
    def array(self) -> Callable[..., None]:
        return printing.into(self.inputs, self.expr)

    @cached_property
    def never_below(self) -> bool:
        """Whether inputs inside their domains cannot give a result below its own: sympy can often tell by signs."""
        return bool(self.result.low == 0 and self.expr.is_nonnegative)

    # languages

    def latex(self, full: bool = False) -> str:
        """ "symbol = right-hand side": one level deep, or in inputs only."""
        return f"{self.tex} = {self.notation.latex(self.expr if full else self.rhs)}"

    def javascript(self) -> str:
        """An arrow function of one object of inputs that returns the value."""
        body = printing.javascript({self.name: self.expr}, self.inputs)
        return f"(v) => ({body})(v).{self.name}"

    def _sympy_(self) -> sympy.Expr:
        return self.expr

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __repr__(self) -> str:
        return f"{self.name} = {self.rhs}  [{self.unit}]"

    def __reduce__(self) -> tuple[Any, ...]:
        module = self.function.__module__
        if getattr(sys.modules.get(module), self.name, None) is not self:
            raise pickle.PicklingError(f"{self.name} has no name in {module}, so it cannot be pickled; pickle its expr")
        return _find, (module, self.name)


def _find(module: str, name: str) -> Formula:
    return getattr(__import__(module, fromlist=[name]), name)


def _arithmetic(operator: str) -> Callable[..., Any]:
    def apply(self: Formula, *others: Any) -> Any:
        return getattr(self.expr, operator)(*(sympy.sympify(o) for o in others))

    return apply


for _operator in [
    "add",
    "radd",
    "sub",
    "rsub",
    "mul",
    "rmul",
    "truediv",
    "rtruediv",
    "pow",
    "rpow",
    "neg",
    "lt",
    "le",
    "gt",
    "ge",
]:
    setattr(Formula, f"__{_operator}__", _arithmetic(f"__{_operator}__"))
