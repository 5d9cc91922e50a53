"""What a document was: at a moment, at a revision, and how it goes back there."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from kernel.documents.archive import archive
from kernel.documents.history import as_of, at_revision
from kernel.documents.reversion import restore_revision
from kernel.documents.revisions import revisions
from kernel.documents.verification import verify
from sdk.document_errors import (
    DocumentArchived,
    DocumentDeleted,
    DocumentInvalid,
    DocumentNotEditable,
    DocumentNotFound,
    LinkBroken,
    UniqueKeyTaken,
)
from sdk.errors import StaleVersion
from sdk.identifiers import new_id


@pytest.fixture
def past(shelf):
    """A box with three versions, and the instants at which each of them was made."""
    shelf.box, shelf.instants = None, []
    for patch in ({"name": "first", "price": "1.00"}, {"name": "second", "price": None}, {"tags": ["a"]}):
        shelf.kernel.clock.now += timedelta(hours=1)
        with shelf.operate() as ctx:
            shelf.instants.append(ctx.now)
            documents = ctx.documents
            shelf.box = documents.update("shelf.box", shelf.box, patch).id if shelf.box else documents.create(
                "shelf.box", patch
            ).id  # fmt: skip
    return shelf


def read(shelf, id, moment, type="shelf.box"):
    with shelf.operate() as ctx:
        return as_of(ctx, type, id, moment).flatten()


def restore(shelf, id, revision, type="shelf.box", **given):
    with shelf.operate() as ctx:
        return restore_revision(ctx, type, id, revision, **given)


def test_a_document_is_read_as_it_was_at_an_instant(past):
    first, second, third = (read(past, past.box, instant) for instant in past.instants)
    assert (first["name"], first["price"], first["version"]) == ("first", "1.00", 1)
    assert (second["name"], second["version"], "price" in second) == ("second", 2, False)
    assert (third["tags"], third["version"]) == (["a"], 3)
    assert first["updated_at"] == first["created_at"] == third["created_at"]
    assert read(past, past.box, past.instants[2] - timedelta(microseconds=1)) == second


def test_before_it_was_made_and_while_it_was_deleted_there_was_no_document(past):
    with past.operate() as ctx:
        ctx.documents.delete("shelf.box", past.box)
        deleted_at = ctx.now
    with past.operate() as ctx:
        ctx.documents.restore("shelf.box", past.box)
        restored_at = ctx.now
    for moment in (past.instants[0] - timedelta(microseconds=1), deleted_at):
        with pytest.raises(DocumentNotFound):
            read(past, past.box, moment)
    assert read(past, past.box, restored_at)["version"] == 5
    assert read(past, past.box, deleted_at - timedelta(microseconds=1))["version"] == 3


def test_a_day_ends_with_the_day_of_the_tenant(past):
    day = past.instants[-1].date()
    assert read(past, past.box, day)["version"] == 3
    with pytest.raises(DocumentNotFound):
        read(past, past.box, day - timedelta(days=2))
    assert read(past, past.box, date.max)["version"] == 3


def test_a_revision_is_read_by_its_number(past):
    with past.operate() as ctx:
        assert at_revision(ctx, "shelf.box", past.box, 2).flatten(("name",)) == {"id": past.box, "name": "second"}
        for missing in (4, 99):
            with pytest.raises(DocumentNotFound):
                at_revision(ctx, "shelf.box", past.box, missing)
        with pytest.raises(DocumentNotFound):
            at_revision(ctx, "shelf.box", new_id(), 1)


def test_revisions_end_where_they_are_asked_to(past):
    with past.operate() as ctx:
        until = revisions(ctx, "shelf.box", past.box, as_of=past.instants[1])["items"]
    assert [item["version"] for item in until] == [2, 1]


def test_an_event_an_applet_emits_about_a_document_does_not_change_what_it_was(past):
    with past.operate() as ctx:
        box = ctx.documents.get("shelf.box", past.box)
        ctx.events.emit("shelf.box.seen", box, {"diff": {"name": "forged"}})
        assert as_of(ctx, "shelf.box", past.box, ctx.now).flatten()["name"] == "second"
        assert verify(ctx).different == 0


def test_a_document_goes_back_to_a_revision_by_a_new_one(past):
    restored = restore(past, past.box, 1)
    assert (restored["name"], restored["price"], "tags" in restored) == ("first", Decimal("1.00"), False)
    assert restored.version == 4
    with past.operate() as ctx:
        newest = revisions(ctx, "shelf.box", past.box)["items"][0]
    assert (newest["event"], newest["revision"]) == ("shelf.box.updated", 1)
    assert newest["diff"] == {"name": "first", "price": "1.00", "tags": None}


def test_where_nothing_differs_nothing_is_written(past):
    assert restore(past, past.box, 3).version == 3


def test_going_back_is_a_change_like_any_other(past):
    with pytest.raises(StaleVersion):
        restore(past, past.box, 1, version=2)
    with past.operate() as ctx:
        archive(ctx, "shelf.box", past.box)
    with pytest.raises(DocumentArchived):
        restore(past, past.box, 1)
    with past.operate() as ctx:
        ctx.documents.delete("shelf.box", past.box)
    with pytest.raises(DocumentDeleted):
        restore(past, past.box, 1)


def test_what_went_meanwhile_does_not_come_back_by_going_back(shelf):
    other, box = shelf.put({"code": "A"}, {})
    with shelf.operate() as ctx:
        ctx.documents.update("shelf.box", box, {"inside": other, "code": "B"})
    with shelf.operate() as ctx:
        ctx.documents.update("shelf.box", box, {"inside": None, "code": None})
        ctx.documents.delete("shelf.box", other)
    with pytest.raises(LinkBroken):
        restore(shelf, box, 2)
    shelf.put({"code": "B"})
    with shelf.operate() as ctx:
        ctx.documents.restore("shelf.box", other)
    with pytest.raises(UniqueKeyTaken):
        restore(shelf, box, 2)


def test_a_document_whose_state_is_closed_does_not_go_back(shelf):
    with shelf.operate() as ctx:
        slip = ctx.documents.create("shelf.slip", {"text": "a"})
        ctx.documents.update("shelf.slip", slip.id, {"text": "b"})
        ctx.documents.perform("shelf.slip", slip.id, "print")
    with pytest.raises(DocumentNotEditable):
        restore(shelf, slip.id, 1, "shelf.slip")
    assert read(shelf, slip.id, datetime.max.replace(tzinfo=UTC), "shelf.slip")["state"] == "printed"


def test_computed_fields_follow_and_what_hides_them_stays_hidden(yard):
    with yard.operate() as ctx:
        tool = ctx.documents.create("yard.tool", {"name": "a", "secret": "s1", "price": "110.00"})
        ctx.documents.update("yard.tool", tool.id, {"name": "b", "secret": "s2", "price": "120.00"})
    helper = yard.make_user("yard.helper")
    with yard.as_user(helper) as ctx:
        assert "secret" not in at_revision(ctx, "yard.tool", tool.id, 1).flatten()
        restored = restore_revision(ctx, "yard.tool", tool.id, 1)
    assert (restored["name"], restored["above_hundred"], restored["secret"]) == ("a", Decimal("10.00"), "s2")


def test_who_might_not_read_it_then_does_not_read_it_now(yard):
    with yard.operate() as ctx:
        tool = ctx.documents.create("yard.tool", {"price": "160.00"})
        ctx.documents.update("yard.tool", tool.id, {"price": "101.00"})
        dear = ctx.documents.create("yard.tool", {"price": "101.00"})
        ctx.documents.update("yard.tool", dear.id, {"price": "160.00"})
    buyer = yard.make_user("yard.buyer")
    for id, revision in ((tool.id, 1), (dear.id, 1)):
        with yard.as_user(buyer) as ctx, pytest.raises(DocumentNotFound, match="not yours to see"):
            at_revision(ctx, "yard.tool", id, revision)
    with yard.as_user(buyer) as ctx:
        assert at_revision(ctx, "yard.tool", tool.id, 2).row.data["price"] == "101.00"


def test_who_undoes_a_delete_asks_the_hooks(shelf):
    with shelf.operate() as ctx:
        note = ctx.documents.create("shelf.note", {"text": "fine"})
        ctx.documents.delete("shelf.note", note.id)
    with shelf.kernel.database.owner(shelf.tenant.database) as owner:
        # As if the rule had come after the document.
        owner.execute(
            f'UPDATE "{shelf.tenant.schema}".documents SET data = %s WHERE id = %s', ['{"text": "refused"}', note.id]
        )
    with pytest.raises(Exception, match="It is refused"), shelf.operate() as ctx:
        ctx.documents.restore("shelf.note", note.id)
    assert shelf.rows("SELECT deleted_at IS NULL FROM {t}.documents WHERE id = %s", note.id) == [(False,)]


def test_a_difference_between_documents_and_their_events_is_found_and_named(past):
    with past.operate() as ctx:
        report = verify(ctx)
        assert (report.different, report.documents, report.changes) == (0, 2, 4)
    schema = past.tenant.schema
    with past.kernel.database.owner(past.tenant.database) as owner:
        owner.execute(
            f"""UPDATE "{schema}".documents SET state = 'x', data = data || '{{"count": 5}}' WHERE id = %s""",
            [past.box],
        )
        lost = owner.execute(f"SELECT id FROM \"{schema}\".documents WHERE type = 'kernel.company'").fetchone()[0]
        owner.execute(f'DELETE FROM "{schema}".documents WHERE id = %s', [lost])
    with past.operate() as ctx:
        found = {(each.type, each.fields) for each in verify(ctx).differences}
    assert found == {("shelf.box", ("state", "data.count")), ("kernel.company", ("document missing",))}


def test_a_revision_that_is_not_valid_any_more_is_refused(shelf):
    (box,) = shelf.put({})
    with shelf.operate() as ctx:
        ctx.documents.update("shelf.box", box, {"custom_size": "large"})
        ctx.documents.update("shelf.box", box, {"custom_size": None})
        field = {"document_type": "shelf.box", "name": "custom_size", "title": "Size", "kind": "integer"}
        ctx.documents.create("kernel.custom_field", field)
    with pytest.raises(DocumentInvalid) as refused:
        restore(shelf, box, 2)
    assert [violation.pointer for violation in refused.value.violations] == ["/custom_size"]
