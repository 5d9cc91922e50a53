"""Processes that apply a plan and are killed as they come to a step, each by itself, so that it never comes too late.

Run as `python -m tests.acceptance.upgrade.dying URL FOLDER TENANT`: reads {digest, step} as lines of JSON from standard
input and answers with how each process ended. They are copies of this one, which knows the releases already, and which
has no connection and no thread at that moment.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kernel.main import Kernel, build_kernel
from kernel.settings import Settings
from kernel.transfer.caller import Caller
from registry.plans.apply import apply_plan, plan
from registry.plans.situation import PlanRequest

REPOSITORY = Path(__file__).parents[3]


class Dying:
    """apply: the plan of this digest, killed before this step; the exit status, -9 where it came so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def apply(self, digest: str, step: int) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"digest": digest, "step": step}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def open_dying(url: str, folder: Path, tenant: str) -> Iterator[Dying]:
    command = [sys.executable, "-m", "tests.acceptance.upgrade.dying", url, str(folder), tenant]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        yield Dying(process)
        assert process.stdin is not None
        process.stdin.close()


def main() -> None:
    url, folder, name = sys.argv[1:]
    kernel = build_kernel(Settings(data_dir=Path(folder), pool_size_max=2), url)
    caller = Caller(kernel, kernel.directory.get(name))
    plan(caller, releases_of(kernel), PlanRequest("upgrade", "receivables", "2.0.0"))
    # Each copy opens connections of its own.
    kernel.close()
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            apply_until(caller, **job)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def releases_of(kernel: Kernel) -> Any:
    registry: Any = kernel.plugins.get_plugin("registry.plugin")
    return registry.releases


def apply_until(caller: Caller, digest: str, step: int) -> None:
    """Ends this process, one way or the other."""
    steps = iter(range(step + 1))

    def die(name: str) -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        apply_plan(caller, releases_of(caller.kernel), digest, consent=True, on_step=die)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
