"""Jupyter Cache's parallel executor, which is silent until the last notebook ends, with a line for each."""

from __future__ import annotations

import time
from pathlib import Path

from jupyter_cache.executors.basic import ExecutionWorkerLocalMProc, JupyterExecutorLocalMproc, ProcessData


class Worker(ExecutionWorkerLocalMProc):
    """Runs one notebook in a process of the pool."""

    def __call__(self, data: ProcessData) -> tuple[int, str]:
        started, page = time.monotonic(), Path(data.uri)
        status, uri = super().__call__(data)
        ended = "failed" if status else "done"
        print(f"[book]   {page.parent.name}/{page.name} {ended} in {time.monotonic() - started:.0f} s", flush=True)
        return status, uri


class Executor(JupyterExecutorLocalMproc):
    """Runs notebooks where they lie, one a core."""

    _EXECUTION_WORKER = Worker
