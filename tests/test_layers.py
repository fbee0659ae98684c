"""Imports run one way only: algebra, notation, architecture, catalog, the chapters, measure, teaching, command line."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = [
    ["algebra"],
    ["notation"],
    ["attention", "architecture"],
    ["catalog"],
    ["batch_size", "timetable"],
    ["moe", "routing", "expert_load", "placement", "sparse_laws"],
    ["rack_topology", "rack_parts", "rack_overlap", "collectives", "dispatch"],
    ["pipelining", "schedule_orders", "schedules"],
    ["kv_memory", "layouts", "shape_operands"],
    ["over_training", "scaling_laws", "searches"],
    ["pricing"],
    ["context_wall"],
    ["ciphers", "block_cipher", "differentials", "mixing", "random_network"],
    ["revnets", "coupling", "checkpointing", "metering", "strategies", "coupled_training"],
    ["measure"],
    ["teaching"],
    ["ask"],
    ["__main__"],
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
MODULES = sorted((ROOT / "roofline").rglob("*.py"))


def place(path):
    """The part of the package that a file belongs to: the first name below roofline/."""
    return path.relative_to(ROOT / "roofline").parts[0].removesuffix(".py")


def imported(path, source):
    """The parts of the package that a file imports, at whatever depth of its code."""
    package = ["roofline", *path.relative_to(ROOT / "roofline").parts[:-1]]
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{stem}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "roofline" and len(parts) > 1 and parts[1] in RANK:
                yield parts[1]


@pytest.mark.parametrize("path", [m for m in MODULES if place(m) != "__init__"], ids=lambda p: p.stem)
def test_a_module_imports_only_from_layers_below_its_own(path):
    own = RANK[place(path)]
    assert [name for name in imported(path, path.read_text(encoding="utf8")) if RANK[name] > own] == []


def test_an_import_from_above_is_found():
    path = ROOT / "roofline/catalog/hardware.py"
    above = "from ..teaching.numbers import number\nfrom roofline import batch_size\nfrom ..notation import formula\n"
    assert list(imported(path, above)) == ["teaching", "batch_size", "notation"]


def test_no_module_is_longer_than_it_should_be():
    long = {str(m.relative_to(ROOT)): n for m in MODULES if (n := len(m.read_text(encoding="utf8").splitlines())) > 300}
    assert long == {}
