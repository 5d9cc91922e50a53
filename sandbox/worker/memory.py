"""What is left over from loading goes back to the machine: a worker that waits for calls should be small."""

from __future__ import annotations

import gc

from sandbox.lockdown.libc import call


def give_back() -> None:
    """Let go of what nobody holds, and of the C library's free pages where it is one that can."""
    gc.collect()
    try:
        call("malloc_trim", 0)
    except (AttributeError, TypeError):
        # Another C library, or none that is called by name.
        return
