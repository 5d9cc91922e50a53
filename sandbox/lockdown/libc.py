"""System calls the standard library does not offer, through the C library."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from typing import Any

IS_LINUX = sys.platform == "linux"
ARCHITECTURE = platform.machine()
# Nowhere else is anything of this room called, but its modules may be imported.
_LIBC: Any = ctypes.CDLL(None, use_errno=True) if IS_LINUX else None


def call(name: str, *arguments: Any) -> int:
    """Call a function of the C library. Integers are passed as unsigned long. Raises OSError when it answers -1."""
    ctypes.set_errno(0)
    result: int = getattr(_LIBC, name)(*[ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments])
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return result


def system_call(number: int, *arguments: Any) -> int:
    """A system call the C library has no function for. Raises OSError."""
    return call("syscall", number, *arguments)


def prctl(operation: int, *arguments: Any) -> int:
    """Change the process. Raises OSError."""
    return call("prctl", operation, *arguments, *[0] * (4 - len(arguments)))
