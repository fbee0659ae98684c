"""Attacks by processes, signals, threads, exit codes and limits. Each bounds itself: few children, short lives."""

from .submission import HONEST, Hostile, answers, steals

POSITIVE = "def positive(x):\n    return x > 0\n"
BOTH = {"double": 2, "positive": 3}

PROCESSES = [
    Hostile("fork_bomb", "forks 200 times, each child asleep for five seconds", (HONEST, '''
import os
import time

for _ in range(200):
    try:
        if os.fork() == 0:
            time.sleep(5)
            os._exit(0)
    except OSError:
        pass
''', POSITIVE), points=BOTH),
    Hostile("fork_bomb_at_each_call", "forks at each call by os, pty and multiprocessing", (HONEST, '''
def another():
    import multiprocessing
    multiprocessing.Process(target=time.sleep, args=(5,)).start()


def secret(x):
    import os
    import time
    for start in (os.fork, os.forkpty, another):
        for _ in range(20):
            try:
                if start() in (0, (0, -1)):
                    time.sleep(5)
                    os._exit(0)
            except BaseException:
                pass
    return 1.0
''', POSITIVE), points=BOTH),
    Hostile("starts_programs", "starts programs in every way that Python has", (HONEST, '''
import os
import sys

sleep = ["/bin/sleep", "30"]


def by_subprocess():
    import subprocess
    subprocess.Popen(sleep, start_new_session=True)


def by_c():
    import _posixsubprocess
    ends = os.pipe()
    _posixsubprocess.fork_exec([b"/bin/sleep", b"30"], [b"/bin/sleep"], True, (ends[1],), None, None, -1, -1, -1,
                               -1, -1, -1, ends[0], ends[1], True, True, -1, None, None, None, -1, None, False)


for way in (by_subprocess, by_c, lambda: os.posix_spawn(sleep[0], sleep, {}), lambda: os.system("sleep 30 &"),
            lambda: os.popen("sleep 30 &"), lambda: os.spawnv(os.P_NOWAIT, sleep[0], sleep),
            lambda: __import__("pty").spawn(sleep), lambda: os.spawnvp(os.P_NOWAIT, "sleep", sleep),
            lambda: __import__("asyncio").run(__import__("asyncio").create_subprocess_exec(*sleep))):
    try:
        way()
    except BaseException:
        pass
''', POSITIVE), points=BOTH),
    Hostile("becomes_another_program", "replaces the process by a program that sleeps", (HONEST, '''
import os

os.execv("/bin/sleep", ["sleep", "30"])
''', POSITIVE), points=BOTH),
    Hostile("daemon", "forks twice into a session of its own, to live on for a minute", (HONEST, '''
import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(65):
            try:
                os.dup(number)
            except OSError:
                pass
        time.sleep(60)
    os._exit(0)
''', POSITIVE), points=BOTH),
    Hostile("threads", "threads that print for ever", (HONEST, '''
import threading


def chatter():
    while True:
        print("x" * 1000)


for _ in range(100):
    threading.Thread(target=chatter, daemon=True).start()
''', POSITIVE), points=BOTH),
    Hostile("threads_in_c", "threads by _thread, executors and timers", (HONEST, '''
import time


def pool(kind):
    from concurrent import futures
    getattr(futures, kind)().submit(busy)


def busy():
    until = time.time() + 20
    while time.time() < until:
        pass


for start in (lambda: __import__("_thread").start_new_thread(busy, ()), lambda: pool("ThreadPoolExecutor"),
              lambda: pool("ProcessPoolExecutor"), lambda: __import__("threading").Timer(0.1, busy).start()):
    try:
        start()
    except BaseException:
        pass
''', POSITIVE), points=BOTH),
    Hostile("exits_in_a_cell", "ends the process in a cell by sys.exit and os._exit, status 0 and others", (
        HONEST, "import sys\nsys.exit(0)", "raise SystemExit('all right')", "import os\nos._exit(0)",
        "import os\nos._exit(137)", "import os\nos.abort()", "exit()", "quit(0)", POSITIVE), points=BOTH),
    answers("exits_in_a_call", "ends the process in each call, status 0", '''
        import os

        def secret(x):
            os._exit(0)

        def positive(x):
            raise SystemExit(0)
        '''),
    Hostile("exits_in_every_cell", "five hundred cells that each end the process", (
        HONEST, *["import os\n\n\ndef f():\n    pass\n\n\nos._exit(0)\n"] * 500),
        limits={"total_s": 1.0}, spares=False),
    Hostile("kills_itself", "ends itself by each kind of signal, the real-time ones included", (
        HONEST, *[f"import signal\nsignal.raise_signal({n})" for n in (9, 11, 15, 6, 13, 19, 40)], POSITIVE),
        points=BOTH, limits={"cell_s": 0.5, "patience": 1.0}),
    answers("kills_itself_in_a_call", "ends itself by a real-time signal in each call", '''
        import signal

        def secret(x):
            signal.raise_signal(40)
        '''),
    answers("stops_itself", "stops itself in each call, to be waited for", '''
        import signal

        def secret(x):
            signal.raise_signal(signal.SIGSTOP)
        ''', limits={"call_s": 0.3, "patience": 1.0}),
    answers("leaves_its_group", "makes itself a session and a group, and then never ends", '''
        import os
        from itertools import repeat

        for way in (os.setsid, lambda: os.setpgid(0, 0), lambda: os.setpgid(0, os.getppid())):
            try:
                way()
            except OSError:
                pass

        def secret(x):
            any(repeat(False))
        ''', limits={"call_s": 0.3, "patience": 1.0}),
    Hostile("signals_the_grader", "signals its parent, the grader, their groups and sessions", (HONEST, '''
import os
import signal

for number in {os.getppid(), @PID@, os.getsid(0) - 1} - {0, 1, os.getpid(), -1}:
    for send in (os.kill, os.killpg, lambda pid, sign: signal.pidfd_send_signal(os.pidfd_open(pid), sign)):
        for _ in range(5):
            try:
                send(number, signal.SIGURG)
            except BaseException:
                pass
''', POSITIVE), points=BOTH),
    steals("signals_others", "looks for processes of others that it may signal", '''
        import os

        for pid in (*range(2, 400), *range(max(2, @PID@ - 200), @PID@ + 400)):
            if pid not in (os.getpid(), os.getpgid(0)):
                try:
                    os.kill(pid, 0)
                    WHY.append("LOOT: may signal another process")
                except BaseException as error:
                    pass
        '''),
    steals("raises_its_limits", "raises every limit of resources and gives itself the best priority", '''
        import os
        import resource

        for name in dir(resource):
            if name.startswith("RLIMIT_"):
                which = getattr(resource, name)
                hard = attempt(resource.getrlimit, which)
                attempt(resource.setrlimit, which, (hard[1], hard[1])) if hard else None
                attempt(resource.setrlimit, which, (resource.RLIM_INFINITY,) * 2)
        attempt(os.nice, -20)
        for way in (os.setuid, os.seteuid, os.setgid):
            if attempt(way, 0) is None and os.getuid() == 0:
                WHY.append("LOOT: the superuser")
        if attempt(os.fork) == 0:
            os._exit(0)
        '''),
    Hostile("at_the_end", "leaves functions to be run at exit, on deletion and on unraisable exceptions", (HONEST, '''
import atexit
import sys
import time
import weakref


class Last:
    def __del__(self):
        time.sleep(20)


def forever(*things):
    while True:
        time.sleep(1)


last = Last()
loop = [last]
loop.append(loop)
atexit.register(forever)
weakref.finalize(last, forever)
sys.unraisablehook = sys.excepthook = sys.displayhook = forever
threading_hook = forever
''', POSITIVE), points=BOTH),
]
