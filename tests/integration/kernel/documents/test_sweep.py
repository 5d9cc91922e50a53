"""Sweeping: what lies in other versions is cast in the background, and the log tells of it."""

import threading

import pytest

from kernel.documents.revisions import revisions
from kernel.documents.sweep import BATCH_DOCUMENTS, SETTLE_S, Sweeper, sweep, sweep_progress
from kernel.documents.titles import titles_by_id
from kernel.events.chores import Chore
from kernel.events.horizon import Horizon
from kernel.events.upkeep import Upkeep
from kernel.search.refresh import Refresher, count_searchable
from kernel.search.service import SearchRequest, search
from kernel.telemetry.metrics import Metrics
from sdk.document_errors import DocumentUncastable
from tests.integration.kernel.documents.depot import ITEM, MAKER, PERSON

EVENTS = "SELECT type, version, payload, actor, applet FROM {t}.events WHERE aggregate_id = %s ORDER BY position"


def test_the_sweep_changes_neither_revision_nor_what_the_document_says(depot):
    id = depot.create(ITEM, name="Drill", sku="D-1", size="L", kind="worn")
    depot.switch(2)
    before = depot.list()
    assert depot.sweep() == []
    assert depot.list() == before
    assert (before[0]["version"], depot.stored(id)[:2]) == (1, (2, "open"))
    created, cast = depot.rows(EVENTS, id)
    assert (cast[0], cast[1], cast[3], cast[4]) == ("depot.item.cast", 1, "operator", None)
    assert cast[2]["diff"] == {
        "name": None, "sku": None, "size": None, "label": "Drill", "code": "D-1", "kind": "used", "rating": 3,
    }  # fmt: skip
    assert (cast[2]["schema_version"], cast[2]["state"], cast[2]["kept"]) == (2, "open", depot.stored(id)[3])
    assert created[2]["diff"]["name"] == "Drill"
    assert depot.differences() == []
    assert depot.rows("SELECT count(*) FROM {t}.deliveries") == [(0,)]


def test_when_it_has_ended_the_types_are_of_one_version(depot):
    depot.create(ITEM, name="Drill")
    depot.switch(2, (ITEM, PERSON))
    with depot.operate() as ctx:
        assert [(each.type, each.done, each.total) for each in sweep_progress(ctx)] == [(ITEM, 0, 1), (PERSON, 0, 0)]
        generation = ctx.runtime.generation
    assert depot.sweep() == []
    with depot.operate() as ctx:
        assert (ctx.runtime.catalogue.type(ITEM).is_mixed, sweep_progress(ctx)) == (False, [])
        assert ctx.runtime.generation > generation
    assert depot.rows("SELECT unswept FROM {t}.applets WHERE name = 'depot'") == [([],)]
    assert depot.ids("label == 'Drill'")


def test_a_sweep_tells_how_far_it_has_come(depot):
    count = BATCH_DOCUMENTS + 50
    with depot.operate() as ctx:
        for number in range(count):
            ctx.documents.create(ITEM, {"name": f"Item {number}", "sku": f"S{number}"})
    depot.switch(2, (ITEM,))
    told = []
    assert sweep(depot.kernel, depot.tenant, told.append) == []
    assert [(each.type, each.done, each.total) for each in told] == [
        (ITEM, 0, count), (ITEM, BATCH_DOCUMENTS, count), (ITEM, count, count),
    ]  # fmt: skip
    assert told[0].as_json() == {
        "type": ITEM, "version": 2, "done": 0, "total": count, "failed": 0, "failures": (),
    }  # fmt: skip
    assert depot.differences() == []


def test_what_somebody_is_writing_is_left_to_the_next_pass(depot):
    ids = [depot.create(ITEM, name=name) for name in ("one", "two")]
    depot.switch(2, (ITEM,))
    sweeper = Sweeper()
    with depot.operate() as ctx:
        ctx.uow.execute("SELECT 1 FROM {t}.documents WHERE id = %s FOR NO KEY UPDATE", [ids[0]])
        assert not sweeper.sweep_type(depot.kernel, depot.tenant, ITEM)
    assert [depot.stored(id)[0] for id in ids] == [1, 2]
    assert sweeper.sweep_type(depot.kernel, depot.tenant, ITEM)
    assert [depot.stored(id)[0] for id in ids] == [2, 2]


def test_it_does_not_end_while_a_transaction_is_open_that_may_write_the_old_version(depot):
    sweeper = Sweeper()
    with depot.operate() as older:
        depot.switch(2, (ITEM,))
        assert not sweeper.sweep_type(depot.kernel, depot.tenant, ITEM)
        late = older.documents.create(ITEM, {"name": "Late"}).id
        assert not sweeper.sweep_type(depot.kernel, depot.tenant, ITEM)
    assert depot.stored(late)[0] == 1
    assert sweeper.sweep_type(depot.kernel, depot.tenant, ITEM)
    assert depot.stored(late)[0] == 2
    assert depot.ids("label == 'Late'") == [late]


def test_several_sweep_at_once_and_each_document_is_cast_once(depot):
    with depot.operate() as ctx:
        for number in range(3 * BATCH_DOCUMENTS):
            ctx.documents.create(ITEM, {"name": f"Item {number}"})
    depot.switch(2, (ITEM,))
    threads = [threading.Thread(target=depot.sweep) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert depot.sweep() == []
    found = depot.rows("SELECT count(*), count(DISTINCT aggregate_id) FROM {t}.events WHERE type = 'depot.item.cast'")
    assert found == [(3 * BATCH_DOCUMENTS, 3 * BATCH_DOCUMENTS)]
    assert depot.differences() == []


def test_the_worker_sweeps_by_itself(depot, monkeypatch):
    monkeypatch.setattr("kernel.events.upkeep.CHORES", (Chore("sweep", 0.0, Sweeper(settle_s=0.0)),))
    id = depot.create(ITEM, name="Drill")
    depot.switch(2, (ITEM,))
    upkeep = Upkeep(depot.kernel, Metrics())
    upkeep(depot.tenant)
    assert depot.stored(id)[0] == 2
    with depot.operate() as ctx:
        assert not ctx.runtime.catalogue.type(ITEM).is_mixed


def test_nothing_is_asked_where_nothing_is_mixed(depot):
    """Not even for a connection: the kernel is closed to it."""
    depot.create(ITEM, name="Drill")

    class Silent:
        runtimes = depot.kernel.runtimes

    assert Sweeper()(Silent(), depot.tenant) is False


def test_keys_and_links_follow_where_a_cast_changes_them(depot):
    maker = depot.create(MAKER, name="Ample")
    id = depot.create(ITEM, name="Drill", sku="D-1", maker=maker)
    depot.switch(2, (ITEM,))

    def rows():
        return [depot.rows(f"SELECT ctid::text, * FROM {{t}}.{table}") for table in ("keys", "links")]

    before = rows()
    depot.sweep()
    # Renames touch neither.
    assert rows() == before
    assert depot.get(ITEM, id)["producer"] == maker


def test_deleted_documents_are_swept_too(depot):
    id = depot.create(ITEM, name="Drill", sku="D-1")
    with depot.operate() as ctx:
        ctx.documents.delete(ITEM, id)
    depot.switch(2, (ITEM,))
    assert depot.sweep() == []
    assert depot.stored(id)[0] == 2
    assert depot.rows("SELECT count(*) FROM {t}.keys WHERE document_id = %s", id) == [(0,)]
    assert [item["label"] for item in depot.list(deleted=True)] == ["Drill"]
    assert depot.differences() == []


def test_what_no_lens_fits_is_named_and_keeps_nothing_else(depot):
    good, bad = depot.create(ITEM, name="Good"), depot.create(ITEM, name="Bad")
    with depot.operate() as ctx:
        ctx.uow.execute('UPDATE {t}.documents SET data = data || \'{"rating": "bad"}\' WHERE id = %s', [bad])
    depot.switch(4, (ITEM,))
    (left,) = depot.sweep()
    assert (left.type, left.done, left.total, left.failed) == (ITEM, 1, 2, 1)
    assert [(each.id, each.step) for each in left.failures] == [(bad, "up_item_3_to_4")]
    assert depot.get(ITEM, good)["title"] == "Good"
    with pytest.raises(DocumentUncastable) as refused:
        depot.get(ITEM, bad)
    assert refused.value.details | {"id": bad, "step": "up_item_3_to_4"} == refused.value.details
    with pytest.raises(DocumentUncastable):
        depot.list()
    assert depot.ids("title == 'Good'") == [good]
    with depot.operate() as ctx:
        assert titles_by_id(ctx, [good, bad]) == {good: "Good"}
    sweeper = Sweeper()
    assert sweeper(depot.kernel, depot.tenant) is False


def test_right_after_a_switch_the_background_lets_others_go_first(depot):
    id = depot.create(ITEM, name="Drill")
    depot.switch(2, (ITEM,))
    with depot.operate() as ctx:
        assert ctx.runtime.catalogue.type(ITEM).is_mixed
    seconds = [0.0]
    patient = Sweeper(monotonic=lambda: seconds[0], rest=lambda pause: None)
    for now in (0.0, SETTLE_S / 2):
        seconds[0] = now
        assert patient(depot.kernel, depot.tenant) is False
        assert depot.stored(id)[0] == 1
    seconds[0] = SETTLE_S
    patient(depot.kernel, depot.tenant)
    assert depot.stored(id)[0] == 2


def test_personal_values_in_what_a_sweep_tells_are_sealed(depot):
    id = depot.create(PERSON, name="Jane Roe", mail="jane@example.com", code="J-1")
    depot.switch(2, (PERSON,))
    assert depot.sweep() == []
    text = str(depot.rows("SELECT payload FROM {t}.events WHERE type = 'depot.person.cast'"))
    assert "Jane" not in text
    assert "jane@" not in text
    assert "jane@example.com" in str(depot.stored(id)[3])
    assert depot.differences() == []
    with depot.operate() as ctx:
        cast, created = revisions(ctx, PERSON, id)["items"]
    assert (cast["diff"], created["diff"]) == (
        {"name": None, "mail": None, "full_name": "Jane Roe"},
        {"full_name": "Jane Roe", "mail": "jane@example.com", "code": "J-1"},
    )


def test_the_search_index_is_left_as_it_is(depot):
    id = depot.create(ITEM, name="Drill hammer")
    refresher = Refresher(Horizon(depot.tenant.schema))

    def refresh():
        with depot.operate() as ctx:
            while refresher.refresh(ctx.uow, ctx.runtime):
                pass
            return ctx.uow.execute("SELECT ctid::text, shape, text FROM {t}.search").fetchall()

    refresh()
    depot.switch(2, (ITEM,))
    mixed = refresh()
    with depot.operate() as ctx:
        assert [hit.title for hit in search(ctx, SearchRequest("hammer")).items] == ["Drill hammer"]
    depot.sweep()
    assert refresh() == mixed
    with depot.operate() as ctx:
        assert [(hit.id, hit.title) for hit in search(ctx, SearchRequest("hammer")).items] == [(id, "Drill hammer")]
    assert count_searchable(depot.kernel.database, depot.tenant, depot.kernel.runtimes) == 1
