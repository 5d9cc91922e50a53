"""Whoever may do one thing to applets may do that, and nothing that follows from it."""

import shutil
from dataclasses import replace

import pytest

from kernel.auth.records import Identity
from registry.errors import AppletUnknown, ConsentMissing, NothingToRollBack, PlanRequestUnclear
from registry.lifecycle import enable_applet
from registry.plans.apply import plan
from registry.plans.situation import PlanRequest
from registry.rows import read_rows
from sdk.context import Actor
from sdk.document_errors import PermissionDenied
from tests.integration.registry.apply.conftest import LENSES, write_version

CLERK = Actor("018f0000-0000-7000-8000-0000000000cc", "user", "clerk@acme.test", "Clerk")


def caller_who_may(memo, *actions):
    with memo.world.operate() as ctx:
        may = [{"type": "kernel.applet", "actions": list(actions)}]
        ctx.documents.create("kernel.role", {"name": "clerk", "title": "Clerk", "permissions": may})
        ctx.documents.create("kernel.grant", {"actor_id": CLERK.id, "role": "clerk"})
    return replace(memo.caller, identity=Identity(CLERK, memo.world.tenant))


@pytest.mark.parametrize(
    "request_",
    [
        PlanRequest("enable", "memo", "2.0.0"),
        PlanRequest("upgrade", "memo", "2.0.0"),
        PlanRequest("rollback", "memo", "1.0.0"),
    ],
    ids=lambda wanted: wanted.verb,
)
def test_who_may_only_enable_does_not_move_what_is_enabled(memo, request_):
    caller = caller_who_may(memo, "read", "enable")
    with pytest.raises(PermissionDenied):
        plan(caller, memo.releases, request_)


def test_a_plan_of_somebody_who_may_is_not_applied_by_who_may_not(memo):
    caller = caller_who_may(memo, "read", "disable")
    memo.caller, operator = caller, memo.caller
    made = plan(operator, memo.releases, PlanRequest("upgrade", "memo", "2.0.0"))
    with pytest.raises(PermissionDenied):
        memo.apply(made["digest"])
    assert memo.row().version == "1.0.0"


@pytest.mark.parametrize("verb", ["disable", "uninstall", "purge", "install"])
def test_everything_is_upgraded_or_nothing(memo, verb):
    with pytest.raises(PlanRequestUnclear):
        plan(memo.caller, memo.releases, PlanRequest(verb, all_upgrades=True))


def test_a_plan_is_about_one_applet_or_about_all(memo):
    for wanted in (PlanRequest("upgrade"), PlanRequest("upgrade", "memo", all_upgrades=True)):
        with pytest.raises(PlanRequestUnclear):
            plan(memo.caller, memo.releases, wanted)


def test_enabling_at_once_consents_to_nothing_that_nobody_has_seen(memo, tmp_path):
    memo.add(tmp_path, "1.1.0", capabilities=["documents:read:kernel.company"])
    with memo.world.operate() as ctx, pytest.raises(ConsentMissing):
        enable_applet(ctx, memo.releases, "memo", version="1.1.0")
    with memo.world.operate() as ctx:
        enable_applet(ctx, memo.releases, "memo", version="1.1.0", consent=True)
        assert read_rows(ctx.uow)["memo"].capabilities == ("documents:read:kernel.company",)


def test_enabling_leads_to_no_version_the_tenant_has_left_or_left_behind(memo, applets_folder):
    write_version(applets_folder / "memo", "1.0.0")
    memo.move("upgrade", "2.0.0")

    def enable():
        with memo.world.operate() as ctx:
            return enable_applet(ctx, memo.releases, "memo").applets

    assert (enable(), memo.row().version) == ((), "2.0.0")
    memo.move("disable")
    assert (enable(), memo.row().version) == (("memo",), "2.0.0")
    memo.move("rollback")
    shutil.rmtree(applets_folder / "memo")
    write_version(applets_folder / "memo", "2.0.0", field="body", schema_version=2, lenses=LENSES)
    assert (enable(), memo.row().version) == ((), "1.0.0")


def test_a_name_that_is_like_none_here_is_not_answered_with_one(memo):
    with pytest.raises(AppletUnknown) as refused:
        plan(memo.caller, memo.releases, PlanRequest("enable", "zzzzzzzzzzzzzzz"))
    assert refused.value.message == "There is no applet zzzzzzzzzzzzzzz here; none has a name like it."
    with pytest.raises(AppletUnknown) as refused:
        plan(memo.caller, memo.releases, PlanRequest("enable", "memoo"))
    assert refused.value.message == "There is no applet memoo here; memo has a name like it."


def test_going_back_leads_to_no_newer_version_past_what_would_block_there(memo):
    for version in (None, "2.0.0"):
        with pytest.raises(NothingToRollBack):
            memo.plan("rollback", version)
    memo.move("upgrade", "2.0.0")
    memo.move("rollback")
    with pytest.raises(NothingToRollBack, match=r"is at 1\.0\.0"):
        memo.plan("rollback")
