"""`python -m roofline cards`: the deck of cards as a file for Anki or as Markdown."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

FORMATS = ("anki", "markdown")


def add_to(commands: Any) -> None:
    """Add the sub-command to the command line."""
    about = "write the deck of cards to a file"
    parser = commands.add_parser(
        "cards", help=about, allow_abbrev=False,
        description="Write the cards of the book, each with its formula and a worked number, to a file of your own.",
        epilog="A deck for Anki needs the package genanki: pip install genanki. To import a later edition changes "
               "the cards and keeps what Anki knows of your progress.",
    )  # fmt: skip
    parser.add_argument("--format", choices=FORMATS, required=True, help="what to write")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="where to; - prints Markdown")
    parser.add_argument("--chapter", metavar="NAME", help="such as batch_size (default: all)")
    parser.set_defaults(run=run, fail=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Write the file; a chapter that is not there, a missing package or a bad place is one sentence and status 2."""
    from roofline.algebra import NameUnknown

    from . import chapters, deck_files
    from .cards import select

    printed, packed = str(arguments.out) == "-", arguments.format == "anki"
    if printed and packed:
        arguments.fail("a deck for Anki is not text; name a file with --out")
    try:
        cards = select(arguments.chapter)
        if packed:
            deck_files.anki(cards, arguments.out)
        else:
            text = deck_files.markdown(cards)
            sys.stdout.write(text) if printed else arguments.out.write_text(text, encoding="utf-8")
    except NameUnknown as error:
        arguments.fail(f"{error}; the chapters are {', '.join(chapters.CHAPTERS)}")
    except deck_files.CannotWrite as error:
        arguments.fail(str(error))
    except OSError as error:
        arguments.fail(f"{arguments.out} cannot be written: {error.strerror}")
    if not printed:
        print(f"{len(cards)} cards in {arguments.out}")
    return 0
