"""Archived documents are out of sight and out of reach of changes, and nothing else about them is different."""

import pytest

from kernel.documents.archive import archive, unarchive
from sdk.document_errors import DocumentArchived, DocumentDeleted, DocumentNotArchivable, PermissionDenied
from sdk.errors import StaleVersion

LISTED = {"false": ["kept"], "true": ["away"], "all": ["kept", "away"]}


@pytest.fixture
def boxes(shelf):
    """Two, of which one is archived."""
    shelf.kept, shelf.away = shelf.put({"name": "kept", "price": "1.00"}, {"name": "away", "code": "A", "price": "2"})
    with shelf.operate() as ctx:
        archive(ctx, "shelf.box", shelf.away)
    return shelf


def events(shelf, id):
    return [type for (type,) in shelf.rows("SELECT type FROM {t}.events WHERE aggregate_id = %s ORDER BY version", id)]


@pytest.mark.parametrize("archived", LISTED)
@pytest.mark.parametrize("sort", [["id"], ["price"]])
def test_lists_are_without_them_or_of_them_or_of_all(boxes, archived, sort):
    assert boxes.names(archived=archived, sort=sort) == LISTED[archived]


def test_a_filter_may_name_when_it_was(boxes):
    assert boxes.names(filter="archived_at is not None") == ["away"]


def test_code_that_looks_for_documents_finds_them(boxes):
    with boxes.operate() as ctx:
        assert ctx.documents.find("shelf.box", code="A").id == boxes.away
        assert len(ctx.documents.query("shelf.box").items) == 2


def test_an_archived_document_is_read_and_linked_to(boxes):
    with boxes.operate() as ctx:
        assert ctx.documents.get("shelf.box", boxes.away).is_archived
        assert ctx.documents.update("shelf.box", boxes.kept, {"inside": boxes.away})["inside"] == boxes.away


def test_an_archived_document_is_not_changed(boxes):
    with pytest.raises(DocumentArchived), boxes.operate() as ctx:
        ctx.documents.update("shelf.box", boxes.away, {"name": "x"})
    with boxes.operate() as ctx:
        slip = ctx.documents.create("shelf.slip", {})
        archive(ctx, "shelf.slip", slip.id)
    with pytest.raises(DocumentArchived), boxes.operate() as ctx:
        ctx.documents.perform("shelf.slip", slip.id, "print")


def test_it_comes_back_as_it_was_and_says_so_in_its_history(boxes):
    with boxes.operate() as ctx:
        assert unarchive(ctx, "shelf.box", boxes.away).archived_at is None
        changed = ctx.documents.update("shelf.box", boxes.away, {"name": "x"})
    assert (changed.version, changed["code"]) == (4, "A")
    assert events(boxes, boxes.away) == [
        f"shelf.box.{verb}" for verb in ("created", "archived", "unarchived", "updated")
    ]


def test_what_is_archived_already_stays_as_it_is(boxes):
    with boxes.operate() as ctx:
        assert archive(ctx, "shelf.box", boxes.away).version == 2
        assert unarchive(ctx, "shelf.box", boxes.kept).version == 1
        with pytest.raises(StaleVersion):
            archive(ctx, "shelf.box", boxes.kept, version=7)


def test_an_archived_document_may_be_deleted_and_comes_back_archived(boxes):
    with boxes.operate() as ctx:
        ctx.documents.delete("shelf.box", boxes.away)
        with pytest.raises(DocumentDeleted):
            unarchive(ctx, "shelf.box", boxes.away)
        assert ctx.documents.restore("shelf.box", boxes.away).is_archived


@pytest.mark.parametrize("type", ["kernel.company", "kernel.role", "kernel.custom_field"])
def test_what_steers_the_tenant_is_not_put_out_of_sight(shelf, type):
    with pytest.raises(DocumentNotArchivable), shelf.operate() as ctx:
        archive(ctx, type, shelf.tenant.id)


def test_who_may_not_archive_is_told(yard):
    with yard.operate() as ctx:
        tool = ctx.documents.create("yard.tool", {"name": "a"})
        role = {
            "name": "reader",
            "title": "Reader",
            "permissions": [{"type": "yard.tool", "actions": ["read", "update"]}],
        }
        ctx.documents.create("kernel.role", role)
    with yard.as_user(yard.make_user("reader")) as ctx, pytest.raises(PermissionDenied, match="may not archive"):
        archive(ctx, "yard.tool", tool.id)
    with yard.as_user(yard.make_user("yard.helper")) as ctx:
        assert archive(ctx, "yard.tool", tool.id).is_archived
