"""Revisions, the events and deliveries written with them, and many documents at once."""

import random

import pytest

from kernel.documents.bulk import BULK_DOCUMENTS_MAX, create_many
from kernel.documents.errors import BulkTooLarge
from kernel.documents.revisions import revisions
from sdk.document_errors import DocumentInvalid, PageSizeExceeded
from sdk.errors import BosError
from sdk.schema import apply

EVENTS = "SELECT type, version, payload FROM {t}.events WHERE aggregate_id = %s ORDER BY position"
PATCHES = {
    "place": ["a", "b", None], "price": ["1", "2.50", None], "count": [1, 0, None], "is_open": [True, False, None],
    "tags": [["a"], [], None, ["b", "a"]], "size": [{"width": 1}, {"width": None, "unit": "m"}, None, {"unit": None}],
    "lines": [[{"what": "x", "amount": "1"}], [], [{"what": None}, {}], None],
    "custom_a": [{"b": {"c": 1, "d": [None, 1]}}, {"b": {"c": None}}, {"b": 2}, "text", [1, {"x": None}], None, {}],
    "custom_b": [True, 1, 1.5, "1", [], {}, None],
}  # fmt: skip


def replay(shelf, id):
    """What the events of a document make of it, beginning with nothing."""
    data, state, number, version, types = {}, None, None, 0, []
    for type, at, payload in shelf.rows(EVENTS, id):
        assert at == version + 1
        data, version = apply(data, payload["diff"]), at
        state, number = payload.get("state", state), payload.get("number", number)
        types.append(type.rpartition(".")[2])
    return (data, state, number, version), types


def stored(shelf, id):
    return shelf.rows("SELECT data, state, number, version FROM {t}.documents WHERE id = %s", id)[0]


def has_null(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(has_null(each) or (each is None and isinstance(value, dict)) for each in inner)


@pytest.mark.parametrize("seed", range(12))
def test_the_events_of_a_document_rebuild_it(shelf, seed):
    chance = random.Random(seed)
    with shelf.operate() as ctx:
        box = ctx.documents.create("shelf.box", {"name": "x", "custom_a": {"b": None, "c": [{"d": None}]}})
        for _ in range(30):
            fields = chance.sample(sorted(PATCHES), chance.randint(1, 3))
            ctx.documents.update("shelf.box", box.id, {name: chance.choice(PATCHES[name]) for name in fields})
            if chance.random() < 0.1:
                ctx.documents.delete("shelf.box", box.id)
                ctx.documents.restore("shelf.box", box.id)
    rebuilt, _ = replay(shelf, box.id)
    assert rebuilt == stored(shelf, box.id)
    assert not has_null(rebuilt[0])


def test_actions_numbers_and_deletions_are_in_the_history(shelf):
    with shelf.operate() as ctx:
        slip = ctx.documents.create("shelf.slip", {"text": "x"})
        ctx.documents.update("shelf.slip", slip.id, {"text": None})
        ctx.documents.perform("shelf.slip", slip.id, "print")
    rebuilt, types = replay(shelf, slip.id)
    assert rebuilt == stored(shelf, slip.id) == ({}, "printed", "S-2026-03-1", 3)
    assert types == ["created", "updated", "printed"]


def test_revisions_tell_who_and_what_newest_first(shelf):
    with shelf.operate() as ctx:
        box = ctx.documents.create("shelf.box", {"name": "x", "size": {"width": 1, "unit": "m"}})
        ctx.documents.update("shelf.box", box.id, {"size": {"unit": None}, "price": "1"})
        ctx.documents.delete("shelf.box", box.id)
        found = revisions(ctx, "shelf.box", box.id)
    told = [(item["event"], item["version"], item["diff"], item["actor"]) for item in found["items"]]
    assert told == [
        ("shelf.box.deleted", 3, {}, "operator"),
        ("shelf.box.updated", 2, {"price": "1.00", "size": {"unit": None}}, "operator"),
        ("shelf.box.created", 1, {"name": "x", "size": {"width": 1, "unit": "m"}}, "operator"),
    ]
    assert found["cursor"] is None
    assert len({item["correlation_id"] for item in found["items"]}) == 1


@pytest.mark.parametrize("limit", [0, 51])
def test_a_page_of_history_has_its_limit(shelf, limit):
    (box,) = shelf.put({})
    with shelf.operate() as ctx, pytest.raises(PageSizeExceeded):
        revisions(ctx, "shelf.box", box, limit=limit)


def test_each_change_leaves_one_event_and_one_delivery_for_each_who_listens(shelf):
    events, deliveries = shelf.count("events"), shelf.count("deliveries")
    (box,) = shelf.put({})
    assert (shelf.count("events"), shelf.count("deliveries")) == (events + 1, deliveries + 2)
    with shelf.operate() as ctx:
        ctx.documents.update("shelf.box", box, {"place": "a"})
        ctx.documents.update("shelf.box", box, {"place": "a"})
    assert (shelf.count("events"), shelf.count("deliveries")) == (events + 2, deliveries + 3)
    found = shelf.rows(
        "SELECT count(DISTINCT d.subscriber), e.version FROM {t}.deliveries d JOIN {t}.events e ON e.id = d.event_id"
        " AND e.position = d.event_position AND e.aggregate_id = d.aggregate_id WHERE d.aggregate_id = %s"
        " GROUP BY e.version ORDER BY e.version",
        box,
    )
    assert found == [(2, 1), (1, 2)]


def test_what_is_rolled_back_leaves_nothing_anywhere(shelf):
    (target,) = shelf.put({"code": "T"})
    tables = ("documents", "keys", "links", "events", "deliveries", "movements", "series")
    before = [shelf.count(table) for table in tables]
    with pytest.raises(ZeroDivisionError), shelf.operate() as ctx:
        ctx.documents.create("shelf.box", {"name": "x", "code": "A", "inside": target})
        ctx.documents.create("shelf.note", {})
        raise ZeroDivisionError
    assert [shelf.count(table) for table in tables] == before


def test_custom_fields_are_the_tenants_and_taken_as_they_are(shelf):
    custom = {"custom_text": "x", "custom_deep": {"a": [1, {"b": True}]}, "custom_1": 0, "custom_no": False}
    with shelf.operate() as ctx:
        box = ctx.documents.create("shelf.box", {"name": "x", **custom})
        assert {name: ctx.documents.get("shelf.box", box.id)[name] for name in custom} == custom
        for name in ("customs", "custom_", "Custom_a", "custom_A", "custom_" + "a" * 57):
            with pytest.raises(DocumentInvalid) as refused, ctx.uow.savepoint():
                ctx.documents.create("shelf.box", {"name": "x", name: 1})
            assert [(v.pointer, v.rule) for v in refused.value.violations] == [(f"/{name}", "unknown_field")]


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
@pytest.mark.parametrize("field", ["name", "custom_text", "code"])
def test_text_that_cannot_be_stored_is_refused_by_name(shelf, field, text):
    with shelf.operate() as ctx:
        with pytest.raises(DocumentInvalid) as refused:
            ctx.documents.create("shelf.box", {"name": "x", field: text})
        assert [violation.pointer for violation in refused.value.violations] == [f"/{field}"]
        assert ctx.documents.query("shelf.box").items == ()


def test_many_documents_are_all_written_or_every_fault_is_told(shelf):
    shelf.put({"code": "A"})
    given = [{"name": "a"}, {"name": 1, "extra": 2}, {"name": "b", "code": "A"}, {}, "no object", {"name": "c"}]
    with shelf.operate() as ctx, pytest.raises(DocumentInvalid) as refused:
        create_many(ctx, "shelf.box", given)
    assert sorted((v.pointer, v.rule) for v in refused.value.violations) == [
        ("/1/extra", "unknown_field"), ("/1/name", "type"), ("/2/code", "unique"), ("/3/name", "required"),
        ("/4", "type"),
    ]  # fmt: skip


def test_the_good_of_many_are_kept_when_asked_with_their_places(shelf):
    given = [{"name": "a", "code": "A"}, {}, {"name": "b", "code": "A"}, {"name": "c", "code": "C"}]
    with shelf.operate() as ctx:
        report = create_many(ctx, "shelf.box", given, keep_good=True)
    assert [(index, box["name"]) for index, box in report.created] == [(0, "a"), (3, "c")]
    assert [(index, error.code) for index, error in report.rejected] == [
        (1, "document_invalid"), (2, "unique_key_taken"),
    ]  # fmt: skip
    assert sorted(shelf.names()) == ["a", "c"]
    assert shelf.rows("SELECT value FROM {t}.keys WHERE type = 'shelf.box' ORDER BY 1") == [("A",), ("C",)]


def test_a_refused_one_of_many_leaves_no_hole_in_its_series(shelf):
    given = [{"text": "a"}, {"text": "refused"}, {"text": "b"}]
    with shelf.operate() as ctx:
        report = create_many(ctx, "shelf.note", given, keep_good=True)
    assert [note.number for _, note in report.created] == ["N-2026-0001", "N-2026-0002"]
    assert [(index, error.code) for index, error in report.rejected] == [(1, "refused")]


def test_without_keeping_the_good_none_of_many_is_there(shelf):
    with pytest.raises(BosError), shelf.operate() as ctx:
        create_many(ctx, "shelf.box", [{"name": "a"}, {}])
    assert shelf.names() == []


def test_there_is_a_limit_to_how_many_documents_come_at_once(shelf):
    with shelf.operate() as ctx:
        with pytest.raises(BulkTooLarge) as refused:
            create_many(ctx, "shelf.box", [{"name": "x"}] * (BULK_DOCUMENTS_MAX + 1))
        assert refused.value.details["count"] == 1001
        assert len(create_many(ctx, "shelf.box", [{"name": "x"}] * BULK_DOCUMENTS_MAX).created) == 1000
        assert create_many(ctx, "shelf.box", []).created == []
