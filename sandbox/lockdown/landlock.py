"""Landlock: no file, no TCP, no signal or abstract socket to the outside, whoever the process runs as."""

from __future__ import annotations

import os
import struct

from sandbox.lockdown.libc import ARCHITECTURE, IS_LINUX, system_call
from sandbox.lockdown.syscalls import SET_UP

_CREATE_RULESET_VERSION = 1
# Rights by the version of the interface that brought them: what a ruleset handles and no rule allows is denied.
_FILE_RIGHTS = (
    (1, (1 << 13) - 1),  # execute, write, read, list, remove and make whatever there is
    (2, 1 << 13),  # link or rename between directories
    (3, 1 << 14),  # truncate
    (5, 1 << 15),  # ioctl on devices
)
_TCP_RIGHTS = ((4, 0b11),)  # bind, connect
_SCOPES = ((6, 0b11),)  # abstract Unix sockets, signals
_SIZES = ((1, 8), (4, 16), (6, 24))


def version() -> int:
    """The version of landlock's interface here, 0 where there is none."""
    if not IS_LINUX or ARCHITECTURE not in SET_UP:
        return 0
    try:
        return system_call(SET_UP[ARCHITECTURE]["landlock_create_ruleset"], None, 0, _CREATE_RULESET_VERSION)
    except OSError:
        return 0


def restrict() -> None:
    """Deny this process all that landlock can deny here, for good. Needs `stay_small`. Raises OSError."""
    numbers, found = SET_UP[ARCHITECTURE], version()
    attributes = ruleset(found)
    descriptor = system_call(numbers["landlock_create_ruleset"], attributes, len(attributes), 0)
    try:
        system_call(numbers["landlock_restrict_self"], descriptor, 0)
    finally:
        os.close(descriptor)


def ruleset(found: int) -> bytes:
    """A ruleset of all rights that version knows of, without any exception."""
    words = [sum(bits for since, bits in table if since <= found) for table in (_FILE_RIGHTS, _TCP_RIGHTS, _SCOPES)]
    size = max((size for since, size in _SIZES if since <= found), default=8)
    return struct.pack("QQQ", *words)[:size]
