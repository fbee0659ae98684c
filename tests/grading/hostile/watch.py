"""What a submission left behind or reached: processes, files, signals, network, and memory of the grader itself."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy

from . import questions

ROOT = Path(__file__).resolve().parents[3]
PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock", "/", ".", str(ROOT), str(Path(__file__).parent))
ADOPTS_ORPHANS = 36  # prctl: processes whose parent has died become children of this one


class Ears:
    """Listeners on this machine that nobody has a reason to talk to."""

    def __init__(self, folder: Path) -> None:
        self.path, self.abstract = str(folder / "ear"), f"ear-{uuid.uuid4().hex}"
        self.tcp, self.udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        self.all = [self.tcp, self.udp]
        self.tcp.bind(("127.0.0.1", 0))
        self.udp.bind(("127.0.0.1", 0))
        for address in (self.path, "\0" + self.abstract) if sys.platform.startswith("linux") else (self.path,):
            self.all.append(socket.socket(socket.AF_UNIX))
            self.all[-1].bind(address)
        os.chmod(self.path, 0o777)
        for one in self.all:
            one.setblocking(False)
            if one is not self.udp:
                one.listen(64)

    def heard(self) -> list[str]:
        """What reached the listeners since they were asked last."""
        found = []
        for one in self.all:
            with contextlib.suppress(BlockingIOError):
                while True:
                    if one is self.udp:
                        one.recv(1000)
                    else:
                        one.accept()[0].close()
                    found.append(f"a connection to {one.getsockname()}")
        return found

    def close(self) -> None:
        for one in self.all:
            one.close()


@dataclass
class Seen:
    """What was found after a marking; each entry is a complaint."""

    processes: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    signals: int = 0
    heard: list[str] = field(default_factory=list)
    limits: bool = False  # whether the limits of the grader were changed
    peak: int = 0  # bytes that the grader's own process grew by at the most

    def reached(self) -> list[str]:
        """All that must not have been reached."""
        told = {"a signal to the grader": self.signals, "the limits of the grader": self.limits}
        return [*self.files, *self.heard, *(words for words, found in told.items() if found)]


class Surroundings:
    """A folder that every user can read, with the rubric in it, and what an attacker could know about it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="grading-"))
        self.folder.chmod(0o755)
        self.rubric = Path(shutil.copy(questions.__file__, self.folder))
        self.rubric.chmod(0o644)
        self.ears = Ears(self.folder)

    def close(self) -> None:
        self.ears.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def known(self, mark: str) -> dict[str, object]:
        """The values of the placeholders in a submission's source."""
        note = questions.NOTE
        return {"FILE": self.rubric, "ROOT": ROOT, "SITE": Path(numpy.__file__).parents[1], "FOLDER": self.folder,
                "NOTEBOOK": self.folder / "lab.ipynb", "MARK": mark, "KEY": mark[-8:-1], "PID": os.getpid(),
                "SID": os.getsid(0), "ADDRESS": id(note) + sys.getsizeof(note) - len(note) - 1,
                "CORE": resource.getrlimit(resource.RLIMIT_CORE)[1],
                "TCP": self.ears.tcp.getsockname()[1], "UDP": self.ears.udp.getsockname()[1],
                "UNIX": self.ears.path, "ABSTRACT": self.ears.abstract}

    @contextlib.contextmanager
    def watched(self, mark: str) -> Iterator[Seen]:
        """Watch a marking, and clean up after it whatever it left."""
        seen, before, old = Seen(), set(_children()), signal.getsignal(signal.SIGURG)

        def count(number: int, frame: object) -> None:
            seen.signals += 1

        self.ears.heard()
        signal.signal(signal.SIGURG, count)
        if sys.platform.startswith("linux"):
            ctypes.CDLL(None).prctl(ADOPTS_ORPHANS, 1, 0, 0, 0)
        start, core = _memory(reset=True), resource.getrlimit(resource.RLIMIT_CORE)
        try:
            yield seen
            seen.peak = _memory() - start if start else 0
        finally:
            seen.processes = _orphans(before)
            seen.files = _marked(mark, self.folder) + _segments(int(mark[-8:-1], 16))
            seen.heard, seen.limits = self.ears.heard(), resource.getrlimit(resource.RLIMIT_CORE) != core
            resource.setrlimit(resource.RLIMIT_CORE, core)
            signal.signal(signal.SIGURG, old)


def _memory(reset: bool = False) -> int:
    """The most bytes that this process has held since the last reset; 0 where the system allows no reset."""
    with contextlib.suppress(OSError):
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    return 0


def _children() -> dict[int, str]:
    """The living children of this process, with their command lines; reaps adopted ones that have ended."""
    found = {}
    mine = str(os.getpid()).encode()
    for name in filter(str.isdecimal, os.listdir("/proc")) if sys.platform.startswith("linux") else ():
        with contextlib.suppress(OSError, ValueError):
            with open(f"/proc/{name}/stat", "rb", buffering=0) as stat:
                state, parent = stat.read(4096).rpartition(b")")[2].split(maxsplit=2)[:2]
            if parent == mine:
                if state == b"Z":
                    os.waitpid(int(name), os.WNOHANG)
                else:
                    found[int(name)] = Path(f"/proc/{name}/cmdline").read_text().replace("\0", " ")[:200]
    return found


def _orphans(before: set[int]) -> list[str]:
    """Command lines of processes that outlive the marking by half a second; they are ended here."""
    until = time.monotonic() + 0.5
    while True:
        left = {pid: words for pid, words in _children().items() if pid not in before}
        if not left or time.monotonic() > until:
            break
        time.sleep(0.01)
    for pid in left:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return [words or "a nameless process" for words in left.values()]


def _marked(mark: str, folder: Path) -> list[str]:
    """Files with the mark in their names, which are removed, wherever a submission could write them."""
    found = []
    for place in {*map(os.path.realpath, PLACES), str(folder), tempfile.gettempdir()}:
        with contextlib.suppress(OSError):
            for name in os.listdir(place):
                if mark in name:
                    found.append(os.path.join(place, name))
    for path in found:
        with contextlib.suppress(OSError):
            (shutil.rmtree if os.path.isdir(path) and not os.path.islink(path) else os.remove)(path)
    return found


def _segments(key: int) -> list[str]:
    """Segments of System V shared memory of this key, which are removed."""
    with contextlib.suppress(OSError):
        rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
        found = [int(row[1]) for row in rows if int(row[0]) == key]
        return [f"shared memory {number}" for number in found if not ctypes.CDLL(None).shmctl(number, 0, None)]
    return []
