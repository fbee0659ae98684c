"""`python -m roofline grade`: mark a lab for the student who wrote it, or a folder of submissions for their teacher."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

SEED_VARIABLE = "ROOFLINE_SEED"
MODES = ("bubblewrap", "landlock", "none")
OPEN_INPUTS = (f"official marks need a seed, or anybody can draw their inputs: set {SEED_VARIABLE} to a long random "
               "text that students do not know")
EPILOG = """\
The status is 0 when every point was given, 1 when some were not, 2 when something could not be marked. With --folder it
is 0 when every submission was dealt with, and 1 when the grader itself failed on some. A second run with the same
--out takes over what is done."""


def add_to(commands: Any) -> None:
    """Add the sub-command to the command line."""
    parser = commands.add_parser(
        "grade",
        help="mark a lab, or a folder of submissions",
        description="Ask the functions that a lab's notebook defines, give points, and say what is wrong.",
        epilog=EPILOG, allow_abbrev=False,
    )
    parser.add_argument("notebook", nargs="*", type=Path, help="an .ipynb file, or the .md source of a lab")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--lab", metavar="NAME", help="the lab (default: recognised by the notebook)")
    which.add_argument("--rubric", metavar="FILE.py", type=_rubric_file, help="a course's own rubric")
    parser.add_argument("--seed", metavar="TEXT", help="what the inputs are drawn from; - reads it from standard "
                        f"input (default: the variable {SEED_VARIABLE}, or nothing)")
    parser.add_argument("--student", metavar="NAME", help="give this student inputs of their own")
    parser.add_argument("--official", action="store_true", help="marks that count: refuses to run without a seed or "
                        "isolation of files, and does not tell inputs and expected answers")
    told = parser.add_mutually_exclusive_group()
    told.add_argument("--reveal", dest="reveal", action="store_true", default=None,
                      help="tell inputs and expected answers (default unless --official)")
    told.add_argument("--hide", dest="reveal", action="store_false", help="do not tell them")
    parser.add_argument("--isolation", choices=MODES, help="default: the best that works here")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the reports there as well, as a JSON list")
    _add_course(parser.add_argument_group("a whole course"))
    parser.set_defaults(run=run, fail=parser.error)


def _add_course(course: Any) -> None:
    course.add_argument("--folder", metavar="FOLDER", type=Path,
                        help="what a course handed in: a notebook or a sub-folder for each student")
    course.add_argument("--out", metavar="FILE.csv", type=Path,
                        help="the table to write; reports go to a folder beside it")
    course.add_argument("--jobs", metavar="N", type=_jobs, help="submissions at a time (default: the number of cores)")
    course.add_argument("--shard", metavar="K/N", type=_shard, help="mark only part K of N, and write no table")


def run(arguments: argparse.Namespace) -> int:
    """Mark what was named; the exit status."""
    for sentence in _complaints(arguments):
        _stop(arguments, sentence)
    arguments.seed, arguments.jobs = _seed(arguments), arguments.jobs or cores()
    if arguments.reveal is None:
        arguments.reveal = not arguments.official
    from .coursework import LabUnknown, mark_folder, mark_notebooks
    from .rubric import RubricError
    from .sandbox import IsolationMissing, chosen

    try:
        chosen(arguments.isolation, arguments.official)
        if arguments.official and not arguments.seed and not arguments.rubric:
            _stop(arguments, OPEN_INPUTS)
        return mark_folder(arguments) if arguments.folder else mark_notebooks(arguments)
    except (IsolationMissing, LabUnknown, RubricError) as error:
        _stop(arguments, str(error))
    except OSError as error:
        _stop(arguments, f"{error.filename or 'a file'}: {error.strerror or error}")


def _stop(arguments: argparse.Namespace, sentence: str) -> NoReturn:
    """End with status 2 and one sentence."""
    arguments.fail(sentence)
    raise SystemExit(2)


def _complaints(arguments: argparse.Namespace) -> Iterator[str]:
    """What does not fit together, a sentence each."""
    if arguments.folder:
        yield from _course_complaints(arguments)
    for option in ("out", "jobs", "shard"):
        if getattr(arguments, option) and not arguments.folder:
            yield f"--{option} is for a --folder"
    if not arguments.notebook and not arguments.folder:
        yield "name a notebook, or a --folder of submissions"
    for path in arguments.notebook:
        if not path.exists():
            yield f"{path}: there is no such file"
        if path.is_dir():
            yield f"{path} is a folder; --folder marks one"
    if arguments.json and not arguments.json.parent.is_dir():
        yield f"--json {arguments.json}: the folder does not exist"


def _course_complaints(arguments: argparse.Namespace) -> Iterator[str]:
    folder, out, most = arguments.folder, arguments.out, 2 * cores()
    if arguments.notebook:
        yield "name either notebooks or a --folder"
    if arguments.student:
        yield "--student is for one notebook; in a --folder the names of files and sub-folders say it"
    if not out:
        yield "--folder needs --out, the table to write"
    if not folder.is_dir():
        yield f"{folder} is not a folder"
    if out.suffix != ".csv" or not out.parent.is_dir():
        yield f"--out {out}: expected a name that ends in .csv, in a folder that exists"
    if out.resolve().is_relative_to(folder.resolve()):
        yield f"--out {out}: expected a place outside of {folder}, which is searched"
    if arguments.jobs and arguments.jobs > most:
        yield (f"--jobs {arguments.jobs}: this machine has {cores()} cores; take {most} at most, or submissions run "
               "out of time while they wait for one another")


def _seed(arguments: argparse.Namespace) -> str:
    """The seed, kept out of the environment of what is started from here."""
    from_environment = os.environ.pop(SEED_VARIABLE, "")
    if arguments.seed == "-":
        if not (typed := sys.stdin.readline().strip()):
            _stop(arguments, "--seed -: standard input held no seed")
        return typed
    return from_environment if arguments.seed is None else arguments.seed


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _rubric_file(typed: str) -> Path:
    path = Path(typed)
    if path.suffix != ".py" or not path.is_file():
        raise argparse.ArgumentTypeError(f"{typed!r} is not a Python file; a lab's name goes with --lab")
    return path


def _jobs(typed: str) -> int:
    if not typed.isdecimal() or not typed.isascii() or not 1 <= int(typed) <= 256:
        raise argparse.ArgumentTypeError(f"{typed!r} is not a number of submissions from 1 to 256")
    return int(typed)


def _shard(typed: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", typed)
    if not found or int(found[1]) > int(found[2]):
        raise argparse.ArgumentTypeError(f"{typed!r} is not a part such as 2/8")
    return int(found[1]), int(found[2])
