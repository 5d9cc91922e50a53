"""Lists: the order of every kind of value, pages, filters, search, the bin, titles."""

import base64
from datetime import UTC, date, datetime
from decimal import Decimal

import orjson
import pytest

from kernel.documents.listing import ListRequest, list_rows
from kernel.documents.queries import find
from sdk.document_errors import CursorInvalid, NotUnambiguous, PageSizeExceeded
from sdk.expressions import InvalidExpression
from tests.integration.kernel.rooms.shelf import furnish, make_tenant

# Three values rising, the middle one twice, and two documents without.
VALUES = {
    "name": ["A", "b", "ä"],
    "place": ["B", "a", "é"],
    "price": ["-3.00", "9.50", "10.00"],
    "weight": ["0.0000000001", "2", "100000000000000000000"],
    "count": [-5, 7, 10_000_000_000_000],
    "is_open": [False, True, True],
    "packed_on": ["1999-12-31", "2026-01-02", "2026-01-10"],
    "sealed_at": ["2026-01-01T00:00:00+02:00", "2025-12-31T23:00:00Z", "2026-01-01T01:00:00+01:00"],
    "size.width": [2, 9, 10],
}
# Every box has a name, and two of the booleans are one.
RISING = {"name": [1, 5, 3, 2, 4, 0], "is_open": [3, 0, 2, 4, 1, 5]}
FIELDS = ["created_at", "updated_at", "version", "id", "number", "state", "created_by"]


@pytest.fixture(scope="module")
def empty_shelf(shelves):
    """Nothing is ever put into it."""
    return furnish(shelves, make_tenant(shelves))


@pytest.fixture(scope="module", params=VALUES)
def sorted_shelf(request, shelves):
    """The field that is filled, and the shelf; for tests that only read."""
    shelf = furnish(shelves, make_tenant(shelves))
    shelf.field, shelf.ids = request.param, fill(shelf, request.param)
    return shelf


def nested(field, value):
    head, _, rest = field.partition(".")
    return {head: nested(rest, value) if rest else value}


def fill(shelf, field):
    """Boxes `0` to `5`; the names are given where it is the name that is sorted by."""
    low, middle, high = VALUES[field]
    return shelf.put(
        *({} if value is None else nested(field, value) for value in [high, None, middle, low, middle, None])
    )


def walk(shelf, limit, **asked):
    found, cursor = [], None
    while True:
        page = shelf.page(limit=limit, cursor=cursor, **asked)
        found += [row.id for row in page.rows]
        if (cursor := page.cursor) is None:
            return found


def test_values_rise_by_what_they_mean_and_what_has_none_comes_last(sorted_shelf):
    field, ids = sorted_shelf.field, sorted_shelf.ids
    rising = RISING.get(field, [3, 2, 4, 0, 1, 5])
    assert walk(sorted_shelf, 50, sort=[field]) == [ids[place] for place in rising]
    assert walk(sorted_shelf, 50, sort=[f"-{field}"]) == [ids[place] for place in reversed(rising)]


@pytest.mark.parametrize("sign", ["", "-"])
def test_pages_of_any_size_are_the_whole_list_once(sorted_shelf, sign):
    fields = [sorted_shelf.field, *(FIELDS if sorted_shelf.field == "price" else ())]
    for field in fields:
        whole = walk(sorted_shelf, 50, sort=[sign + field])
        assert len(set(whole)) == 6
        for limit in (1, 2, 5):
            assert walk(sorted_shelf, limit, sort=[sign + field]) == whole


@pytest.mark.parametrize("sort", [["place", "-price"], ["-place", "price", "-id"], ["-price", "place", "count"]])
def test_directions_may_be_mixed(shelf, sort):
    shelf.put(*({"place": place, "price": price} if price else {"place": place}
                for place in "ab" for price in ("1", "2", None)))  # fmt: skip
    whole = walk(shelf, 50, sort=sort)
    assert len(whole) == 6
    assert walk(shelf, 1, sort=sort) == whole
    assert walk(shelf, 4, sort=sort) == whole


def test_the_order_by_two_fields_is_the_one_asked_for(shelf):
    shelf.put({"place": "a", "price": "1"}, {"place": "b", "price": "1"}, {"place": "a", "price": "2"}, {"place": "a"})
    assert shelf.names(sort=["place", "-price"]) == ["3", "2", "0", "1"]
    assert shelf.names(sort=["-place", "price"]) == ["1", "0", "2", "3"]


def test_what_comes_in_between_moves_no_page(shelf):
    shelf.put(*({"price": str(price)} for price in (10, 20, 30, 40)))
    first = shelf.page(limit=2, sort=["price"])
    shelf.put({"name": "before", "price": "5"}, {"name": "between", "price": "25"})
    with shelf.operate() as ctx:
        ctx.documents.delete("shelf.box", first.rows[1].id)
    second = shelf.page(limit=2, sort=["price"], cursor=first.cursor)
    assert [row.data["name"] for row in second.rows] == ["between", "2"]
    assert [row.data["name"] for row in shelf.page(sort=["price"], cursor=second.cursor).rows] == ["3"]


def test_a_full_last_page_gives_no_cursor(shelf):
    shelf.put({}, {})
    assert shelf.page(limit=2).cursor is None
    assert shelf.page(limit=1).cursor is not None


def test_without_a_sort_the_newest_come_first(shelf):
    ids = shelf.put({}, {}, {})
    assert walk(shelf, 2) == ids[::-1]


ID = "01a1fe50-5d17-770b-b5e9-ca8f7b740828"


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("version", "99999999999999999999"), ("version", "-2147483649"), ("version", "1.5"), ("version", "true"),
        ("price", "1E+999999"), ("price", "sNaN"), ("price", "NaN"), ("price", "Infinity"), ("count", "1E-999999"),
        ("created_at", "2026-01-01 00:00:00+23:00"), ("created_at", "2026-01-01 00:00:00"),
        ("sealed_at", "infinity"), ("is_open", "yes"), ("is_open", "true"),
    ],
)  # fmt: skip
def test_a_made_up_cursor_is_refused_before_the_database_sees_it(empty_shelf, sort, value):
    cursor = base64.urlsafe_b64encode(f'["{value}", "{ID}"]'.encode()).decode().rstrip("=")
    with empty_shelf.operate() as ctx:
        with pytest.raises(CursorInvalid):
            ctx.documents.query("shelf.box", sort=[sort], cursor=cursor)
        assert ctx.documents.query("shelf.box").items == ()


@pytest.mark.parametrize(
    ("sort", "value"),
    [("packed_on", "no day"), ("is_open", "False"), ("price", "1E+20"), ("place", "\U0001f4e6"), ("version", "-1")],
)
def test_a_made_up_cursor_that_could_be_one_only_begins_elsewhere(two, sort, value):
    for id in (ID, None):
        cursor = base64.urlsafe_b64encode(orjson.dumps([value, id])).decode().rstrip("=")
        assert two.page(sort=[sort], cursor=cursor).cursor is None


@pytest.mark.parametrize("cursor", ["ä", "!!!!", "=", "W10", "bnVsbA", "a" * 5000, "\0"])
def test_what_is_no_cursor_is_refused(empty_shelf, cursor):
    with pytest.raises(CursorInvalid):
        empty_shelf.page(cursor=cursor)


def test_a_cursor_of_another_sort_is_refused(shelf):
    shelf.put({"price": "1"}, {"price": "2"})
    cursor = shelf.page(limit=1, sort=["price"]).cursor
    for sort in ([], ["price", "place"], ["created_at"]):
        with pytest.raises(CursorInvalid):
            shelf.page(limit=1, sort=sort, cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 51])
def test_a_page_holds_as_many_as_the_settings_allow(empty_shelf, limit):
    with pytest.raises(PageSizeExceeded) as refused:
        empty_shelf.page(limit=limit)
    assert (refused.value.code, refused.value.details["maximum"]) == ("page_size_exceeded", 50)


FULL = {
    "name": "full", "place": "it's", "price": "10", "weight": "0.001", "count": 10_000_000_000_000,
    "is_open": True, "packed_on": "2026-01-02", "sealed_at": "2026-01-01T00:00:00+01:00", "size": {"width": 3},
    "tags": ["red", "blue"], "lines": [{"what": "nail", "amount": "1.25"}, {"amount": "2.5"}],
}  # fmt: skip
REMARKS = {"cut": "50% off", "snake": "a_b", "back": "a\\b", "plain": "axb", "slash": "a/b", "umlaut": "Äpfel"}


@pytest.fixture(scope="module")
def two(shelves):
    shelf = furnish(shelves, make_tenant(shelves))
    shelf.put(FULL, {"name": "bare"})
    return shelf


@pytest.fixture(scope="module")
def remarked(shelves):
    shelf = furnish(shelves, make_tenant(shelves))
    shelf.put(*({"name": name, "remark": remark} for name, remark in REMARKS.items()))
    return shelf


@pytest.mark.parametrize(
    ("filter", "parameters", "expected"),
    [
        ("price > 9.99", {}, ["full"]),
        ("price == param.p", {"p": Decimal("10.0")}, ["full"]),
        ("price is None", {}, ["bare"]),
        ("weight < 1", {}, ["full"]),
        ("count >= 10000000000000", {}, ["full"]),
        ("is_open", {}, ["full"]),
        ("not is_open", {}, []),
        ("is_open is None", {}, ["bare"]),
        ("packed_on < param.day", {"day": date(2026, 1, 3)}, ["full"]),
        ("packed_on > param.day", {"day": date(2026, 1, 2)}, []),
        ("sealed_at == param.at", {"at": datetime(2025, 12, 31, 23, tzinfo=UTC)}, ["full"]),
        ("place == 'it''s' or place == \"it's\"", {}, ["full"]),
        ("place == param.text", {"text": "it's"}, ["full"]),
        ("place in param.list", {"list": ["x", "it's"]}, ["full"]),
        ("size.width == 3", {}, ["full"]),
        ("'red' in tags", {}, ["full"]),
        ("any(line.what == 'nail' for line in lines)", {}, ["full"]),
        ("sum(line.amount for line in lines) == 3.75", {}, ["full"]),
        ("len(lines) == 2", {}, ["full"]),
        ("lines is None", {}, ["bare"]),
        ("version == 1 and type == 'shelf.box'", {}, ["bare", "full"]),
        ("created_at > param.at", {"at": datetime(2020, 1, 1, tzinfo=UTC)}, ["bare", "full"]),
        ("id == param.id", {"id": "no uuid"}, []),
        ("state is None and number is None", {}, ["bare", "full"]),
        ("startswith(name, 'fu')", {}, ["full"]),
    ],
)  # fmt: skip
def test_a_filter_reads_every_kind_of_field(two, filter, parameters, expected):
    assert two.names(filter=filter, parameters=parameters) == expected


@pytest.mark.parametrize("filter", ["nmae == 'x'", "name ==", "__import__('os')", "lines.what == 1 +"])
def test_a_filter_that_makes_no_sense_is_refused(empty_shelf, filter):
    with pytest.raises(InvalidExpression):
        empty_shelf.page(filter=filter)


def test_a_list_is_not_sorted_by_what_is_not_there(empty_shelf):
    with pytest.raises(InvalidExpression):
        empty_shelf.page(sort=["nothing"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50%", ["cut"]), ("%", ["cut"]), ("_", ["snake"]), ("\\", ["back"]), ("a_b", ["snake"]), ("/", ["slash"]),
        ("AXB", ["plain"]), ("axb PLAIN", ["plain"]), ("axb missing", []), ("   ", None), ("ÄPFEL", ["umlaut"]),
        ("'; drop", []),
    ],
)  # fmt: skip
def test_a_search_takes_text_as_it_stands(remarked, text, expected):
    assert remarked.names(q=text, sort=["id"]) == (list(REMARKS) if expected is None else expected)


def test_a_search_finds_numbers(shelf):
    with shelf.operate() as ctx:
        for day in ("2026-02-01", "2026-02-02", "2025-02-01"):
            ctx.documents.create("shelf.note", {"dated_on": day})
        note = ctx.runtime.catalogue.type("shelf.note")
        assert [row.number for row in list_rows(ctx, note, ListRequest(q="0001", sort=["number"])).rows] == [
            "N-2025-0001", "N-2026-0001",
        ]  # fmt: skip


def test_the_bin_shows_what_is_deleted_and_nothing_else(shelf):
    _, gone = shelf.put({"name": "here"}, {"name": "gone"})
    with shelf.operate() as ctx:
        ctx.documents.delete("shelf.box", gone)
    assert (shelf.names(), shelf.names(deleted=True)) == (["here"], ["gone"])
    assert shelf.names(deleted=True, q="gone", filter="deleted_at is not None") == ["gone"]
    assert shelf.names(deleted=True, filter="name == 'here'") == []


def test_titles_are_those_of_every_linked_document_at_any_depth(shelf):
    inner, deep, any_one = shelf.put({"name": "inner"}, {"name": "deep"}, {"name": "any"})
    (outer,) = shelf.put({"inside": inner, "lines": [{"box": deep}, {"box": inner}], "about": any_one})
    assert shelf.page(filter="id == param.id", parameters={"id": outer}).titles == {
        inner: "inner", deep: "deep", any_one: "any",
    }  # fmt: skip
    assert shelf.page(filter="id == param.id", parameters={"id": inner}).titles == {}


def test_the_one_document_with_these_values_is_found_and_two_are_refused(shelf):
    first, _ = shelf.put({"place": "a", "price": "1"}, {"place": "a"})
    with shelf.operate() as ctx:
        assert find(ctx, "shelf.box", {"place": "a", "price": Decimal(1)}).id == first
        assert find(ctx, "shelf.box", {"place": "b"}) is None
        with pytest.raises(NotUnambiguous):
            find(ctx, "shelf.box", {"place": "a"})
