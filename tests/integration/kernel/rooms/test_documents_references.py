"""Keys and links hold under concurrency, through deletion and restoring, at any depth."""

import pytest

from sdk.document_errors import (
    CompanyRequired,
    DocumentDeleted,
    DocumentInvalid,
    DocumentLinked,
    DocumentNotFound,
    LinkBroken,
    UniqueKeyTaken,
)
from sdk.errors import StaleVersion
from sdk.identifiers import new_id
from tests.integration.kernel.rooms.shelf import at_once

# The id of nothing; the same in every worker, which must collect the same tests.
NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


def create(shelf, **fields):
    with shelf.operate() as ctx:
        return ctx.documents.create("shelf.box", {"name": "x", **fields}).id


def delete(shelf, id, type="shelf.box"):
    with shelf.operate() as ctx:
        ctx.documents.delete(type, id)


def restore(shelf, id, type="shelf.box"):
    with shelf.operate() as ctx:
        return ctx.documents.restore(type, id)


def update(shelf, id, **patch):
    with shelf.operate() as ctx:
        return ctx.documents.update("shelf.box", id, patch)


def links(shelf):
    return shelf.rows("SELECT from_id::text, field, to_id::text FROM {t}.links ORDER BY field, to_id")


def keys(shelf):
    return shelf.rows("SELECT field, value, document_id::text FROM {t}.keys WHERE type = 'shelf.box' ORDER BY value")


def test_of_ten_that_take_one_code_at_once_one_gets_it(shelf):
    results = at_once(*[lambda: create(shelf, code="A")] * 10)
    taken = [result for result in results if isinstance(result, UniqueKeyTaken)]
    assert len(taken) == 9
    assert {(error.code, error.details["field"], error.violations[0].pointer) for error in taken} == {
        ("unique_key_taken", "code", "/code")
    }
    assert [(field, value) for field, value, _ in keys(shelf)] == [("code", "A")]
    assert len(shelf.names()) == 1


def test_who_waits_for_a_code_gets_it_when_the_other_rolls_back(shelf):
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        shelf.kernel.operator_context(uow).documents.create("shelf.box", {"name": "never", "code": "A"})
        results = at_once(lambda: create(shelf, code="A"), lambda: (shelf.wait_for_a_lock(), uow.rollback()))
    assert [key[2] for key in keys(shelf)] == [results[0]]


def test_a_code_moves_with_its_document_and_the_old_one_is_free(shelf):
    first = create(shelf, code="A")
    update(shelf, first, code="B")
    second = create(shelf, code="A")
    assert keys(shelf) == [("code", "A", second), ("code", "B", first)]
    with pytest.raises(UniqueKeyTaken):
        update(shelf, second, code="B")
    update(shelf, first, code=None)
    update(shelf, second, code="B")
    assert keys(shelf) == [("code", "B", second)]


def test_codes_are_told_apart_to_the_letter(shelf):
    for code in ("a", "A", "a ", "ä", "a\u0308", "a,b", "(a)"):
        create(shelf, code=code)
        with pytest.raises(UniqueKeyTaken) as refused:
            create(shelf, code=code)
        assert refused.value.details["value"] == code


def test_what_is_unique_per_company_is_free_in_another(shelf):
    second = shelf.make_company("Second Ltd")
    with shelf.operate() as ctx:
        first = next(id for id in ctx.runtime.companies if id != second)
        for company in (first, second):
            ctx.documents.create("shelf.note", {"reference": "R"}, company_id=company)
        with pytest.raises(UniqueKeyTaken), ctx.uow.savepoint():
            ctx.documents.create("shelf.note", {"reference": "R"}, company_id=second)


def test_a_deleted_document_gives_its_code_back_and_cannot_have_it_again(shelf):
    first = create(shelf, code="A")
    delete(shelf, first)
    assert keys(shelf) == []
    second = create(shelf, code="A")
    with pytest.raises(UniqueKeyTaken):
        restore(shelf, first)
    update(shelf, second, code="B")
    assert restore(shelf, first).version == 3
    assert keys(shelf) == [("code", "A", first), ("code", "B", second)]


def test_links_are_kept_of_every_depth_and_only_while_they_stand(shelf):
    one, two = create(shelf), create(shelf)
    box = create(shelf, inside=one, about=two, lines=[{"box": one}, {"box": two}, {"box": one}])
    assert links(shelf) == [(box, "about", two), (box, "inside", one),
                            *((box, "lines.box", id) for id in sorted([one, two]))]  # fmt: skip
    update(shelf, box, lines=[{"box": two}], about=None)
    assert links(shelf) == [(box, "inside", one), (box, "lines.box", two)]


def test_a_link_to_what_is_not_there_names_every_place(shelf):
    lost, note = new_id(), None
    with shelf.operate() as ctx:
        note = ctx.documents.create("shelf.note", {}).id
    with pytest.raises(LinkBroken) as refused:
        create(shelf, inside=lost, lines=[{}, {"box": note}], about=note)
    assert sorted(violation.rule for violation in refused.value.violations) == ["link", "link"]
    assert {violation.pointer.split("/")[1] for violation in refused.value.violations} == {"inside", "lines"}
    assert shelf.names() == []


def test_a_linked_document_stays_until_nobody_links_to_it(shelf):
    target = create(shelf)
    box = create(shelf, inside=target)
    with pytest.raises(DocumentLinked) as refused:
        delete(shelf, target)
    assert refused.value.details["links"] == [{"id": box, "type": "shelf.box", "field": "inside"}]
    delete(shelf, box)
    delete(shelf, target)
    with pytest.raises(LinkBroken):
        restore(shelf, box)
    restore(shelf, target)
    restore(shelf, box)
    assert links(shelf) == [(box, "inside", target)]


def test_a_document_that_links_to_itself_comes_and_goes(shelf):
    box = create(shelf)
    update(shelf, box, inside=box)
    delete(shelf, box)
    assert links(shelf) == []
    assert restore(shelf, box)["inside"] == box
    assert links(shelf) == [(box, "inside", box)]


def test_what_links_to_a_document_that_is_being_deleted_waits_and_is_refused(shelf):
    target = create(shelf)
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        shelf.kernel.operator_context(uow).documents.delete("shelf.box", target)
        linked, _ = at_once(lambda: create(shelf, inside=target), lambda: (shelf.wait_for_a_lock(), uow.commit()))
    assert isinstance(linked, LinkBroken)
    assert links(shelf) == []


def test_a_deletion_of_what_is_being_linked_to_waits_and_is_refused(shelf):
    target = create(shelf)
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        box = shelf.kernel.operator_context(uow).documents.create("shelf.box", {"name": "x", "inside": target}).id
        deleted, _ = at_once(lambda: delete(shelf, target), lambda: (shelf.wait_for_a_lock(), uow.commit()))
    assert isinstance(deleted, DocumentLinked)
    assert links(shelf) == [(box, "inside", target)]


def test_linking_does_not_wait_for_who_only_changes_the_target(shelf):
    target = create(shelf)
    with shelf.operate() as ctx:
        ctx.documents.update("shelf.box", target, {"place": "moved"})
        box = create(shelf, inside=target)
    assert links(shelf) == [(box, "inside", target)]


def test_many_that_link_and_one_that_deletes_leave_no_link_to_nothing(shelf):
    targets = [create(shelf) for _ in range(6)]
    works = [
        work for id in targets for work in (lambda id=id: create(shelf, inside=id), lambda id=id: delete(shelf, id))
    ]
    results = at_once(*works[:10])
    assert {type(result) for result in results} <= {str, type(None), LinkBroken, DocumentLinked}
    dangling = "SELECT 1 FROM {t}.links l JOIN {t}.documents d ON d.id = l.to_id WHERE d.deleted_at IS NOT NULL"
    assert shelf.rows(dangling) == []
    for linked, deleted in zip(results[::2], results[1::2], strict=True):
        assert isinstance(linked, str) != (deleted is None)


def test_what_is_deleted_is_not_changed_but_restored_first(shelf):
    box = create(shelf)
    delete(shelf, box)
    for change in (lambda: update(shelf, box, name="y"), lambda: delete(shelf, box)):
        with pytest.raises(DocumentDeleted) as refused:
            change()
        assert refused.value.code == "document_deleted"
    assert restore(shelf, box).version == 3
    assert restore(shelf, box).version == 3


@pytest.mark.parametrize("id", ["x", "", "\0", NOBODY])
def test_what_never_was_is_not_found(shelf, id):
    for change in (lambda: update(shelf, id, name="y"), lambda: delete(shelf, id), lambda: restore(shelf, id)):
        with pytest.raises(DocumentNotFound):
            change()


def test_a_version_that_is_not_the_current_one_is_refused_in_every_verb(shelf):
    box = create(shelf)
    with shelf.operate() as ctx:
        for verb in (
            lambda: ctx.documents.update("shelf.box", box, {"name": "y"}, version=2),
            lambda: ctx.documents.delete("shelf.box", box, version=0),
        ):
            with pytest.raises(StaleVersion) as refused:
                verb()
            assert refused.value.details["actual"] == 1


def test_of_two_that_change_one_version_one_is_told(shelf):
    box = create(shelf)

    def change():
        with shelf.operate() as ctx:
            return ctx.documents.update("shelf.box", box, {"name": "y"}, version=1).version

    results = at_once(change, change)
    assert sorted(map(str, results)) == ["2", str(next(r for r in results if isinstance(r, StaleVersion)))]


def test_a_document_is_not_restored_into_a_company_that_is_gone(shelf):
    company = shelf.make_company("Second Ltd")
    with shelf.operate() as ctx:
        note = ctx.documents.create("shelf.note", {}, company_id=company).id
    delete(shelf, note, "shelf.note")
    delete(shelf, company, "kernel.company")
    with pytest.raises(CompanyRequired):
        restore(shelf, note, "shelf.note")
    restore(shelf, company, "kernel.company")
    assert restore(shelf, note, "shelf.note").company_id == company


@pytest.mark.parametrize("company", ["x", "00000000-0000-0000-0000-000000000000", NOBODY])
def test_a_company_that_is_not_there_is_refused_and_the_known_ones_named(shelf, company):
    with shelf.operate() as ctx, pytest.raises(CompanyRequired) as refused:
        ctx.documents.create("shelf.note", {}, company_id=company)
    assert refused.value.details["known"] == sorted(ctx.runtime.companies)


def test_a_document_does_not_change_its_company_nor_has_one_it_needs_none_for(shelf):
    second = shelf.make_company("Second Ltd")
    with shelf.operate() as ctx:
        first = min(ctx.runtime.companies)
        note = ctx.documents.create("shelf.note", {}, company_id=first)
        assert ctx.documents.update("shelf.note", note.id, {"company_id": first, "text": "x"}).version == 2
        with pytest.raises(DocumentInvalid) as refused, ctx.uow.savepoint():
            ctx.documents.update("shelf.note", note.id, {"company_id": second})
        assert [(v.pointer, v.rule) for v in refused.value.violations] == [("/company_id", "read_only")]
        assert ctx.documents.create("shelf.box", {"name": "x", "company_id": first}).company_id is None
