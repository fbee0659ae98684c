"""Attacks on the process that answers: its loop, its pipes, its modules, its clock and its end."""

from .submission import HONEST, Hostile, answers

FORGED = r'''
import os

lines = b"".join(b'{"value":%d.0}\n' % n for n in range(50)) + b'{"points":9}\n[]\n7\n"x"\nnull\n{"value":NaN}\n'
for number in range(65):
    try:
        os.write(number, lines)
    except BaseException:
        pass


def secret(x):
    for number in range(65):
        try:
            os.write(number, lines)
        except BaseException:
            pass
    return 1.0
'''


def forges(name: str, tries: str, reply: str, **rest: object) -> Hostile:
    """An attack that lets the process reply anything to the question about `secret`."""
    return answers(name, tries, f'''
        import sys

        main = sys.modules["__main__"]
        honest = main.Answering.ask

        def ask(self, function, **rest):
            return {reply} if function == "secret" else honest(self, function=function, **rest)

        main.Answering.ask = ask

        def secret(x):
            return 1.0
        ''', **rest)


LOOP = [
    answers("forged_replies", "writes replies that nobody asked for to every descriptor from 0 to 64", FORGED,
            spares=False),
    answers("patched_json", "json, and with it every reply, says what the submission wants", '''
        import json

        json.dumps = json.JSONEncoder.encode = lambda *things, **named: '{"value": 1.0}'
        json.loads = lambda text: {"do": "end"}
        json.encoder.c_make_encoder = None

        def secret(x):
            return 1.0
        ''', spares=False),
    answers("patched_builtins", "isinstance, abs, float, len, print and others agree with everything", '''
        import builtins

        builtins.isinstance = builtins.issubclass = builtins.callable = builtins.all = builtins.any = lambda *x: True
        builtins.abs = builtins.len = builtins.sum = builtins.min = lambda *x: 0

        def secret(x):
            return 1.0
        ''', spares=False),
    answers("patched_numpy", "numpy's comparisons agree with everything", '''
        for name in ("isclose", "allclose", "array_equal", "asarray", "array", "ndarray", "generic", "float64"):
            setattr(np, name, lambda *things, **named: True)

        def secret(x):
            return 1.0
        ''', spares=False),
    answers("patched_time", "stops every clock and every timer", '''
        import signal
        import time

        time.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0

        def secret(x):
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
            for number in range(1, 65):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            while True:
                pass
        ''', limits={"call_s": 0.3, "patience": 1.0}),
    answers("catches_everything", "catches each exception within an endless loop", '''
        def secret(x):
            while True:
                try:
                    while True:
                        pass
                except BaseException:
                    pass
        ''', limits={"call_s": 0.3, "patience": 1.0}),
    Hostile("catches_everything_in_a_cell", "the same while a cell runs", (HONEST, '''
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
''', "def positive(x):\n    return x > 0\n"), points={"double": 2, "positive": 3},
            limits={"cell_s": 0.3, "patience": 1.0}),
    answers("replaced_loop", "replaces main, the pipes and the methods of the process that answers", '''
        import sys

        main = sys.modules["__main__"]
        for name in list(vars(main)):
            if not name.startswith("__"):
                setattr(main, name, lambda *things, **named: {"value": 1.0})

        def secret(x):
            return 1.0
        ''', spares=False),
    answers("replaced_modules", "empties sys.modules and refuses every import", '''
        import builtins
        import sys

        sys.modules.clear()
        builtins.__import__ = None
        sys.meta_path.clear()

        def secret(x):
            return 1.0
        ''', spares=False),
    answers("deleted_builtins", "deletes all builtins", '''
        import builtins

        vars(builtins).clear()

        def secret(x):
            return 1.0
        ''', spares=False),
    answers("found_the_loop", "finds the object that answers among all objects and adds what it likes", '''
        import gc

        for thing in gc.get_objects():
            if type(thing).__name__ == "Answering":
                thing.names["positive"] = lambda x: None
                type(thing).run = type(thing).look = lambda self, **rest: {"points": 9, "uses": {}}
                thing.numpy = None

        def secret(x):
            return 1.0
        ''', spares=False),
    forges("forged_error", "an error that is not a list", '{"error": 7}'),
    forges("forged_error_of_rubbish", "an error of nested rubbish", '{"error": [[[]] * 9, {"x": None}, 10**4000]}'),
    forges("forged_signature", "a signature with a format string and escapes",
           r'{"signature": "{0.__class__} %s \x1b[2J \ud800"}'),
    forges("forged_digits", "a whole number of more digits than Python writes",
           '{"value": {"int": "0x" + "f" * 3990}}'),
    forges("forged_rows", "an array of millions of rows of nothing",
           '{"value": {"array": ["float64", [2_500_000, 0], []]}}'),
    forges("forged_shape", "arrays whose shapes no memory holds",
           '{"value": {"array": ["float64", [10**9, 10**9, 0, 10**9], []]}}'),
    forges("forged_nesting", "a reply nested as deep as JSON allows",
           '{"value": eval("[" * 90 + "]" * 90), "missing": eval("[" * 90 + "]" * 90)}'),
    forges("forged_keys", "dicts with keys that are lists, numbers that are no numbers",
           '{"value": {"dict": [[[1], 2], [float("nan"), float("inf")]]}}'),
    forges("forged_everything", "every kind of reply at once",
           '{"timeout": True, "missing": 1, "ready": 1, "memory": -1, "faults": 7, "uses": None, "value": 1.0}'),
    answers("rows_of_nothing", "returns an array of millions of rows of nothing", '''
        def secret(x):
            return np.zeros((2_500_000, 0))
        '''),
    answers("forged_memory", "claims to have used 10^400 bytes of memory", '''
        import sys

        sys.modules["__main__"].Answering.end = lambda self: {"memory": 10**400}

        def secret(x):
            return 1.0
        '''),
    answers("forged_memory_of_another_type", "claims to have used a list of memory", '''
        import sys

        sys.modules["__main__"].Answering.end = lambda self: {"memory": [float("nan")], "value": "x"}

        def secret(x):
            return 1.0
        '''),
    Hostile("forged_cells", "every further cell is said to have failed with rubbish", (HONEST, '''
import sys

sys.modules["__main__"].Answering.run = lambda self, **rest: {"error": None, "timeout": [], "faults": 3}
''', "def positive(x):\n    return x > 0\n"), points={"double": 2}),
    Hostile("deaf", "forges the reply of its cell and never listens again, before a cell too long for a pipe", (
        HONEST, '''
import os
import time

for number in range(3, 65):
    try:
        os.write(number, b"{}\\n")
    except OSError:
        pass
while True:
    try:
        time.sleep(100)
    except BaseException:
        pass
''', "def f():\n    return 1\n" + "# x\n" * 60_000, "def positive(x):\n    return x > 0\n"),
            points={"double": 2, "positive": 3}, spares=False, says="does not listen",
            limits={"cell_s": 0.3, "call_s": 0.3, "patience": 1.0, "total_s": 3.0}),
    answers("half_a_reply", "sends a reply byte by byte and never ends it", '''
        import os
        import time

        def secret(x):
            while True:
                for number in range(3, 65):
                    try:
                        os.write(number, b" ")
                        time.sleep(0.01)
                    except BaseException:
                        pass
        ''', limits={"call_s": 0.3, "patience": 1.0}, spares=False),
    answers("endless_reply", "sends a reply that never ends as fast as it can", '''
        import os

        def secret(x):
            while True:
                for number in range(3, 65):
                    try:
                        os.write(number, b" " * 65536)
                    except BaseException:
                        pass
        ''', spares=False, says="sent a reply that is none"),
    answers("closed_pipes", "closes every descriptor and goes on", '''
        import os
        import time

        def secret(x):
            os.closerange(0, 64)
            while True:
                time.sleep(1)
        ''', limits={"call_s": 0.3, "patience": 1.0}),
    answers("swapped_pipes", "makes every descriptor a copy of its neighbour", '''
        import os

        def secret(x):
            for number in range(63):
                try:
                    os.dup2(number + 1, number)
                except BaseException:
                    pass
            return 1.0
        ''', spares=False),
]
