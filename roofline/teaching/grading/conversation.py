"""The talk with one submission's process: run its cells, ask its functions, and outlive whatever it does.

Requests and replies are lines of JSON on two pipes. A process that does not answer in time is killed with its group,
and the next question starts another one, which runs the cells again but for the one that hung.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from . import sandbox
from .answers import Answer, answer_of, plain
from .child import wire
from .sandbox import Limits

GRACE_S = 2.0  # how long after its own clock a process may still speak up
START_S = 30.0


class Ended(Exception):
    """The process is gone, or had to be killed; says why in a sentence's end: "printed more than 10 MB"."""


class Run(NamedTuple):
    """A cell to run: what it is called in sentences, its source, and whether it is the student's own.

    A cell of the student's own may measure, draw and fail: it has the time of a call, and its faults are not told.
    """

    label: str
    source: str
    own: bool = False


@dataclass(frozen=True)
class Usage:
    """What the processes of one submission used: seconds of CPU time, and bytes at the highest."""

    cpu_s: float = 0.0
    memory: int = 0

    def or_said(self, said: Mapping[str, Any]) -> Usage:
        """With what the last process said of itself, where it is more: under bubblewrap nothing else is known."""
        cpu_s, memory = said.get("cpu_s"), said.get("memory")
        return Usage(max(self.cpu_s, cpu_s if isinstance(cpu_s, float) and cpu_s < 1e6 else 0.0),
                     max(self.memory, memory if isinstance(memory, int) and memory < 2**40 else 0))


class Conversation:
    """A context in which the functions of some cells can be asked. Nothing is started before the first question.

    Parameters
    ----------
    cells : sequence of Run, or of its parts
    mode : str
        One of `sandbox.available()`.
    limits : Limits
    """

    def __init__(self, cells: Sequence[tuple[str, str] | Run], mode: str, limits: Limits) -> None:
        self.cells, self.mode, self.limits = [Run(*cell) for cell in cells], mode, limits
        self.faults: dict[str, str] = {}   # of cells, by label
        self.uses: dict[str, list[str]] = {}
        self.usage = Usage()
        self._spent: dict[str, float] = {}
        self._hung: dict[str, int] = {}
        self._given_up: dict[str, str] = {}
        self._skipped: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None
        self._deadline = time.monotonic() + limits.total_s

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(Ended):
            if self._process:
                said = self._exchange({"do": "end"}, GRACE_S)
                self._stop()
                self.usage = self.usage.or_said(said)
        self._stop()

    def start(self) -> None:
        """Start the process and run every cell, unless that has been done.

        Raises
        ------
        Ended
            If the process does not come up at all.
        """
        while self._process is None:
            self._open()
            sources = [(index, cell.source) for index, cell in enumerate(self.cells)]
            self._learn(self._exchange({"do": "look", "sources": sources}, START_S))
            for index in range(len(self.cells)):
                if index not in self._skipped and not self._run(index):
                    break

    def ask(self, function: str, inputs: Mapping[str, Any]) -> Answer:
        """Call a function of the submission; never raises for what the submission does."""
        if function in self._given_up:
            return Answer(fault=f"was not asked again after it {self._given_up[function]}", kind="given up")
        try:
            self.start()
        except Ended as fault:
            return Answer(fault=f"could not be asked: the process {fault}", kind="ended")
        started = time.monotonic()
        forms = [[name, wire.encode(value, np)] for name, value in inputs.items()]
        try:
            reply = self._exchange({"do": "ask", "function": function, "inputs": forms, "cpu_s": self.limits.call_s,
                                    "wall_s": self._wall(self.limits.call_s)}, self._wall(self.limits.call_s) + GRACE_S)
            answer = self._answer(reply, self.limits.call_s)
        except Ended as fault:
            answer = Answer(fault=f"could not be asked: the process {fault}", kind="ended")
        self._account(function, answer, time.monotonic() - started)
        return answer

    def _account(self, function: str, answer: Answer, seconds: float) -> None:
        """Give a function up after it has hung twice or used up its time, so that it cannot cost the others theirs."""
        self._spent[function] = self._spent.get(function, 0.0) + seconds
        self._hung[function] = self._hung.get(function, 0) + (answer.kind in ("time", "ended"))
        if self._hung[function] >= 2:
            self._given_up[function] = f"{answer.fault}, twice"
        elif self._spent[function] > self.limits.function_s:
            self._given_up[function] = f"took {self.limits.function_s:g} s in all"

    def _wall(self, cpu_s: float) -> float:
        return cpu_s * self.limits.patience

    def _learn(self, look: dict[str, Any]) -> None:
        """Keep what was seen before a line of the submission ran; a later process sees the same."""
        for index, words in look["faults"]:
            self._skipped.add(index)
            if not self.cells[index].own:
                self.faults[self.cells[index].label] = f"cannot be read: {plain(words)}"
        self.uses = look["uses"]

    def _run(self, index: int) -> bool:
        """Run one cell. False if the process did not live through it; the cell is then left out."""
        label, source, own = self.cells[index]
        cpu_s = self.limits.call_s if own else self.limits.cell_s
        try:
            reply = self._exchange({"do": "run", "cell": index, "source": source, "cpu_s": cpu_s,
                                    "wall_s": self._wall(cpu_s)}, self._wall(cpu_s) + GRACE_S)
            fault = self._answer(reply, cpu_s).fault if reply else ""
        except Ended as ended:
            reply, fault = {"ended": True}, str(ended)
        if reply.get("timeout") or reply.get("ended"):
            self._skipped.add(index)
        if fault and not own:
            self.faults[label] = fault
        return "ended" not in reply

    def _answer(self, reply: dict[str, Any], cpu_s: float) -> Answer:
        return answer_of(reply, cpu_s, [cell.label for cell in self.cells])

    def _open(self) -> None:
        if time.monotonic() > self._deadline:
            raise Ended(f"was stopped: all cells and calls together took more than {self.limits.total_s:g} s")
        there, self._requests = os.pipe()
        self._replies, back = os.pipe()
        self._output, printed = os.pipe()
        try:
            self._process = sandbox.spawn(self.mode, there, back, printed)
        finally:
            for descriptor in (there, back, printed):
                os.close(descriptor)
        self._printed, self._held, self._tail = 0, b"", b""
        self._selector = selectors.DefaultSelector()
        for descriptor in (self._replies, self._output):
            os.set_blocking(descriptor, False)
            self._selector.register(descriptor, selectors.EVENT_READ)
        self._exchange(sandbox.settings(self.mode, self.limits), START_S)

    def _exchange(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send a message and wait for its reply; whatever goes wrong ends the process."""
        until = min(time.monotonic() + seconds, self._deadline)
        try:
            self._send(wire.dumps(message).encode() + b"\n", until)
            reply = wire.loads(self._line(until))
            if not isinstance(reply, dict):
                raise wire.Malformed("not an object")
            return reply
        except wire.Malformed:
            self._stop()
            raise Ended("sent a reply that is none: something in it writes to the grader's pipes") from None
        except Ended:
            self._stop()
            raise

    def _send(self, data: bytes, until: float) -> None:
        """Write to the process, which may have closed its end or have stopped to read."""
        os.set_blocking(self._requests, False)
        while data:
            try:
                data = data[os.write(self._requests, data) :]
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Ended("does not listen") from None
                time.sleep(0.01)
            except BrokenPipeError:
                raise Ended(self._epitaph()) from None

    def _line(self, until: float) -> bytes:
        """The next line of the replies; what is printed meanwhile is counted and thrown away."""
        while b"\n" not in self._held:
            left = until - time.monotonic()
            ready = self._selector.select(left) if left > 0 else []
            if not ready:
                raise Ended("did not answer in time")
            for key, _ in ready:
                self._read(key.fd)
        line, _, self._held = self._held.partition(b"\n")
        return line

    def _read(self, descriptor: int) -> None:
        chunk = os.read(descriptor, 1 << 16)
        if descriptor == self._output:
            self._printed, self._tail = self._printed + len(chunk), (self._tail + chunk)[-2000:]
            if not chunk:
                self._selector.unregister(descriptor)
            if self._printed > self.limits.output:
                raise Ended(f"printed more than {self.limits.output / 2**20:.0f} MB")
        elif not chunk:
            raise Ended(self._epitaph())
        else:
            self._held += chunk
            if len(self._held) > self.limits.reply:
                raise Ended("sent a reply that is none: something in it writes to the grader's pipes")

    def _epitaph(self) -> str:
        """How a process that has closed its pipe came to its end."""
        self._wait(GRACE_S)
        code = self._process.returncode if self._process else None
        number = -code if code and code < 0 else code - 128 if code and self.mode == "bubblewrap" else 0
        if number in set(signal.Signals):
            return f"was ended by {signal.Signals(number).name}"
        return f"ended by itself, with status {code}" if code is not None else "closed the grader's pipe"

    def _wait(self, seconds: float) -> None:
        """Collect the process if it ends within some seconds, and what it used."""
        until = time.monotonic() + seconds
        while self._process and self._process.returncode is None:
            pid, status, used = os.wait4(self._process.pid, os.WNOHANG)
            if pid:
                self._process.returncode = os.waitstatus_to_exitcode(status)
                self.usage = Usage(self.usage.cpu_s + used.ru_utime + used.ru_stime, self.usage.memory)
            elif time.monotonic() > until:
                return
            else:
                time.sleep(0.002)

    def _stop(self) -> None:
        """Kill the process and its whole group, and close the pipes."""
        if self._process is None:
            return
        with contextlib.suppress(OSError):
            os.close(self._requests)
        if self._process.returncode is None:
            self._wait(0.2 if self._held == b"" else 0.0)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._wait(START_S)
        self._selector.close()
        for descriptor in (self._replies, self._output):
            os.close(descriptor)
        self._process = None
