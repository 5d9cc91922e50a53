"""A masked field is not told by anything else either: search, titles, history."""

import pytest

from kernel.documents.listing import ListRequest, list_rows
from kernel.documents.revisions import revisions
from sdk.document_errors import PermissionDenied


def page(ctx, **asked):
    return list_rows(ctx, ctx.runtime.catalogue.type("yard.tool"), ListRequest(**asked))


def test_a_search_does_not_look_into_hidden_fields(yard):
    with yard.operate() as ctx:
        tool = ctx.documents.create("yard.tool", {"name": "saw", "secret": "stolen"})
        assert [row.id for row in page(ctx, q="stolen").rows] == [tool.id]
    with yard.as_user(yard.make_user("yard.helper")) as ctx:
        assert page(ctx, q="stolen").rows == []
        assert [row.id for row in page(ctx, q="saw").rows] == [tool.id]


def test_the_title_of_a_linked_document_is_no_way_around_its_mask(yard):
    with yard.operate() as ctx:
        blade = ctx.documents.create("yard.tool", {"name": "blade"})
        ctx.documents.create("yard.tool", {"name": "saw", "goes_with": blade.id})
        assert page(ctx).titles == {blade.id: "blade"}
    with yard.as_user(yard.make_user("yard.stranger")) as ctx:
        assert page(ctx).titles == {blade.id: blade.id}


def test_what_a_hidden_field_links_to_has_no_title_in_the_list(yard):
    with yard.operate() as ctx:
        blade = ctx.documents.create("yard.tool", {"name": "blade"})
        ctx.documents.create("yard.tool", {"name": "saw", "goes_with": blade.id})
    with yard.as_user(yard.make_user("yard.helper")) as ctx:
        assert page(ctx).titles == {}
        assert ctx.documents.query("yard.tool").titles == {}


def test_revisions_leave_out_what_an_applet_has_emitted_where_fields_are_hidden(yard):
    with yard.operate() as ctx:
        tool = ctx.documents.create("yard.tool", {"name": "saw", "secret": "stolen"})
        ctx.events.emit("yard.tool.weighed", tool, {"secret": "stolen", "diff": {"secret": "stolen"}})
        ctx.events.emit("yard.tool.measured", tool, {"secret": "stolen"})
    with yard.as_user(yard.make_user("yard.helper")) as ctx:
        found = revisions(ctx, "yard.tool", tool.id)["items"]
    assert [item["event"] for item in found] == ["yard.tool.measured", "yard.tool.weighed", "yard.tool.created"]
    assert "stolen" not in str(found)
    assert found[2]["diff"] == {"name": "saw"}


def test_an_emitted_payload_does_not_stand_in_the_place_of_who_did_it(yard):
    with yard.operate() as ctx:
        tool = ctx.documents.create("yard.tool", {"name": "saw"})
        ctx.events.emit("yard.tool.weighed", tool, {"actor": "somebody else", "version": 77, "weight": "3"})
        item = revisions(ctx, "yard.tool", tool.id)["items"][0]
    assert (item["actor"], item["version"], item["weight"]) == ("operator", 1, "3")


def test_who_may_not_read_a_document_does_not_get_to_see_it_by_restoring_it(yard):
    with yard.operate() as ctx:
        tool = ctx.documents.create("yard.tool", {"name": "saw"})
        ctx.documents.delete("yard.tool", tool.id)
    with yard.as_user(yard.make_user("yard.remover")) as ctx, pytest.raises(PermissionDenied):
        ctx.documents.restore("yard.tool", tool.id)
