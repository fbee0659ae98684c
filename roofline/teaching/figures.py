"""Figures that look alike: neutral ink on a transparent ground, roles by colour, titles that state the finding.

Ink and colours read on a light and on a dark page, so that one image serves both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter

from ..algebra import units
from .palette import INK, ROLES

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
STYLE: dict[Any, Any] = {
    "figure.figsize": (7.2, 4.0),
    "figure.dpi": 150,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "savefig.bbox": "tight",
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 14,
    "axes.titlecolor": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.18,
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "lines.linewidth": 2.2,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
}


def use() -> None:
    """Set the style for this notebook; call it after `%matplotlib inline`."""
    plt.rcParams.update(STYLE)


def chart(
    title: str,
    x: str,
    y: str,
    xscale: str = "log",
    yscale: str = "log",
    size: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
) -> Axes:
    """An empty chart.

    Parameters
    ----------
    title : str
        The finding, in a few words.
    x, y : str
        Axis labels; a unit in base units in brackets, such as "time of a pass [s]", writes the ticks in that unit
        and leaves it out of the label.
    """
    _, ax = plt.subplots(figsize=size)
    ax.set(xscale=xscale, yscale=yscale)
    if ylim:
        ax.set_ylim(ylim)
    ax.set_title(title, loc="left")
    for axis, label in ((ax.xaxis, x), (ax.yaxis, y)):
        words, _, unit = label.partition(" [")
        axis.set_label_text(words)
        if unit:
            write = _ticks(axis, unit.rstrip("]"))
            axis.set_major_formatter(FuncFormatter(write))
            axis.set_minor_formatter(FuncFormatter(_between(axis, write)))
    return ax


def _ticks(axis: Axis, unit: str) -> Callable[[float, Any], str]:
    """Values in a unit; as powers of ten, all of them, on a long axis whose least could be written in no other way."""

    def tick(value: float, place: Any) -> str:
        low, high = axis.get_view_interval()
        written = units.text(value, unit).replace(" per million tokens", "") if value >= 0 else ""
        long = axis.get_scale() == "log" and high >= 40 * low
        if long and " × 10" in units.text(10.0 ** math.ceil(math.log10(low)), unit):
            power = str(round(math.log10(value / units.factor(unit)))).translate(SUPERSCRIPT)
            return re.sub(r"\d.*", f"10{power}", written)
        return written

    return tick


def _between(axis: Axis, write: Callable[[float, Any], str]) -> Callable[[float, Any], str]:
    """Write 2 and 5 between the powers of ten of a logarithmic axis, but only where it spans few of them."""

    def tick(value: float, place: Any) -> str:
        low, high = axis.get_view_interval()
        return write(value, place) if 0 < high < 40 * low and f"{value:.0e}"[0] in "25" else ""

    return tick


def clock(ax: Axes) -> None:
    """Ticks of a logarithmic axis of time where a clock and a calendar have them, not at powers of ten seconds."""
    at = {"1 ms": 1e-3, "1 s": 1, "1 min": 60, "1 h": 3600, "1 day": 86400, "100 days": 8.64e6}
    low, high = ax.get_xlim()
    shown = {name: time for name, time in at.items() if low <= time <= high}
    ax.set_xticks(list(shown.values()), list(shown))
    ax.set_xticks([], minor=True)


def curve(ax: Axes, x: Any, y: Any, name: str = "", role: str = "ink", nudge: float = 0, **options: Any) -> None:
    """Draw a curve in the colour of its role, with its name at its right end.

    Parameters
    ----------
    x : array of shape (points,)
    y : array of shape (points,), or a number for a level line
    role : {"compute", "weights", "kv", "network", "ink"}
    nudge : float
        Points by which the name is moved up, where two curves end close together.
    """
    y = np.broadcast_to(y, np.shape(x))
    ax.plot(x, y, color=ROLES[role], **options)
    if name:
        label(ax, x[-1], y[-1], name, ROLES[role], offset=(6, nudge), va="center")


def envelope(ax: Axes, x: Any, y: Any) -> None:
    """Draw the curve that bounds the others, as a wide neutral band behind them."""
    ax.plot(x, y, color=INK, linewidth=7, alpha=0.35)


def label(ax: Axes, x: float, y: float, text: str, color: str = INK, **options: Any) -> None:
    """Write `text` at a point of a curve, in the colour of the curve: a direct label in place of a legend."""
    ax.annotate(
        text,
        (x, y),
        xytext=options.pop("offset", (6, 6)),
        textcoords="offset points",
        color=color,
        fontweight=options.pop("fontweight", "bold"),
        annotation_clip=False,
        **options,
    )


def mark(ax: Axes, x: float, text: str, height: float = 0.96, color: str = INK, side: str = "left") -> None:
    """A dashed vertical line at `x` with a few words beside its top."""
    ax.axvline(x, color=color, linestyle=(0, (4, 3)), linewidth=1.2)
    ax.annotate(
        text,
        (x, height),
        xycoords=("data", "axes fraction"),
        color=color,
        va="top",
        ha=side,
        xytext=(5 if side == "left" else -5, 0),
        textcoords="offset points",
    )
