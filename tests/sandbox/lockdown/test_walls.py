"""Each wall with the others down, and what a worker is from outside. No language policy anywhere."""

import errno
import os
from pathlib import Path

import pytest

from sandbox.frames import RAISED, RETURNED
from sandbox.lockdown import landlock
from sandbox.lockdown.levels import Walls
from sandbox.lockdown.namespaces import NOBODY
from tests.sandbox.worker.client import KILLED_BY_SECCOMP, RAW, Client, zygote_or_skip

TRY = """
import os, socket

def attempt(code):
    try:
        return eval(code)
    except OSError as error:
        return -error.errno
"""


def behind(walls):
    @pytest.fixture(scope="module")
    def zygote():
        made = zygote_or_skip(walls, loader=RAW)
        yield made
        made.close()

    return zygote


in_namespaces = behind(Walls(namespaces=True, landlock=False, seccomp=False))
in_landlock = behind(Walls(namespaces=False, landlock=True, seccomp=False))
in_seccomp = behind(Walls(namespaces=False, landlock=False, seccomp=True))
in_limits = behind(Walls(namespaces=False, landlock=False, seccomp=False))
in_all = behind(Walls())


def attempt(zygote, code):
    """What a worker gets for it; a negative number for an error."""
    with Client(zygote) as client:
        assert client.load(TRY)[0] == RETURNED
        ended = client.run("attempt", code)
        return client.status() if ended is None else ended[1]


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/exe", "/home", "/usr", "/dev/null", "/tmp", "/sys"])
def test_in_namespaces_no_file_of_the_host_has_a_name(in_namespaces, path):
    assert attempt(in_namespaces, f"os.stat({path!r})") == -errno.ENOENT


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("os.mkdir('/x')", -errno.EROFS),
        ("os.chmod('/', 0o777)", -errno.EROFS),
        ("os.execv('/bin/sh', ['sh'])", -errno.ENOENT),
        ("os.getuid()", NOBODY),
        ("os.getppid()", 1),
        ("os.chroot('/')", -errno.EPERM),
        ("os.setuid(0)", -errno.EINVAL),
        ("socket.sethostname('x')", -errno.EPERM),
    ],
)
def test_in_namespaces_there_is_nothing_and_nobody_else(in_namespaces, code, expected):
    assert attempt(in_namespaces, code) == expected


def test_in_namespaces_processes_of_the_host_have_no_number(in_namespaces):
    # Numbers count from 1 again, so that one beyond what was forked here is the host's, or nobody's.
    assert attempt(in_namespaces, f"os.kill({os.getpid()}, 0) if {os.getpid()} > 1000 else -3") == -errno.ESRCH


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("os.mkdir('/tmp/bos-was-here')", -errno.EACCES),
        ("os.rename('/tmp', '/tmq')", -errno.EACCES),
        ("os.symlink('/etc/passwd', '/tmp/bos-was-here')", -errno.EACCES),
        ("os.truncate('/etc/passwd', 0)", -errno.EACCES),
        ("os.execv('/bin/sh', ['sh'])", -errno.EACCES),
    ],
)
def test_landlock_alone_leaves_no_file_to_anybody(in_landlock, code, expected):
    assert attempt(in_landlock, code) == expected


@pytest.mark.skipif(landlock.version() < 6, reason="landlock has scopes since version 6")
def test_landlock_alone_keeps_signals_inside(in_landlock):
    assert attempt(in_landlock, "os.kill(os.getppid(), 0)") == -errno.EPERM


@pytest.mark.parametrize(
    "code", ["os.stat('/')", "os.fork()", "socket.socket()", "os.execv('/bin/sh', ['sh'])", "os.kill(1, 0)"]
)
def test_seccomp_alone_kills(in_seccomp, code):
    assert attempt(in_seccomp, code) == KILLED_BY_SECCOMP


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("os.open('/', 0)", -errno.EMFILE),
        ("socket.socket()", -errno.EMFILE),
        ("os.dup(3)", -errno.EINVAL),
        ("os.pipe()", -errno.EMFILE),
        ("os.dup2(3, 0)", -errno.EBADF),
        ("os.fork()", -errno.EAGAIN),
        ("os.setuid(0)", -errno.EPERM),
        ("os.read(0, 1)", -errno.EBADF),
        ("os.write(1, b'x')", -errno.EBADF),
    ],
)
def test_limits_alone_leave_no_descriptor_and_no_process(in_limits, code, expected):
    assert attempt(in_limits, code) == expected


def test_limits_alone_bound_memory(in_limits):
    with Client(in_limits, 32) as client:
        client.load("def f(): return len(bytes(1 << 30))")
        assert client.run("f")[1][0] == "MemoryError"


def status_of(worker):
    lines = Path(f"/proc/{worker.pid}/status").read_text(encoding="ascii").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_a_worker_has_no_capability_and_gets_none(in_all, in_seccomp):
    for zygote in (in_all, in_seccomp):
        with Client(zygote) as client:
            status = status_of(client.worker)
            assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
            assert (status["NoNewPrivs"], status["Threads"]) == ("1", "1")
            assert "0" not in status["Uid"].split()


def test_a_worker_has_two_filters_once_it_is_loaded(in_all):
    with Client(in_all) as client:
        client.load("x = 1")
        status = status_of(client.worker)
        assert status["Seccomp"] == "2"
        assert status.get("Seccomp_filters", "2") == "2"


def test_nobody_looks_into_a_worker(in_all):
    with Client(in_all) as client:
        # What is not dumpable belongs to root, whoever it runs as.
        assert Path(f"/proc/{client.worker.pid}/mem").stat().st_uid == 0


def test_the_zygote_has_no_capability_either(in_all):
    with Client(in_all) as client:
        parent = Path(f"/proc/{client.worker.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1]
        status = Path(f"/proc/{parent}/status").read_text(encoding="ascii")
        assert "CapEff:\t0000000000000000" in status
        assert "CapBnd:\t0000000000000000" in status


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees what a worker holds")
def test_a_worker_holds_one_descriptor_in_a_world_of_its_own(in_all):
    with Client(in_all) as client:
        client.load("x = 1")
        here, there = Path("/proc/self"), Path(f"/proc/{client.worker.pid}")
        assert os.listdir(there / "fd") == ["3"]
        assert (there / "fd" / "3").readlink().name.startswith("socket:")
        for kind in ("user", "mnt", "net", "ipc", "uts", "pid", "cgroup"):
            assert (here / "ns" / kind).readlink() != (there / "ns" / kind).readlink()
        assert os.listdir(there / "root") == []


def test_workers_see_no_environment_and_nothing_to_import(in_all):
    with Client(in_all) as client:
        client.load(
            "import os, sys\n"
            "def f(): return [dict(os.environ), sys.path, sys.meta_path, sys.path_hooks, list(sys.path_importer_cache)]"
        )
        assert client.run("f")[1] == [{"LC_ALL": "C.UTF-8", "TZ": "UTC0"}, [], [], [], []]


def test_an_import_that_comes_too_late_is_an_error_and_no_call(in_all):
    with Client(in_all) as client:
        client.load("def f():\n    import sqlite3")
        status, error, *_ = client.run("f")
        assert (status, error[0]) == (RAISED, "ModuleNotFoundError")
