"""A Sphinx extension: the formulas of a module, as they describe themselves.

`.. formulas:: batch_size` lists them in their own order and under their own headings: meaning, equation, unit, inputs,
an example with its value, and where else in the book the formula stands.
"""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from types import ModuleType
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

HEADING = re.compile(r"^# ([A-Z].*)$")
NOTATION = "book/notation"
VISIBLE = 4  # inputs that a formula may have before they are folded away


class Formulas(SphinxDirective):
    """The formulas of a module of the package."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        from roofline.teaching import examples  # slow to import, and Sphinx loads extensions for every command

        module = import_module(f"roofline.{self.arguments[0]}")
        found = grouped(module)
        used = {name for _, made in found for formula in made for name in examples.example(formula).sources}
        given = examples.setup([name for name in examples.SOURCES if name in used])
        lines = session([*given, f"from {module.__name__} import *"])
        for heading, made in found:
            lines += [f".. rubric:: {heading}", ""] if heading else []
            for formula in made:
                lines += described(formula)
        holder = nodes.Element()
        self.state.nested_parse(StringList(lines, source=module.__name__), self.content_offset, holder)
        entries = [("single", formula.name, f"{module.__name__}.{formula.name}", "main", None)
                   for _, made in found for formula in made]  # fmt: skip
        return [addnodes.index(entries=entries), *holder.children]


class InputName(SphinxRole):
    """`B` in code, leading to its line on the notation page."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        address = self.env.app.builder.get_relative_uri(self.env.docname, NOTATION)
        link = nodes.reference("", "", internal=True, refuri=f"{address}#symbol-{self.text}")
        link += nodes.literal(self.text, self.text)
        return [link], []


def grouped(module: ModuleType) -> list[tuple[str, list[Any]]]:
    """The formulas that a module defines, under the comments that head its parts."""
    from roofline.algebra import Formula

    found: list[tuple[str, list[Any]]] = [("", [])]
    lines = inspect.getsource(module).splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if (heading := HEADING.match(line)) and not before:
            found.append((heading[1], []))
        elif (defined := re.match(r"def (\w+)\(", line)) and isinstance(getattr(module, defined[1], None), Formula):
            found[-1][1].append(getattr(module, defined[1]))
    return [(heading, made) for heading, made in found if made]


def session(code: list[str]) -> list[str]:
    """Lines as in a Python session."""
    return [".. code-block:: pycon", "", *(f"   >>> {line}" for line in code), ""]


def described(formula: Any) -> list[str]:
    """One formula in reStructuredText."""
    from roofline.teaching import examples

    body = [
        *(inspect.getdoc(formula.function) or "").splitlines(), "",
        ".. math::", "", f"   {formula.latex()}", "",
        *fields(formula),
        *inputs(formula),
        ".. code-block:: pycon", "", *(f"   {line}" for line in examples.example(formula).lines), "",
    ]  # fmt: skip
    head = [f".. py:data:: {formula.name}", f"   :module: {formula.function.__module__}", "   :no-index-entry:", ""]
    return [*head, *(f"   {line}" for line in body), ""]


def fields(formula: Any) -> list[str]:
    """Unit, and the formulas on either side of this one."""
    known = formula.notation.formulas
    parts = [name for name in formula.arguments if name in known]
    users = [other.name for other in known.values() if formula.name in other.arguments]
    listed = {"Unit": f"``{formula.unit}``", "Built from": linked(parts, known), "Used by": linked(users, known),
              "In the chapters": f":explained:`{formula.name}`"}  # fmt: skip
    return [*(f":{label}: {text}" for label, text in listed.items() if text), ""]


def linked(names: list[str], known: dict[str, Any]) -> str:
    return ", ".join(f":py:data:`~{known[name].function.__module__}.{name}`" for name in names)


def inputs(formula: Any) -> list[str]:
    """A table of what the formula takes, with the values of its example."""
    from roofline.algebra import units
    from roofline.teaching import examples

    rows = []
    for name, value in examples.bound(formula).items():
        card = formula.notation.inputs[name]
        default = f"; {units.significant(card.default)} by default" if card.default is not None else ""
        shown = units.as_given(value, card.unit)
        rows += [f"   * - :math:`{card.latex}` :input:`{name}`", f"     - {card.meaning}{default}", f"     - {shown}"]
    head = [".. list-table::", "   :class: inputs", "   :header-rows: 1", "",
            "   * - Input", "     - Meaning", "     - In the example"]  # fmt: skip
    count = len(rows) // 3
    state, many = " open" if count <= VISIBLE else "", "s" if count > 1 else ""
    fold = raw(f'<details class="folded"{state}><summary>{count} input{many}</summary>')
    return [*fold, *head, *rows, "", *raw("</details>")] if rows else []


def raw(markup: str) -> list[str]:
    return [".. raw:: html", "", f"   {markup}", ""]


def whole_sentences(app: Sphinx, what: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
    """A property's docstring as written: napoleon takes what stands before a colon in it for a type."""
    if what == "property":
        lines[:] = [*(inspect.getdoc(found) or "").splitlines(), ""]


def fields_as_parameters(app: Sphinx, what: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
    """The attributes of a class as its parameters, of which napoleon reads several on a line."""
    if what == "class":
        lines[:] = [re.sub("^Attributes$", "Parameters", line) for line in lines]


def without_fields(app: Sphinx, what: str, name: str, found: Any, *_: Any) -> tuple[str, None] | None:
    """A record of the catalog is never made by hand, and its fields stand below: no list of their types."""
    return ("", None) if what == "class" and hasattr(found, "model_fields") else None


def is_machinery(app: Sphinx, what: str, name: str, *_: Any) -> bool | None:
    return True if name == "model_config" else None


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("formulas", Formulas)
    app.add_role("input", InputName())
    app.connect("autodoc-process-signature", without_fields)
    app.connect("autodoc-skip-member", is_machinery)
    app.connect("autodoc-process-docstring", fields_as_parameters, priority=400)  # before napoleon
    app.connect("autodoc-process-docstring", whole_sentences, priority=600)  # after it
    return {"parallel_read_safe": True, "parallel_write_safe": True}
