r"""One expression in three languages: Python for numpy and for plain numbers, JavaScript, LaTeX.

Examples
--------
>>> import sympy
>>> from roofline.algebra.printing import javascript
>>> x = sympy.Symbol("x", positive=True)
>>> javascript({"y": 2 * sympy.Max(x, 1)}, ["x"])
'({x}) => {\n  return {y: 2*Math.max(1, x)};\n}'
>>> javascript({"y": sympy.gamma(x)}, ["x"])
Traceback (most recent call last):
    ...
roofline.algebra.printing.Unsayable: JavaScript has no words for gamma, in gamma(x)
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy
from sympy.printing.codeprinter import PrintMethodNotImplementedError
from sympy.printing.jscode import JavascriptCodePrinter
from sympy.printing.latex import LatexPrinter
from sympy.printing.numpy import NumPyPrinter
from sympy.printing.pycode import PythonCodePrinter

_COMPILING = threading.RLock()  # sympy's printers and caches are not built for threads


class Unsayable(ValueError):
    """An expression that a language has no words for."""


class _Vectorised(NumPyPrinter):
    """numpy code that broadcasts: sympy's own stacks the arguments of Max, which need not have one shape."""

    def _nested(self, function: str, arguments: Sequence[sympy.Basic]) -> str:
        first, *rest = [self._print(a) for a in arguments]
        for other in rest:
            first = f"{self._module_format('numpy.' + function)}({first}, {other})"
        return first

    def _print_Max(self, expr: sympy.Max) -> str:
        return self._nested("maximum", expr.args)

    def _print_Min(self, expr: sympy.Min) -> str:
        return self._nested("minimum", expr.args)

    def _print_And(self, expr: sympy.And) -> str:
        return self._nested("logical_and", expr.args)

    def _print_Or(self, expr: sympy.Or) -> str:
        return self._nested("logical_or", expr.args)

    def _print_Piecewise(self, expr: sympy.Piecewise) -> str:
        written = self._module_format("numpy.nan")
        for value, condition in reversed(expr.args):
            where = self._module_format("numpy.where")
            whole = condition == sympy.true
            written = (
                self._print(value) if whole else f"{where}({self._print(condition)}, {self._print(value)}, {written})"
            )
        return written


class _JavaScript(JavascriptCodePrinter):
    def __init__(self) -> None:
        super().__init__({"strict": True})

    def _print_Infinity(self, expr: sympy.Basic) -> str:
        return "Infinity"

    def _print_log(self, expr: sympy.Basic) -> str:
        return f"Math.log({self._print(expr.args[0])})"


def scalar(names: Sequence[str], expression: sympy.Expr) -> Callable[..., Any]:
    """A Python function of `names`, in that order, that computes `expression` on floats."""
    with _COMPILING:
        arguments, renamed = _renamed(names, expression)
        # a shared part may belong to one branch alone, and fail where that branch is not taken
        share = not expression.has(sympy.Piecewise)
        printer = PythonCodePrinter(_PRINTER)
        return sympy.lambdify(arguments, renamed, "math", printer, cse=share, docstring_limit=0)


def into(names: Sequence[str], expression: sympy.Expr) -> Callable[..., None]:
    """A function of arrays or floats `names`, and of `out`, that writes `expression` into the array `out`.

    The last operation writes there itself: a copy of each block would cost as much as the checks.
    """
    with _COMPILING:
        arguments, renamed = _renamed(names, expression)
        shared, (last,) = sympy.cse(renamed, symbols=sympy.numbered_symbols("x_"))
        printer = _Vectorised(_PRINTER)
        lines = [f"{name} = {printer.doprint(part)}" for name, part in shared]
        source = "\n    ".join(
            [f"def write({', '.join(map(str, arguments))}, out):", *lines, _writes(printer.doprint(last))]
        )
        names_of_numpy = dict(vars(np))
        exec(compile(source, "<formula>", "exec"), names_of_numpy)
    return names_of_numpy["write"]


_UFUNC = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide", ast.Pow: "power"}


def _writes(code: str) -> str:
    """The statement that puts the value of the expression `code` into `out`."""
    tree = ast.parse(code, mode="eval").body
    if isinstance(tree, ast.BinOp):
        return f"{_UFUNC[type(tree.op)]}({ast.unparse(tree.left)}, {ast.unparse(tree.right)}, out=out)"
    if isinstance(tree, ast.Call) and ast.unparse(tree.func) in ("maximum", "minimum"):
        return f"{code[:-1]}, out=out)"
    return f"out[...] = {code}"


_PRINTER = {"fully_qualified_modules": False, "allow_unknown_functions": False}


def _renamed(names: Sequence[str], expression: sympy.Expr) -> tuple[list[sympy.Symbol], sympy.Expr]:
    """Arguments v0, v1, ... and the expression in them, so that no symbol hides a function of the same name."""
    arguments = [sympy.Symbol(f"v{i}") for i in range(len(names))]
    place = dict(zip(names, arguments, strict=True))
    return arguments, expression.xreplace({s: place[s.name] for s in expression.free_symbols})


def javascript(expressions: Mapping[str, sympy.Expr], arguments: Sequence[str]) -> str:
    """A JavaScript function of one object of inputs that returns an object of results.

    Parts shared between the expressions are computed once. Unsayable if one has no JavaScript form.
    """
    with _COMPILING:
        shared, results = sympy.cse(list(expressions.values()), symbols=sympy.numbered_symbols("_"))
        printer = _JavaScript()
        lines = [f"const {name} = {_say(printer, part)};" for name, part in shared]
        fields = [f"{name}: {_say(printer, part)}" for name, part in zip(expressions, results, strict=True)]
    taken = ", ".join(arguments)
    return f"({{{taken}}}) => {{\n  " + "\n  ".join([*lines, f"return {{{', '.join(fields)}}};"]) + "\n}"


# What sympy's JavaScript was tried with and found right; a Sum, say, it prints without complaint and wrongly.
_SAYABLE = (
    sympy.Symbol,
    sympy.Number,
    sympy.NumberSymbol,
    sympy.Add,
    sympy.Mul,
    sympy.Pow,
    sympy.Max,
    sympy.Min,
    sympy.Piecewise,
    sympy.functions.elementary.piecewise.ExprCondPair,
    sympy.core.relational.Relational,
    sympy.And,
    sympy.Or,
    sympy.Not,
    sympy.logic.boolalg.BooleanAtom,
    sympy.ceiling,
    sympy.floor,
    sympy.Mod,
    sympy.log,
    sympy.exp,
    sympy.Abs,
)


def _say(printer: _JavaScript, expression: sympy.Expr) -> str:
    for part in sympy.preorder_traversal(expression):
        if not isinstance(part, _SAYABLE):
            raise Unsayable(f"JavaScript has no words for {type(part).__name__}, in {expression}")
    try:
        return " ".join(printer.doprint(expression).split())
    except (PrintMethodNotImplementedError, NotImplementedError, AttributeError) as error:
        raise Unsayable(f"JavaScript has no words for {expression}: {error}") from None


class _LogTen(sympy.Function):
    """Logarithm to base ten, which sympy holds as a quotient of two others."""


_PER_LOG_TEN = 1 / sympy.log(10)


def _with_log_ten(product: sympy.Mul) -> sympy.Expr:
    """The product with one logarithm among its factors, if there is one, taken to base ten."""
    found = next((factor for factor in product.args if isinstance(factor, sympy.log)), None)
    return product if found is None else product / _PER_LOG_TEN / found * _LogTen(*found.args)


class _Readable(LatexPrinter):
    """Sums start with what is added: numbers, then symbols by place, then what is taken away.

    Fractions are large in a choice of cases, and on one line in an exponent.
    """

    def _as_ordered_terms(self, expr: sympy.Add, order: str | None = None) -> list[sympy.Basic]:
        def rank(term: sympy.Basic) -> tuple[bool, bool, list[str]]:
            return term.could_extract_minus_sign(), not term.is_number, sorted(s.name for s in term.free_symbols)

        return sorted(expr.args, key=rank)

    def _print__LogTen(self, expr: _LogTen) -> str:
        return rf"\log_{{10}}{{\left({self._print(expr.args[0])}\right)}}"

    def _print_Piecewise(self, expr: sympy.Piecewise) -> str:
        rows = []
        for value, condition in expr.args:
            when = r"\text{otherwise}" if condition == sympy.true else rf"\text{{for}}\: {self._large(condition)}"
            rows.append(f"{self._large(value)} & {when}")
        *upper, last = rows
        apart = [row + (r" \\[0.9em] " if r"\frac" in row else r" \\ ") for row in upper]
        return rf"\begin{{cases}} {''.join(apart)}{last} \end{{cases}}"

    def _large(self, expr: sympy.Basic) -> str:
        written = self._print(expr)
        return rf"\displaystyle {written}" if r"\frac" in written else written

    def _helper_print_standard_power(self, expr: sympy.Pow, template: str) -> str:
        over, under = sympy.fraction(expr.exp)
        if under.is_Symbol:
            above = rf"\left({self._print(over)}\right)" if over.is_Add else self._print(over)
            exponent = f"{above} / {self._print(under)}"
            template = template.replace("{%s}", f"{{{exponent}}}%.0s")  # which leaves out the exponent as sympy has it
        return super()._helper_print_standard_power(expr, template)


def latex(expression: sympy.Expr, names: Mapping[str, tuple[int, str]]) -> str:
    """LaTeX with factors in the order of the notation, so that phi q B N reads as it is derived.

    `names` gives each symbol's place and its LaTeX. sympy orders factors by name, so each symbol gets for the while
    a name that sorts by its place.
    """
    with _COMPILING:
        stand_ins = {s: sympy.Symbol(f"s{names[s.name][0]:05d}") for s in sympy.sympify(expression).free_symbols}
        written = {stand_ins[s]: names[s.name][1] for s in stand_ins}
        named = sympy.sympify(expression).xreplace(stand_ins)
        tens = named.replace(lambda part: part.is_Mul and _PER_LOG_TEN in part.args, _with_log_ten)
        return _Readable({"symbol_names": written, "mul_symbol": r"\,"}).doprint(tens)
