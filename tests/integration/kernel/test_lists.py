"""What a list can be sorted by, and cursors that did not come from it."""

import base64

import pytest

from kernel.documents.listing import SORT_FIELDS_MAX
from kernel.documents.revisions import revisions
from sdk.document_errors import CursorInvalid
from sdk.expressions import InvalidExpression


def names(page):
    return [tool["name"] for tool in page.items]


@pytest.mark.parametrize("field", ["parts", "parts.weight", "-parts"])
def test_nothing_is_sorted_by_a_field_with_several_values(yard, field):
    with yard.operate() as ctx, pytest.raises(InvalidExpression, match="several values"):
        ctx.documents.query("yard.tool", sort=[field])


def test_a_list_is_sorted_by_all_the_fields_asked_for_or_not_at_all(yard):
    fields = ["name", "place", "code", "price", "bought_on", "version"]
    assert len(fields) == SORT_FIELDS_MAX + 1
    with yard.operate() as ctx, pytest.raises(InvalidExpression):
        ctx.documents.query("yard.tool", sort=fields)


@pytest.mark.parametrize("field", ["name", "price", "bought_on", "version", "created_at", "id", "number"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_pages_by_any_kind_of_field_bring_every_document_once(yard, field, sign):
    with yard.operate() as ctx:
        for number in range(5):
            given = {"price": f"10{number}.50", "bought_on": f"2026-01-0{number + 1}"} if number != 3 else {}
            ctx.documents.create("yard.tool", {"name": f"tool {number}", **given})
        whole, cursor, found = names(ctx.documents.query("yard.tool", sort=[sign + field])), None, []
        while True:
            page = ctx.documents.query("yard.tool", sort=[sign + field], limit=2, cursor=cursor)
            found += names(page)
            if (cursor := page.cursor) is None:
                break
    assert found == whole
    assert len(set(found)) == 5


@pytest.mark.parametrize(
    ("sort", "values"),
    [
        ("id", '["abc"]'), ("id", '["01A1FE50-5D17-770B-B5E9-CA8F7B740828"]'), ("price", '["x", null]'),
        ("price", '["1_0", "01a1fe50-5d17-770b-b5e9-ca8f7b740828"]'),
        ("created_at", '["yesterday", "01a1fe50-5d17-770b-b5e9-ca8f7b740828"]'),
        ("name", '["\\u0000", "01a1fe50-5d17-770b-b5e9-ca8f7b740828"]'), ("name", '["a"]'), ("name", '[1, 2]'),
        ("name", "{}"), ("name", ""),
    ],
)  # fmt: skip
def test_a_cursor_that_is_not_of_the_list_is_refused_before_the_database_sees_it(yard, sort, values):
    cursor = base64.urlsafe_b64encode(values.encode()).decode().rstrip("=") or "=="
    with yard.operate() as ctx:
        with pytest.raises(CursorInvalid):
            ctx.documents.query("yard.tool", sort=[sort], cursor=cursor)
        assert ctx.documents.query("yard.tool").items == ()


@pytest.mark.parametrize("cursor", ["²", "x", "12", "99999999999999999999999"])
def test_a_cursor_that_is_not_of_the_history_is_refused(yard, cursor):
    with yard.operate() as ctx:
        tool = ctx.documents.create("yard.tool", {"name": "saw"})
        with pytest.raises(CursorInvalid):
            revisions(ctx, "yard.tool", tool.id, cursor=cursor)


def test_the_history_goes_on_where_its_page_ended(yard):
    with yard.operate() as ctx:
        tool = ctx.documents.create("yard.tool", {"name": "saw"})
        ctx.documents.update("yard.tool", tool.id, {"name": "big saw"})
        first = revisions(ctx, "yard.tool", tool.id, limit=1)
        second = revisions(ctx, "yard.tool", tool.id, limit=1, cursor=first["cursor"])
    assert [item["version"] for item in (*first["items"], *second["items"])] == [2, 1]
    assert second["cursor"] is None
