"""One live explorer: an anywidget whose controls are in sync with Python, and which also works without it."""

from __future__ import annotations

import html
import itertools
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets
import traitlets

from ...algebra import NameUnknown
from ...algebra.symbols import nearest
from . import page, words
from .tables import Values

if TYPE_CHECKING:
    from .description import Explorer


class ExplorerWidget(anywidget.AnyWidget):
    """An explorer to drag. `values` are its controls, in sync both ways; `widget["t_step"]` is what a formula gives.

    `wishes` are what was last asked of each control: a choice that a chip closed comes back with another chip.

    >>> widget.set(B=512)                                        # doctest: +SKIP
    >>> widget.observe(lambda change: ..., names="values")       # doctest: +SKIP
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    wishes = traitlets.Dict().tag(sync=True)
    opening = traitlets.Dict().tag(sync=True)

    _made = itertools.count(1)

    def __init__(self, explorer: Explorer, opening: Values) -> None:
        self.explorer = explorer
        # ids in the order of making, so that an executed notebook is the same each time
        name = f"{explorer.name}-explorer-{next(self._made)}"
        super().__init__(_esm=page.module(explorer), _css=page.style(), spec=page.spec(explorer),
                         values=explorer.moved(opening), wishes=opening, opening=opening, model_id=name,
                         layout=ipywidgets.Layout(model_id=f"{name}-layout"))

    @traitlets.validate("values")
    def _check(self, proposal: Any) -> Values:
        return self.explorer.checked(dict(proposal["value"]))

    @traitlets.observe("values")
    def _heed(self, change: Any) -> None:
        """Values that were assigned are asked for, except where the wish is not open."""
        now = change["new"]
        heeded = {name: now[name] for name in (c.name for c in self.explorer.choices)
                  if self.wishes.get(name) in self.explorer.open(name, now)}
        self.wishes = {**self.wishes, **heeded}

    def set(self, **chosen: Any) -> None:
        """Move some controls; others settle as in the page."""
        self._stand(self.explorer.moved(self.values, self.wishes, **chosen), {**self.wishes, **chosen})

    def reset(self) -> None:
        """All controls as at the opening."""
        self._stand(self.explorer.moved(self.opening), self.opening)

    def _stand(self, values: Values, wishes: Values) -> None:
        with self.hold_sync():
            self.wishes, self.values = wishes, values

    def __getitem__(self, name: str) -> float:
        """What a formula or an input is now, in base units."""
        now = {**self.explorer.operands(self.values), **self.explorer.results(self.values)}
        if name not in now:
            raise NameUnknown(f"explorer {self.explorer.name}: it shows no {name!r}{nearest(name, now)}")
        return now[name]

    @property
    def regime(self) -> str:
        """The regime in words."""
        return self.explorer.regime(self.values)

    @property
    def summary(self) -> str:
        """The state in a few sentences."""
        return words.summary(self.explorer, self.values)

    def __repr__(self) -> str:
        return words.written(self.explorer, self.values)

    def _ipython_display_(self) -> None:
        """Shows the widget, and the same in words to a reader whose browser runs no scripts."""
        from IPython.display import display

        fallback = f'<noscript><pre style="white-space: pre-wrap">{html.escape(repr(self))}</pre></noscript>'
        display(self._repr_mimebundle_()[0], raw=True)  # type: ignore[index]
        display({"text/html": fallback, "text/plain": ""}, raw=True)
