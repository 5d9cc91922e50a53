import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.postgres.processes import read_name, read_start


def test_the_start_of_a_living_process_is_always_the_same():
    assert read_start(os.getpid()) == read_start(os.getpid()) != ""


def test_there_is_no_start_of_a_process_that_never_was():
    assert read_start(2**22 + 1) == ""


def test_a_process_that_ended_but_was_not_collected_is_not_alive():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert read_start(process.pid) != ""
        process.kill()
        assert process.stdout.read() == b""
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert read_start(process.pid) == ""


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="the name of a process is read from /proc")
def test_a_process_has_its_name_and_no_process_has_none():
    assert read_name(os.getpid()) == Path("/proc/self/comm").read_text().strip()
    assert read_name(2**22 + 1) is None
