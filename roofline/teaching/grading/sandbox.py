"""How the answering process is shut in: the three modes of isolation, and which of them work on this machine.

bubblewrap  an empty file system with the interpreter, its library and numpy; no network, no other processes in sight
landlock    the same files on the real file system, by the process's own renunciation (Linux 5.13 and later)
none        neither: limits on resources, an unprivileged user if started as root, and a guard within the interpreter
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

CHILD = Path(__file__).parent / "child"
ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", "HOME": "/", "PATH": "",
               **dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")}
LIBRARIES = ("/lib", "/lib64", "/usr/lib/*-linux-gnu*", "/usr/lib64", "/usr/lib/ld-*")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
PACKAGES = ("site-packages", "dist-packages")
USERS = range(61184, 65520)  # what systemd keeps for users made on the spot
HOW = ("bubblewrap (Debian, Ubuntu: apt-get install bubblewrap; on Ubuntu 24.04 and later also "
       "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0), or Linux 5.13 or later with Landlock")

_numbers = itertools.count(os.getpid())


class IsolationMissing(RuntimeError):
    """The files of this machine cannot be kept from a submission in the way that was asked for."""


@dataclass(frozen=True)
class Limits:
    """What a submission may use. Times are in seconds, sizes in bytes.

    A cell or call is stopped after its CPU time, or after `patience` times that on the clock, so that a busy machine
    costs nobody a point. All calls of one function share `function_s` on the clock, so that a slow function costs its
    own points alone.
    """

    cell_s: float = 10.0
    call_s: float = 2.0
    function_s: float = 20.0
    total_s: float = 240.0
    patience: float = 4.0
    memory: int = 2**30
    output: int = 10 * 2**20
    reply: int = 3 * 2**19
    open_files: int = 64


def available() -> tuple[str, ...]:
    """The modes of isolation that work on this machine, the best first; "none" always does."""
    return tuple(mode for mode in ("bubblewrap", "landlock", "none") if works(mode))


def chosen(mode: str | None, official: bool) -> str:
    """The mode to use: the one asked for, or the best there is.

    Raises
    ------
    IsolationMissing
        If the mode asked for does not work on this machine, no mode does, or official marking would run without the
        isolation of files.
    """
    if sys.platform == "win32":
        raise IsolationMissing("the grader runs on Linux and macOS; on Windows use WSL, or Binder")
    if mode is not None and mode not in ("bubblewrap", "landlock", "none"):
        raise IsolationMissing(f"isolation {mode!r}: expected bubblewrap, landlock or none")
    if mode is not None and not works(mode):
        raise IsolationMissing(f"{mode} does not work on this machine: {why_not(mode)}")
    mode = mode or available()[0]
    if official and mode == "none":
        raise IsolationMissing(f"official marking needs the isolation of files; it takes {HOW}")
    return mode


def works(mode: str) -> bool:
    """Whether a process can be started in this mode here."""
    return not why_not(mode)


@functools.cache
def why_not(mode: str) -> str:
    """The reason why a mode does not work here, or the empty string."""
    if mode == "none":
        return ""
    if mode == "bubblewrap" and not shutil.which("bwrap"):
        return "there is no bwrap"
    if not sys.platform.startswith("linux"):
        return "it is for Linux"
    from .conversation import Conversation, Ended

    try:
        with Conversation((), mode, Limits()) as trial:
            trial.start()
    except Ended as fault:
        return str(fault)
    return ""


def command(mode: str) -> list[str]:
    """The command line that starts the answering process, but for its two descriptors."""
    python = [_python(), "-s", "-S", "-P", "-B", str(CHILD)]
    return [*_bubblewrap(), *python] if mode == "bubblewrap" else python


def settings(mode: str, limits: Limits) -> dict[str, Any]:
    """What the answering process is told before anything else."""
    return {"site": str(_site()), "readable": [str(path) for path in readable()],
            "listed": [str(path) for path in _sources() if _packages(path)], "landlock": mode == "landlock",
            "uid": USERS[next(_numbers) % len(USERS)] if _superuser() else None,
            "limits": {"memory": limits.memory, "cpu_s": round(limits.total_s) + 1, "open_files": limits.open_files}}


def spawn(mode: str, requests: int, replies: int, output: int) -> subprocess.Popen[bytes]:
    """Start the answering process in a session of its own, with nothing but three pipes."""
    if mode == "none" and sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # this process is not dumpable: its memory is closed to its own user
    return subprocess.Popen([*command(mode), str(requests), str(replies)], stdin=subprocess.DEVNULL, stdout=output,
                            stderr=output, pass_fds=(requests, replies), env=ENVIRONMENT, cwd="/",
                            start_new_session=True)


@functools.cache
def readable() -> tuple[Path, ...]:
    """Every file and folder that the answering process may read: the standard library, numpy, shared libraries."""
    return tuple(dict.fromkeys(part for path in _sources() for part in _without_packages(path)))


@functools.cache
def _sources() -> tuple[Path, ...]:
    """The same before installed packages other than numpy are taken out."""
    library, shared = Path(sysconfig.get_path("stdlib")).resolve(), Path(sys.base_prefix).resolve() / "lib"
    found = [library, library.parent.parent / "lib64" / library.name, *shared.glob("lib*.so*")]
    found += [folder.resolve() for pattern in LIBRARIES for folder in Path("/").glob(pattern[1:])]
    found += [_site() / "numpy", _site() / "numpy.libs", *map(Path, DEVICES), Path("/etc/ld.so.cache"), CHILD.resolve()]
    return tuple(dict.fromkeys(path for path in found if path.exists()))


@functools.cache
def _packages(folder: Path) -> tuple[Path, ...]:
    """The folders of installed packages within a folder, or one below."""
    return tuple(path for name in PACKAGES for path in (*folder.glob(name), *folder.glob(f"*/{name}")))


def _without_packages(path: Path) -> Iterator[Path]:
    """The path, or if installed packages lie within, what is in it but for them."""
    inner = _packages(path)
    if not inner:
        yield path
        return
    for part in path.iterdir():
        if any(part in other.parents for other in inner):
            yield from _without_packages(part)
        elif part not in inner:
            yield part


def _bubblewrap() -> list[str]:
    """The bwrap command: a file system with what may be read, nothing that can be written, and no network."""
    options = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    if _superuser():  # the process gives up the last rights itself, once it has changed to its user
        options += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        options += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    sources = [Path(_python()), *(path for path in _sources() if str(path) not in DEVICES)]
    for folder in sorted({parent for path in sources for parent in path.parents if parent != Path("/")}):
        options += ["--perms", "0755", "--dir", str(folder)]
    for path in sources:
        options += ["--ro-bind", str(path), str(path)]
        options += [word for inner in _packages(path) for word in ("--tmpfs", str(inner), "--remount-ro", str(inner))]
    for link in map(Path, ("/lib", "/lib64")):
        if link.is_symlink():
            options += ["--symlink", os.readlink(link), str(link)]
    for device in DEVICES:
        options += ["--dev-bind", device, device]
    return [shutil.which("bwrap") or "bwrap", "--die-with-parent", *options, "--chdir", "/", "--remount-ro", "/", "--"]


def _python() -> str:
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def _site() -> Path:
    return Path(numpy.__file__).resolve().parent.parent


def _superuser() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
