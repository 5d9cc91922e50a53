"""A tenant's own fields: typed as the applet's are, in that tenant alone, and never at the cost of what is stored."""

import io
from datetime import date
from decimal import Decimal

import psycopg
import pytest

from kernel.documents.custom_fields import CUSTOM_FIELDS_PER_TYPE_MAX
from kernel.documents.errors import CustomFieldInUse, CustomFieldUnfit
from kernel.documents.indexes import declared_indexes, refresh_indexes
from kernel.documents.verification import verify
from kernel.http.openapi import build_openapi
from kernel.transfer.exporter import write_csv
from kernel.transfer.reading import ExportRequest
from registry.lifecycle import disable_applet, enable_applet
from sdk.catalogue import DocumentTypeUnknown
from sdk.document_errors import DocumentInvalid, DocumentLinked, LinkBroken, UniqueKeyTaken
from sdk.identifiers import new_id
from tests.integration.kernel.rooms.shelf import at_once, furnish, make_tenant

BOX = "shelf.box"


def define(shelf, name="custom_size", kind="integer", **given):
    """A definition in a transaction of its own; its id."""
    data = {"document_type": BOX, "name": name, "title": name.title(), "kind": kind, **given}
    with shelf.operate() as ctx:
        return ctx.documents.create("kernel.custom_field", data).id


def change(shelf, id, patch):
    with shelf.operate() as ctx:
        return ctx.documents.update("kernel.custom_field", id, patch)


def get(shelf, id):
    with shelf.operate() as ctx:
        return ctx.documents.get(BOX, id)


def faults(refused):
    return {(violation.pointer, violation.rule) for violation in refused.value.violations}


@pytest.mark.parametrize(
    ("kind", "given", "good", "value", "bad", "rule"),
    [
        ("text", {"max_length": 3}, "abc", "abc", "abcd", "maxLength"),
        ("integer", {}, 7, 7, "7", "type"),
        ("decimal", {"scale": 2}, "1.5", Decimal("1.50"), "1.555", "decimal_scale"),
        ("decimal", {}, "1.555", Decimal("1.555"), 1.5, "decimal_text"),
        ("boolean", {}, True, True, "true", "type"),
        ("date", {}, "2026-01-31", date(2026, 1, 31), "2026-02-31", "date"),
        ("currency", {}, "EUR", "EUR", "euro", "currency"),
        ("choice", {"options": ["s", "m"]}, "s", "s", "l", "enum"),
        ("link", {"target": "*"}, None, None, "nobody", "uuid"),
    ],
)
def test_values_are_validated_and_cast_as_the_definition_says(shelf, kind, given, good, value, bad, rule):
    define(shelf, "custom_x", kind, **given)
    with pytest.raises(DocumentInvalid) as refused:
        shelf.put({"custom_x": bad})
    assert faults(refused) == {("/custom_x", rule)}
    (box,) = shelf.put({"custom_x": good})
    assert get(shelf, box).get("custom_x") == value


def test_an_instant_is_kept_in_utc_and_a_default_is_filled_in(shelf):
    define(shelf, "custom_seen_at", "date-time")
    define(shelf, "custom_fee", "decimal", scale=2, default="2.5")
    define(shelf, "custom_checked", "boolean", default="false")
    (box,) = shelf.put({"custom_seen_at": "2026-01-31T12:00:00+02:00"})
    found = get(shelf, box)
    assert found["custom_seen_at"].isoformat() == "2026-01-31T10:00:00+00:00"
    assert (found["custom_fee"], found["custom_checked"]) == (Decimal("2.50"), False)


def test_lists_filter_and_sort_by_them_as_what_they_are(shelf):
    define(shelf, "custom_weight", "decimal", scale=1)
    shelf.put(*({"name": text, "custom_weight": text} for text in ("9.5", "10.0", "-1.0")), {"name": "none"})
    assert shelf.names(sort=["custom_weight"]) == ["-1.0", "9.5", "10.0", "none"]
    assert shelf.names(filter="custom_weight > 9", sort=["-custom_weight"]) == ["10.0", "9.5"]


def test_they_are_searched_and_indexed_when_wished(shelf):
    define(shelf, "custom_note", "text", search=True, index=True)
    shelf.put({"name": "a", "custom_note": "Red oak"}, {"name": "b"})
    assert shelf.names(q="oak") == ["a"]
    indexed = [(index.type, index.path) for index in declared_indexes([shelf.type()])]
    assert (BOX, "custom_note") in indexed
    report = refresh_indexes(shelf.kernel.database, shelf.tenant, [shelf.type()])
    assert f"{BOX}.custom_note" in report.built


def test_unique_values_are_held_and_given_back(shelf):
    id = define(shelf, "custom_tag", "text", unique=True)
    shelf.put({"custom_tag": "x"}, {"custom_tag": "y"})
    with pytest.raises(UniqueKeyTaken):
        shelf.put({"custom_tag": "x"})
    change(shelf, id, {"unique": False})
    shelf.put({"custom_tag": "x"})
    assert shelf.rows("SELECT count(*) FROM {t}.keys WHERE field = 'custom_tag'") == [(0,)]
    with pytest.raises(CustomFieldUnfit) as refused:
        change(shelf, id, {"unique": True})
    assert refused.value.details["count"] == 1
    assert shelf.rows("SELECT count(*) FROM {t}.keys WHERE field = 'custom_tag'") == [(0,)]


def test_values_that_were_there_before_become_unique_with_the_definition(shelf):
    shelf.put({"custom_tag": "x"}, {"custom_tag": "y"})
    define(shelf, "custom_tag", "text", unique=True)
    with pytest.raises(UniqueKeyTaken):
        shelf.put({"custom_tag": "y"})


def test_links_are_enforced_and_known_before_the_definition(shelf):
    target, box = shelf.put({"name": "target"}, {})
    with shelf.operate() as ctx:
        ctx.documents.update(BOX, box, {"custom_near": target})
    define(shelf, "custom_near", "link", target=BOX)
    with pytest.raises(DocumentLinked), shelf.operate() as ctx:
        ctx.documents.delete(BOX, target)
    with pytest.raises(LinkBroken):
        shelf.put({"custom_near": new_id()})
    with shelf.operate() as ctx:
        ctx.documents.update(BOX, box, {"custom_near": None})
        ctx.documents.delete(BOX, target)


def test_a_link_to_nothing_keeps_the_definition_from_coming(shelf):
    (box,) = shelf.put({"custom_near": new_id()})
    with pytest.raises(CustomFieldUnfit) as refused:
        define(shelf, "custom_near", "link", target=BOX)
    assert refused.value.details["documents"] == [box]


def test_what_is_required_is_asked_of_people_and_not_of_what_is_there(shelf):
    with shelf.operate() as ctx:
        slip = ctx.documents.create("shelf.slip", {"text": "old"})
    define(shelf, "custom_why", "text", required=True, document_type="shelf.slip")
    with shelf.operate() as ctx:
        for wrong in ({}, {"custom_why": None}):
            with pytest.raises(DocumentInvalid) as refused, ctx.uow.savepoint():
                ctx.documents.create("shelf.slip", wrong)
            assert faults(refused) == {("/custom_why", "required")}
    with shelf.operate() as ctx, pytest.raises(DocumentInvalid):
        ctx.documents.update("shelf.slip", slip.id, {"text": "new"})
    with shelf.operate() as ctx:
        assert ctx.documents.perform("shelf.slip", slip.id, "print").state == "printed"
        assert "custom_why" not in ctx.bind("shelf").documents.create("shelf.slip", {})


@pytest.mark.parametrize(
    ("before", "patch", "stored"),
    [
        ({"kind": "text"}, {"kind": "integer"}, "seven"),
        ({"kind": "text"}, {"max_length": 2}, "abc"),
        ({"kind": "decimal", "scale": 2}, {"scale": 1}, "1.25"),
        ({"kind": "choice", "options": ["a", "b"]}, {"options": ["a"]}, "b"),
    ],
)
def test_a_definition_is_not_narrowed_below_what_documents_hold(shelf, before, patch, stored):
    id = define(shelf, "custom_x", **before)
    (box,) = shelf.put({"custom_x": stored})
    with pytest.raises(CustomFieldUnfit) as refused:
        change(shelf, id, patch)
    assert (refused.value.details["count"], refused.value.details["documents"]) == (1, [box])
    with shelf.operate() as ctx:
        ctx.documents.update(BOX, box, {"custom_x": None})
    change(shelf, id, patch)


def test_a_definition_is_not_deleted_while_documents_hold_values_unless_they_may_stay(shelf):
    id = define(shelf, "custom_tag", "text", unique=True)
    (box,) = shelf.put({"custom_tag": "x"})
    with pytest.raises(CustomFieldInUse) as refused, shelf.operate() as ctx:
        ctx.documents.delete("kernel.custom_field", id)
    assert refused.value.details["count"] == 1
    change(shelf, id, {"keep_values": True})
    with shelf.operate() as ctx:
        ctx.documents.delete("kernel.custom_field", id)
    assert get(shelf, box)["custom_tag"] == "x"
    shelf.put({"custom_tag": "x"})
    with pytest.raises(CustomFieldUnfit), shelf.operate() as ctx:
        ctx.documents.restore("kernel.custom_field", id)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"document_type": "shelf.bxo"}, ("/document_type", "unknown_type")),
        ({"document_type": "kernel.grant"}, ("/document_type", "unknown_type")),
        ({"name": "size"}, ("/name", "pattern")),
        ({"kind": "number"}, ("/kind", "enum")),
        ({"scale": 2}, ("/scale", "misplaced_key")),
        ({"kind": "link"}, ("/target", "required")),
        ({"kind": "link", "target": "shelf.bxo"}, ("/target", "unknown_type")),
        ({"kind": "choice"}, ("/options", "required")),
        ({"kind": "choice", "options": ["a"], "default": "b"}, ("/default", "enum")),
        ({"default": "many"}, ("/default", "type")),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(shelf, given, expected):
    with pytest.raises(DocumentInvalid) as refused:
        define(shelf, **given)
    assert faults(refused) == {expected}


def test_a_field_is_defined_once_and_keeps_its_name(shelf):
    id = define(shelf)
    with pytest.raises(UniqueKeyTaken):
        define(shelf)
    with pytest.raises(DocumentInvalid) as refused:
        change(shelf, id, {"name": "custom_other", "document_type": "shelf.note"})
    assert faults(refused) == {("/name", "fixed"), ("/document_type", "fixed")}


def test_a_type_has_so_many_fields_and_no_more(shelf):
    with shelf.operate() as ctx:
        for number in range(CUSTOM_FIELDS_PER_TYPE_MAX):
            data = {"document_type": BOX, "name": f"custom_{number}", "title": "x", "kind": "text"}
            ctx.documents.create("kernel.custom_field", data)
    with pytest.raises(DocumentInvalid) as refused:
        define(shelf, "custom_too_many")
    assert faults(refused) == {("/document_type", "too_many_fields")}


def test_one_tenants_fields_are_not_anothers(shelf):
    other = furnish(shelf.kernel, make_tenant(shelf.kernel))
    before = other.type()
    define(shelf, "custom_size", "integer")
    assert "custom_size" in shelf.type().fields
    assert other.type() is before
    assert "custom_size" not in before.fields
    other.put({"custom_size": "large"})


def test_a_type_is_made_anew_only_when_its_definitions_change(shelf):
    id = define(shelf)
    first, untouched = shelf.type(), shelf.type("shelf.note")
    shelf.make_company("Another Ltd")
    assert (shelf.type() is first, shelf.type("shelf.note") is untouched) == (True, True)
    change(shelf, id, {"title": "Width"})
    assert shelf.type() is not first
    assert shelf.type("shelf.note") is untouched


def test_a_field_outlives_its_applets_absence(shelf):
    define(shelf, "custom_size", "integer")
    (box,) = shelf.put({"custom_size": 4})
    releases = shelf.kernel.plugins.get_plugin("registry.plugin").releases
    with shelf.operate() as ctx:
        disable_applet(ctx, releases, "shelf")
    with pytest.raises(DocumentTypeUnknown):
        shelf.type()
    with shelf.operate() as ctx:
        enable_applet(ctx, releases, "shelf")
    assert get(shelf, box)["custom_size"] == 4
    with pytest.raises(DocumentInvalid):
        shelf.put({"custom_size": "large"})


def test_descriptions_and_exports_have_them(shelf):
    define(shelf, "custom_size", "integer", required=True)
    with shelf.operate() as ctx:
        schemas = build_openapi("x", "1", {}, ctx.runtime.catalogue)["components"]["schemas"]
        assert schemas[BOX]["properties"]["custom_size"]["type"] == "integer"
        assert "custom_size" in schemas[f"{BOX}.input"]["required"]
        file = io.BytesIO()
        write_csv(ctx, ExportRequest(BOX), file)
    assert "custom_size" in file.getvalue().decode().splitlines()[0].split(",")


def test_the_log_rebuilds_what_was_spelled_otherwise_before_the_field_was_defined(shelf):
    boxes = shelf.put(*({"custom_size": "2.5", "custom_seen": "2026-01-31T12:00:00+02:00"} for _ in range(3)))
    define(shelf, kind="decimal", scale=2)
    define(shelf, "custom_seen", "date-time")
    with shelf.operate() as ctx:
        ctx.documents.update(BOX, boxes[0], {"count": 1})
        ctx.documents.delete(BOX, boxes[1])
        ctx.documents.restore(BOX, boxes[1])
        ctx.documents.archive(BOX, boxes[2])
        assert verify(ctx).differences == []
    told = shelf.rows("SELECT payload -> 'diff' FROM {t}.events WHERE aggregate_id = %s AND version = 2", boxes[0])
    assert told == [({"count": 1, "custom_size": "2.50", "custom_seen": "2026-01-31T10:00:00Z"},)]


def test_unique_values_are_told_apart_by_what_they_are_and_not_by_their_spelling(shelf):
    (box,) = shelf.put({"custom_size": "2.5"})
    define(shelf, kind="decimal", scale=2, unique=True)
    with pytest.raises(UniqueKeyTaken):
        shelf.put({"custom_size": "2.50"})
    with shelf.operate() as ctx:
        ctx.documents.update(BOX, box, {"custom_size": "3"})
    shelf.put({"custom_size": "2.50"})


def test_two_spellings_of_one_value_do_not_become_unique(shelf):
    shelf.put({"custom_size": "2.5"}, {"custom_size": "2.50"})
    with pytest.raises(CustomFieldUnfit):
        define(shelf, kind="decimal", scale=2, unique=True)


def test_a_document_comes_back_although_its_text_is_no_link_as_it_is_declared_now(shelf):
    (box,) = shelf.put({"custom_peer": "nobody"})
    with shelf.operate() as ctx:
        ctx.documents.delete(BOX, box)
    define(shelf, "custom_peer", "link", target=BOX)
    with shelf.operate() as ctx:
        ctx.documents.restore(BOX, box)
    with shelf.operate() as ctx, pytest.raises(DocumentInvalid) as refused:
        ctx.documents.update(BOX, box, {"count": 1})
    assert faults(refused) == {("/custom_peer", "uuid")}
    with shelf.operate() as ctx:
        assert ctx.documents.update(BOX, box, {"custom_peer": box})["custom_peer"] == box
        assert verify(ctx).differences == []


def test_a_value_that_is_being_written_gets_its_key_from_the_definition_that_waits_for_it(shelf):
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        ctx = shelf.kernel.operator_context(uow)
        ctx.documents.create(BOX, {"name": "first", "custom_ref": "A"})
        made, _ = at_once(
            lambda: define(shelf, "custom_ref", "text", unique=True), lambda: (shelf.wait_for_a_lock(), uow.commit())
        )
    assert isinstance(made, str)
    with pytest.raises(UniqueKeyTaken):
        shelf.put({"custom_ref": "A"})


def test_who_began_before_a_definition_writes_no_value_under_the_one_from_before(shelf):
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        ctx = shelf.kernel.operator_context(uow)
        define(shelf, "custom_ref", "text", unique=True)
        with pytest.raises(psycopg.errors.SerializationFailure):
            ctx.documents.create(BOX, {"name": "late", "custom_ref": "A"})
    shelf.put({"custom_ref": "A"})
    with pytest.raises(UniqueKeyTaken):
        shelf.put({"custom_ref": "A"})


def test_who_writes_no_value_of_such_a_field_is_not_disturbed(shelf):
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        ctx = shelf.kernel.operator_context(uow)
        define(shelf, "custom_ref", "text")
        ctx.documents.create(BOX, {"name": "plain"})
        uow.commit()
    assert shelf.names() == ["plain"]


def test_a_lock_that_a_savepoint_has_taken_with_it_is_taken_again(shelf):
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        ctx = shelf.kernel.operator_context(uow)
        with pytest.raises(ZeroDivisionError), uow.savepoint():
            ctx.documents.create(BOX, {"name": "undone", "custom_ref": "A"})
            raise ZeroDivisionError
        define(shelf, "custom_ref", "text", unique=True)
        with pytest.raises(psycopg.errors.SerializationFailure):
            ctx.documents.create(BOX, {"name": "late", "custom_ref": "A"})
