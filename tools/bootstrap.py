"""Make `.venv` from `requirements.lock`, with nothing but Python's standard library.

This file alone is also read by Pythons that are too old for the book, so that they can say so.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
OWN_CACHE = str(ROOT / "_build/uv-cache")  # where uv's usual one cannot be written
OLDEST, NEWEST = (3, 11), (3, 13)
NO_CACHE = re.compile(r"failed to initialize cache|permission denied|read-only file system", re.IGNORECASE)
OFFLINE = re.compile(r"name resolution|resolve host|dns error|connect|network|timed? ?out", re.IGNORECASE)


def main(root: Path = ROOT) -> None:
    """Bring `root/.venv` up to date; does nothing when the lock has not changed since the last time."""
    use_a_fitting_python()
    folder, lock = root / ".venv", root / "requirements.lock"
    python, stamp = venv_python(folder), folder / "installed.sha256"
    wanted = stamp_text(root)
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    if not runs(python):
        say(f"making .venv with Python {sys.version_info[0]}.{sys.version_info[1]}")
        make_venv(folder)
    stamp.unlink(missing_ok=True)
    only_uv = locked(lock, "uv")
    say("installing uv, then the packages of requirements.lock (a minute on a slow line)")
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary, "uv.txt")
        file.write_text(only_uv)
        pip = (python, "-m", "pip", "--quiet", "--disable-pip-version-check", "--retries", "0")
        run(*pip, "install", "--require-hashes", "-r", file)
    uv = (python, "-m", "uv", "--quiet", "pip")
    run(*uv, "sync", "--python", python, "--require-hashes", lock)
    run(*uv, "install", "--python", python, "--no-deps", "--no-build-isolation", "--editable", root)
    stamp.write_text(wanted)
    say(".venv is ready")


def use_a_fitting_python() -> None:
    """Go on with a Python of the locked versions; where this one is none, start again with one from the PATH."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        other = shutil.which(f"python3.{minor}")
        if other:
            sys.exit(subprocess.call([other, *sys.argv]))
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    give_up(f"Python 3.11 to 3.13 is needed; this is {here}. With another installed: make PYTHON=python3.13")


def venv_python(folder: Path) -> Path:
    """Path of the Python inside the virtual environment `folder`."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def runs(python: Path) -> bool:
    """Whether the interpreter is there, starts, and can install (a moved or half-made .venv cannot)."""
    if not python.exists():
        return False
    return subprocess.call([str(python), "-c", "import pip"], stderr=subprocess.DEVNULL) == 0


def make_venv(folder: Path) -> None:
    """A new virtual environment with pip."""
    try:
        venv.EnvBuilder(clear=True, with_pip=True, symlinks=os.name != "nt").create(folder)
    except (subprocess.CalledProcessError, ImportError):
        give_up("this Python lacks the venv module; on Debian and Ubuntu: apt install python3-venv")


def locked(lock: Path, name: str) -> str:
    """The requirement of one package, hashes included, as it stands in the lock."""
    found = re.search(rf"(?m)^{re.escape(name)}==.*(?:\n    --hash=.*)+", lock.read_text())
    if not found:
        give_up(f"{lock.name} names no {name}; run `make lock`")
    return found.group() + "\n"


def run(*command: object) -> None:
    """Run a step; if it fails, say what to do in one line, after its own last lines where the cause is unknown."""
    failed, said = attempt(command)
    if failed and NO_CACHE.search(said) and os.environ.get("UV_CACHE_DIR") != OWN_CACHE:
        os.environ["UV_CACHE_DIR"] = OWN_CACHE
        failed, said = attempt(command)
    if not failed:
        return
    if OFFLINE.search(said):
        give_up("no network? The first run downloads the packages of requirements.lock, later runs nothing")
    print("\n".join(said.splitlines()[-8:]), file=sys.stderr)
    give_up("installing failed; the lines above say why")


def attempt(command: "tuple[object, ...]") -> "tuple[bool, str]":
    """Whether a step failed, and what it said."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode != 0, done.stdout.decode(errors="replace").strip()


def stamp_text(root: Path) -> str:
    """What is installed depends on these files, and on the folder (a copied .venv would run the other copy)."""
    files = [root / "requirements.lock", root / "pyproject.toml"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files) + str(root).encode()).hexdigest()


def say(message: str) -> None:
    """Progress, at once."""
    print("[setup] " + message, flush=True)


def give_up(reason: str) -> NoReturn:
    """End with one clear line."""
    sys.exit("[setup] " + reason)


if __name__ == "__main__":
    main()
