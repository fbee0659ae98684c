"""Run Jupyter Book so that pages are read while notebooks run; arguments are those of `jupyter-book`.

A page that is a notebook is read once the file is gone that `execute.mark` made for it, and other pages before it.

sphinxcontrib-katex is mended for a busy machine. Its server is asked through a socket file as soon as the file is
there, which is a moment before anybody listens: now and then a build dies of "connection refused". Here it is asked
again until it answers. (The way it takes on Windows asks again too, but over TCP, where each formula then waits 40 ms
for an acknowledgement.)
"""

from __future__ import annotations

import functools
import gc
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_book.cli.main import main
from pybtex import plugin
from sphinx.builders import Builder
from sphinxcontrib import katex

WAITING = Path("_build/waiting")  # as tools.execute has it, seen from the root of the book


def patiently(rundir: Path, timeout: float) -> tuple[Any, socket.socket]:
    """Start the server of KaTeX and connect to it, for as long as it takes up to `timeout` seconds."""
    path, until = rundir / "katex.sock", time.monotonic() + timeout
    process = subprocess.Popen(katex.KaTeXServer.build_command(socket=path), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, cwd=rundir)  # fmt: skip
    while True:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            client.connect(str(path))
            return process, client
        except (FileNotFoundError, ConnectionRefusedError):
            client.close()
            if time.monotonic() > until or process.poll() is not None:
                raise katex.KaTeXServer.timeout_error(timeout) from None
            time.sleep(0.01)


class AsTheyRun(list[str]):
    """Names of pages, which come in order but for those that wait for their notebook: these come when it has run."""

    def __iter__(self) -> Iterator[str]:
        left, parent = list(super().__iter__()), os.getppid()
        while left:
            ready = next((name for name in left if not (WAITING / name).exists()), None)
            if ready:
                left.remove(ready)
                yield ready
            elif os.getppid() != parent:
                sys.exit("the build that runs the notebooks has ended")
            else:
                time.sleep(0.05)


def read_as_they_run(builder: Builder, docnames: list[str]) -> None:
    read_in_order(builder, AsTheyRun(docnames))


read_in_order = Builder._read_serial
Builder._read_serial = read_as_they_run  # type: ignore[method-assign, assignment]
plugin._load_entry_point = functools.cache(plugin._load_entry_point)  # or it is looked up anew for each citation

if sys.platform != "win32":
    katex.KaTeXServer.start_server_process = patiently
# a symbol is set once, however many tables name it
plain = katex.render_latex
once = functools.cache(plain)
katex.render_latex = lambda latex, options=None: plain(latex, options) if options else once(latex)
gc.set_threshold(100_000, 50, 100)  # pages are millions of objects, of which next to none are garbage
katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0

main()
