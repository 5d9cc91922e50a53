"""Hot indexes: built as declared, used by the lists' own SQL, rebuilt when broken, dropped when undeclared."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

from kernel.cli.main import build_cli
from kernel.cli.terminal import Terminal
from kernel.documents.bulk import create_many
from kernel.documents.index_states import list_indexes
from kernel.documents.indexes import (
    INDEXES_PER_TENANT_MAX,
    HotIndex,
    declared_indexes,
    plan_indexes,
    refresh_indexes,
)
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


@pytest.mark.parametrize(
    ("sort", "begins"),
    [(["price"], "ROW("), (["-price"], "ROW("), (["price", "-id"], ">="), (["-price", "id"], "<=")],
)
def test_the_index_leads_to_where_the_next_page_begins(stocked, sort, begins):
    """Not past all the pages before it."""
    cursor = stocked.page(sort=sort, limit=5).cursor
    plan = plan_of(stocked, sort=sort, limit=5, cursor=cursor)
    assert name_of(stocked, "price") in plan
    (condition,) = (line for line in plan.splitlines() if "Index Cond" in line)
    assert begins in condition


def test_no_condition_asks_whether_an_id_is_missing(stocked):
    cursor = stocked.page(sort=["id"], limit=5).cursor
    assert "IS NULL" not in plan_of(stocked, sort=["id"], limit=5, cursor=cursor).replace("deleted_at IS NULL", "")


ESTIMATE = re.compile(r"rows=(\d+)")


@pytest.fixture(scope="module")
def spread(shelves):
    """A thousand boxes of one price, place and day each, among a thousand notes."""
    shelf = furnish(shelves, make_tenant(shelves))
    for _ in range(2):
        with shelf.operate() as ctx:
            create_many(ctx, "shelf.box", [box(number) for number in range(1000)])
            create_many(ctx, "shelf.ticket", [{"text": "t"} for _ in range(500)])
    refresh(shelf)
    return shelf


@pytest.mark.parametrize(
    ("path", "asked", "actual"),
    [
        ("price", {"filter": "price > 989"}, 20),
        ("price", {"filter": "price >= param.x and price < 210", "parameters": {"x": 200}}, 20),
        ("packed_on", {"filter": "packed_on < param.day", "parameters": {"day": date(2026, 1, 11)}}, 20),
        ("place", {"filter": "place == 'p7'"}, 2),
    ],
)
def test_a_range_of_a_hot_key_is_estimated_by_its_values_and_read_by_its_index(spread, path, asked, actual):
    plan = plan_of(spread, **asked)
    assert name_of(spread, path) in plan
    scan = next(line for line in plan.splitlines() if "Scan" in line and "documents" in line)
    # A third of two thousand would be 667.
    assert actual / 10 <= int(ESTIMATE.search(scan)[1]) <= actual * 5


STATISTICS = "SELECT stxname FROM pg_statistic_ext WHERE stxrelid = '{t}.documents'::regclass ORDER BY 1"


def test_statistics_come_and_go_with_their_indexes(shelf):
    refresh(shelf)
    declared = sorted({index.statistics_name for index in declared_indexes([shelf.type()])})
    assert [name for (name,) in shelf.rows(STATISTICS)] == declared
    refresh(shelf, [])
    assert shelf.rows(STATISTICS) == []


def states_of(shelf, types=None):
    with shelf.kernel.database.owner() as owner:
        found = list_indexes(owner, shelf.tenant.schema, types or [shelf.type()], shelf.kernel.clock())
    return {state.field or state.name: state for state in found}


def test_what_is_declared_is_told_with_its_state(shelf):
    assert {state.state for state in states_of(shelf).values()} == {"missing"}
    refresh(shelf)
    built = states_of(shelf)
    assert {state.state for state in built.values()} == {"built"}
    assert all(state.size_bytes > 0 and state.is_unused and state.scans == 0 for state in built.values())
    other = DocumentType.from_schema("shelf.other", {"title": "Other", "properties": {"a": {"type": "string"}}})
    assert {state.state for state in states_of(shelf, [other]).values()} == {"undeclared"}


def test_over_budget_declarations_are_told_by_name(shelf):
    fields = {f"f{number:02}": {"type": "string", "x-index": True} for number in range(INDEXES_PER_TENANT_MAX + 1)}
    wide = DocumentType.from_schema("shelf.wide", {"title": "Wide", "properties": fields})
    states = states_of(shelf, [wide])
    assert [field for field, state in states.items() if state.state == "over_budget"] == ["shelf.wide.f12"]


def test_a_plan_has_no_effect_and_dropping_builds_nothing(shelf):
    refresh(shelf)
    with shelf.kernel.database.owner() as owner:
        plan = plan_indexes(owner, shelf.tenant.schema, [])
    assert (plan.build, len(plan.drop), len(present(shelf))) == ((), 4, 4)
    done = []
    report = refresh_indexes(shelf.kernel.database, shelf.tenant, [], done.append, is_building=False)
    assert (len(report.dropped), sum(done), present(shelf)) == (4, 4, {})
    again = refresh_indexes(shelf.kernel.database, shelf.tenant, [shelf.type()], is_building=False)
    assert (again.built, present(shelf)) == ((), {})


def test_a_shell_lists_builds_and_drops(shelf):
    settings = shelf.kernel.settings.model_copy(update={"database_url": shelf.kernel.url, "databases": {}})

    def run(*arguments):
        given = [*arguments, "--tenant", shelf.tenant.name, "--json"]
        return json.loads(CliRunner().invoke(build_cli(settings), ["index", *given], obj=Terminal(settings)).stdout)

    assert sorted(run("build", "--dry-run")["built"])[:1] == ["shelf.box.code"]
    assert present(shelf) == {}
    assert run("build")["is_done"] is True
    assert len(present(shelf)) == len([state for state in run("list") if state["state"] == "built"])
    assert run("drop", "--dry-run") == {"tenant": shelf.tenant.name, "is_done": False, "dropped": []}
    assert run("drop", "--yes")["dropped"] == []
