"""The level is what held when it was tried."""

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.lockdown.levels import Level, Walls
from sandbox.zygote.probes import PROBES
from sandbox.zygote.self_test import choose, probe_all
from tests.sandbox.worker.client import RAW, zygote_or_skip

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(params=[Level.FULL, Level.STRONG], scope="module")
def chosen(request):
    zygote_or_skip(Walls.of(request.param), loader=RAW).close()
    found = choose([request.param], RAW)
    yield request.param, found
    found.zygote.close()


def test_the_first_level_that_holds_is_chosen(chosen):
    level, found = chosen
    assert found.level is level
    (trial,) = found.trials
    assert (trial.level, trial.problem) == (level, "")


def test_behind_all_walls_every_probe_is_killed(chosen):
    _, found = chosen
    told = {probe.name: probe.told for probe in found.trials[0].probes if probe.behind == "all walls"}
    assert told == {**dict.fromkeys(PROBES, "killed"), "memory": "refused for want of memory"}


def test_each_wall_holds_without_the_filter_too(chosen):
    level, found = chosen
    held = {
        (probe.behind, probe.name): probe.is_held for probe in found.trials[0].probes if probe.behind != "all walls"
    }
    assert all(held.values())
    assert {behind for behind, _ in held} >= {"landlock", "limits"}
    assert ("namespaces" in {behind for behind, _ in held}) is (level is Level.FULL)


def test_the_zygote_of_the_trial_is_ready_for_use(chosen):
    _, found = chosen
    worker = found.zygote.spawn(64)
    worker.socket.close()
    assert found.zygote.exit_status(worker, 5) == 0


def test_a_level_whose_workers_get_through_is_not_chosen():
    # Limits alone stop neither a trace nor a signal, and say so.
    zygote = zygote_or_skip(Walls.of(Level.DEV), loader=RAW)
    outcomes = {name: zygote.probe(name, zygote.walls).told for name in ("ptrace", "unshare", "fork")}
    held = [probe.name for probe in probe_all(zygote) if probe.is_held]
    zygote.close()
    assert outcomes["ptrace"] == "got through"
    assert outcomes["fork"].startswith("refused")
    assert held == ["open", "socket", "fork", "memory"]


def chosen_without(call, first_argument=None):
    """The level where the machine refuses a call, and what was told of each that was tried."""
    zygote_or_skip(loader=RAW).close()
    command = [sys.executable, "-m", "tests.sandbox.zygote.refusing", json.dumps([call, first_argument, RAW])]
    said = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(said.stdout)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers here are those of x86_64")
@pytest.mark.parametrize(
    ("call", "level", "problems"),
    [
        ((272,), "strong", ["unshare: Operation not permitted"]),
        ((155,), "strong", ["syscall: Operation not permitted"]),
        ((446,), None, ["it cannot be locked down: PermissionError", "it cannot be locked down: PermissionError"]),
        ((157, 22), None, ["prctl: Operation not permitted", "prctl: Operation not permitted"]),
    ],
    ids=["unshare", "pivot_root", "landlock", "seccomp"],
)
def test_a_machine_that_refuses_a_wall_has_the_level_without_it(call, level, problems):
    found, told = chosen_without(*call)
    assert found == level
    assert len(told) == 2
    assert all(problem in text for problem, text in zip(problems, told, strict=False))


def test_where_no_level_can_be_had_it_is_told_why():
    found = choose([Level.FULL, Level.STRONG], "tests.sandbox.no_such_loader")
    assert (found.zygote, found.level) == (None, None)
    assert [trial.level for trial in found.trials] == [Level.FULL, Level.STRONG]
    assert all("no_such_loader" in trial.problem for trial in found.trials)


def test_wasm_is_another_engine():
    with pytest.raises(KeyError):
        Walls.of(Level.WASM)
