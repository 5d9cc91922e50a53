"""Native calls of a worker that has no language policy: each ends it at once, by the machine's own hand."""

import platform

import pytest

from tests.sandbox.worker.client import KILLED_BY_SECCOMP

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers here are those of x86_64")

# Name, number and arguments; addresses may be nonsense, for nothing of it is ever looked at.
CALLS = {
    "open": (2, 0, 0),
    "close": (3, 3),
    "stat": (4, 0, 0),
    "poll": (7, 0, 0, 0),
    "lseek": (8, 3, 0, 0),
    "mmap executable": (9, 0, 4096, 7, 0x22, -1, 0),
    "mmap of a file": (9, 0, 4096, 1, 0x2, 3, 0),
    "mprotect executable": (10, 0, 4096, 5),
    "rt_sigaction": (13, 11, 0, 0, 8),
    "ioctl": (16, 3, 0x5401, 0),
    "readv": (19, 3, 0, 0),
    "writev": (20, 3, 0, 0),
    "pipe": (22, 0),
    "shmget": (29, 0, 4096, 0o1600),
    "dup": (32, 3),
    "dup2": (33, 3, 1),
    "nanosleep": (35, 0, 0),
    "alarm": (37, 1),
    "sendfile": (40, 3, 3, 0, 1),
    "socket": (41, 2, 1, 0),
    "connect": (42, 3, 0, 0),
    "sendto": (44, 3, 0, 0, 0, 0, 0),
    "sendmsg": (46, 3, 0, 0),
    "recvmsg": (47, 3, 0, 0),
    "socketpair": (53, 1, 1, 0, 0),
    "clone": (56, 0x11, 0, 0, 0, 0),
    "fork": (57,),
    "vfork": (58,),
    "execve": (59, 0, 0, 0),
    "kill": (62, -1, 9),
    "fcntl": (72, 3, 0, 4),
    "getcwd": (79, 0, 0),
    "chdir": (80, 0),
    "ptrace": (101, 0, 0, 0, 0),
    "setuid": (105, 0),
    "capset": (126, 0, 0),
    "personality": (135, 0x0400000),
    "prctl undo of no new privileges": (157, 38, 0, 0, 0, 0),
    "prctl dumpable": (157, 4, 1, 0, 0, 0),
    "prctl another filter": (157, 22, 2, 0, 0, 0),
    "arch_prctl": (158, 0x1002, 0),
    "setrlimit": (160, 9, 0),
    "chroot": (161, 0),
    "mount": (165, 0, 0, 0, 0, 0),
    "reboot": (169, 0xFEE1DEAD, 672274793, 0, 0),
    "init_module": (175, 0, 0, 0),
    "io_setup": (206, 1, 0),
    "epoll_create": (213, 1),
    "futex requeue": (202, 0, 12, 0, 0, 0, 0),
    "tgkill of another": (234, 1, 1, 9),
    "openat": (257, -100, 0, 0),
    "unshare": (272, 0x10000000),
    "splice": (275, 3, 0, 3, 0, 1, 0),
    "perf_event_open": (298, 0, 0, -1, -1, 0),
    "prlimit64": (302, 0, 7, 0, 0),
    "open_by_handle_at": (304, 3, 0, 0),
    "setns": (308, 3, 0),
    "process_vm_readv": (310, 1, 0, 0, 0, 0, 0),
    "kcmp": (312, 1, 1, 0, 0, 0),
    "seccomp": (317, 1, 0, 0),
    "memfd_create": (319, 0, 0),
    "bpf": (321, 0, 0, 0),
    "execveat": (322, 3, 0, 0, 0, 0x1000),
    "userfaultfd": (323, 0),
    "membarrier": (324, 1, 0, 0),
    "pkey_mprotect": (329, 0, 4096, 5, 0),
    "pidfd_send_signal": (424, 3, 9, 0, 0),
    "io_uring_setup": (425, 1, 0),
    "clone3": (435, 0, 0),
    "close_range": (436, 0, 100, 0),
    "openat2": (437, -100, 0, 0, 0),
    "landlock_create_ruleset": (444, 0, 0, 1),
    "write by the x32 numbers": (0x40000001, 3, 0, 0),
    "read elsewhere": (0, 0, 0, 0),
    "write elsewhere": (1, 1, 0, 0),
}

SOURCE = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)

def attack(number, *arguments):
    return libc.syscall(ctypes.c_long(number), *[ctypes.c_long(argument) for argument in arguments])
"""

PYTHON = {
    "open": "open('/etc/passwd')",
    "listdir": "import os; os.listdir('/')",
    "write": "import os; os.write(1, b'x')",
    "fork": "import os; os.fork()",
    "spawn": "import os; os.execv('/bin/sh', ['sh'])",
    "thread": "import threading; threading.Thread(target=print).start()",
    "socket": "import socket; socket.socket()",
    "executable memory": "import mmap; mmap.mmap(-1, 4096, prot=7)",
    "sleep": "import time; time.sleep(1)",
    "signal handler": "import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN)",
    "parent": "import os; os.getppid()",
    "dup": "import os; os.dup(3)",
    "system": "import os; os.posix_spawn('/bin/sh', ['sh'], {})",
}


@pytest.mark.parametrize("name", CALLS)
def test_a_forbidden_call_kills(raw, name):
    raw.load(SOURCE)
    assert raw.run("attack", *CALLS[name]) is None
    assert raw.status() == KILLED_BY_SECCOMP


@pytest.mark.parametrize("name", PYTHON)
def test_what_python_offers_kills_too(raw, name):
    raw.load(f"def attack():\n    {PYTHON[name]}")
    assert raw.run("attack") is None
    assert raw.status() == KILLED_BY_SECCOMP


def test_the_filter_is_sealed_before_the_first_line_of_an_applet(raw):
    assert raw.load("open('/etc/passwd')") is None
    assert raw.status() == KILLED_BY_SECCOMP


def test_what_is_allowed_does_not_kill(raw):
    raw.load(SOURCE)
    pid = raw.run("attack", 39)[1]
    assert pid > 0
    assert raw.run("attack", 318, 0, 0, 0)[1] == 0
    # Said by a dying interpreter; the answer is an error number.
    assert raw.run("attack", 1, 2, 0, 0)[1] == -1
    assert raw.run("attack", 39)[1] == pid
