"""Releases that come, go and come back: no document is lost, hidden or found wrongly on the way."""

import pytest

from kernel.auth.records import Identity
from kernel.documents.listing import ListRequest, list_rows
from kernel.documents.sweep import sweep
from kernel.reports.service import run
from sdk.context import Actor
from sdk.document_errors import DocumentLinked, UniqueKeyTaken
from sdk.identifiers import new_id
from tests.integration.registry.plans.versions import found, item, lens

TEXT = {"type": "string"}
RENAMED = {"rename_field": {"from": "text", "to": "body"}}


def ids(field, type, filter):
    with field.operate() as ctx:
        rows = list_rows(ctx, ctx.runtime.catalogue.type(type), ListRequest(filter, sort=("id",))).rows
    return [row.id for row in rows]


def keys(field, type):
    return field.execute("SELECT value FROM {t}.keys WHERE type = %s ORDER BY value", [type])


def shelf(version, properties, steps):
    files = {"schemas/shelf.json": item({"name": TEXT}), "schemas/item.json": item(properties, version=version)}
    return files | ({"lenses/item.json": lens("to.item", {"2": steps})} if version > 1 else {})


def test_a_type_that_was_gone_meanwhile_is_swept_when_it_comes_back_in_another_version(field):
    field.add("to", "1.0.0", {"schemas/shelf.json": item({"name": TEXT})})
    field.add("to", "2.0.0", shelf(1, {"text": TEXT}, []))
    field.add("to", "3.0.0", shelf(2, {"body": TEXT}, [RENAMED]))
    field.move("enable", "to", "1.0.0")
    field.move("upgrade", "to", "2.0.0")
    (id,) = field.create("to.item", {"text": "a"})
    field.move("rollback", "to")
    field.move("upgrade", "to", "3.0.0")
    assert ids(field, "to.item", "body == 'a'") == [id]
    assert sweep(field.kernel, field.tenant) == []
    assert field.execute("SELECT schema_version FROM {t}.documents WHERE id = %s", [id]) == [(2,)]
    assert ids(field, "to.item", "body == 'a'") == [id]


def test_a_type_the_newest_release_has_no_more_is_read_by_the_lenses_of_its_own(field):
    field.add("fro", "1.0.0", {"schemas/shelf.json": item({"name": TEXT}), "schemas/item.json": item({"text": TEXT})})
    files = {"schemas/shelf.json": item({"name": TEXT}), "schemas/item.json": item({"body": TEXT}, version=2)}
    field.add("fro", "2.0.0", files | {"lenses/item.json": lens("fro.item", {"2": [RENAMED]})})
    field.add("fro", "3.0.0", {"schemas/shelf.json": item({"name": TEXT})})
    field.move("enable", "fro", "1.0.0")
    field.move("upgrade", "fro", "2.0.0")
    field.move("upgrade", "fro", "3.0.0")
    field.move("rollback", "fro")
    (id,) = field.create("fro.item", {"body": "a"})
    field.execute_and_keep('UPDATE {t}.documents SET schema_version = 1, data = \'{"text": "a"}\' WHERE id = %s', [id])
    assert field.get("fro.item", id)["body"] == "a"


def begin(field, name, *documents):
    """A unique code, whose values another version calls otherwise."""
    step = {"map_value": {"field": "code", "values": {"old": "used", "worn": "used", "n": "new"}}}
    code = {"code": TEXT | {"x-unique": True}}
    field.add(name, "1.0.0", {"schemas/item.json": item(code)})
    files = {"schemas/item.json": item(code, version=2), "lenses/item.json": lens(f"{name}.item", {"2": [step]})}
    field.add(name, "2.0.0", files)
    field.move("enable", name, "1.0.0")
    return field.create(f"{name}.item", *documents)


def test_values_of_a_unique_field_that_become_the_same_are_found_before(field):
    held = begin(field, "merged", {"code": "old"}, {"code": "worn"}, {"code": "n"})
    taken = found(field.plan("upgrade", "merged", "2.0.0"), "unique_taken")
    assert taken["severity"] == "blocks"
    assert taken["details"]["first"] == [{"value": "used", "count": 2, "documents": held[:2]}]


def test_a_mapped_value_is_unique_before_its_document_is_swept(field):
    (id,) = begin(field, "mapped", {"code": "n"})
    field.move("upgrade", "mapped", "2.0.0")
    with pytest.raises(UniqueKeyTaken):
        field.create("mapped.item", {"code": "new"})
    field.create("mapped.item", {"code": "n2"})
    assert sweep(field.kernel, field.tenant) == []
    assert keys(field, "mapped.item") == [("n2",), ("new",)]
    field.move("rollback", "mapped")
    assert field.get("mapped.item", id)["code"] == "n"
    assert keys(field, "mapped.item") == [("n",), ("n2",)]
    with pytest.raises(UniqueKeyTaken):
        field.create("mapped.item", {"code": "n"})


def test_who_may_not_see_a_document_does_not_see_it_before_it_is_swept_again(field):
    permission = {"type": "secret.item", "actions": ["*"], "condition": "level is None or level < 3"}
    report = {"name": "secret.levels", "title": "Levels", "source": {"type": "secret.item"}, "columns": {"text": {}}}
    files = {
        "schemas/item.json": item({"text": TEXT, "level": {"type": "integer", "x-index": True}}, version=2),
        "lenses/item.json": lens("secret.item", {"2": []}),
        "roles.json": {"secret.careful": {"title": "Careful", "permissions": [permission]}},
        "reports/levels.json": {**report, "measures": {"level": {"sum": "level"}}},
    }
    field.add("secret", "1.0.0", {"schemas/item.json": item({"text": TEXT})})
    field.add("secret", "2.0.0", files)
    field.move("enable", "secret", "1.0.0")
    field.move("upgrade", "secret", "2.0.0")
    (id,) = field.create("secret.item", {"text": "a", "level": 5})
    field.move("rollback", "secret")
    with field.operate() as ctx:
        ctx.documents.update("secret.item", id, {"text": "b"})
    field.move("upgrade", "secret", "2.0.0")
    actor = Actor(new_id(), "user", "careful@example.com")
    with field.operate() as ctx:
        ctx.documents.create("kernel.grant", {"actor_id": actor.id, "role": "secret.careful"})
        assert [dict(line.values) for line in run(ctx, "secret.levels", {}).lines[:1]] == [{"text": "b", "level": 5}]
    with field.kernel.database.transaction(field.tenant) as uow:
        ctx = field.kernel.context(uow, Identity(actor, field.tenant))
        assert list(ctx.documents.query("secret.item").items) == []


@pytest.mark.parametrize("steps", [[{"add_field": {"field": "shelf"}}], []], ids=["told", "untold"])
def test_what_a_document_links_to_is_held_from_the_moment_it_does_so_again(field, steps):
    name = f"linked{len(steps)}"
    link = {"shelf": {"type": "string", "x-link": f"{name}.shelf"}}
    shelves = {"schemas/shelf.json": item({"name": TEXT})}
    field.add(name, "1.0.0", shelves | {"schemas/item.json": item({"text": TEXT})})
    files = {"schemas/item.json": item({"text": TEXT, **link}, version=2)}
    field.add(name, "2.0.0", shelves | files | {"lenses/item.json": lens(f"{name}.item", {"2": steps})})
    field.move("enable", name, "1.0.0")
    field.move("upgrade", name, "2.0.0")
    shelf, free = field.create(f"{name}.shelf", {"name": "a"}, {"name": "b"})
    (id,) = field.create(f"{name}.item", {"text": "a", "shelf": shelf})
    field.move("rollback", name)
    assert sweep(field.kernel, field.tenant) == []
    field.move("upgrade", name, "2.0.0")
    assert field.get(f"{name}.item", id)["shelf"] == shelf
    with field.operate() as ctx:
        ctx.documents.delete(f"{name}.shelf", free)
        with pytest.raises(DocumentLinked) as refused:
            ctx.documents.delete(f"{name}.shelf", shelf)
    assert refused.value.details["links"] == [{"id": id, "type": f"{name}.item", "field": "shelf"}]


def test_another_second_version_than_the_tenant_has_had_is_refused(field):
    """Gone back from 2.0, its lenses still read the tenant's documents; 1.5 means something else by version 2."""

    def second(name):
        steps = [{"rename_field": {"from": "text", "to": name}}]
        return {
            "schemas/item.json": item({name: TEXT}, version=2),
            "lenses/item.json": lens("fork.item", {"2": steps}),
        }

    field.add("fork", "1.0.0", {"schemas/item.json": item({"text": TEXT})})
    field.add("fork", "1.5.0", second("title"))
    field.add("fork", "1.6.0", second("body"))
    field.add("fork", "2.0.0", second("body"))
    field.move("enable", "fork", "1.0.0")
    field.move("upgrade", "fork", "2.0.0")
    field.move("rollback", "fork")
    changed = found(field.plan("upgrade", "fork", "1.5.0"), "lens_changed")
    assert (changed["severity"], changed["subject"]) == ("blocks", "fork.item")
    assert found(field.plan("upgrade", "fork", "1.6.0"), "lens_changed") is None
