"""A root directory with nothing in it that nobody can write to."""

from __future__ import annotations

import os

from sandbox.lockdown.libc import ARCHITECTURE, call, system_call
from sandbox.lockdown.syscalls import SET_UP

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT = 1, 2, 4, 8, 32
_MS_REC, _MS_PRIVATE = 16384, 1 << 18
_MNT_DETACH = 2
_HARMLESS = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
# Any directory serves; this one is there wherever namespaces were entered.
_PLACE = "/proc"


def empty() -> None:
    """Swap the root for an empty one: no file of the host has a name any more. Raises OSError.

    Needs a mount namespace of its own, and leaves open descriptors alone.
    """
    # Else the host would see what is mounted here.
    call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
    # Two inodes: the directory itself, and one that cannot be used once it is read-only.
    call("mount", b"empty", _PLACE.encode(), b"tmpfs", _HARMLESS, b"size=4k,nr_inodes=2")
    os.chdir(_PLACE)
    # Old and new root in one place stack, so that no directory is needed to put the old one.
    system_call(SET_UP[ARCHITECTURE]["pivot_root"], b".", b".")
    call("umount2", b".", _MNT_DETACH)
    os.chdir("/")
    call("mount", b"none", b"/", None, _HARMLESS | _MS_REMOUNT | _MS_RDONLY, None)
