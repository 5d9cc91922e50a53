"""A release comes to a few tenants, then to more, and goes back when it does harm."""

import pytest

from kernel.tenancy.service import NewTenant, TenantService
from registry.errors import AppletUnknown, AppletVersionUnknown
from registry.lifecycle import disable_applet
from registry.rollouts.errors import RolloutEmpty, RolloutRunning, RolloutStateWrong, RolloutUnknown
from registry.rollouts.model import Wish
from registry.rollouts.moving import ATTEMPTS_MAX
from registry.rollouts.pins import pin_applet
from registry.rollouts.service import (
    describe_rollouts,
    find_rollout,
    halt_rollout,
    pause_rollout,
    resume_rollout,
    start_rollout,
)
from registry.rows import ENABLED, AppletRow, write_row
from registry.transitions import raise_generation
from tests.integration.registry.rollouts.conftest import HOOKS_2


def test_it_goes_on_stage_by_stage_once_each_was_held(shop):
    shop.start(5, 50, 100)
    assert shop.carry_on()["stages"][0] == {"stage": 1, "percent": 5.0, "moved": 1}
    assert shop.versions().count("1.1.0") == 1
    shop.pass_time(300)
    assert shop.status()["stage"] == 1
    shop.pass_time(301)
    assert (shop.status()["stage"], shop.carry_on()["stages"][1]["moved"]) == (2, 9)
    assert shop.versions().count("1.1.0") == 10
    shop.pass_time()
    shop.carry_on()
    assert shop.versions() == ["1.1.0"] * 20
    assert shop.status()["state"] == "running"
    done = shop.pass_time()
    assert (done["state"], done["stage"], "ended_at" in done) == ("done", 3, True)
    assert {tuple(shop.moves(tenant)) for tenant in shop.tenants} == {("upgraded",)}


def test_a_release_whose_hooks_fail_is_halted_and_taken_back(shop):
    shop.start(25, 100)
    shop.carry_on()
    moved = shop.moved()
    for tenant in moved:
        shop.note(tenant, times=9)
        shop.note(tenant, "odd")
    halted = shop.carry_on()
    assert halted["state"] == "halted"
    # The guard that was asked as they were moved is a hook too.
    assert halted["reason"] == "5 of 55 hook calls failed (9.1%, at most 1.0%; before: 0.0%)"
    assert shop.versions() == ["1.0.0"] * 20
    assert {tuple(shop.moves(tenant)) for tenant in moved} == {("upgraded", "rolled_back")}
    assert [each["state"] for each in halted["tenants"]] == ["rolled_back"] * 5 + ["waiting"] * 15
    assert (halted["after"]["calls"], halted["after"]["errors"]) == (55, 5)


def test_one_tenant_that_suffers_halts_it_for_all(shop):
    shop.start(25, 100, error_rate_max=0.2)
    shop.carry_on()
    first, *others = shop.moved()
    for tenant in others:
        shop.note(tenant, times=50)
    for _ in range(10):
        shop.note(first, times=2)
        shop.note(first, "odd")
    halted = shop.carry_on()
    assert halted["reason"] == f"{first.name}: 10 of 31 hook calls failed (32.3%, at most 20.0%; before: 0.0%)"
    assert shop.versions() == ["1.0.0"] * 20


def test_an_applet_that_was_suspended_halts_it(shop):
    shop.start(5)
    shop.carry_on()
    (tenant,) = shop.moved()
    shop.note(tenant, "odd", times=6)
    halted = shop.pass_time(61)
    assert halted["state"] == "halted"
    assert halted["reason"] == f"{tenant.name}: {shop.name} is suspended: before_save: ZeroDivisionError: odd"


def test_a_guard_that_breaks_halts_it(shop):
    shop.start(5, 100)
    shop.carry_on()
    (tenant,) = shop.moved()
    shop.note(tenant, "bad")
    halted = shop.pass_time(61)
    assert halted["state"] == "halted"
    assert halted["reason"] == f"{tenant.name}: the guard {shop.name}:notes_are_well is broken: there is a bad note"
    assert shop.versions() == ["1.0.0"] * 20


def test_deliveries_that_were_given_up_halt_it(shop):
    shop.start(5)
    shop.carry_on()
    (tenant,) = shop.moved()
    dead = """
        INSERT INTO {t}.deliveries (subscriber, event_position, event_id, aggregate_id, state, due_at, created_at)
        VALUES (%s, 1, gen_random_uuid(), gen_random_uuid(), 'dead', now(), now())
    """
    with shop.kernel.operate(tenant) as ctx:
        ctx.uow.execute(dead, [f"{shop.name}:tell"])
    assert shop.pass_time(61)["reason"] == f"{tenant.name}: 1 deliveries to {shop.name} were given up"


def test_what_fails_as_it_is_moved_halts_it_and_stays_where_it_was(shop):
    breaking = HOOKS_2 + "\n\n@hooks.upgraded\ndef after(ctx, previous):\n    raise ZeroDivisionError('no')\n"
    shop.publish("1.2.0", breaking.format(name=shop.name, odd="pass"))
    shop.start(50, version="1.2.0")
    halted = shop.carry_on()
    failed = [each for each in halted["tenants"] if each["state"] == "failed"]
    assert (halted["state"], len(failed)) == ("halted", 1)
    assert halted["reason"].startswith(f"{failed[0]['tenant']}: ")
    assert shop.versions() == ["1.0.0"] * 20


def test_tenants_that_are_pinned_are_left_out_and_told(shop):
    for tenant in shop.tenants[:3]:
        with shop.kernel.operate(tenant) as ctx:
            pin_applet(ctx, shop.releases, shop.name)
    shop.start(100)
    with shop.kernel.operate(shop.tenants[3]) as ctx:
        pin_applet(ctx, shop.releases, shop.name, "1.0.0")
    status = shop.carry_on()
    left = {each["tenant"]: each["reason"] for each in status["tenants"] if each["state"] == "left_out"}
    assert left == {f"t0{number}": "pinned to 1.0.0" for number in range(4)}
    assert shop.versions() == ["1.0.0"] * 4 + ["1.1.0"] * 16


def test_plans_that_are_blocked_or_need_consent_leave_a_tenant_out(shop):
    asking = 'capabilities = ["documents:read:kernel.company"]\n'
    shop.publish("1.2.0", HOOKS_2.format(name=shop.name, odd="pass"), manifest=asking)
    for tenant in shop.tenants[1:]:
        with shop.kernel.operate(tenant) as ctx:
            granted = "UPDATE {t}.applets SET capabilities = '{documents:read:kernel.company}' WHERE name = %s"
            ctx.uow.execute(granted, [shop.name])
    shop.start(100, version="1.2.0")
    with shop.kernel.operate(shop.tenants[1]) as ctx:
        disable_applet(ctx, shop.releases, shop.name)
    status = shop.carry_on()
    left = {each["tenant"]: each["reason"] for each in status["tenants"] if each["state"] == "left_out"}
    assert left.keys() == {"t00", "t01"}
    assert left["t00"].startswith("needs consent: ")
    assert left["t01"] == "it is not enabled any more"
    assert shop.versions().count("1.2.0") == 18


def test_a_pause_moves_nobody_and_still_watches(shop):
    shop.start(5, 100)
    shop.carry_on()
    (tenant,) = shop.moved()
    assert pause_rollout(shop.kernel, shop.name)["state"] == "paused"
    shop.pass_time()
    assert shop.pass_time()["stage"] == 1
    assert resume_rollout(shop.kernel, shop.id)["state"] == "running"
    shop.carry_on()
    assert shop.status()["stage"] == 2
    pause_rollout(shop.kernel, shop.id)
    shop.note(tenant, "bad")
    assert shop.pass_time(61)["state"] == "halted"


def test_a_halt_leaves_those_that_were_moved_or_rolls_them_back(shop):
    shop.start(25, 100)
    shop.carry_on()
    assert halt_rollout(shop.kernel, shop.name)["state"] == "halted"
    shop.carry_on()
    assert shop.versions().count("1.1.0") == 5
    shop.start(100)
    shop.carry_on()
    assert halt_rollout(shop.kernel, shop.name, roll_back=True)["state"] == "rolling_back"
    assert shop.carry_on()["state"] == "halted"
    assert shop.versions().count("1.1.0") == 5
    with pytest.raises(RolloutStateWrong) as refused:
        resume_rollout(shop.kernel, shop.name)
    assert refused.value.details["state"] == "halted"


def test_whoever_was_moved_on_by_hand_is_not_rolled_back(shop):
    shop.publish("1.2.0", HOOKS_2.format(name=shop.name, odd="pass"))
    shop.start(10)
    shop.carry_on()
    first, second = shop.moved()
    with shop.kernel.operate(first) as ctx:
        ctx.uow.execute("UPDATE {t}.applets SET version = '1.2.0' WHERE name = %s", [shop.name])
    halt_rollout(shop.kernel, shop.id, roll_back=True)
    shop.carry_on()
    assert (shop.row(first).version, shop.row(second).version) == ("1.2.0", "1.0.0")


def test_one_rollout_of_an_applet_at_a_time(shop):
    id = shop.start()
    with pytest.raises(RolloutRunning) as refused:
        start_rollout(shop.kernel, shop.releases, Wish(shop.name, "1.1.0"))
    assert refused.value.details["rollout"] == id
    assert describe_rollouts(shop.kernel)[0]["id"] == id


def test_what_is_not_there_cannot_be_rolled_out(shop):
    with pytest.raises(AppletUnknown):
        start_rollout(shop.kernel, shop.releases, Wish("shopp", "1.0.0"))
    with pytest.raises(AppletVersionUnknown):
        start_rollout(shop.kernel, shop.releases, Wish(shop.name, "9.0.0"))
    with pytest.raises(RolloutEmpty):
        start_rollout(shop.kernel, shop.releases, Wish(shop.name, "1.0.0"))
    with pytest.raises(RolloutUnknown):
        find_rollout(shop.kernel, "nothing")


def test_a_rehearsal_says_who_would_come_when_and_keeps_nothing(shop):
    told = start_rollout(shop.kernel, shop.releases, Wish(shop.name, "1.1.0"), is_kept=False)
    assert [stage["waiting"] for stage in told["stages"]] == [1, 9, 10]
    with pytest.raises(RolloutUnknown):
        find_rollout(shop.kernel, told["id"])


def test_a_tenant_that_cannot_be_reached_now_holds_up_nobody_else(shop):
    steps = "UPDATE {p}.tenants SET steps = steps + %s WHERE id = %s"
    shop.start(100)
    first, *others = shop.tenants
    with shop.kernel.database.owner() as owner:
        owner.execute(steps.replace("{p}", "bos"), [-1, first.id])
    status = shop.carry_on()
    waiting = {each["tenant"]: each["reason"] for each in status["tenants"] if each["state"] == "waiting"}
    assert waiting.keys() == {first.name}
    assert "not yet up to date" in waiting[first.name]
    assert {shop.row(tenant).version for tenant in others} == {"1.1.0"}
    halt_rollout(shop.kernel, shop.id, roll_back=True)
    with shop.kernel.database.owner() as owner:
        owner.execute(steps.replace("{p}", "bos"), [1, first.id])
        owner.execute(steps.replace("{p}", "bos"), [-1, others[0].id])
    assert shop.carry_on()["state"] == "rolling_back"
    with shop.kernel.database.owner() as owner:
        owner.execute(steps.replace("{p}", "bos"), [1, others[0].id])
    assert shop.carry_on()["state"] == "halted"
    assert shop.versions() == ["1.0.0"] * 20


FICKLE = """
from sdk import hooks

asked = []


@hooks.invariant
def notes_are_well(ctx):
    asked.append(1)
    if len(asked) % 2 == 0:
        yield "there is a bad note"
"""


def test_a_tenant_that_changes_as_often_as_it_is_planned_for_speaks_not_against_the_release(shop):
    shop.publish("1.0.1", FICKLE)
    for tenant in shop.tenants:
        with shop.kernel.operate(tenant) as ctx:
            ctx.uow.execute("UPDATE {t}.applets SET version = '1.0.1' WHERE name = %s", [shop.name])
            raise_generation(ctx)
    shop.start(5)
    for _ in range(ATTEMPTS_MAX + 2):
        status = shop.carry_on()
    assert (status["state"], status["stages"][0]["left_out"]) == ("running", 1)
    (told,) = [each["reason"] for each in status["tenants"] if each["state"] == "left_out"]
    assert told.startswith(f"not moved in {ATTEMPTS_MAX} attempts: ")


def test_tenants_that_are_made_or_dropped_meanwhile_hold_up_nobody(shop):
    service = TenantService(shop.kernel.database, shop.kernel.directory, shop.kernel.installation)
    dropped = service.create_tenant(NewTenant("gone", "Gone"), shop.clock())
    with shop.kernel.operate(dropped) as ctx:
        write_row(ctx.uow, AppletRow(shop.name, "1.0.0", ENABLED, (), ctx.now, ctx.actor.id))
        raise_generation(ctx)
    shop.start(100)
    drop(service, "gone")
    made = service.create_tenant(NewTenant("late", "Late"), shop.clock())
    try:
        assert shop.carry_on()["stages"] == [{"stage": 1, "percent": 100.0, "moved": 20}]
        shop.pass_time()
        assert shop.pass_time()["state"] == "done"
    finally:
        drop(service, made.name)


def drop(service, name):
    service.suspend_tenant(name)
    service.drop_tenant(name)
