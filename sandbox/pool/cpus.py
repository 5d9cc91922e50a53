"""Where a process and its workers run.

Caller and worker take turns, so that a second CPU saves a single call nothing, and waking it up takes longer than the
call. Several threads with workers of their own gain by it: so pinning is for servers with a process for each CPU.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_THREADS = Path("/proc/self/task")


def pin_process() -> int | None:
    """Keep this process, and all it starts from now on, on one of the CPUs it may use; which one, None if it cannot.

    Processes are spread over the CPUs by their ids. To be called before the zygote is started, which inherits it.
    """
    if not hasattr(os, "sched_setaffinity") or not _THREADS.is_dir():
        return None
    cpus = sorted(os.sched_getaffinity(0))
    cpu = cpus[os.getpid() % len(cpus)]
    for thread in _THREADS.iterdir():
        # Of each thread it is set for itself; one that ends meanwhile is none to be kept anywhere.
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), {cpu})
    return cpu
