"""Invariants of enabled applets: asked in the transaction at hand, without a trace, and each by itself."""

from dataclasses import replace

import pytest

from kernel.context import Work
from registry.errors import GuardBroken
from registry.guards import check_guards, describe_guards, hold_guards, known_guards, list_guards
from registry.lifecycle import enable_applet
from registry.plans.findings import Finding, Severity
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


@pytest.fixture
def shop(world, applets_folder):
    write_applet(applets_folder / "shop", "shop", hooks=GUARDED)
    with world.operate() as ctx:
        enable_applet(ctx, world.releases, "shop")
        ctx.uow.commit()
    return world


def note(world, text):
    with world.operate() as ctx:
        id = ctx.documents.create("shop.note", {"text": text}).id
        ctx.uow.commit()
    return id


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
        ctx.uow.commit()
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
