"""No document is left in a company that is gone, however close its creation and the deletion come."""

import pytest

from sdk.document_errors import CompanyRequired, DocumentLinked
from tests.integration.kernel.rooms.shelf import at_once

LIVE = "SELECT count(*) FROM {t}.documents WHERE company_id = %s AND deleted_at IS NULL"


@pytest.fixture
def company(shelf):
    return shelf.make_company("Second Ltd")


def create(shelf, company):
    with shelf.operate() as ctx:
        return ctx.documents.create("shelf.note", {"text": "x"}, company_id=company).id


def delete(shelf, type, id):
    with shelf.operate() as ctx:
        ctx.documents.delete(type, id)


def test_a_deletion_waits_for_what_is_being_created_in_the_company_and_is_refused(shelf, company):
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        shelf.kernel.operator_context(uow).documents.create("shelf.note", {}, company_id=company)
        deleted, _ = at_once(
            lambda: delete(shelf, "kernel.company", company), lambda: (shelf.wait_for_a_lock(), uow.commit())
        )
    assert isinstance(deleted, DocumentLinked)
    assert shelf.rows(LIVE, company) == [(1,)]


def test_what_is_created_in_a_company_that_is_being_deleted_waits_and_is_refused(shelf, company):
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        shelf.kernel.operator_context(uow).documents.delete("kernel.company", company)
        created, _ = at_once(lambda: create(shelf, company), lambda: (shelf.wait_for_a_lock(), uow.commit()))
    assert isinstance(created, CompanyRequired)
    assert shelf.rows(LIVE, company) == [(0,)]


def test_what_is_restored_into_a_company_that_is_being_deleted_waits_and_is_refused(shelf, company):
    note = create(shelf, company)
    delete(shelf, "shelf.note", note)

    def restore():
        with shelf.operate() as ctx:
            ctx.documents.restore("shelf.note", note)

    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        shelf.kernel.operator_context(uow).documents.delete("kernel.company", company)
        restored, _ = at_once(restore, lambda: (shelf.wait_for_a_lock(), uow.commit()))
    assert isinstance(restored, CompanyRequired)
    assert shelf.rows(LIVE, company) == [(0,)]


def test_many_are_created_in_one_company_at_once(shelf, company):
    results = at_once(*[lambda: create(shelf, company)] * 8)
    assert all(isinstance(result, str) for result in results), results
