"""How an equation is written once and read by sympy, numpy, JavaScript and LaTeX alike."""

from .formulas import Formula
from .notation import Notation
from .printing import Unsayable, javascript
from .symbols import DomainError, Input, InputMissing, NameUnknown
from .units import UnitError

__all__ = [
    "DomainError",
    "Formula",
    "Input",
    "InputMissing",
    "NameUnknown",
    "Notation",
    "UnitError",
    "Unsayable",
    "javascript",
]
