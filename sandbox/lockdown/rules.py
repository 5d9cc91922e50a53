"""The system calls a worker may make, each with its reason. All others end it at once."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from sandbox.frames import WORKER_FD

_STANDARD_ERROR = 2
_PROT_EXEC, _MAP_ANONYMOUS = 4, 0x20
_SIGABRT, _PR_SET_SECCOMP = 6, 22
_FUTEX_COMMAND = 0x7F
_FUTEX_WAIT, _FUTEX_WAKE, _FUTEX_WAIT_BITSET, _FUTEX_WAKE_BITSET = 0, 1, 9, 10
# Stands for the process id of whoever the filter is installed in.
OWN_PROCESS = -1
_WHOLE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds when `argument & mask` is one of the values. Arguments count from 0; their lower 32 bits are looked at.

    text: the condition in words.
    """

    argument: int
    values: tuple[int, ...]
    text: str
    mask: int = _WHOLE


@dataclass(frozen=True, slots=True)
class Rule:
    """A call that is allowed, or answered with an error number instead of death, where all its conditions hold."""

    call: str
    why: str
    conditions: tuple[Condition, ...] = ()
    refused_with: int = 0


_ON_ITS_SOCKET = Condition(0, (WORKER_FD,), f"descriptor {WORKER_FD}")
_NOT_EXECUTABLE = Condition(2, (0,), "without PROT_EXEC", _PROT_EXEC)
_ANONYMOUS = Condition(3, (_MAP_ANONYMOUS,), "MAP_ANONYMOUS", _MAP_ANONYMOUS)
_LOOK_UP = "CPython opens the file a syntax error is in, to quote the line; the answer is that it cannot."

# What runs an applet: it makes no descriptor, process or executable page, and reads and writes nothing but frames.
SEALED: tuple[Rule, ...] = (
    Rule("read", "The kernel's calls and replies come in by the one socket.", (_ON_ITS_SOCKET,)),
    Rule("write", "Requests and results leave by the same socket.", (_ON_ITS_SOCKET,)),
    Rule(
        "write",
        "A dying interpreter says so there: its crash must look like a crash, not like an attack.",
        (Condition(0, (_STANDARD_ERROR,), f"descriptor {_STANDARD_ERROR}"),),
        errno.EBADF,
    ),
    Rule(
        "mmap",
        "Memory for objects; native code cannot be put there, nor a file be mapped.",
        (_NOT_EXECUTABLE, _ANONYMOUS),
    ),
    Rule("mprotect", "malloc makes the next part of its heap writable.", (_NOT_EXECUTABLE,)),
    Rule("munmap", "Memory goes back, or a worker would only ever grow."),
    Rule("brk", "Small objects of the C library live in the heap this moves the end of."),
    Rule("mremap", "realloc of large blocks, such as a list that grows."),
    Rule("madvise", "free() gives pages back that it keeps the addresses of."),
    Rule(
        "futex",
        "The interpreter's lock, though nobody else holds it; the rarer commands have a history of holes.",
        (
            Condition(
                1,
                (_FUTEX_WAIT, _FUTEX_WAKE, _FUTEX_WAIT_BITSET, _FUTEX_WAKE_BITSET),
                "wait and wake only",
                _FUTEX_COMMAND,
            ),
        ),
    ),
    Rule("rt_sigreturn", "The way back from the alarm that ends a call at its deadline."),
    Rule("clock_gettime", "The time, where the machine's clock cannot be read without a call."),
    Rule("clock_getres", "time.get_clock_info and the like ask how fine a clock is."),
    Rule("getrandom", "Random numbers and UUIDs without a device file."),
    Rule("rt_sigprocmask", "abort() of a crashing C library unblocks its signal first."),
    Rule("getpid", "abort() sends a signal to its own process, and asks which that is."),
    Rule("gettid", "Likewise for the thread."),
    Rule(
        "tgkill",
        "abort() again: without it a crash would look like an attack.",
        (Condition(0, (OWN_PROCESS,), "own process"), Condition(2, (_SIGABRT,), "SIGABRT")),
    ),
    Rule("exit_group", "The end, when the kernel has closed the socket."),
)

# Until its source is compiled. Nothing of the applet has run yet when the sealed filter joins this one.
LOADING: tuple[Rule, ...] = (
    *SEALED,
    Rule("open", _LOOK_UP, refused_with=errno.EACCES),
    Rule("openat", _LOOK_UP, refused_with=errno.EACCES),
    Rule(
        "prctl",
        "The sealed filter is added once everything is compiled; filters can be added, never taken away.",
        (Condition(0, (_PR_SET_SECCOMP,), "PR_SET_SECCOMP"),),
    ),
)
