"""The process that answers: it runs the cells of a submission, and then calls their functions when asked.

Started by the grader in an empty environment, with the standard library and numpy alone. Everything after `confined`
is at the mercy of the student's code; the grader believes nothing of what comes from here but plain values.
"""

import ast
import importlib.machinery
import inspect
import os
import resource
import signal
import sys
import time

REQUESTS, REPLIES = int(sys.argv[1]), int(sys.argv[2])
sys.path.pop(0)  # the folder of this file, needed for the four imports below alone
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import confine  # noqa: E402
import look  # noqa: E402
import quiet  # noqa: E402
import wire  # noqa: E402

sys.path.pop(0)


class TimeLimit(BaseException):
    """Raised in the student's code when its time is over."""


class Numpy:
    """Finds numpy where it is installed, and nothing else there."""

    def __init__(self, site):
        self.site = site

    def find_spec(self, name, path=None, target=None):
        if path is None and name == "numpy":
            return importlib.machinery.PathFinder.find_spec(name, [self.site])
        return None


def confined(settings):
    """Load numpy, then give up every right that the cells do not need."""
    sys.meta_path += [Numpy(settings["site"]), quiet.Finder()]
    import numpy

    readable = list(settings["readable"])
    if settings["landlock"]:
        confine.landlock(readable, settings["listed"])
    confine.no_sockets()
    if settings["uid"]:
        readable += confine.become(settings["uid"], settings["site"])
    if 0 in (os.getuid(), os.geteuid()):
        raise PermissionError("a submission is never run as the superuser")
    confine.limit(**settings["limits"])
    confine.guard(readable, frozenset(settings["listed"]))
    return numpy


SPARE = 4 * 2**20  # bytes


class Answering:
    """The names that the cells have defined, and what can be asked of them.

    A cell may keep all memory that the process may have. Some is held back, and given free when there is no more.
    """

    def __init__(self, numpy, status):
        import math

        self.numpy, self.status, self.spare = numpy, status, bytearray(SPARE)
        self.names = {"__name__": "__main__", "math": math, "np": numpy,
                      "display": quiet.Quiet("display"), "get_ipython": quiet.Quiet("get_ipython")}

    def look(self, sources):
        """Before anything runs: what is wrong with each cell's syntax, and which names each definition uses."""
        faults, trees = {}, []
        for cell, source in sources:
            try:
                trees.append(look.parsed(source))
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                place = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
                faults[cell] = f"{type(error).__name__}: {getattr(error, 'msg', None) or error}{place}"
        try:
            return {"faults": list(faults.items()), "uses": look.uses(trees)}
        except RecursionError:
            return {"faults": list(faults.items()), "uses": {}}

    def run(self, cell, source, cpu_s, wall_s):
        """Run one cell, statement by statement, past those that fail. The reply says what failed first."""
        tree, failed = look.parsed(source), None
        with Clock(cpu_s, wall_s):
            for node in tree.body:
                try:
                    exec(compile(ast.Module([node], []), f"<cell {cell}>", "exec", look.flags(tree)), self.names)
                except TimeLimit:
                    raise
                except BaseException as error:
                    if isinstance(error, MemoryError):
                        self.spare = bytearray()
                    failed = error if failed is None else failed
        return {} if failed is None else reported(failed)

    def ask(self, function, inputs, cpu_s, wall_s):
        """Call a function; the reply holds its value."""
        if function not in self.names:
            return {"missing": True}
        asked = self.names[function]
        if not callable(asked):
            return {"uncallable": type(asked).__name__}
        values = {name: wire.decode(form, self.numpy) for name, form in inputs}
        with Clock(cpu_s, wall_s):
            call, shape = self.bound(asked, values)
            if call is None:
                return {"signature": shape}
            try:
                return {"value": wire.encode(call(), self.numpy)}
            except wire.Unsendable as error:
                return {"unsendable": str(error)}

    def bound(self, asked, values):
        """The call with these inputs, by name if the function knows the names, else by position."""
        try:
            signature = inspect.signature(asked)
        except (TypeError, ValueError):
            return lambda: asked(*values.values()), ""
        for given, named in (((), values), (tuple(values.values()), {})):
            try:
                signature.bind(*given, **named)
                return lambda given=given, named=named: asked(*given, **named), ""
            except TypeError:
                continue
        return None, str(signature)

    def end(self):
        """The CPU time of this process in s, and the most memory that it held in bytes."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        memory = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        if self.status is not None:  # the other figure counts what the process had before it became this program
            lines = os.pread(self.status, 4096, 0).decode().splitlines()
            memory = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
        return {"cpu_s": used.ru_utime + used.ru_stime, "memory": memory}


class Clock:
    """Raises `TimeLimit` within, again and again, when the CPU time or the wall time is over."""

    def __init__(self, cpu_s, wall_s):
        self.limits, self.running = {signal.ITIMER_PROF: cpu_s, signal.ITIMER_REAL: wall_s}, True

    def __enter__(self):
        for which in (signal.SIGPROF, signal.SIGALRM):
            signal.signal(which, self.over)
        for timer, seconds in self.limits.items():
            signal.setitimer(timer, seconds, 0.2)

    def __exit__(self, *fault):
        self.running = False
        for timer in self.limits:
            signal.setitimer(timer, 0)

    def over(self, number, frame):
        if self.running:
            raise TimeLimit


def reported(error):
    """What is told of an exception: its type, its words, and the line of the cell where it was raised."""
    if isinstance(error, TimeLimit):
        return {"timeout": True}
    line, cell, trace = 0, "", error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename.startswith("<cell "):
            line, cell = trace.tb_lineno, trace.tb_frame.f_code.co_filename[6:-1]
        trace = trace.tb_next
    try:
        words = str(error)[:500]
    except BaseException:
        words = ""
    return {"error": [type(error).__name__[:60], words, line, cell]}


def lines(descriptor):
    """The lines that come over a pipe, without a byte read ahead."""
    held = b""
    while chunk := os.read(descriptor, 65536):
        *whole, held = (held + chunk).split(b"\n")
        yield from whole


def main():
    requests = lines(REQUESTS)
    status = os.open("/proc/self/status", os.O_RDONLY) if os.path.exists("/proc/self/status") else None
    answering = Answering(confined(wire.loads(next(requests))), status)
    say = {"ready": time.process_time()}
    while True:
        data = wire.dumps(say).encode() + b"\n"
        while data:
            data = data[os.write(REPLIES, data):]
        line = next(requests, None)
        if line is None:
            os._exit(0)
        request = wire.loads(line)
        try:
            say = getattr(answering, request.pop("do"))(**request)
        except BaseException as error:
            say = reported(error)


main()
