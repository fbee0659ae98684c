r"""How an equation is written once and read by sympy, numpy, JavaScript and LaTeX alike.

Examples
--------
A notation of one's own, with a formula in it:

>>> from roofline.algebra import Notation
>>> book = Notation()
>>> S = book.symbol("S", "S", "byte", "bytes to read")
>>> W = book.symbol("W", "W", "byte/s", "memory bandwidth")
>>> @book.formula("s", "t")
... def t_read(S, W):
...     '''Time to read so many bytes.'''
...     return S / W
>>> t_read(S=1e12, W=[4e12, 8e12]).tolist()
[0.25, 0.125]
>>> t_read, t_read.latex()
(t_read = S/W  [s], 't = \\frac{S}{W}')
>>> t_read.javascript()
'(v) => (({S, W}) => {\n  return {t_read: S/W};\n})(v).t_read'
>>> fast = t_read.compile("S", W=8e12)
>>> fast(4e12)
0.5

It refuses what cannot be:

>>> t_read(S=1e12)
Traceback (most recent call last):
    ...
roofline.algebra.symbols.InputMissing: t_read needs W (memory bandwidth; byte/s)
>>> t_read(S=1e12, W=0)
Traceback (most recent call last):
    ...
roofline.algebra.symbols.DomainError: W = 0: expected a positive finite number for W (memory bandwidth; byte/s)
>>> @book.formula("s", "t")
... def t_wrong(S, W):
...     '''The product in place of the ratio.'''
...     return S * W
Traceback (most recent call last):
    ...
roofline.algebra.units.UnitError: t_wrong is declared in s, but S*W comes out in byte^2/s
"""

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
