"""A notation: the declared inputs of a book and the formulas built from them, each name once."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sympy

from . import printing, units
from .formulas import Formula
from .symbols import Input, NameUnknown, Relation, domain, nearest

_TAKEN_IN_JAVASCRIPT = {
    "Math",
    "Infinity",
    "NaN",
    "const",
    "function",
    "new",
    "this",
    "typeof",
    "undefined",
    "var",
    "void",
}


def _again(old: Callable[..., Any], new: Callable[..., Any]) -> bool:
    """Whether the new function is the old one defined again: a module reloaded, a notebook cell run twice."""
    at = [(f.__module__, f.__qualname__, f.__code__.co_firstlineno) for f in (old, new)]
    return at[0] == at[1] or old.__module__ == new.__module__ == "__main__"


class Notation:
    """Declared inputs and formulas, each name once.

    `symbol` declares an input, `formula` decorates a function whose arguments are named after inputs and formulas
    already defined, so a circle cannot be written. `child()` gives a notation that sees these names and adds its own:
    for exercises, and for tests that try a wrong formula.
    """

    def __init__(self, parent: Notation | None = None) -> None:
        self.inputs: dict[str, Input] = dict(parent.inputs) if parent else {}
        self.formulas: dict[str, Formula] = dict(parent.formulas) if parent else {}
        self.relations: list[Relation] = list(parent.relations) if parent else []

    def child(self) -> Notation:
        return Notation(self)

    def symbol(
        self,
        name: str,
        latex: str,
        unit: str,
        meaning: str,
        domain_name: str = "positive",
        default: float | None = None,
    ) -> sympy.Symbol:
        """Declare an input.

        Parameters
        ----------
        name, latex : str
            How code and page write it.
        unit : str
            Base unit, such as "byte/s"; "1" for a count or ratio.
        meaning : str
            One phrase, shown in errors, tables and the number inspector.
        domain_name : {"positive", "nonnegative", "at least one", "fraction", "real"}
        default : float, optional
            Used when a call leaves the input out.
        """
        self._refuse_twice(name, "the symbol")
        units.base(unit, f"the symbol {name!r}")
        where = domain(domain_name)
        symbol = sympy.Symbol(name, **where.assumptions)
        self.inputs[name] = Input(name, latex, unit, meaning, where, default, len(self.inputs), symbol)
        return symbol

    def at_most(self, small: sympy.Symbol, large: sympy.Symbol, reason: str) -> None:
        """Declare that one input can never exceed another, and why."""
        self.relations.append(Relation(small.name, large.name, reason))

    def formula(
        self, unit: str, latex: str, domain_name: str = "nonnegative", infinite: str | None = None
    ) -> Callable[[Callable[..., Any]], Formula]:
        """Decorator that turns a function into a `Formula`.

        Parameters
        ----------
        unit : str
            What the result is measured in; walking the expression must give the same.
        latex : str
            How the page writes the result.
        domain_name : str
            What a result may be; a result outside it is an error, not a number.
        infinite : str, optional
            What an infinite result means, where there is one ("no batch is large enough"). Without it, an infinite
            result is an error.
        """

        def define(function: Callable[..., Any]) -> Formula:
            units.base(unit, f"the formula {function.__name__!r}")
            made = Formula(
                name=function.__name__,
                unit=unit,
                tex=latex,
                function=function,
                notation=self,
                arguments=self._arguments(function),
                result=domain(domain_name),
                infinite=infinite,
            )
            made.check_units()
            self.formulas[made.name] = made
            return made

        return define

    def _arguments(self, function: Callable[..., Any]) -> tuple[str, ...]:
        name = function.__name__
        if not (function.__doc__ or "").strip():
            raise TypeError(f"{name}: a formula needs a docstring; it is shown as its meaning")
        arguments = tuple(inspect.signature(function).parameters)
        if name in arguments:
            raise NameUnknown(f"{name} is defined in terms of itself")
        for argument in arguments:
            if argument not in self.inputs and argument not in self.formulas:
                known = [*self.inputs, *self.formulas]
                raise NameUnknown(
                    f"{name} uses {argument!r}, which is neither a symbol nor a formula defined before it"
                    + nearest(argument, known)
                )
        self._refuse_twice(name, "the formula", function)
        return arguments

    def _refuse_twice(self, name: str, what: str, function: Callable[..., Any] | None = None) -> None:
        if not name.isidentifier() or keyword.iskeyword(name) or name in _TAKEN_IN_JAVASCRIPT:
            raise NameUnknown(f"{what} {name!r}: expected a name that Python and JavaScript can use")
        if name in self.inputs:
            raise NameUnknown(f"{what} {name!r}: a symbol of that name is already declared")
        old = self.formulas.get(name)
        if old and not (function and _again(old.function, function)):
            raise NameUnknown(f"{what} {name!r}: {old.function.__module__} already defines a formula of that name")

    def expression(
        self, expression: sympy.Expr, unit: str, meaning: str, name: str = "expression", latex: str = "x"
    ) -> Formula:
        """An expression in these inputs, such as `t_step / latency_floor`, as a formula without a place in the book."""
        names = sorted(s.name for s in sympy.sympify(expression).free_symbols)
        for symbol in names:
            if symbol not in self.inputs:
                self.card(symbol)

        def function(**_: Any) -> sympy.Expr:
            return sympy.sympify(expression)

        function.__name__, function.__doc__ = name, meaning
        made = Formula(
            name=name,
            unit=unit,
            tex=latex,
            function=function,
            notation=self,
            arguments=tuple(names),
            result=domain("real"),
            infinite=None,
        )
        made.check_units()
        return made

    def define(
        self,
        name: str,
        expression: sympy.Expr | Formula | float,
        unit: str,
        meaning: str,
        latex: str = "x",
        infinite: str | None = None,
    ) -> Formula:
        """Enter an expression under a name, for what is made from the book's formulas and shown beside them.

        Parameters are those of `symbol` and `formula`; NameUnknown for a name that is taken.
        """
        self._refuse_twice(name, "the expression")
        made = replace(self.expression(sympy.sympify(expression), unit, meaning, name, latex), infinite=infinite)
        self.formulas[name] = made
        return made

    def card(self, name: str) -> Input | Formula:
        """The input or formula called `name`; NameUnknown with the nearest names otherwise."""
        found = self.inputs.get(name) or self.formulas.get(name)
        if found is None:
            raise NameUnknown(f"{name!r} is not in the notation" + nearest(name, [*self.inputs, *self.formulas]))
        return found

    def latex(self, expression: sympy.Expr) -> str:
        """LaTeX of any expression in these symbols, factors in the order of the notation."""
        names = {n: (i.order, i.latex) for n, i in self.inputs.items()}
        names |= {n: (len(names) + i, f.tex) for i, (n, f) in enumerate(self.formulas.items())}
        return printing.latex(expression, names)
