"""Runs of `python -m roofline measure` on readers' own machines, one YAML file each in data/measured."""

from __future__ import annotations

from ..measure.record import Run, load
from .errors import DataError
from .loading import DATA


def load_measured() -> dict[str, Run]:
    """The contributed runs by file name; DataError says which file does not fit and why."""
    try:
        return {path.stem: load(path) for path in sorted((DATA / "measured").glob("*.yaml"))}
    except ValueError as error:
        raise DataError(str(error)) from None
