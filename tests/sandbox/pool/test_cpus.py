"""A pinned process stays on one CPU with all its threads and all it starts."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json, os, subprocess, sys, threading
from sandbox.pool import pin_process

done = threading.Event()
thread = threading.Thread(target=done.wait)
thread.start()
cpu = pin_process()
of_child = subprocess.check_output([sys.executable, "-c", "import os; print(list(os.sched_getaffinity(0)))"])
of_threads = [list(os.sched_getaffinity(number)) for number in (0, thread.native_id)]
print(json.dumps([cpu, *of_threads, json.loads(of_child)]))
done.set()
"""


def test_a_pinned_process_stays_on_one_cpu_with_its_threads_and_children():
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("processes cannot be pinned here")
    told = subprocess.check_output([sys.executable, "-c", PROGRAM])
    cpu, of_main, of_thread, of_child = json.loads(told)
    assert cpu in os.sched_getaffinity(0)
    assert of_main == of_thread == of_child == [cpu]
