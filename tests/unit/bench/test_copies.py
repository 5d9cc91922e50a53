"""Copies have the rows of what was written, and names of their own."""

from bench.bare import Copier, statements
from bench.copies import TABLES, difference, renamed

INVOICE, ENTRY = "01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002"
STORY = "01900000-0000-7000-8000-0000000000ff"


def row(table, **values):
    return {**dict.fromkeys(TABLES[table]), **values}


def event(id, aggregate, version):
    return row("events", id=id, aggregate_id=aggregate, version=version, correlation_id=STORY, payload="{}")


def document(id, version, data="{}"):
    return row("documents", id=id, version=version, data=data, type="shop.order")


CREATED = {
    "documents": [document(INVOICE, "1")],
    "keys": [],
    "links": [row("links", from_id=INVOICE, field="customer", to_id=ENTRY)],
    "events": [event("e1", INVOICE, "1")],
    "deliveries": [row("deliveries", subscriber="approvals", event_id="e1", aggregate_id=INVOICE)],
    "movements": [],
}
POSTED = {
    **CREATED,
    "documents": [document(INVOICE, "2", f'{{"entry": "{ENTRY}"}}'), document(ENTRY, "2")],
    "events": [*CREATED["events"], event("e2", ENTRY, "1"), event("e3", ENTRY, "2"), event("e4", INVOICE, "2")],
    "movements": [row("movements", document_id=id, register=name) for id, name in ((ENTRY, "a"), (INVOICE, "b"))],
}


def test_everything_is_new_in_the_first_transaction():
    created = difference({}, CREATED)
    assert created.count_rows() == {"documents": 1, "events": 1, "links": 1, "deliveries": 1}


def test_a_document_that_is_made_and_changed_is_one_insert_and_one_update():
    posted = difference(CREATED, POSTED, series=2)
    assert posted.count_rows() == {"documents": 1, "updates": 2, "events": 3, "series": 2, "movements": 2}
    assert [(change.document["id"], change.is_new) for change in posted.changes] == [
        (ENTRY, True), (ENTRY, False), (INVOICE, False),
    ]  # fmt: skip


def test_movements_come_with_the_last_write_of_their_document():
    changes = difference(CREATED, POSTED).changes
    assert [[m["register"] for m in change.rest.get("movements", [])] for change in changes] == [[], ["a"], ["b"]]


def test_each_write_is_one_statement_and_the_series_stand_in_the_first():
    texts = [made.sql for made in statements("t_acme", difference(CREATED, POSTED, series=2))]
    assert len(texts) == 3
    assert [text.count('"t_acme".series') for text in texts] == [2, 0, 0]
    assert ['INSERT INTO "t_acme".documents' in text for text in texts] == [True, False, False]


def test_copies_share_names_between_their_transactions_but_not_with_each_other():
    copier = Copier("t_acme", [difference({}, CREATED), difference(CREATED, POSTED)])
    first, second = copier.prepare(), copier.prepare()
    ids = [transactions[0][0][1]["documents_id"] for transactions in (first, second)]
    assert len({*ids, INVOICE}) == 3
    posted = first[1][-1][1]
    assert posted["documents_id"] == ids[0]
    entry = first[1][0][1]["documents_id"]
    assert posted["documents_data"] == f'{{"entry": "{entry}"}}'


def test_marks_keep_their_length_and_are_never_used_twice():
    written = {**CREATED, "documents": [document(INVOICE, "1", '{"code": "sample-00000"}')]}
    copier = Copier("t_acme", [difference({}, written)], "sample-00000")
    data = [copier.prepare()[0][0][1]["documents_data"] for _ in range(3)]
    assert len(set(data)) == 3
    assert {len(text) for text in data} == {len('{"code": "sample-00000"}')}


def test_names_are_changed_however_deep_they_stand():
    assert renamed(["a b", ["b", None, 3]], {"b": "c"}) == ["a c", ["c", None, 3]]
