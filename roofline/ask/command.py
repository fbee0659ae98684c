"""The sub-commands that answer questions: what each takes, and how its answer is printed."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

from .arguments import amount, names, several

BATCH = amount(1, 1e9, what="a batch")
CONTEXT = amount(0, 1e12, what="a number of tokens")
COUNT = amount(1, 1e6, whole=True, what="a whole number")
SHARE = amount(0, 0.99, what="a share")
RENT = amount(0, 1e6, what="a rent in USD")
ABOUT = {
    "step": "how long one step of decoding takes, what sets it, and what a token costs",
    "compare": "steps of one or more models on several chips, line by line",
    "fits": "whether a model and its caches fit, and what would",
    "price": "what providers charge for a model, dated, and what a request costs",
    "facts": "what the book knows of a chip, model, price, published run, claim, formula or symbol",
}


def add_to(commands: Any) -> None:
    """Add the sub-commands to the command line."""
    made = {name: _parser(commands, name, about) for name, about in ABOUT.items()}
    for name in ("step", "fits"):
        made[name].add_argument("chip", metavar="CHIP", help='such as "H100" or "GB200"')
        made[name].add_argument("model", metavar="MODEL", help='such as "DeepSeek-V3"')
    made["compare"].add_argument("chips", metavar="CHIP,CHIP...", type=names, help="such as H100,H200")
    made["compare"].add_argument("models", metavar="MODEL,MODEL...", type=names, help="likewise, or one")
    made["compare"].set_defaults(too_many="chips have commas between them, such as H100,H200, and so have models")
    made["step"].add_argument("--batch", dest="batches", metavar="N,N...", type=several(BATCH), default=[1, 64, 4096],
                              help="up to six batches (default 1,64,4096)")
    for name in ("compare", "fits"):
        made[name].add_argument("--batch", metavar="N", type=BATCH, default=64.0, help="sequences (default 64)")
    for name in ("step", "compare", "fits"):
        _machine(made[name])
    made["fits"].add_argument("--other", metavar="SHARE", type=SHARE, default=0.1,
                              help="share of each chip for other things (default 0.1)")
    _price(made["price"])
    made["facts"].add_argument("name", metavar="NAME", nargs="?", default="", help="without one, the names there are")


def _parser(commands: Any, name: str, about: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".", allow_abbrev=False)
    parser.add_argument("--show", action="store_true", help="the formulas too, down to their symbols")
    parser.add_argument("--json", action="store_true", help="for scripts: JSON, in base units")
    parser.set_defaults(run=run, fail=parser.error, question=name, too_many="")
    return parser


def _machine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--context", metavar="TOKENS", type=CONTEXT, default=8192.0,
                        help="tokens of each sequence: 8192, 128k, 1M (default 8192)")
    parser.add_argument("--chips", dest="count", metavar="N", type=COUNT,
                        help="chips, or racks (default: a scale-up domain, at most 144 chips)")
    parser.add_argument("--precision", metavar="FORMAT", help="of the arithmetic: fp8, bf16, fp4 (default fp8 or bf16)")
    parser.add_argument("--weights", metavar="FORMAT", help="how weights are stored (default: as the arithmetic)")
    parser.add_argument("--kv", metavar="FORMAT", default="bf16", help="how caches are stored (default bf16)")
    parser.add_argument("--rent", metavar="USD", type=RENT, help="per chip and hour (default: the catalog's)")


def _price(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help='such as "Claude Opus 4.6"')
    parser.add_argument("--in", dest="fresh", metavar="TOKENS", type=CONTEXT, help="fresh input of a request")
    parser.add_argument("--cached", metavar="TOKENS", type=CONTEXT, default=0.0, help="cached input (default 0)")
    parser.add_argument("--out", metavar="TOKENS", type=amount(1, 1e12, what="a number of tokens"),
                        help="output of a request")
    parser.add_argument("--tier", metavar="TIER", help="standard, batch, priority, fast")
    parser.add_argument("--date", metavar="DAY", help="only what held on a day, such as 2026-03-01")


def run(arguments: argparse.Namespace) -> int:
    """Answer, and print it; a name, number format or fact that is not there is one sentence and status 2."""
    from roofline.algebra import DomainError
    from roofline.catalog import MissingFact, UnknownName, UnknownPrecision

    typed = {key: value for key, value in vars(arguments).items() if key not in
             ("run", "fail", "question", "too_many", "show", "json")}  # fmt: skip
    if arguments.question == "price" and (arguments.fresh is None) != (arguments.out is None):
        arguments.fail("a request has both --in and --out")
    try:
        answer = import_module(f".{arguments.question}", __package__).answer(**typed)
    except (UnknownName, UnknownPrecision, MissingFact, DomainError, ValueError) as error:
        arguments.fail(str(error))
    print(answer.as_json(arguments.show) if arguments.json else answer.as_text(arguments.show))
    return 0
