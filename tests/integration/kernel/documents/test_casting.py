"""Documents of an earlier version of their type, read and written by the one that runs."""

import psycopg
import pytest

from kernel.documents.archive import archive
from kernel.documents.bulk import create_many
from kernel.documents.graph import read_graph
from kernel.documents.indexes import declared_indexes
from kernel.documents.service import restore
from kernel.transfer.lookups import find_ids
from sdk.document_errors import DocumentLinked, LinkBroken, UniqueKeyTaken
from sdk.identifiers import new_id
from tests.integration.kernel.documents.depot import ITEM, MAKER

OLD = {
    "name": "Drill", "sku": "D-1", "contact": "Ann van Dyke", "kind": "worn", "size": "XL", "price": "10.00",
    "city": "Ghent", "lines": [{"what": "bit", "amount": "1.50"}], "tags": ["red", "blue"],
}  # fmt: skip
NEW = {
    "label": "Drill", "code": "D-1", "first": "Ann", "rest": "van Dyke", "kind": "used", "cost": "10.00",
    "place": {"city": "Ghent"}, "rating": 3, "lines": [{"about": "bit", "amount": "1.50"}], "tags": ["rouge", "blue"],
}  # fmt: skip


def test_a_document_is_read_as_the_version_that_runs_has_it(depot):
    id = depot.create(ITEM, **OLD)
    depot.switch(2)
    (shown,) = depot.list()
    assert {name: shown[name] for name in NEW} == NEW
    assert (shown["state"], shown.keys() & {"name", "size", "schema_version"}) == ("open", set())
    assert depot.get(ITEM, id).schema_version == 2
    assert depot.stored(id)[:3] == (1, "draft", OLD)


def test_what_is_written_is_stored_in_the_version_that_runs(depot):
    id = depot.create(ITEM, **OLD)
    depot.switch(2)
    with depot.operate() as ctx:
        changed = ctx.documents.update(ITEM, id, {"rating": 5}, version=1)
    assert (changed.version, changed.schema_version) == (2, 2)
    schema_version, state, data, kept = depot.stored(id)
    assert (schema_version, state, data) == (2, "open", {**NEW, "rating": 5})
    assert "XL" in str(kept)
    (payload,) = depot.rows("SELECT payload FROM {t}.events WHERE aggregate_id = %s AND version = 2", id)[0]
    assert (payload["schema_version"], payload["state"], payload["kept"]) == (2, "open", kept)
    assert (payload["diff"]["name"], payload["diff"]["label"]) == (None, "Drill")
    assert depot.differences() == []


def test_an_update_that_changes_nothing_leaves_the_document_as_it_lies(depot):
    id = depot.create(ITEM, **OLD)
    depot.switch(2)
    with depot.operate() as ctx:
        assert ctx.documents.update(ITEM, id, {"label": "Drill"}).version == 1
    assert depot.stored(id)[0] == 1


@pytest.mark.parametrize("verb", ["perform", "archive", "delete", "restore"])
def test_every_write_casts(depot, verb):
    id = depot.create(ITEM, **OLD)
    if verb == "restore":
        with depot.operate() as ctx:
            ctx.documents.delete(ITEM, id)
    depot.switch(2)
    with depot.operate() as ctx:
        match verb:
            case "perform":
                ctx.documents.perform(ITEM, id, "send")
            case "archive":
                archive(ctx, ITEM, id)
            case "delete":
                ctx.documents.delete(ITEM, id)
            case "restore":
                restore(ctx, ITEM, id)
    schema_version, state, data, kept = depot.stored(id)
    assert (schema_version, state, data) == (2, "sent" if verb == "perform" else "open", NEW)
    assert kept is not None
    assert depot.differences() == []


def test_nothing_is_lost_on_the_way_back_and_forth(depot):
    id = depot.create(ITEM, **OLD)
    with depot.operate() as ctx:
        ctx.documents.perform(ITEM, id, "check")
    depot.switch(2)
    with depot.operate() as ctx:
        ctx.documents.update(ITEM, id, {"note": "new", "place": {"shelf": "3"}})
    depot.switch(1)
    back = depot.get(ITEM, id)
    assert (back.fields["size"], back.fields["kind"], back.state) == ("XL", "worn", "checked")
    with depot.operate() as ctx:
        ctx.documents.update(ITEM, id, {"name": "Hammer"})
    assert depot.stored(id)[0] == 1
    depot.switch(2)
    again = depot.get(ITEM, id)
    assert (again["label"], again["note"], again["place"], again.state) == (
        "Hammer", "new", {"city": "Ghent", "shelf": "3"}, "open",
    )  # fmt: skip
    assert depot.differences() == []


def test_a_renamed_unique_field_is_as_unique_as_before(depot):
    first = depot.create(ITEM, **OLD)
    depot.switch(2)
    with pytest.raises(UniqueKeyTaken) as refused:
        depot.create(ITEM, code="D-1")
    assert (refused.value.details["field"], refused.value.violations[0].pointer) == ("code", "/code")
    second = depot.create(ITEM, code="D-2")
    with depot.operate() as ctx:
        ctx.documents.update(ITEM, first, {"code": "D-3"})
    assert depot.create(ITEM, code="D-1") not in (first, second)
    names = depot.rows("SELECT DISTINCT field FROM {t}.keys WHERE type = %s", ITEM)
    assert names == [("sku",)]


def test_links_are_told_by_the_present_name_of_their_field(depot):
    maker = depot.create(MAKER, name="Ample")
    item = depot.create(ITEM, **OLD, maker=maker)
    depot.switch(2)
    with depot.operate() as ctx:
        edges = list(read_graph(ctx, MAKER, maker).edges)
        assert [(edge.source, edge.field) for edge in edges] == [(item, "producer")]
        assert [edge.field for edge in read_graph(ctx, ITEM, item).edges] == ["producer"]
    with depot.operate() as ctx, pytest.raises(DocumentLinked) as refused:
        ctx.documents.delete(MAKER, maker)
    assert refused.value.details["links"] == [{"id": item, "type": ITEM, "field": "producer"}]
    with pytest.raises(LinkBroken) as broken:
        depot.create(ITEM, producer=new_id())
    assert broken.value.violations[0].pointer == "/producer"
    with depot.operate() as ctx:
        ctx.documents.update(ITEM, item, {"producer": None})
        ctx.documents.delete(MAKER, maker)


def test_titles_of_what_is_linked_to_are_those_of_the_version_that_runs(depot):
    maker = depot.create(MAKER, name="Ample")
    item = depot.create(ITEM, **OLD, maker=maker)
    depot.switch(2)
    with depot.operate() as ctx:
        page = ctx.documents.query(ITEM)
        assert dict(page.titles) == {maker: "Ample"}
        graph = read_graph(ctx, MAKER, maker)
        assert graph.nodes[item]["title"] == "Drill"


def test_who_began_before_the_switch_and_meets_a_newer_document_is_to_begin_again(depot):
    id = depot.create(ITEM, **OLD)
    with depot.kernel.database.transaction(depot.tenant) as uow:
        older = depot.kernel.operator_context(uow)
        assert older.documents.get(ITEM, id)["name"] == "Drill"
        depot.switch(2)
        with depot.operate() as ctx:
            ctx.documents.update(ITEM, id, {"rating": 5})
        with pytest.raises(psycopg.errors.SerializationFailure):
            older.documents.get(ITEM, id)
        with pytest.raises(psycopg.errors.SerializationFailure):
            older.documents.query(ITEM)


def test_an_index_is_of_the_field_as_the_present_version_has_it(depot):
    depot.switch(2)
    with depot.operate() as ctx:
        mixed = ctx.runtime.catalogue.type(ITEM)
    (index,) = declared_indexes([mixed])
    assert (index.path, index.expression) == ("cost", "bos.to_decimal((data ->> 'cost'))")
    assert depot.sweep() == []
    with depot.operate() as ctx:
        assert declared_indexes([ctx.runtime.catalogue.type(ITEM)]) == [index]


def test_what_was_imported_before_is_found_by_its_key_in_any_version(depot):
    id = depot.create(ITEM, **OLD)
    depot.switch(2)
    for _ in range(2):
        with depot.operate() as ctx:
            assert find_ids(ctx, ITEM, "code", ["D-1", "D-9"], None) == {"D-1": id}
        depot.sweep()


def test_a_document_that_is_deleted_gives_its_keys_and_links_back(depot):
    maker = depot.create(MAKER, name="Ample")
    id = depot.create(ITEM, **OLD, maker=maker)
    depot.switch(2)
    with depot.operate() as ctx:
        ctx.documents.delete(ITEM, id)
        ctx.documents.delete(MAKER, maker)
    assert depot.create(ITEM, code="D-1") != id
    with pytest.raises(LinkBroken) as broken, depot.operate() as ctx:
        restore(ctx, ITEM, id)
    assert broken.value.violations[0].pointer == "/producer"


def test_many_new_documents_are_written_in_the_version_that_runs(depot):
    depot.switch(2)
    with depot.operate() as ctx:
        created = create_many(ctx, ITEM, [{"label": f"Item {number}", "code": f"C{number}"} for number in range(3)])
    assert {depot.stored(document.id)[0] for _, document in created.created} == {2}
    told = "SELECT DISTINCT payload -> 'schema_version' FROM {t}.events WHERE type = 'depot.item.created'"
    assert depot.rows(told) == [(2,)]
    assert depot.differences() == []
