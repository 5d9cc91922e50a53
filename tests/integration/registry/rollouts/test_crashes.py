"""Whoever carries a rollout on may die at any moment, and there may be several of them."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kernel.main import build_kernel
from kernel.transfer.caller import Caller
from registry.plans.apply import apply_plan, plan
from registry.plans.situation import PlanRequest
from registry.rollouts.progress import carry_on, rollout_chore
from registry.rollouts.service import halt_rollout
from registry.rollouts.store import begin_move, read_tenants, take_rollout

REPOSITORY = Path(__file__).parents[4]
CARRIER = """
import sys
from kernel.main import build_kernel
from kernel.settings import Settings
from registry.rollouts.progress import carry_on

url, folder, id = sys.argv[1:]
kernel = build_kernel(Settings(applets_dir=folder), url)
carry_on(kernel, kernel.plugins.get_plugin("registry.plugin").releases, id)
"""


def begin(shop, *, is_applied, state="upgrade"):
    """As far as a process came that died while it moved the first tenant."""
    tenant_id = read_tenants(shop.kernel.database, shop.id)[0].tenant_id
    tenant = next(tenant for tenant in shop.tenants if tenant.id == tenant_id)
    caller = Caller(shop.kernel, tenant)
    made = plan(caller, shop.releases, PlanRequest("upgrade", shop.name, "1.1.0"))
    begin_move(
        shop.kernel.database, shop.id, tenant_id, from_version="1.0.0", plan=made["digest"], known_guards=(),
        dead_before=0, at=shop.clock(),
    )  # fmt: skip
    if is_applied:
        apply_plan(caller, shop.releases, made["digest"])
    return tenant


@pytest.mark.parametrize("is_applied", [False, True], ids=["before_it_was_applied", "after_it_was_applied"])
def test_who_dies_between_two_rows_is_followed_by_somebody_who_knows_how_far_it_came(shop, is_applied):
    shop.start(5)
    tenant = begin(shop, is_applied=is_applied)
    status = shop.carry_on()
    assert status["stages"][0] == {"stage": 1, "percent": 5.0, "moved": 1}
    assert (shop.row(tenant).version, shop.moves(tenant)) == ("1.1.0", ["upgraded"])


@pytest.mark.parametrize(("is_applied", "moves"), [(False, []), (True, ["upgraded", "rolled_back"])])
def test_who_dies_before_a_halt_leaves_nobody_behind(shop, is_applied, moves):
    shop.start(5)
    tenant = begin(shop, is_applied=is_applied)
    halt_rollout(shop.kernel, shop.id, roll_back=True)
    assert shop.carry_on()["state"] == "halted"
    assert (shop.row(tenant).version, shop.moves(tenant)) == ("1.0.0", moves)


def test_a_process_killed_in_the_middle_of_a_stage_is_followed_by_another(shop):
    shop.start(100)
    arguments = [sys.executable, "-c", CARRIER, shop.url, str(shop.settings.applets_dir), shop.id]
    with subprocess.Popen(arguments, cwd=REPOSITORY, env=os.environ | {"PYTHONPATH": str(REPOSITORY)}) as carrier:
        while carrier.poll() is None and shop.versions().count("1.1.0") < 3:
            continue
        carrier.send_signal(signal.SIGKILL)
    assert 3 <= shop.versions().count("1.1.0") < 20
    status = shop.carry_on()
    assert status["stages"][0]["moved"] == 20
    assert [shop.moves(tenant) for tenant in shop.tenants] == [["upgraded"]] * 20


def test_two_that_carry_it_on_at_once_move_nobody_twice(shop):
    shop.start(100)
    other = build_kernel(shop.settings, shop.url, clock=shop.clock)
    results = []
    threads = [
        threading.Thread(target=lambda kernel=kernel: results.append(carry_on(kernel, shop.releases, shop.id)))
        for kernel in (shop.kernel, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert True in results
    assert [shop.moves(tenant) for tenant in shop.tenants] == [["upgraded"]] * 20


def test_while_one_is_at_it_another_leaves_it_alone(shop):
    shop.start(5)
    with take_rollout(shop.kernel.database, shop.id) as is_ours:
        assert is_ours
        assert carry_on(shop.kernel, shop.releases, shop.id) is False
    assert shop.versions().count("1.1.0") == 0


def test_a_turn_ends_when_its_time_is_over_and_the_next_goes_on(shop):
    shop.start(100)
    ticks = iter(range(0, 1000, 5))
    assert carry_on(shop.kernel, shop.releases, shop.id, monotonic=lambda: next(ticks))
    moved = shop.versions().count("1.1.0")
    assert 0 < moved < 20
    assert shop.carry_on()["stages"][0]["moved"] == 20


def test_the_worker_carries_on_whatever_is_under_way(shop):
    shop.start(50)
    chore = rollout_chore(shop.releases)
    chore.run(shop.kernel, shop.tenants[0])
    assert shop.versions().count("1.1.0") == 10
    brought = shop.kernel.plugins.hook.register_chores(kernel=shop.kernel)
    assert "rollouts" in {each.name for chores in brought for each in chores}
