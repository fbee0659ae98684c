"""Draw the pictures that pages name for whoever shares a link: title, first words, and the curve of the first chapter.

A picture's name changes with its words, so what is there already is right.
"""

from __future__ import annotations

import re
import textwrap
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import heads

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TAG = re.compile(r'<meta property="og:([\w:]+)" content="([^"]*)"')
PAPER, INK, SOFT = "#fdfcfa", "#1d2530", "#57606c"
FONT = "STIXGeneral"  # comes with matplotlib


def tags(page: Path) -> dict[str, str]:
    """What a page tells social networks, by name without its `og:`."""
    return {name: unescape(value) for name, value in TAG.findall(page.read_text(encoding="utf8"))}


def draw_all(root: Path) -> None:
    """Draw each picture that a page names and that is not there, and drop those that none names."""
    site = root / "_build/html"
    named = {Path(found["image"]).name: found for page in sorted(site.rglob("*.html")) if (found := tags(page))}
    folder = site / heads.FOLDER
    for file in folder.glob("*.png"):
        if file.name not in named:
            file.unlink()
    for name, found in named.items():
        if not (folder / name).exists():
            folder.mkdir(parents=True, exist_ok=True)
            whole = found["type"] == "website"
            save(card(found["title"], found["description"], "" if whole else found["site_name"]), folder / name)


def card(title: str, words: str, site: str) -> Figure:
    """One picture; without the name of the site for the page that has it as its title."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(heads.SIZE[0] / 100, heads.SIZE[1] / 100), dpi=100, facecolor=PAPER)
    curve(figure)
    large = 62 if len(title) < 24 else 52
    lines = textwrap.wrap(title, 30 if large == 62 else 34)
    figure.text(0.06, 0.91, "\n".join(lines[:2]), size=large, color=INK, font=FONT, va="top", linespacing=1.05)
    below = 0.91 - 0.165 * min(len(lines), 2)
    told = textwrap.shorten(words, 175, placeholder=" …")
    figure.text(0.06, below, textwrap.fill(told, 62), size=30, color=SOFT, font=FONT, va="top", linespacing=1.25)
    figure.text(0.06, 0.055, site or "An interactive textbook", size=24, color=INK, font=FONT, weight="bold")
    return figure


def curve(figure: Figure) -> None:
    """Time of a pass against batch, from the book's own formulas: weights, caches, arithmetic, and the pass."""
    import numpy as np

    from roofline import batch_size, chips, models
    from roofline.teaching.palette import ROLES

    machine, model = chips["H200"].at("fp8", n=8), models["Llama-3.1-405B"].at(weights="fp8", kv="fp8")
    batch = np.linspace(1, 2.1 * batch_size.balance_batch(machine, model), 100)
    at: dict[str, Any] = {"B": batch, "L": 2000.0}
    axes = figure.add_axes((0.0, 0.13, 1.0, 0.30))
    axes.axis("off")
    axes.plot(batch, batch_size.t_step(machine, model, at), color=INK, alpha=0.14, lw=16, solid_capstyle="butt")
    for role, formula in (("weights", batch_size.t_weights), ("kv", batch_size.t_memory),
                          ("compute", batch_size.t_compute)):  # fmt: skip
        axes.plot(batch, np.broadcast_to(formula(machine, model, at), batch.shape), color=ROLES[role], lw=4)
    turn = batch_size.balance_batch_kv(machine, model, L=2000.0)
    axes.plot(turn, batch_size.t_step(machine, model, B=turn, L=2000.0), "o", ms=15, mfc=INK, mec=PAPER, mew=3)
    axes.set_xlim(batch[0], batch[-1])
    axes.set_ylim(0, None)


def save(figure: Figure, file: Path) -> None:
    """As a PNG of few colours and without a date, so that the same card is the same file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = Image.frombuffer("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba()))
    drawn.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(file)
