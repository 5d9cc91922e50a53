"""The index behind search: it follows what is committed, however late, and can be made anew at any time."""

import pytest

from kernel.documents import service
from kernel.events.horizon import Horizon
from kernel.search import refresh as room
from kernel.search.keeper import REFRESH_INTERVAL_S, SearchKeeper
from kernel.search.refresh import Refresher, rebuild
from kernel.search.store import hold_lock
from tests.integration.kernel.search.den import make_den

POSITION = "SELECT value FROM {t}.meta WHERE name = 'search_position'"
LAST = "SELECT max(position) FROM {t}.events"
ENTRIES = "SELECT count(*) FROM {t}.search WHERE type LIKE 'den.%%' AND %s"


def entries(den) -> int:
    return den.rows(ENTRIES, True)[0][0]


def test_what_is_not_in_the_index_yet_is_told(den):
    den.refresh()
    den.people("Oak", "Elm")
    page = den.find("oak")
    assert (page.items, page.pending, page.is_complete) == ((), 2, True)
    den.refresh()
    assert (len(den.find("oak").items), den.find("oak").pending) == (1, 0)


def test_an_index_that_was_never_built_is_told(dens):
    den = make_den(dens)
    assert den.find("oak").is_complete is False
    den.refresh()
    assert den.find("oak").is_complete is True


def test_changes_replace_what_was_found(den):
    (id,) = den.people("Oak")
    assert den.titles("oak") == ["Oak"]
    with den.operate() as ctx:
        ctx.documents.update("den.person", id, {"name": "Willow"})
    assert den.titles("willow") == ["Willow"]
    assert den.titles("oak") == []


def test_deleted_documents_leave_the_index_and_come_back_with_a_restore(den):
    (id,) = den.people("Oak")
    den.refresh()
    with den.operate() as ctx:
        ctx.documents.delete("den.person", id)
    # Gone at once, although the index still has it.
    assert den.find("oak").items == ()
    den.refresh()
    assert entries(den) == 0
    with den.operate() as ctx:
        ctx.documents.restore("den.person", id)
    assert den.titles("oak") == ["Oak"]


def test_a_late_commit_is_found_although_later_ones_were_indexed_before(den):
    den.refresh()
    with den.kernel.database.transaction(den.tenant) as slow:
        service.create(den.kernel.operator_context(slow), "den.person", {"name": "Slow oak"})
        den.people("Quick oak")
        assert den.titles("oak") == ["Quick oak"]
        assert den.refresher.is_waiting
        (position,), (last,) = den.rows(POSITION)[0], den.rows(LAST)[0]
        assert position < last
        slow.commit()
    assert sorted(den.titles("oak")) == ["Quick oak", "Slow oak"]
    assert den.rows(POSITION) == den.rows(LAST)
    assert not den.refresher.is_waiting


def test_many_late_commits_are_taken_in_bites(den, monkeypatch):
    monkeypatch.setattr(room, "REFRESH_EVENTS_MAX", 2)
    den.refresh()
    with den.kernel.database.transaction(den.tenant) as slow:
        for number in range(5):
            service.create(den.kernel.operator_context(slow), "den.person", {"name": f"Slow {number}"})
        den.people("Quick 1", "Quick 2", "Quick 3")
        den.refresh()
        slow.commit()
    assert len(den.titles("slow")) == 5
    assert den.rows(POSITION) == den.rows(LAST)


def test_a_horizon_waits_for_those_who_were_writing_and_for_nobody_else(den):
    horizon = Horizon(den.tenant.schema)
    with den.kernel.database.transaction(den.tenant) as watching, den.kernel.database.transaction(den.tenant) as first:
        before = horizon.look(watching.execute)
        service.create(den.kernel.operator_context(first), "den.person", {"name": "First"})
        den.people("Second")
        assert horizon.look(watching.execute) == before
        (mark,) = den.rows(LAST)[0]
        with den.kernel.database.transaction(den.tenant) as third:
            service.create(den.kernel.operator_context(third), "den.person", {"name": "Third"})
            first.rollback()
            # Somebody writes, but began after the mark was set: what was behind the mark is certain now.
            assert horizon.look(watching.execute) == mark


def test_another_tenants_long_transaction_holds_nobody_up(den, dens):
    other = make_den(dens)
    with dens.database.transaction(other.tenant) as slow:
        service.create(dens.operator_context(slow), "den.person", {"name": "Slow"})
        den.people("Quick")
        den.refresh()
        assert den.rows(POSITION) == den.rows(LAST)


def test_another_language_writes_the_index_anew(dens):
    den = make_den(dens, "de")
    den.put("den.paper", {"subject": "Die Häuser am See"})
    assert den.titles("Haus") == ["Die Häuser am See"]
    ((german,),) = den.rows("SELECT shape FROM {t}.search WHERE type = 'den.paper'")
    den.set_locale("xx-Unknown")
    assert den.titles("hauser see") == ["Die Häuser am See"]
    ((simple, words),) = den.rows("SELECT shape, words::text FROM {t}.search WHERE type = 'den.paper'")
    assert simple != german
    assert "'hauser'" in words


def test_a_disabled_applets_documents_leave_the_index_until_it_is_back(den):
    den.people("Oak")
    den.refresh()
    den.set_applet(False)
    den.refresh()
    assert entries(den) == 0
    den.set_applet(True)
    assert den.titles("oak") == ["Oak"]


def test_a_rebuild_repairs_everything_and_tells_how_far_it_is(den, monkeypatch):
    monkeypatch.setattr(room, "REBUILD_DOCUMENTS_MAX", 2)
    den.people("Oak", "Elm", "Yew")
    den.refresh()
    with den.kernel.database.transaction(den.tenant) as uow:
        uow.execute("UPDATE {t}.search SET text = 'nothing', words = ''::tsvector WHERE type = 'den.person'")
        uow.execute(
            "INSERT INTO {t}.search SELECT gen_random_uuid(), type, shape, version, words, text FROM {t}.search LIMIT 1"
        )
        uow.commit()
    assert den.titles("oak") == []
    done = []
    count = rebuild(den.kernel.database, den.tenant, den.kernel.runtimes, done.append)
    # Beside the three: the company and whatever else of the kernel's types is searched.
    assert (count, sum(done)) == (den.rows("SELECT count(*) FROM {t}.search")[0][0],) * 2
    assert den.titles("oak") == ["Oak"]
    assert entries(den) == 3


def test_who_finds_another_process_writing_leaves_it_to_that(den):
    den.people("Oak")
    with den.kernel.database.transaction(den.tenant) as other:
        hold_lock(other)
        assert den.refresh_once() is False
        assert entries(den) == 0
    assert den.titles("oak") == ["Oak"]


class Moment:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_keeper_looks_once_a_second_at_most(den):
    moment = Moment()
    keeper = SearchKeeper(den.kernel, monotonic=moment)
    den.people("Oak")
    while keeper(den.tenant) == 0.0:
        pass
    den.people("Elm")
    moment.now = 0.25
    assert keeper(den.tenant) == REFRESH_INTERVAL_S - 0.25
    assert entries(den) == 1
    moment.now = REFRESH_INTERVAL_S
    assert keeper(den.tenant) is None
    assert entries(den) == 2


def test_a_bite_that_was_rolled_back_is_taken_again(den):
    den.people("Oak")
    with den.kernel.database.transaction(den.tenant) as uow:
        Refresher(Horizon(den.tenant.schema)).refresh(uow, den.kernel.runtimes.get(uow))
    assert entries(den) == 0
    assert den.titles("oak") == ["Oak"]


@pytest.mark.parametrize("length", [100_001, 2_000_000])
def test_long_texts_are_searched_as_far_as_there_is_room(den, length):
    den.put("den.person", {"name": "oak " + "x" * length + " elm"})
    assert len(den.titles("oak")) == 1


def test_writing_costs_no_statement_more(den):
    with den.kernel.database.transaction(den.tenant) as uow:
        ctx = den.kernel.operator_context(uow)
        asked = []
        original = uow.execute
        uow.execute = lambda sql, parameters=None: asked.append(sql) or original(sql, parameters)
        service.create(ctx, "den.person", {"name": "Oak"})
    assert not [sql for sql in asked if "search" in sql]


@pytest.mark.parametrize(("type", "data", "told"), [("person", {"name": "Oak"}, 1), ("stone", {"weight": 1}, 0)])
def test_a_committed_change_of_what_is_searched_is_noted_for_the_worker(den, type, data, told):
    heard = []
    den.kernel.on_changes.append(heard.append)
    try:
        with den.kernel.database.transaction(den.tenant) as uow:
            service.create(den.kernel.operator_context(uow), f"den.{type}", data)
        assert heard == []
        den.put(f"den.{type}", data)
    finally:
        den.kernel.on_changes.remove(heard.append)
    assert heard == [den.tenant] * told
