"""Invariants of enabled applets: asked in the transaction at hand, without a trace, and each by itself."""

import json
from dataclasses import replace

import pytest

from kernel.context import Work
from kernel.registers.service import fold
from kernel.series.service import NO_COMPANY
from kernel.transfer.caller import Caller
from registry.errors import GuardBroken
from registry.guards import SENTENCE_LENGTH_MAX, check_guards, describe_guards, hold_guards, known_guards, list_guards
from registry.lifecycle import enable_applet
from registry.plans.apply import apply_plan, plan
from registry.plans.findings import Finding, Severity
from registry.plans.situation import PlanRequest
from registry.rows import read_rows
from tests.integration.registry.conftest import write_applet

GUARDED = """
from sdk import hooks
from sdk.errors import Conflict


class NotesUnreadable(Conflict):
    \"\"\"The notes cannot be read.\"\"\"


@hooks.invariant
def notes_are_short(ctx):
    for note in ctx.documents.query("shop.note").items:
        if len(note["text"]) > 10:
            yield f"note {note.id} has {len(note['text'])} letters"


@hooks.invariant
def notes_are_readable(ctx):
    texts = [note["text"] for note in ctx.documents.query("shop.note").items]
    if "locked" in texts:
        raise NotesUnreadable
    if "absurd" in texts:
        raise ZeroDivisionError("by nothing")
    if "write" in texts:
        ctx.documents.create("shop.note", {"text": "made by a guard"})
    if "told" in texts:
        return "one sentence"
"""


TAKINGS = {
    "name": "till.takings",
    "title": "Takings",
    "dimensions": [{"name": "note", "title": "Note"}],
    "resources": [{"name": "amount", "title": "Amount"}],
}
TILL = """
from decimal import Decimal

from sdk import hooks


@hooks.before_save("till.note")
def take(ctx, document, previous):
    resources = {"amount": Decimal(5)}
    ctx.registers.record(document, "till.takings", occurred_at=ctx.today, dimensions={}, resources=resources)
"""
OTHER_NOTES = """

@hooks.upgraded
def lengthen(ctx, previous):
    for note in ctx.documents.query("shop.note").items:
        ctx.documents.update("shop.note", note.id, {"text": note["text"] * 4})
"""


@pytest.fixture
def shop(world, applets_folder):
    write_applet(applets_folder / "shop", "shop", hooks=GUARDED)
    with world.operate() as ctx:
        enable_applet(ctx, world.releases, "shop")
    return world


def note(world, text):
    with world.operate() as ctx:
        return ctx.documents.create("shop.note", {"text": text}).id


def broken(world, applets=None):
    with world.operate() as ctx:
        return {one.id: one for one in check_guards(ctx, applets)}


def test_guards_of_a_tenant_in_order_hold(shop):
    note(shop, "short")
    assert broken(shop) == {}


def test_what_is_broken_is_told_with_its_sentences(shop):
    id = note(shop, "far too long")
    found = broken(shop)["shop:notes_are_short"]
    assert found.sentences == (f"note {id} has 12 letters",)
    assert not found.is_unknown


def test_a_guard_sees_what_the_transaction_at_hand_has_changed(shop):
    with shop.operate() as ctx:
        ctx.documents.create("shop.note", {"text": "not committed yet"})
        assert [one.id for one in check_guards(ctx)] == ["shop:notes_are_short"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("locked", "The notes cannot be read."),
        ("absurd", "ZeroDivisionError: by nothing"),
        ("write", "ReadOnlySqlTransaction"),
    ],
)
def test_a_guard_that_fails_or_writes_has_found_nothing_out(shop, text, reason):
    note(shop, text)
    found = broken(shop)
    assert list(found) == ["shop:notes_are_readable"]
    assert found["shop:notes_are_readable"].is_unknown
    assert reason in found["shop:notes_are_readable"].sentences[0]


def test_the_transaction_goes_on_and_writes_after_a_guard_has_failed(shop):
    note(shop, "absurd")
    with shop.operate() as ctx:
        assert len(check_guards(ctx)) == 1
        ctx.documents.create("shop.note", {"text": "later"})
    with shop.operate() as ctx:
        assert len(ctx.documents.query("shop.note").items) == 2


def test_a_guard_that_has_to_wait_too_long_has_found_nothing_out(shop):
    with shop.operate() as ctx:
        # What the kernel keeps of the tenant is in memory before anything is locked.
        described = replace(ctx, work=Work())
    with (
        shop.kernel.database.owner() as connection,
        connection.transaction(),
        shop.kernel.database.transaction(shop.tenant) as uow,
    ):
        connection.execute(f'LOCK TABLE "{shop.tenant.schema}".documents IN ACCESS EXCLUSIVE MODE')
        found = check_guards(replace(described, uow=uow), statement_ms=50)
    assert {one.id for one in found} == {"shop:notes_are_short", "shop:notes_are_readable"}
    assert {one.sentences for one in found} == {("a statement of it took over 50 ms",)}


def test_one_sentence_need_not_be_a_list(shop):
    note(shop, "told")
    assert broken(shop)["shop:notes_are_readable"].sentences == ("one sentence",)


def test_only_the_guards_of_some_applets_are_asked(shop):
    note(shop, "far too long")
    assert broken(shop, ["parties"]) == {}
    assert list(broken(shop, ["shop"])) == ["shop:notes_are_short"]


def test_what_is_broken_holds_a_change_back_with_every_sentence(shop):
    id = note(shop, "far too long")
    with shop.operate() as ctx, pytest.raises(GuardBroken) as refused:
        hold_guards(ctx)
    assert refused.value.details["guards"] == "shop:notes_are_short"
    assert [(v.pointer, v.rule, v.message) for v in refused.value.violations] == [
        ("/shop:notes_are_short", "guard_broken", f"note {id} has 12 letters")
    ]


def test_what_was_broken_before_holds_nothing_back(shop):
    note(shop, "far too long")
    told = [Finding(Severity.WARNS, "guard_broken", "shop:notes_are_short", "…")]
    with shop.operate() as ctx:
        hold_guards(ctx, known=known_guards(told))


def test_people_see_every_guard_and_how_it_stands(shop):
    note(shop, "far too long")
    note(shop, "locked")
    with shop.operate() as ctx:
        assert {row["guard"]: row["state"] for row in describe_guards(ctx)} == {
            "notes_are_short": "broken",
            "notes_are_readable": "unknown",
        }


def test_a_tenant_without_applets_has_no_guards(world):
    with world.operate() as ctx:
        assert list_guards(ctx) == []


def plan_of(world, verb, version=None):
    return plan(Caller(world.kernel, world.tenant), world.releases, PlanRequest(verb, "shop", version))


def move(world, verb, version=None):
    digest = plan_of(world, verb, version)["digest"]
    return apply_plan(Caller(world.kernel, world.tenant), world.releases, digest, consent=True)


def found(world, verb, version=None):
    findings = plan_of(world, verb, version)["findings"]
    return {(one["severity"], one["subject"]) for one in findings if one["rule"].startswith("guard_")}


def standing(world):
    """The applet's row, its documents and the tenant's generation."""
    with world.operate() as ctx:
        row = read_rows(ctx.uow)["shop"]
        notes = ctx.uow.execute("SELECT md5(d::text) FROM {t}.documents d WHERE type = 'shop.note'").fetchall()
        return row, notes, ctx.uow.generation


@pytest.fixture
def newer(shop, tmp_path):
    """2.0.0 makes the text of each note four times as long."""
    folder = write_applet(tmp_path / "newer", "shop", hooks=GUARDED + OTHER_NOTES)
    manifest = folder / "applet.toml"
    manifest.write_text(manifest.read_text().replace("1.0.0", "2.0.0"))
    shop.releases.add(shop.kernel.database, folder, shop.kernel.clock(), "test")
    return shop


def test_a_new_version_that_breaks_its_data_is_stopped_and_leaves_all_as_it_was(newer):
    note(newer, "abc")
    before = standing(newer)
    assert found(newer, "upgrade", "2.0.0") == set()
    with pytest.raises(GuardBroken) as refused:
        move(newer, "upgrade", "2.0.0")
    assert refused.value.details["guards"] == "shop:notes_are_short"
    assert standing(newer) == before


def test_one_that_keeps_its_data_in_order_is_let_through(newer):
    note(newer, "ab")
    move(newer, "upgrade", "2.0.0")
    row, _, _ = standing(newer)
    assert row.version == "2.0.0"


def test_what_is_broken_already_is_a_warning_and_no_obstacle(newer):
    note(newer, "far too long")
    assert found(newer, "upgrade", "2.0.0") == {("warns", "shop:notes_are_short")}
    move(newer, "upgrade", "2.0.0")
    assert standing(newer)[0].version == "2.0.0"


def test_an_applet_whose_guard_cannot_be_asked_may_itself_be_moved_and_holds_others_up(shop, applets_folder):
    note(shop, "absurd")
    assert found(shop, "disable") == {("warns", "shop:notes_are_readable")}
    write_applet(applets_folder / "diary", "diary")
    request = PlanRequest("enable", "diary")
    made = plan(Caller(shop.kernel, shop.tenant), shop.releases, request)
    assert {(f["severity"], f["rule"], f["subject"]) for f in made["findings"]} == {
        ("blocks", "guard_unknown", "shop:notes_are_readable")
    }
    move(shop, "disable")
    assert standing(shop)[0].state == "disabled"


def test_what_comes_back_is_not_held_up_by_what_it_finds(shop):
    note(shop, "far too long")
    move(shop, "disable")
    move(shop, "enable")
    assert standing(shop)[0].state == "enabled"
    assert list(broken(shop)) == ["shop:notes_are_short"]


def test_totals_that_are_not_what_movements_come_to_are_broken(world, applets_folder):
    files = [("registers/takings.json", json.dumps(TAKINGS))]
    write_applet(applets_folder / "till", "till", hooks=TILL, files=files)
    with world.operate() as ctx:
        enable_applet(ctx, world.releases, "till")
    with world.operate() as ctx:
        ctx.documents.create("till.note", {"text": "sold"})
    with world.operate() as ctx:
        assert fold(ctx.uow) == 1
    assert broken(world) == {}
    with world.kernel.database.owner() as connection:
        connection.execute(f'UPDATE "{world.tenant.schema}".totals SET r1 = r1 - 1')
    (found,) = broken(world).values()
    assert found.id == "kernel:totals_equal_movements"
    assert found.sentences == (
        f"totals of till.takings for company {NO_COMPANY} sum to 4 of which above zero 5,"
        " its movements to 5 of which above zero 5",
    )


def test_a_sentence_is_told_as_far_as_anybody_reads(world, applets_folder):
    hooks = 'from sdk import hooks\n\n\n@hooks.invariant\ndef talks(ctx):\n    return "word " * 100_000\n'
    write_applet(applets_folder / "shop", "shop", hooks=hooks)
    with pytest.raises(GuardBroken) as refused, world.operate() as ctx:
        enable_applet(ctx, world.releases, "shop")
    assert [len(violation.message) for violation in refused.value.violations] == [SENTENCE_LENGTH_MAX]
