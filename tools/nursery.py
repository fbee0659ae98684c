"""A process that has imported what notebooks import, and forks a kernel from itself for each of them.

Importing sympy, matplotlib and the rest takes a notebook of the book about as long as everything else in it. Where
processes can be forked safely (Linux), `kernels` makes Jupyter start the kernel `python3` in this way:

    Jupyter --starts--> nursery.py, asking --Unix socket--> nursery.py, serving --forks--> the kernel

The one that asks lives as long as its kernel, passes interrupts on, and takes the kernel with it when it is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

IMPORTS = ("ipykernel.kernelapp", "numpy", "sympy", "matplotlib.pyplot", "pint", "pydantic", "yaml",
           "anywidget", "ipywidgets", "myst_nb")  # fmt: skip
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
INLINE = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}  # as a kernel sets it before it imports anything
INTERRUPT = b"i"


@contextlib.contextmanager
def kernels(root: Path) -> Iterator[None]:
    """Within it, kernels are forked, after the import of the book's package; not so on other systems than Linux."""
    if sys.platform != "linux":
        yield
        return
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        address = f"{folder}/nursery"
        listening.bind(address)
        listening.listen(64)
        spec = Path(folder, "kernels/python3/kernel.json")
        spec.parent.mkdir(parents=True)
        asking = [sys.executable, "-I", "-S", __file__, "ask", address, "-f", "{connection_file}"]
        spec.write_text(json.dumps({"argv": asking, "display_name": "Python 3", "language": "python"}))
        serving = [sys.executable, "-m", "tools.nursery", "serve", str(listening.fileno()), str(root)]
        before = os.environ.get("JUPYTER_PATH")
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [folder, before]))
        try:
            with subprocess.Popen(serving, cwd=Path(__file__).parent.parent, env=os.environ | ONE_THREAD | INLINE,
                                  pass_fds=[listening.fileno()], stdin=subprocess.PIPE) as server:
                try:
                    yield
                finally:
                    server.terminate()
        finally:
            os.environ.pop("JUPYTER_PATH")
            if before is not None:
                os.environ["JUPYTER_PATH"] = before


def modules(root: Path) -> list[str]:
    """What notebooks import from the book's package: its chapters and what teaches with them."""
    files = [file for folder in ("", "teaching/", "teaching/explorers/")
             for file in sorted((root / "roofline").glob(f"{folder}[!_]*.py"))]  # fmt: skip
    return [".".join(file.relative_to(root).with_suffix("").parts) for file in files]


def serve(listening: socket.socket, root: str) -> None:
    """Fork a kernel for each that asks, until standard input ends with the process that writes to it."""
    import gc
    import importlib
    import select

    sys.path[0] = root
    for name in IMPORTS:
        importlib.import_module(name)
    for name in modules(Path(root)):
        with contextlib.suppress(Exception):  # the notebook that imports it will say what is wrong
            importlib.import_module(name)
    gc.freeze()  # a collection in a child then touches, and so copies, none of this
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a kernel
    while listening in select.select([listening, sys.stdin], [], [])[0]:
        asked, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            become_kernel(asked)
        asked.close()


def become_kernel(asked: socket.socket) -> NoReturn:
    """Run a kernel in this process, in the folder and the environment of the one that asked."""
    import threading

    from ipykernel.kernelapp import IPKernelApp

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    asking = json.loads(asked.makefile("rb").readline())
    os.chdir(asking["folder"])
    os.environ.clear()
    os.environ.update(asking["environment"] | INLINE)
    sys.path[0] = ""  # as in a notebook: the folder where it runs
    sys.argv = ["ipykernel_launcher", *asking["arguments"]]

    def obey() -> None:
        while asked.recv(1) == INTERRUPT:
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGKILL)  # who asked is dead

    threading.Thread(target=obey, daemon=True).start()
    IPKernelApp.launch_instance([*sys.argv[1:], f"--IPKernelApp.parent_handle={os.getppid()}"])
    os._exit(0)


def ask(address: str, *arguments: str) -> None:
    """Have a kernel with these arguments forked, and live as long as it does."""
    with socket.socket(socket.AF_UNIX) as nursery:
        nursery.connect(address)
        signal.signal(signal.SIGINT, lambda number, frame: nursery.send(INTERRUPT))
        asking = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
        nursery.sendall(json.dumps(asking).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            nursery.recv(1)  # ends with the kernel


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "serve":
        serve(socket.socket(fileno=int(rest[0])), rest[1])
    else:
        ask(*rest)
