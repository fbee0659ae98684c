"""What can go wrong with the catalog. Every message is one sentence a reader can act on."""


class UnknownName(KeyError):
    """A name that no record or figure has."""

    def __str__(self) -> str:
        return str(self.args[0])


class UnknownPrecision(ValueError):
    """A number format that is not known, or that a chip has no rate for."""


class MissingFact(ValueError):
    """A quantity was asked for that nobody has published."""


class DataError(ValueError):
    """A data file that cannot be read, or a record in it that does not fit."""
