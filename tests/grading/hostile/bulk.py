"""Too much of everything: memory, output, digits, nesting, names, source, time."""

from .submission import HONEST, Hostile, answers

SHORT = {"call_s": 0.3, "cell_s": 0.5, "patience": 1.0}
LITTLE = {"memory": 2**29}  # half of what is usual, for what fills it

BULK = [
    answers("array_of_a_billion", "returns an array of a billion numbers", '''
        def secret(x):
            return np.zeros(10**9)
        '''),
    answers("array_without_memory", "returns an array of a billion numbers that takes 8 bytes", '''
        def secret(x):
            return np.broadcast_to(1.0, (10**9,))
        '''),
    answers("array_of_objects", "returns an array of objects that hold the array", '''
        def secret(x):
            loop = np.empty(1, dtype=object)
            loop[0] = loop
            return loop
        '''),
    answers("nested_list", "returns a list nested a hundred thousand deep", '''
        def secret(x):
            nested = 1.0
            for _ in range(10**5):
                nested = [nested]
            return nested
        '''),
    answers("nested_some", "returns a list nested as deep as Python can still read, and no deeper", '''
        def secret(x):
            nested = 1.0
            for _ in range(700):
                nested = [nested]
            return nested
        '''),
    answers("list_in_itself", "returns a list that holds itself, and one whose items double 60 times", '''
        calls = 0

        def secret(x):
            global calls
            calls += 1
            loop = []
            loop.append(loop)
            doubled = [1.0]
            for _ in range(60):
                doubled = [doubled, doubled]
            return loop if calls % 2 else doubled
        '''),
    answers("wide_list", "returns ten lists of ten lists of ten lists: a million numbers in shallow lists", '''
        def secret(x):
            wide = 1.0
            for _ in range(6):
                wide = [wide] * 10
            return wide
        '''),
    answers("million_digits", "returns a whole number of a million digits", '''
        def secret(x):
            return 1 << 3_321_928
        '''),
    answers("just_too_large_for_a_float", "returns whole numbers that no float holds", '''
        def secret(x):
            return 10 ** 400

        def positive(x):
            return 10 ** 3000
        '''),
    answers("infinite_generator", "returns generators, iterators and maps that never end", '''
        import itertools

        calls = 0

        def forever():
            while True:
                yield 1.0

        def secret(x):
            global calls
            calls += 1
            return [forever(), itertools.count(), map(abs, itertools.count()), iter(int, 1)][calls % 4]
        '''),
    answers("huge_string", "returns 200 MB of text", '''
        def secret(x):
            return "7" * (200 * 2**20)
        '''),
    answers("many_keys", "returns a dict of a hundred thousand lists", '''
        def secret(x):
            return {n: [n] for n in range(10**5)}
        '''),
    answers("memory_at_once", "allocates 8 GB at once, in several ways", '''
        def secret(x):
            for take in (lambda: np.ones(10**9), lambda: bytearray(8 * 2**30), lambda: " " * (8 * 2**30)):
                try:
                    kept.append(take())
                except MemoryError:
                    pass
            raise MemoryError

        kept = []
        '''),
    answers("memory_bit_by_bit", "fills lists until memory ends, or 8 GB are reached", '''
        kept = []

        def secret(x):
            while len(kept) < 8 * 1024:
                kept.append(bytearray(b"1") * 2**20)
        ''', limits=LITTLE),
    Hostile("memory_in_a_cell", "a cell fills memory and keeps it", (HONEST, '''
kept = []
while len(kept) < 8 * 1024:
    kept.append(bytearray(b"1") * 2**20)
''', "def positive(x):\n    return x > 0\n"), points={"double": 2, "positive": 3}, limits=LITTLE),
    Hostile("memory_to_the_last_byte", "a cell takes memory in ever smaller pieces and keeps all of it", (HONEST, '''
kept, size = [], 2**20
while size:
    try:
        kept.append(bytearray(size))
    except MemoryError:
        size //= 2
raise MemoryError
''', "def positive(x):\n    return x > 0\n"), points={"double": 2, "positive": 3}, limits=LITTLE),
    Hostile("prints_100_mb", "prints 100 MB in a cell and at each call", ('''
for _ in range(100):
    print("x" * 2**20)


def double(x):
    print("x" * 10**7)
    return 2 * x
''',), points={}, says="printed more than"),
    Hostile("errors_100_mb", "writes 100 MB to standard error", ('''
import sys

for _ in range(100):
    sys.stderr.write("x" * 2**20)


def double(x):
    sys.stderr.write("y" * 10**7)
    return 2 * x
''',), points={}, says="printed more than"),
    answers("long_exception", "raises an exception with 50 MB of text", '''
        def secret(x):
            raise ValueError("x" * (50 * 2**20))
        '''),
    answers("recursion", "a function that calls itself, with the limit raised to a million", '''
        def secret(x):
            import sys
            sys.setrecursionlimit(10**6)
            return secret(x)

        def positive(x):
            return positive(x)
        ''', limits=SHORT),
    answers("recursion_in_c", "nests calls of C code until its stack ends", '''
        class Deep:
            __getattr__ = lambda self, name: getattr(self, name)
            __repr__ = lambda self: repr(self)

        def secret(x):
            nested = None
            for _ in range(10**6):
                nested = (nested,)
            return hash(nested) + len(repr(Deep()))
        '''),
    Hostile("million_names", "a cell that defines a million names", (HONEST, '''
globals().update({f"name_{n}": n for n in range(10**6)})
'''), points={"double": 2}),
    Hostile("parentheses", "a source with a hundred thousand nested parentheses", (
        HONEST, "(" * 10**5 + ")" * 10**5, "x = " + "-" * 10**5 + "1", "x = " + "[" * 180 + "]" * 180,
        "x = 1" + " + 1" * 10**5, "x" + ".x" * 10**5,
        "def f():\n" + "".join(" " * n + "if 1:\n" for n in range(1, 99))),
        points={"double": 2}),
    Hostile("null_bytes", "a null byte, a lone surrogate, a byte order mark, control characters in the source", (
        HONEST, "x = 1\0", "x = '\ud800'", "\ufeffx = 1", "x = '\x1b[31m'", "\x0c\x0b", "# \udfff\ny = 1"),
        points={"double": 2}),
    Hostile("endless_source", "a cell of 4 MB of source", (HONEST, "y = 1\n" * (4 * 2**20 // 6)),
            points={"double": 2}),
    Hostile("thousand_cells", "fifteen hundred cells", (HONEST, *["def f():\n    return 1\n"] * 1500),
            points={"double": 2}),
    answers("catastrophic_regex", "a regular expression that takes longer than the age of the universe", '''
        import re

        def secret(x):
            return len(re.match(r"(x+x+)+y", "x" * 64).group())
        ''', limits=SHORT),
    answers("loop_in_c", "loops in C, where no signal is looked at", '''
        from itertools import repeat

        def secret(x):
            return any(repeat(False))
        ''', limits=SHORT),
    Hostile("loop_in_c_in_a_cell", "a cell that loops in C", (HONEST, '''
from itertools import repeat
any(repeat(False))
''', "def positive(x):\n    return x > 0\n"), points={"double": 2, "positive": 3}, limits=SHORT),
    answers("huge_power", "computes a number of 10^18 digits", '''
        def secret(x):
            return 10 ** 10 ** 18
        ''', limits=SHORT),
]
