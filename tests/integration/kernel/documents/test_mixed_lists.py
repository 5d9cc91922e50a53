"""Lists, reports, exports and searches over documents some of which are stored in other versions of their type."""

from datetime import datetime

import pytest

from kernel.documents.listing import ListRequest, list_json
from kernel.documents.revisions import revisions
from kernel.reports.service import run
from kernel.transfer.reading import ExportRequest, count_documents, read_documents
from sdk.document_errors import DocumentsBeingCast
from tests.integration.kernel.documents.depot import ITEM

FILTERS = (
    "label == 'Drill'", "label == 'Saw'", "label is None", "first == 'Ann'", "rest == 'van Dyke'", "rest is None",
    "kind == 'used'", "kind == \"a'b{t}:c\"", "kind is None", "cost > 9.5", "cost is None", "rating == 3", "rating > 3",
    "bought_on >= date('2026-01-02')", "place.city == 'Ghent'", "place.city is None", "state == 'open'",
    "'rouge' in tags", "any(l.about == 'bit' for l in lines)", "sum(l.amount for l in lines) > 2", "note is not None",
    "len(tags) > 1", "'red' in tags", "state == 'sent' or cost < 5", "note == 'second' and code == 'D-2'",
    "lines is not None",
)  # fmt: skip
SORTS = (
    ("label",),
    ("-cost",),
    ("cost", "-label"),
    ("state", "id"),
    ("first", "-rest"),
    ("rating", "cost"),
    ("-note",),
)
ITEMS = (
    {"name": "Drill", "sku": "D-1", "contact": "Ann van Dyke", "kind": "worn", "size": "XL", "price": "10.00",
     "city": "Ghent", "lines": [{"what": "bit", "amount": "1.50"}, {"amount": "3"}], "tags": ["red", "blue"],
     "bought_on": "2026-01-02"},
    {"name": "Saw", "sku": "D-2", "contact": "Ann", "kind": "100%", "price": "9.00", "lines": [], "tags": []},
    {"name": "Awl", "contact": "", "kind": "new", "price": "9.75", "bought_on": "2025-12-31", "tags": ["green"]},
    {},
    {"contact": " Ann", "city": "Bruges", "price": "100.00", "kind": "old"},
)  # fmt: skip


@pytest.fixture(scope="module")
def mixed(depots):
    """Documents stored in versions 1 and 2, some of them cast down and up again."""
    depot = depots()
    ids = [depot.create(ITEM, **item) for item in (*ITEMS, {"name": "Drill", "contact": "Bob Ann", "price": "9.60"})]
    with depot.operate() as ctx:
        ctx.documents.perform(ITEM, ids[0], "check")
        ctx.documents.perform(ITEM, ids[1], "send")
    depot.switch(2)
    with depot.operate() as ctx:
        ctx.documents.update(ITEM, ids[2], {"rating": 5, "note": "third", "first": "Old"})
        ctx.documents.update(ITEM, ids[4], {"rest": "Lee", "kind": "fine"})
    depot.switch(1)
    with depot.operate() as ctx:
        ctx.documents.update(ITEM, ids[2], {"price": "8.00"})
        ctx.documents.update(ITEM, ids[3], {"name": "Late"})
    depot.switch(2)
    with depot.operate() as ctx:
        ctx.documents.update(ITEM, ids[5], {"rating": 4})
        ctx.documents.create(ITEM, {"label": "New", "cost": "9.61", "tags": ["rouge"]})
    return depot


@pytest.fixture(scope="module")
def answers(mixed):
    """What everything is answered while the documents are mixed, then after the sweep."""

    def ask():
        found = {wanted: mixed.ids(wanted) for wanted in FILTERS}
        found |= {sort: mixed.ids(sort=sort) for sort in SORTS}
        found |= {(wanted, sort): mixed.ids(wanted, sort=sort) for wanted in FILTERS[:12] for sort in SORTS[:3]}
        with mixed.operate() as ctx:
            found["all"] = mixed.list()
            found["q"] = mixed.ids(q="dri")
            found["report"] = [dict(line.values) for line in run(ctx, "depot.by_kind", {}).lines]
            found["lines"] = [dict(line.values) for line in run(ctx, "depot.lines", {}).lines]
            found["export"] = [_with_instants(each) for each in read_documents(ctx, ExportRequest(ITEM))]
            wanted = ExportRequest(ITEM, filter="kind == 'used'", fields=("label", "place", "state"), sort=("-cost",))
            found["some"] = list(read_documents(ctx, wanted))
            found["count"] = count_documents(ctx, wanted)
            found["page"] = [
                (each["label"], each.state) for each in ctx.documents.query(ITEM, "label is not None").items
            ]
        return found

    stored = mixed.rows("SELECT schema_version, count(*) FROM {t}.documents WHERE type = %s GROUP BY 1", ITEM)
    assert dict(stored)[1] > 3
    before = ask()
    assert mixed.sweep() == []
    stored = mixed.rows("SELECT schema_version, count(*) FROM {t}.documents WHERE type = %s GROUP BY 1", ITEM)
    assert dict(stored) == {2: 7}
    return before, ask()


def _with_instants(item):
    """PostgreSQL leaves out noughts at the end of a second, which is the same instant."""
    return {**item, **{name: datetime.fromisoformat(item[name]) for name in ("created_at", "updated_at")}}


@pytest.mark.parametrize("asked", [*FILTERS, *SORTS], ids=str)
def test_a_list_is_the_same_before_and_after_the_sweep(answers, asked):
    before, after = answers
    assert before[asked] == after[asked]


@pytest.mark.parametrize("asked", ["all", "q", "report", "lines", "export", "some", "count", "page"])
def test_so_is_everything_else_that_reads_many(answers, asked):
    before, after = answers
    assert before[asked] == after[asked]
    assert before[asked]


@pytest.mark.parametrize("wanted", FILTERS[:12])
@pytest.mark.parametrize("sort", SORTS[:3], ids=str)
def test_so_is_a_list_that_is_filtered_and_sorted(answers, wanted, sort):
    before, after = answers
    assert before[wanted, sort] == after[wanted, sort]


def test_the_filters_find_something_and_leave_something_out(answers):
    before, _ = answers
    found = {asked: len(before[asked]) for asked in FILTERS}
    assert found["label == 'Drill'"] == 2
    assert found["kind == 'used'"] == 1
    assert found["note is not None"] == 1
    assert found["state == 'open'"] == 6


def test_after_the_sweep_the_log_rebuilds_every_document(answers, mixed):
    assert mixed.differences() == []


@pytest.fixture(scope="module")
def opaque(depots):
    """Version 3, whose field kg only a function can tell."""
    depot = depots()
    for number in range(3):
        depot.create(ITEM, name=f"Item {number}", price=f"{number}.00", sku=f"S{number}")
    depot.switch(3)
    return depot


def test_what_only_a_function_can_tell_is_not_asked_for_until_the_sweep_has_ended(opaque):
    assert [item["kg"] for item in opaque.list("title == 'Item 1'")] == ["3 kg"]
    for given in ({"filter": "kg == '3 kg'"}, {"sort": ("kg", "id")}):
        with opaque.operate() as ctx, pytest.raises(DocumentsBeingCast) as refused:
            list_json(ctx, ctx.runtime.catalogue.type(ITEM), ListRequest(**given))
        assert (refused.value.status, refused.value.details["field"]) == (503, "kg")
    assert opaque.sweep() == []
    assert len(opaque.ids("kg == '3 kg'")) == 3


def test_a_grant_with_a_condition_decides_as_it_will_after_the_sweep(depots):
    depot = depots()
    ids = [depot.create(ITEM, kind=kind) for kind in ("old", "new", "worn")]
    with depot.operate() as ctx:
        ctx.documents.perform(ITEM, ids[1], "send")
    depot.switch(2)
    cheap = depot.make_user("depot.cheap")
    with depot.as_user(cheap) as ctx:
        before = [item.id for item in ctx.documents.query(ITEM, sort=["id"]).items]
    depot.sweep()
    with depot.as_user(cheap) as ctx:
        assert before == [item.id for item in ctx.documents.query(ITEM, sort=["id"]).items] == ids


def test_a_hidden_field_is_hidden_under_its_former_name_too(depots):
    depot = depots()
    id = depot.create(ITEM, name="Secret", contact="Ann Lee", size="L", kind="new")
    depot.switch(2)
    blind = depot.make_user("depot.blind")
    with depot.as_user(blind) as ctx:
        (shown,) = revisions(ctx, ITEM, id)["items"]
        assert shown["diff"] == {"kind": "new"}
    with depot.operate() as ctx:
        (shown,) = revisions(ctx, ITEM, id)["items"]
        assert shown["diff"] == {"label": "Secret", "contact": "Ann Lee", "size": "L", "kind": "new"}
