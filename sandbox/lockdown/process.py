"""What a process may become, who may look into it, and when it ends."""

from __future__ import annotations

import os
import signal

from sandbox.lockdown.libc import call, prctl

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38


def die_with(parent: int) -> None:
    """End when the thread that forked this process ends. parent: its process id."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have gone before it was asked.
    if os.getppid() != parent:
        os._exit(0)


def stay_small() -> None:
    """No program it starts has more rights than it; needed by landlock and seccomp, which would be a trap for sudo."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def hide() -> None:
    """No core dump, no tracing, no reading of its memory by others of the same user."""
    prctl(_PR_SET_DUMPABLE, 0)


def forget_personality() -> None:
    """Who started this may have asked for readable memory to be executable, or for fixed addresses; nobody gets it."""
    call("personality", 0)
