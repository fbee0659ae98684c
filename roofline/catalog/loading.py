"""Reads the data files and says in one sentence what is wrong with one that does not fit."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from .errors import DataError

DATA = Path(__file__).parent / "data"
R = TypeVar("R", bound=BaseModel)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe YAML in which dates stay text and a name given twice is an error."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a name is expected", problem_mark=key.start_mark)
            if key.value in seen:
                problem = f"{key.value!r} is given twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; DataError naming file and line if it is not one."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise DataError(f"{path.name}: cannot be read (not text)") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DataError(f"{path.name}, line {line}: not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise DataError(f"{path.name}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise DataError(f"{path.name}: expected a mapping of names to values, got {content!r:.60}")
    return content


def validated(model: type[R], name: str, content: Any, file: str) -> R:
    """One record, or a DataError that names file, record, field and value, and what was expected."""
    if not isinstance(content, Mapping):
        raise DataError(f"{file}, {name}: expected the fields of a record, got {content!r}")
    return checked(model, {"name": name, **content}, f"{file}, {name}")


def checked(model: type[R], fields: Mapping[str, Any], where: str) -> R:
    """The fields as a model, or a DataError that opens with `where`."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise DataError(f"{where}{_sentence(error, model)}") from None


def load(model: type[R], file: str) -> dict[str, R]:
    """All records of a data file by name, each citing sources that exist, no name or alias used twice."""
    path = DATA / file
    records = {str(name): validated(model, str(name), fields, path.name) for name, fields in read(path).items()}
    check_names(records, path.name)
    return records


def check_names(records: Mapping[str, Any], file: str) -> None:
    """DataError if two records answer to one name, or a record cites an unknown source."""
    from . import sources
    from .collection import closest, folded

    owner: dict[str, str] = {}
    for name, record in records.items():
        for spelling in dict.fromkeys(folded(s) for s in (name, *record.aliases)):
            if owner.setdefault(spelling, name) != name:
                raise DataError(f"{file}: {owner[spelling]} and {name} both answer to {spelling!r}")
        for cited in _citations(record):
            if cited not in sources:
                near = " or ".join(closest(cited, {folded(s): s for s in sources}))
                raise DataError(f"{file}, {name}: source {cited!r} is not in sources.yaml"
                                + (f"; did you mean {near}?" if near else ""))


def _citations(record: Any) -> list[str]:
    cited = [*getattr(record, "sources", ()), *(a.source for a in getattr(record, "alternatives", ()))]
    rental = getattr(record, "rental", None)
    return [*cited, *(rental.sources if rental else ())]


def _sentence(error: ValidationError, model: type[BaseModel]) -> str:
    """The first thing wrong, as '<, field>: what is wrong'."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    field, given = (f", {where}" if where else ""), f", got {first['input']!r}"
    if first["type"] == "missing":
        return f"{field}: is missing"
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(where, model.model_fields, n=3)
        return f"{field}: is not a known field" + (f"; did you mean {' or '.join(near)}?" if near else "")
    message = first["msg"].removeprefix("Value error, ").replace("Input should", "should")
    shown = not where or f"{first['input']!r}:" in message or isinstance(first["input"], Mapping)
    return f"{field}: {message}" + ("" if shown else given)
