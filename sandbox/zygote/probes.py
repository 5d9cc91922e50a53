"""What the self-test tries in workers behind all or some of their walls. Each tells what came of it, if it lives."""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
from collections.abc import Callable

from sandbox.lockdown.libc import call

GOT_THROUGH = "got through"
_PTRACE_TRACEME = 0
_CLONE_NEWUSER = 0x10000000
_AF_INET_PORT = 9


def _open_file() -> None:
    os.open("/", os.O_RDONLY)


def _make_file() -> None:
    os.open("/bos-was-here", os.O_CREAT | os.O_WRONLY)


def _look_at_files() -> None:
    os.stat("/etc")


def _make_socket() -> None:
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close()


def _connect() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
        made.connect(("127.0.0.1", _AF_INET_PORT))


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _execute() -> None:
    os.execv("/proc/self/exe", ["true"])


def _trace() -> None:
    call("ptrace", _PTRACE_TRACEME, 0, 0, 0)


def _signal_parent() -> None:
    os.kill(os.getppid() or 1, 0)


def _map_executable() -> None:
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def _unshare() -> None:
    call("unshare", _CLONE_NEWUSER)


def _write_elsewhere() -> None:
    os.write(1, b"x")


def _set_identity() -> None:
    os.setuid(0)


def _take_memory() -> None:
    ctypes.create_string_buffer(1 << 40)


def _attempt(action: Callable[[], None]) -> Callable[[], str]:
    def tried() -> str:
        try:
            action()
        except OSError as error:
            return f"refused with {error.errno}"
        except MemoryError:
            return "refused for want of memory"
        return GOT_THROUGH

    return tried


PROBES: dict[str, Callable[[], str]] = {
    "open": _attempt(_open_file),
    "look": _attempt(_look_at_files),
    "create": _attempt(_make_file),
    "socket": _attempt(_make_socket),
    "connect": _attempt(_connect),
    "fork": _attempt(_fork),
    "exec": _attempt(_execute),
    "ptrace": _attempt(_trace),
    "signal": _attempt(_signal_parent),
    "executable memory": _attempt(_map_executable),
    "unshare": _attempt(_unshare),
    "write elsewhere": _attempt(_write_elsewhere),
    "become root": _attempt(_set_identity),
    "memory": _attempt(_take_memory),
}
