"""The explorers of the book for their tests: each by its name, and places where its controls can stand."""

import pkgutil
import random
from importlib import import_module

import pytest

from roofline.teaching import explorers

MODULES = {found.name: import_module(f"{explorers.__name__}.{found.name}")
           for found in pkgutil.iter_modules(explorers.__path__)}
each_explorer = pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)


def somewhere(made, rng, **chosen):
    """Controls at random but for some; sliders that a table fills are left to it in half of the cases."""
    values = made.moved(made.start(), **chosen)
    for choice in made.choices:
        if choice.name not in chosen:
            values = made.moved(values, **{choice.name: rng.choice(made.open(choice.name, values))})
    moved = [slider for slider in made.sliders if slider.start is not None]
    if rng.random() < 0.5:
        moved = made.sliders
    return made.moved(values, **{slider.name: rng.choice(slider.stops) for slider in moved})


def cornered(made, rng):
    """Every slider at one end of its way, choices at random."""
    return made.moved(somewhere(made, rng), **{s.name: rng.choice((s.stops[0], s.stops[-1])) for s in made.sliders})


def journey(made, rng):
    """Moves of single controls, stage by stage, with the values that they lead to in Python.

    Every option of every choice is come by, each slider stands at both of its ends and in between; now and then a
    choice is left to what others open, and a slider to what a table gives.
    """
    values, wishes, seen = made.start(), made.opening(), set()
    for stage in range(max(12, *(len(choice.options) for choice in made.choices))):
        moves = {}
        for choice in made.choices:
            options = made.open(choice.name, values)
            fresh = [option for option in options if (choice.name, option) not in seen]
            if fresh or rng.random() < 0.5:
                to = moves[choice.name] = rng.choice(fresh or options)
                values, wishes = made.moved(values, wishes, **{choice.name: to}), {**wishes, choice.name: to}
                seen.add((choice.name, to))
        for slider in made.sliders if stage < 2 else rng.sample(made.sliders, rng.randint(1, len(made.sliders))):
            to = moves[slider.name] = slider.stops[-stage] if stage < 2 else rng.choice(slider.stops)
            values, wishes = made.moved(values, wishes, **{slider.name: to}), {**wishes, slider.name: to}
        yield moves, values


def assert_gives(made, expected, places=60, rel=1e-9, abs=None, **chosen):
    """What is read out is what a chapter's own formulas say: `expected(values)` gives it for controls at random."""
    rng = random.Random(5)
    for _ in range(places):
        values = somewhere(made, rng, **chosen)
        found = made.results(values)
        for name, value in expected(values).items():
            assert found[name] == pytest.approx(value, rel=rel, abs=abs), (name, values)
