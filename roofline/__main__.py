"""`python -m roofline`: the command line. Each sub-command lives in its own module and adds itself."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from roofline import __version__

COMMANDS = (  # modules with add_to(commands)
    "roofline.ask.command",
    "roofline.teaching.deck_command",
    "roofline.measure.command",
    "roofline.teaching.grading.command",
)


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    about = "Tokens from First Principles, on the command line."
    whole = _Parser(prog="python -m roofline", description=about, allow_abbrev=False)
    whole.add_argument("--version", action="version", version=f"roofline {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in COMMANDS:
        import_module(module).add_to(commands)
    return whole


def main(typed: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. Arguments that do not fit end with status 2 and one sentence."""
    whole, typed = parser(), sys.argv[1:] if typed is None else typed
    if not typed:
        whole.print_help()
        whole.error("name one COMMAND of these")
    arguments, left = whole.parse_known_args(typed)
    if left:
        hint = getattr(arguments, "too_many", "")  # what a command says where there are more words than it takes
        arguments.fail(f"unrecognized arguments: {' '.join(left)}" + f"; {hint}" * bool(hint))
    try:
        return arguments.run(arguments)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
