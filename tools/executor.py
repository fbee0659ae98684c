"""Jupyter Cache's parallel executor, which is silent until the last notebook ends, with a line for each."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from jupyter_cache.base import ProjectNb
from jupyter_cache.executors.base import ExecutorRunResult
from jupyter_cache.executors.basic import ExecutionWorkerLocalMProc, JupyterExecutorLocalMproc, ProcessData
from jupyter_cache.executors.utils import ExecutionResult
from nbformat import NotebookNode

from tools.execute import marker


class Worker(ExecutionWorkerLocalMProc):
    """Runs one notebook in a process of the pool.

    What a cell prints comes in pieces, cut where the clock would have it, and MyST-NB puts a line's end after each.
    """

    @staticmethod
    def execute(project_nb: ProjectNb, data: ProcessData) -> ExecutionResult:
        result = ExecutionWorkerLocalMProc.execute(project_nb, data)
        for cell in project_nb.nb.cells:
            if cell.cell_type == "code":
                cell.outputs = joined(cell.outputs)
        return result

    def __call__(self, data: ProcessData) -> tuple[int, str]:
        started, page = time.monotonic(), Path(data.uri)
        status, uri = super().__call__(data)
        ended = "failed" if status else "done"
        if not status:
            marker(page).unlink(missing_ok=True)
        print(f"[book]   {page.parent.name}/{page.name} {ended} in {time.monotonic() - started:.0f} s", flush=True)
        return status, uri


class Executor(JupyterExecutorLocalMproc):
    """Runs notebooks where they lie, one a core; the longest texts first, and none waits while a core is free."""

    def run_and_cache(self, *, filter_uris: Sequence[str] | None = None, filter_pks: Sequence[int] | None = None,
                      timeout: int = 30, allow_errors: bool = False, force: bool = False) -> ExecutorRunResult:
        records = self.get_records(filter_uris, filter_pks, clear_tracebacks=True, force=force)
        records.sort(key=lambda record: -Path(record.uri).stat().st_size)
        data = [ProcessData(record.pk, record.uri, self.cache, timeout, allow_errors) for record in records]
        multiprocessing.log_to_stderr(self.logger.level)
        with multiprocessing.Pool() as pool:
            ended = pool.map(Worker(), data, chunksize=1)
        return ExecutorRunResult(*([uri for status, uri in ended if status == wanted] for wanted in range(3)))


def joined(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """The outputs with neighbouring pieces of one stream as one."""
    whole: list[NotebookNode] = []
    for output in map(NotebookNode, outputs):
        last = whole[-1] if whole else None
        if last and output.output_type == "stream" == last.output_type and output.name == last.name:
            last.text += output.text
        else:
            whole.append(output)
    return whole
