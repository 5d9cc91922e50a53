"""No capability, and no way to get one."""

from __future__ import annotations

import ctypes
import errno

from sandbox.lockdown.libc import call, prctl

_PR_CAPBSET_DROP, _PR_SET_SECUREBITS = 24, 28
_VERSION_3 = 0x20080522
_CAPABILITIES_MAX = 64
# User 0 is nothing special, capabilities do not outlive a change of the user and are not handed on; all locked.
_SECUREBITS = 0x1 | 0x2 | 0x20 | 0x40 | 0x80


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def narrow() -> None:
    """Empty the bounding set and lock the secure bits. What has no capabilities cannot, and need not."""
    try:
        for capability in range(_CAPABILITIES_MAX):
            prctl(_PR_CAPBSET_DROP, capability)
    except OSError as error:
        # EINVAL: beyond the last one this kernel knows.
        if error.errno not in (errno.EINVAL, errno.EPERM):
            raise
    try:
        prctl(_PR_SET_SECUREBITS, _SECUREBITS)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise


def give_up() -> None:
    """Empty the effective, permitted and inheritable sets. Raises OSError."""
    header = _Header(_VERSION_3, 0)
    call("capset", ctypes.byref(header), ctypes.byref((_Sets * 2)()))
