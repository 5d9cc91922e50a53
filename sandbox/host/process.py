"""A worker's process as its kernel sees it from outside: clock, memory, end."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from pathlib import Path

PAGE_BYTES = resource.getpagesize()
_CPU_CLOCK = 2


class Process:
    """Known by a descriptor (pidfd), so that a number given to another process meanwhile is never signalled."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self._pidfd = pidfd
        # The clock of another process, as Linux numbers them (man 3 clock_getcpuclockid).
        self._clock = (~pid << 3) | _CPU_CLOCK
        self._cpu_s = 0.0
        self._lock = threading.Lock()

    def cpu_s(self) -> float:
        """CPU seconds since it was forked; after its end, as of the last look."""
        try:
            self._cpu_s = time.clock_gettime(self._clock)
        except OSError:
            # It has ended, and its clock with it.
            return self._cpu_s
        return self._cpu_s

    def memory_bytes(self) -> int:
        """What no other process has a share in; 0 once it has ended."""
        try:
            return _private_bytes(self.pid)
        except PermissionError:
            return anonymous_bytes(self.pid)
        except (FileNotFoundError, ProcessLookupError):
            return 0

    def interrupt(self) -> None:
        self._signal(signal.SIGALRM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        """Kill it and let go of it."""
        with self._lock:
            if self._pidfd >= 0:
                _send(self._pidfd, signal.SIGKILL)
                os.close(self._pidfd)
                self._pidfd = -1

    def _signal(self, number: signal.Signals) -> None:
        # Others may kill it while its owner lets go of it: the descriptor's number would be another's by then.
        with self._lock:
            if self._pidfd >= 0:
                _send(self._pidfd, number)


def _send(pidfd: int, number: signal.Signals) -> None:
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        # It has ended already, which is all that was wanted.
        return


def anonymous_bytes(pid: int) -> int:
    """What it has written to, including pages still shared with the zygote since it was forked. Needs no rights."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return (int(resident) - int(shared)) * PAGE_BYTES


def _private_bytes(pid: int) -> int:
    # Of a process that is not dumpable this is the privilege of root.
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
