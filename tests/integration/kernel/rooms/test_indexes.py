"""Hot indexes: built as declared, used by the lists' own SQL, rebuilt when broken, dropped when undeclared."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from kernel.documents.bulk import create_many
from kernel.documents.indexes import INDEXES_PER_TENANT_MAX, HotIndex, declared_indexes, refresh_indexes
from kernel.documents.listing import ListRequest, list_rows
from sdk.schema import DocumentType
from tests.integration.kernel.rooms.shelf import furnish, make_tenant

DECLARED = ("shelf.box.code", "shelf.box.packed_on", "shelf.box.place", "shelf.box.price")
PRESENT = """
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 WHERE i.indrelid = '{t}.documents'::regclass AND starts_with(c.relname, 'hot_') ORDER BY 1
"""


def refresh(shelf, types=None):
    return refresh_indexes(shelf.kernel.database, shelf.tenant, types if types is not None else [shelf.type()])


def present(shelf):
    return dict(shelf.rows(PRESENT))


def name_of(shelf, path):
    return next(index.name for index in declared_indexes([shelf.type()]) if index.path == path)


def test_what_is_declared_is_built_once(shelf):
    report = refresh(shelf)
    assert (sorted(report.built), report.dropped, report.over_budget) == (sorted(DECLARED), (), ())
    assert list(present(shelf).values()) == [True] * 4
    assert refresh(shelf).built == ()


def test_what_is_no_longer_declared_is_dropped(shelf):
    refresh(shelf)
    assert len(refresh(shelf, []).dropped) == 4
    assert present(shelf) == {}


def test_an_index_that_was_left_invalid_is_built_anew(shelf):
    refresh(shelf)
    name = name_of(shelf, "place")
    with shelf.kernel.database.owner() as owner:
        owner.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass",
                      [f'"{shelf.tenant.schema}"."{name}"'])  # fmt: skip
    report = refresh(shelf)
    assert (report.built, report.dropped) == (("shelf.box.place",), (name,))
    assert set(present(shelf).values()) == {True}


def test_another_expression_is_another_index():
    index = HotIndex("a.b", "c", "x")
    assert len({index.name, replace(index, path="d").name, replace(index, expression="y").name}) == 3
    assert len({replace(index, type="a.c").name, index.name}) == 2


def test_a_tenant_has_a_dozen_and_what_is_over_is_told(shelf):
    fields = {f"f{number:02}": {"type": "string", "x-index": True} for number in range(INDEXES_PER_TENANT_MAX + 2)}
    wide = DocumentType.from_schema("shelf.wide", {"title": "Wide", "properties": fields})
    report = refresh(shelf, [wide])
    assert report.over_budget == ("shelf.wide.f12", "shelf.wide.f13")
    assert len(present(shelf)) == INDEXES_PER_TENANT_MAX


def plan_of(shelf, **asked):
    """The plan of the very statement a list runs."""
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        ctx = shelf.kernel.operator_context(uow)
        recorder = Recorder(uow)
        list_rows(replace(ctx, uow=recorder), ctx.runtime.catalogue.type("shelf.box"), ListRequest(**asked))
        sql, values = recorder.statements[0]
        return "\n".join(line for (line,) in uow.execute(f"EXPLAIN {sql}", values))


class Recorder:
    """A unit of work that remembers what it was asked."""

    def __init__(self, uow):
        self.uow, self.statements = uow, []

    def execute(self, sql, parameters=None):
        self.statements.append((sql, parameters))
        return self.uow.execute(sql, parameters)


def box(number):
    fields = {"name": "x", "place": f"p{number}", "price": str(number)}
    return {**fields, "packed_on": str(date(2026, 1, 1) + timedelta(days=number))}


@pytest.fixture(scope="module")
def stocked(shelves):
    shelf = furnish(shelves, make_tenant(shelves))
    for _ in range(2):
        with shelf.operate() as ctx:
            create_many(ctx, "shelf.box", [box(number) for number in range(1000)])
    refresh(shelf)
    return shelf


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("place", {"filter": "place == 'p7'"}),
        ("place", {"filter": "place == param.p", "parameters": {"p": "p7"}}),
        ("place", {"sort": ["place"], "limit": 5}),
        ("price", {"sort": ["-price"], "limit": 5}),
        ("price", {"filter": "price == 998"}),
        ("packed_on", {"filter": "packed_on == param.day", "parameters": {"day": date(2026, 1, 3)}}),
        ("packed_on", {"sort": ["-packed_on"], "limit": 5}),
    ],
)
def test_a_list_is_read_by_the_index_of_its_field(stocked, path, asked):
    assert name_of(stocked, path) in plan_of(stocked, **asked)


def test_the_next_page_is_read_by_the_index_too(stocked):
    cursor = stocked.page(sort=["price"], limit=5).cursor
    assert name_of(stocked, "price") in plan_of(stocked, sort=["price"], limit=5, cursor=cursor)
