import json
import os
import subprocess
import sys

from kernel.postgres.lease import Holder, open_lease
from kernel.postgres.processes import read_start


def stored(path):
    return json.loads(path.read_text())


def test_the_last_one_out_finds_nobody_left(tmp_path):
    path = tmp_path / "lease"
    with open_lease(path) as lease:
        first = lease.add()
    with open_lease(path) as lease:
        second = lease.add()
    with open_lease(path) as lease:
        lease.remove(first)
        assert lease.is_held()
    with open_lease(path) as lease:
        lease.remove(second)
        assert not lease.is_held()
    assert stored(path) == []


def test_one_process_may_hold_it_twice(tmp_path):
    with open_lease(tmp_path / "lease") as lease:
        first, second = lease.add(), lease.add()
    assert first != second
    assert (first.pid, first.started) == (second.pid, second.started)


def test_a_process_that_died_holds_nothing(tmp_path):
    path = tmp_path / "lease"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        alive = Holder(process.pid, read_start(process.pid), "a")
        path.write_text(json.dumps([{"pid": alive.pid, "started": alive.started, "token": "a"}]))
        with open_lease(path) as lease:
            assert lease.is_held()
        process.kill()
    with open_lease(path) as lease:
        assert not lease.is_held()


def test_another_process_with_the_same_number_is_not_mistaken_for_the_holder(tmp_path):
    path = tmp_path / "lease"
    path.write_text(json.dumps([{"pid": os.getpid(), "started": "long ago", "token": "a"}]))
    with open_lease(path) as lease:
        assert not lease.is_held()


def test_others_wait_while_the_lease_is_open(tmp_path):
    path = tmp_path / "lease"
    code = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    with open_lease(path):
        refused = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
    allowed = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
    assert "BlockingIOError" in refused.stderr
    assert allowed.returncode == 0


def test_only_its_owner_may_read_the_lease(tmp_path):
    with open_lease(tmp_path / "lease"):
        assert (tmp_path / "lease").stat().st_mode & 0o777 == 0o600
