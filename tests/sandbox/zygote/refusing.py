"""A program to be started by tests: refuses itself one system call, as containers do, and tells which level holds."""

import ctypes
import errno
import json
import struct
import sys

from sandbox.lockdown import process
from sandbox.lockdown.libc import prctl
from sandbox.lockdown.seccomp import ALLOW, EQUAL, ERRNO, LOAD, RETURN
from sandbox.zygote.self_test import choose

PR_SET_SECCOMP, MODE_FILTER = 22, 2


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def refuse(number, first_argument):
    """Answer EPERM to a call, where its first argument is that one if any is given."""
    last = (EQUAL, 0, 1, number)
    steps = [(LOAD, 0, 0, 0), last]
    if first_argument is not None:
        steps = [(LOAD, 0, 0, 0), (EQUAL, 0, 3, number), (LOAD, 0, 0, 16), (EQUAL, 0, 1, first_argument)]
    steps += [(RETURN, 0, 0, ERRNO | errno.EPERM), (RETURN, 0, 0, ALLOW)]
    packed = b"".join(struct.pack("HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(packed, len(packed))
    process.stay_small()
    prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(Program(len(steps), ctypes.cast(buffer, ctypes.c_void_p))))


number, first_argument, loader = json.loads(sys.argv[1])
refuse(number, first_argument)
chosen = choose(loader=loader)
print(json.dumps([chosen.level, [trial.problem for trial in chosen.trials]]))
if chosen.zygote is not None:
    chosen.zygote.close()
