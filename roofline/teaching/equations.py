"""Equations and symbols on the page, printed from the formulas themselves.

Examples
--------
>>> from roofline.batch_size import t_memory, t_step
>>> from roofline.teaching.equations import equation, symbols
>>> equation(t_step, t_memory)
t_step = Max(t_compute, t_memory)  [s]
t_memory = t_kv + t_weights  [s]
>>> print(symbols("B").text.splitlines()[4])
| $B$ | `B` | – | batch: sequences in one forward pass, over all chips |
"""

from __future__ import annotations

from dataclasses import dataclass

from ..algebra import Formula
from ..notation import notation
from . import reference


@dataclass(frozen=True)
class Equations:
    """Formulas as one displayed block, aligned at the equals sign."""

    formulas: tuple[Formula, ...]
    full: bool

    def _repr_latex_(self) -> str:
        lines = [f.latex(self.full).replace(" = ", " &= ", 1) for f in self.formulas]
        body = r" \\[0.6em] ".join(lines)
        return f"$$\\begin{{aligned}} {body} \\end{{aligned}}$$"

    def __repr__(self) -> str:
        return "\n".join(repr(f) for f in self.formulas)


def equation(*formulas: Formula, full: bool = False) -> Equations:
    """Show formulas one level deep; with `full`, down to the inputs."""
    return Equations(formulas, full)


def symbols(*names: str) -> reference.Markdown:
    """A folded table of the named inputs: symbol, name in code, unit, meaning."""
    cards = [notation.inputs[notation.card(name).name] for name in names]
    rows = [f"| ${c.latex}$ | `{c.name}` | {reference.unit(c.unit)} | {c.meaning} |" for c in cards]
    table = "\n".join(["| Symbol | In code | Unit | Meaning |", "|---|---|---|---|", *rows])
    title = f"{len(rows)} symbol{'s' * (len(rows) > 1)}, their names in code, units and meaning"
    return reference.Markdown(f'<details class="folded"><summary>{title}</summary>\n\n{table}\n\n</details>')
