"""Writes that are gathered to be one statement: whoever looks sees what would be there if each had been written."""

import pytest

from kernel.documents.bulk_write import BulkRefused, BulkWrites


def test_a_document_that_is_gathered_is_read_changed_and_found(shelf):
    with shelf.operate() as ctx:
        ctx.work.bulk = BulkWrites(ctx.uow)
        first, second, third = (ctx.documents.create("shelf.box", {"name": name, "code": name}) for name in "abc")
        assert ctx.documents.get("shelf.box", first.id)["name"] == "a"
        assert ctx.documents.update("shelf.box", second.id, {"remark": "changed"}).version == 2
        assert ctx.documents.find("shelf.box", code="c").id == third.id
        ctx.work.bulk.flush()
    assert shelf.names(sort=("name",)) == ["a", "b", "c"]


def test_one_that_links_to_what_is_not_there_refuses_them_all(shelf):
    (box,) = shelf.put({})
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        ctx = shelf.kernel.operator_context(uow)
        ctx.work.bulk = bulk = BulkWrites(uow)
        ctx.documents.create("shelf.box", {"name": "good", "inside": box})
        ctx.documents.create("shelf.box", {"name": "bad", "inside": "00000000-0000-7000-8000-000000000000"})
        with pytest.raises(BulkRefused):
            bulk.flush()
        assert bulk.has_failed
