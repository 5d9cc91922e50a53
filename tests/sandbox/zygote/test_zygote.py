"""The handle of the fork server: births, ends and replacements, from any thread."""

import os
import select
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.lockdown.levels import Level, Walls
from sandbox.zygote.errors import WorkerUnavailable
from sandbox.zygote.handle import Zygote
from tests.sandbox.worker.client import RAW, Client, zygote_or_skip

REPOSITORY = Path(__file__).resolve().parents[3]
WAIT_MS = 10_000


def has_ended(pidfd, wait_ms=WAIT_MS):
    """A descriptor of a process becomes readable with its end."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(wait_ms))


def test_a_worker_is_known_by_its_process_and_by_descriptors_that_no_program_inherits(zygote):
    with Client(zygote) as client:
        worker = client.worker
        assert Path(f"/proc/{worker.pid}").exists()
        assert not os.get_inheritable(worker.pidfd)
        assert not worker.socket.get_inheritable()
        assert worker.socket.gettimeout() is None
        signal.pidfd_send_signal(worker.pidfd, 0)


def test_how_a_worker_ended_is_told_once(zygote):
    with Client(zygote) as client:
        signal.pidfd_send_signal(client.worker.pidfd, signal.SIGKILL)
        assert zygote.exit_status(client.worker, 5) == -signal.SIGKILL
        assert zygote.exit_status(client.worker, 0) is None


def test_a_worker_that_lives_has_no_status(zygote):
    with Client(zygote) as client:
        assert zygote.exit_status(client.worker, 0) is None


def test_ends_nobody_asks_about_stop_nothing(zygote):
    for _ in range(60):
        with Client(zygote):
            pass
    with Client(zygote) as client:
        client.load("def f(): return 1")
        assert client.run("f")[1] == 1
        client.worker.socket.close()
        assert client.status() == 0


def test_many_threads_have_workers_at_once(zygote):
    def live(number):
        with Client(zygote) as client:
            client.load("def f(n): return n * 2\ndef end(n):\n    import os; os._exit(n)")
            assert client.run("f", number)[1] == number * 2
            assert client.run("end", number) is None
            return client.worker.pid, client.status()

    with ThreadPoolExecutor(8) as threads:
        lives = list(threads.map(live, range(1, 41)))
    assert len({pid for pid, _ in lives}) == 40
    assert [status for _, status in lives] == list(range(1, 41))


def test_a_zygote_outlives_the_thread_that_started_it():
    # What ends with its parent ends with the very thread: here a thread that is gone when the worker is used.
    made = []
    thread = threading.Thread(target=lambda: made.append(start_and_spawn()))
    thread.start()
    thread.join()
    if not made:
        pytest.skip("no zygote here")
    zygote, client = made[0]
    with client:
        client.load("def f(): return 1")
        assert client.run("f")[1] == 1
    zygote.close()


def start_and_spawn():
    zygote = zygote_or_skip(loader=RAW)
    return zygote, Client(zygote)


KERNEL = """
import sys
from sandbox.lockdown.levels import Level, Walls
from sandbox.zygote.handle import Zygote
zygote = Zygote(Walls.of(Level(sys.argv[1])), loader=sys.argv[2])
print(zygote.pid, zygote.spawn(64).pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("level", [Level.FULL, Level.STRONG])
def test_when_the_kernel_is_killed_the_zygote_and_its_workers_end(zygote, level):
    command = [sys.executable, "-c", KERNEL, level, RAW]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as kernel:
        pids = [int(pid) for pid in kernel.stdout.readline().split()]
        pidfds = [os.pidfd_open(pid) for pid in pids]
        kernel.kill()
    assert len(pids) == 2
    assert all(map(has_ended, pidfds))
    for pidfd in pidfds:
        os.close(pidfd)


def test_when_the_zygote_is_killed_its_workers_end_and_the_next_spawn_starts_another():
    zygote = zygote_or_skip(loader=RAW)
    with Client(zygote) as client:
        first = zygote.pid
        os.kill(first, signal.SIGKILL)
        assert has_ended(client.worker.pidfd)
    with Client(zygote) as client:
        assert zygote.pid != first
        assert client.load("x = 1")[0] == 0
    zygote.close()


def test_close_ends_all_workers():
    zygote = zygote_or_skip(loader=RAW)
    with Client(zygote) as client:
        zygote.close()
        assert has_ended(client.worker.pidfd)
    with pytest.raises(WorkerUnavailable):
        zygote.spawn(64)
    zygote.close()


def test_a_worn_zygote_is_replaced_and_stays_until_its_last_worker_has_ended():
    zygote = zygote_or_skip(loader=RAW, spawns_max=2)
    first = os.pidfd_open(zygote.pid)
    hashes = "def f(): return hash('a text of which only the seed decides')"
    with Client(zygote) as old:
        old.load(hashes)
        before = zygote.pid
        while zygote.pid == before:
            with Client(zygote) as spare:
                assert spare.load("x = 1")[0] == 0
        with Client(zygote) as new:
            new.load(hashes)
            # Forks of one zygote have their seed in common, forks of the next another one.
            assert new.run("f")[1] != old.run("f")[1]
            assert not has_ended(first, 0)
    assert old.status() == 0
    assert has_ended(first)
    os.close(first)
    zygote.close()


def test_workers_of_one_zygote_draw_different_numbers(zygote):
    source = "import os, random, uuid\ndef f(): return [random.random(), os.urandom(8), str(uuid.uuid4())]"
    drawn = []
    for _ in range(3):
        with Client(zygote) as client:
            client.load(source)
            drawn.append(client.run("f")[1])
    assert len({value for row in drawn for value in row}) == 9


def test_a_zygote_that_cannot_start_says_why():
    with pytest.raises(WorkerUnavailable) as refused:
        Zygote(Walls.of(Level.DEV), loader="tests.sandbox.no_such_loader")
    assert refused.value.code == "worker_unavailable"
    assert "No module named 'tests.sandbox.no_such_loader'" in refused.value.message


@pytest.mark.parametrize("memory_mb", [0, -1])
def test_no_worker_is_without_a_limit_of_memory(zygote, memory_mb):
    with pytest.raises(ValueError, match="at least 1 MB"):
        zygote.spawn(memory_mb)


def test_the_descriptors_of_the_kernel_are_not_in_the_zygote(zygote):
    secret = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(secret, True)
    try:
        other = zygote_or_skip(Walls.of(Level.DEV), loader=RAW)
        if os.geteuid() == 0:
            held = {os.readlink(path) for path in Path(f"/proc/{other.pid}/fd").iterdir()}
            # Its three standard ones are that file too.
            numbers = os.listdir(f"/proc/{other.pid}/fd")
            assert str(secret) not in numbers or os.readlink(f"/proc/{other.pid}/fd/{secret}") != "/dev/null"
            assert not any(name.endswith((".py", ".sock")) for name in held)
        other.close()
    finally:
        os.close(secret)
