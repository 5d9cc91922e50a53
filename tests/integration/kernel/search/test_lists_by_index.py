"""Lists with `q`: read by the index where it helps, and never behind it."""

from dataclasses import replace

import pytest

from kernel.documents.listing import ListRequest, list_rows
from kernel.search import narrow as room
from tests.integration.kernel.search.den import make_den


class Recorder:
    """A unit of work that remembers what it was asked."""

    def __init__(self, uow):
        self.uow, self.asked = uow, []
        self.tenant = uow.tenant

    def execute(self, sql, parameters=None):
        self.asked.append((sql, parameters))
        return self.uow.execute(sql, parameters)


@pytest.fixture(scope="module")
def cellar(dens):
    den = make_den(dens)
    den.put("den.wine", *({"name": f"Barrel {number} red", "maker": f"M{number % 7}"} for number in range(300)))
    den.put("den.wine", {"name": "Grüner Veltliner", "maker": "100% Weinbau"}, {"name": "ab", "maker": "Ёлка"})
    den.refresh()
    return den


def ask(den, q, **asked):
    """The names found, and the statement of the list."""
    with den.kernel.database.transaction(den.tenant) as uow:
        ctx = den.kernel.operator_context(uow)
        recorder = Recorder(uow)
        page = list_rows(replace(ctx, uow=recorder), ctx.runtime.catalogue.type("den.wine"), ListRequest(q=q, **asked))
        listing = next((sql, values) for sql, values in recorder.asked if sql.endswith("LIMIT %(limit)s"))
        return [row.data["name"] for row in page.rows], *listing


@pytest.mark.parametrize(
    ("q", "expected", "is_narrowed"),
    [
        ("barrel 299", ["Barrel 299 red"], True),
        ("RED 29", ["Barrel 299 red", "Barrel 298 red", "Barrel 297 red"], True),
        ("grüner", ["Grüner Veltliner"], True),
        ("veltliner 100%", ["Grüner Veltliner"], True),
        ("gruner", [], True),
        ("barrle", [], True),
        ("ab", ["ab"], False),
        ("Ёлка", ["ab"], False),
        ("%", ["Grüner Veltliner"], False),
    ],
)
def test_a_list_finds_exactly_what_stands_there_with_and_without_the_index(cellar, q, expected, is_narrowed):
    names, sql, _ = ask(cellar, q, limit=3)
    assert names == expected
    assert ("search" in sql) is is_narrowed


def test_a_list_is_read_by_the_index(cellar):
    with cellar.kernel.database.owner() as owner:
        owner.execute(f'ANALYZE "{cellar.tenant.schema}".search')
    _, sql, values = ask(cellar, "barrel 299")
    with cellar.kernel.database.transaction(cellar.tenant) as uow:
        uow.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(line for (line,) in uow.execute(f"EXPLAIN {sql}", values))
    assert "id = ANY ((InitPlan 1).col1)" in plan


def test_a_list_sees_what_the_index_has_not_seen(den):
    den.put("den.wine", {"name": "Barrel one"})
    den.refresh()
    den.put("den.wine", {"name": "Barrel two"})
    with den.kernel.database.transaction(den.tenant) as uow:
        ctx = den.kernel.operator_context(uow)
        ctx.documents.create("den.wine", {"name": "Barrel three"})
        page = list_rows(ctx, ctx.runtime.catalogue.type("den.wine"), ListRequest(q="barrel"))
        assert [row.data["name"] for row in page.rows] == ["Barrel three", "Barrel two", "Barrel one"]


def test_a_changed_document_is_found_by_what_it_says_now(den):
    (id,) = den.put("den.wine", {"name": "Barrel one"})
    den.refresh()
    with den.operate() as ctx:
        ctx.documents.update("den.wine", id, {"name": "Bottle one"})
    assert ask(den, "bottle")[0] == ["Bottle one"]
    assert ask(den, "barrel")[0] == []


def test_an_index_that_is_far_behind_or_of_other_declarations_is_left_aside(den, monkeypatch):
    assert "search" not in ask(den, "barrel")[1]
    den.refresh()
    den.put("den.wine", {"name": "Barrel one"}, {"name": "Barrel two"})
    assert "search" in ask(den, "barrel")[1]
    monkeypatch.setattr(room, "UNSEEN_EVENTS_MAX", 2)
    names, sql, _ = ask(den, "barrel")
    assert ("search" in sql, len(names)) == (False, 2)


def test_texts_of_any_length_are_not_narrowed(den):
    den.refresh()
    den.people("Barrel")
    with den.kernel.database.transaction(den.tenant) as uow:
        ctx = den.kernel.operator_context(uow)
        assert room.narrow(ctx, ctx.runtime.catalogue.type("den.person"), "barrel") is None
        assert room.narrow(ctx, ctx.runtime.catalogue.type("den.stone"), "barrel") is None


def test_a_database_without_trigrams_is_searched_all_the_same(den):
    den.put("den.wine", {"name": "Barrel one"})
    den.refresh()
    with den.kernel.database.transaction(den.tenant) as uow:
        ctx = den.kernel.operator_context(uow)
        plan = room.plan_of(uow, ctx.runtime)
        ctx.runtime.remember(("search", den.tenant.locale), replace(plan, trigrams=None))
    assert "search" not in ask(den, "barrel")[1]
    assert den.titles("barrels") == ["Barrel one"]
    assert den.titles("arre") == ["Barrel one"]
    assert den.titles("barrle") == []
