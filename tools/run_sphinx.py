"""Run Jupyter Book with sphinxcontrib-katex mended for a busy machine; arguments are those of `jupyter-book`.

Its server is asked through a socket file as soon as the file is there, which is a moment before anybody listens:
now and then a build dies of "connection refused". Here it is asked again until it answers. (The way it takes on
Windows asks again too, but over TCP, where each formula then waits 40 ms for an acknowledgement.)
"""

from __future__ import annotations

import functools
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from jupyter_book.cli.main import main
from sphinxcontrib import katex


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


if sys.platform != "win32":
    katex.KaTeXServer.start_server_process = patiently
# a symbol is set once, however many tables name it
plain = katex.render_latex
once = functools.cache(plain)
katex.render_latex = lambda latex, options=None: plain(latex, options) if options else once(latex)
katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0

main()
