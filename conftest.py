"""How nbval runs the twins: in forked kernels, as a build does, and without pictures, which twins do not hold."""

import sys
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from tools import nursery

ROOT = Path(__file__).resolve().parent
running = ExitStack()


def pytest_collectstart(collector):
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("image/svg+xml", "application/pdf")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if hasattr(item.parent, "skip_compare") and sys.platform == "linux":
        fork_kernels(item.config)


@cache
def fork_kernels(config):
    """Have the kernel `python3`, for which nbval then asks, forked until the session ends."""
    running.enter_context(nursery.kernels(ROOT))
    config.option.nbval_current_env, config.option.nbval_kernel_name = False, "python3"


def pytest_sessionfinish():
    running.close()
