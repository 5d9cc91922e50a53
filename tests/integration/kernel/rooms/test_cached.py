"""What is kept in memory is what the database holds: after a commit for everybody, after a rollback for nobody."""

import pytest

from kernel.documents import cached
from kernel.documents.cached import CACHED_DOCUMENTS_MAX
from sdk.document_errors import NotUnambiguous

COMPANY = "kernel.company"


def company(ctx):
    return ctx.documents.query(COMPANY).items[0]


def test_what_another_transaction_has_committed_is_seen_by_the_next(shelf):
    with shelf.operate() as ctx:
        id = company(ctx).id
        assert "tax_id" not in ctx.documents.get(COMPANY, id)
    with shelf.operate() as ctx:
        ctx.documents.update(COMPANY, id, {"tax_id": "T 2"})
    with shelf.operate() as ctx:
        assert ctx.documents.get(COMPANY, id)["tax_id"] == "T 2"


def test_what_was_rolled_back_is_seen_by_nobody(shelf):
    with pytest.raises(ZeroDivisionError), shelf.operate() as ctx:
        id = company(ctx).id
        ctx.documents.update(COMPANY, id, {"tax_id": "T 3"})
        assert ctx.documents.get(COMPANY, id)["tax_id"] == "T 3"
        raise ZeroDivisionError
    with shelf.operate() as ctx:
        assert "tax_id" not in ctx.documents.get(COMPANY, id)


def test_the_generation_rises_although_a_savepoint_around_the_change_is_undone(shelf):
    """Once too often does no harm; once too seldom would leave others with what was."""
    with shelf.operate() as ctx:
        id, before = company(ctx).id, ctx.uow.generation
        with pytest.raises(ZeroDivisionError), ctx.uow.savepoint():
            ctx.documents.update(COMPANY, id, {"tax_id": "T 4"})
            raise ZeroDivisionError
        ctx.documents.update(COMPANY, id, {"tax_id": "T 5"})
    with shelf.operate() as ctx:
        assert (ctx.uow.generation, ctx.documents.get(COMPANY, id)["tax_id"]) == (before + 1, "T 5")


def test_what_is_too_much_to_keep_is_read_as_all_else(shelf, monkeypatch):
    monkeypatch.setattr(cached, "CACHED_DOCUMENTS_MAX", 0)
    with shelf.operate() as ctx:
        found = company(ctx)
        assert ctx.documents.find(COMPANY, name=found["name"]).id == found.id
        assert ctx.documents.get(COMPANY, found.id)["name"] == found["name"]
        assert ctx.runtime.references[COMPANY] is None
    assert CACHED_DOCUMENTS_MAX == 1_000


def test_two_with_one_value_are_no_answer_to_find(shelf):
    with shelf.operate() as ctx:
        currency = company(ctx)["currency"]
        ctx.documents.create(COMPANY, {"name": "Second", "currency": currency})
    with shelf.operate() as ctx:
        with pytest.raises(NotUnambiguous):
            ctx.documents.find(COMPANY, currency=currency)
        assert [one["name"] for one in ctx.documents.find_all(COMPANY, currency=currency)][-1] == "Second"
