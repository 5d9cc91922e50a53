"""Purging: only what was uninstalled, only after its time, for good; the log and what others link to stay."""

from datetime import timedelta

import pytest

from kernel.documents.verification import verify
from registry.errors import AppletStateWrong, PlanBlocked
from registry.removal import purge as purging
from registry.removal.errors import PurgeApart, PurgeTooEarly
from registry.removal.purge import Purged, count_purge
from registry.removal.tombstones import begin_purge

LEFT = {
    "documents": "SELECT count(*) FROM {t}.documents WHERE starts_with(type, 'shop.')",
    "keys": "SELECT count(*) FROM {t}.keys WHERE starts_with(type, 'shop.')",
    "movements": "SELECT count(*) FROM {t}.movements WHERE starts_with(register, 'shop.')",
    "totals": "SELECT count(*) FROM {t}.totals WHERE starts_with(register, 'shop.')",
    "inbox": "SELECT count(*) FROM {t}.inbox WHERE starts_with(consumer, 'shop:')",
    "deliveries": "SELECT count(*) FROM {t}.deliveries WHERE starts_with(subscriber, 'shop:')",
    "applets": "SELECT count(*) FROM {t}.applets WHERE name = 'shop'",
}


@pytest.fixture
def gone(shop):
    """Uninstalled long ago: two notes, one of which an entry is about, and a sale of the other."""
    linked, other = shop.create("shop.note", text="Mug"), shop.create("shop.note", text="Jug")
    shop.entry = shop.create("diary.entry", text="Monday", about=linked.id)
    shop.linked, shop.other, shop.sold = linked, other, shop.sale(other)
    shop.move("uninstall", keep_stubs=True)
    elapse(shop, days=31)
    return shop


def elapse(shop, days):
    """Days go by."""
    clock = shop.kernel.clock
    shop.kernel.clock = lambda: clock() + timedelta(days=days)


def left(shop):
    return {table: count for table, sql in LEFT.items() if (count := shop.count(sql))}


def test_only_what_is_uninstalled_is_purged(shop):
    with pytest.raises(AppletStateWrong):
        shop.purge()
    shop.move("disable")
    with pytest.raises(AppletStateWrong):
        shop.purge()


def test_it_waits_for_the_retention_time(shop):
    shop.move("uninstall")
    elapse(shop, days=29)
    with pytest.raises(PurgeTooEarly) as refused:
        shop.purge()
    assert (refused.value.details["from_on"] - refused.value.details["uninstalled_on"]).days == 30
    assert shop.rules("purge", "blocks") == {("purge_too_early", "shop")}
    elapse(shop, days=2)
    assert shop.purge().applet == "shop"


def test_a_plan_tells_of_it_but_does_not_do_it(gone):
    assert gone.rules("purge", "consent") == {("data_removed", "shop")}
    with pytest.raises(PurgeApart):
        gone.move("purge")
    assert gone.row().state == "uninstalled"


def test_what_it_would_remove_is_counted_without_removing_it(gone):
    before = left(gone)
    assert count_purge(gone.caller, "shop") == Purged("shop", documents=2, stubs=1, movements=1)
    assert left(gone) == before


def test_nothing_of_the_applet_is_left(gone):
    told = []
    assert gone.purge(progress=told.append) == Purged("shop", documents=2, stubs=1, movements=1)
    assert told == [2]
    assert left(gone) == {}
    assert gone.count("SELECT count(*) FROM {t}.links WHERE from_id = %s", gone.sold.id) == 0


def test_it_works_in_bites(gone, monkeypatch):
    monkeypatch.setattr(purging, "DOCUMENTS_AT_ONCE", 1)
    assert gone.purge() == Purged("shop", documents=2, stubs=1, movements=1)
    assert left(gone) == {}


def test_of_what_others_link_to_a_stub_is_kept(gone):
    gone.purge()
    stub = gone.do("get", "kernel.stub", gone.linked.id)
    assert (stub["document_type"], stub["title"]) == ("shop.note", "Mug")
    entry = gone.do("update", "diary.entry", gone.entry.id, {"text": "Tuesday"})
    assert entry["about"] == gone.linked.id


def test_the_record_tells_of_it(gone):
    gone.purge()
    (payload,) = gone.rows("SELECT payload FROM {t}.events WHERE type = 'kernel.applet.purged'")[0]
    assert (payload["applet"], payload["documents"], payload["stubs"], payload["movements"]) == ("shop", 2, 1, 1)


def test_the_log_stays_and_rebuilds_all_there_is(gone):
    events = gone.count("SELECT count(*) FROM {t}.events")
    gone.purge()
    # That of the stub, and that of the purge.
    assert gone.count("SELECT count(*) FROM {t}.events") == events + 2
    with gone.world.operate() as ctx:
        report = verify(ctx)
    assert report.differences == []


def test_what_the_log_tells_of_persons_cannot_be_read_any_more(gone):
    of = "SELECT e.aggregate_type, k.wrapped IS NULL, k.destroyed_at IS NULL FROM {t}.cipher_keys k JOIN {t}.events e"
    with gone.kernel.database.owner() as connection:
        connection.execute(
            "INSERT INTO t_acme.cipher_keys (id, kind, subject_id, wrapped, wrapped_by, created_at)"
            " SELECT id, 'subject', aggregate_id, 'key', 'platform', occurred_at FROM t_acme.events"
            " WHERE type IN ('shop.sale.created', 'shop.note.created', 'diary.entry.created')"
        )
    gone.purge()
    assert sorted(gone.rows(f"{of} ON e.id = k.id WHERE k.kind = 'subject'")) == [
        ("diary.entry", False, True),
        *[("shop.note", True, False)] * 2,
        ("shop.sale", True, False),
    ]


def test_what_was_interrupted_goes_on_and_nothing_comes_back_before(gone):
    with gone.world.operate() as ctx:
        begin_purge(ctx, gone.row())
    assert gone.rules("enable", "blocks") == {("purge_begun", "shop")}
    with pytest.raises(PlanBlocked):
        gone.move("enable")
    assert gone.purge().documents == 2
    assert left(gone) == {}


def test_afterwards_it_is_installed_as_if_for_the_first_time(gone):
    gone.purge()
    gone.move("enable")
    assert gone.rows("SELECT id FROM {t}.documents WHERE type = 'shop.note'") == []
    note = gone.create("shop.note", text="New")
    assert gone.do("update", "diary.entry", gone.entry.id, {"about": note.id})["about"] == note.id


def test_no_number_is_given_a_second_time(gone):
    gone.purge()
    gone.move("enable")
    note = gone.create("shop.note", text="New")
    assert (gone.sold.number, gone.sale(note).number) == ("S-001", "S-002")
