"""Casting between JSON and Python values."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from sdk.schema import DocumentType, dump, load

UUID = "01890a5d-ac96-774b-bcce-b302099a8057"
ORDER = DocumentType.from_schema(
    "shop.order",
    {
        "properties": {
            "customer": {"x-link": "shop.party"},
            "on": {"format": "date"},
            "at": {"format": "date-time"},
            "total": {"x-decimal": {"scale": 2, "min": "-10", "max": 1000000}},
            "rate": {"format": "decimal"},
            "units": {"x-decimal": {"scale": 0}},
            "count": {"type": "integer"},
            "paid": {"type": "boolean"},
            "text": {"type": "string"},
            "open": {"type": "object"},
            "tags": {"items": {"format": "date"}},
            "to": {"properties": {"since": {"format": "date"}}},
            "lines": {"items": {"properties": {"amount": {"x-decimal": {"scale": 2}}, "on": {"format": "date"}}}},
        }
    },
)


def only_fault(**data):
    _, violations = load(ORDER, data)
    (violation,) = violations
    return violation.pointer, violation.rule


@pytest.mark.parametrize(
    ("field", "value", "loaded", "dumped"),
    [
        ("total", "1250", Decimal("1250.00"), "1250.00"),
        ("total", "1250.5", Decimal("1250.50"), "1250.50"),
        ("total", "1250.500", Decimal("1250.50"), "1250.50"),
        ("total", 7, Decimal("7.00"), "7.00"),
        ("total", "-0.00", Decimal("0.00"), "0.00"),
        ("total", "007.10", Decimal("7.10"), "7.10"),
        ("total", Decimal("2.345"), Decimal("2.35"), "2.35"),
        ("total", Decimal("-2.345"), Decimal("-2.35"), "-2.35"),
        ("total", Decimal("1E+3"), Decimal("1000.00"), "1000.00"),
        ("rate", "1.2300", Decimal("1.2300"), "1.23"),
        ("rate", "100", Decimal(100), "100"),
        ("rate", Decimal("0E-50"), Decimal(0), "0"),
        ("rate", "0.00000000000000000001", Decimal("1E-20"), "0.00000000000000000001"),
        ("units", "12", Decimal(12), "12"),
        ("units", "12.0", Decimal(12), "12"),
        ("on", "2026-01-31", date(2026, 1, 31), "2026-01-31"),
        ("on", date(2026, 1, 31), date(2026, 1, 31), "2026-01-31"),
        ("at", "2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T12:00:00Z"),
        (
            "at",
            "2026-01-31t12:00:00.5+02:00",
            datetime(2026, 1, 31, 10, 0, 0, 500000, UTC),
            "2026-01-31T10:00:00.500000Z",
        ),
        (
            "at",
            datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))),
            datetime(2025, 12, 31, 23, tzinfo=UTC),
            "2025-12-31T23:00:00Z",
        ),
        ("customer", UUID.upper(), UUID, UUID),
        ("count", 5, 5, 5),
        ("count", Decimal("5.0"), 5, 5),
        ("paid", False, False, False),
        ("text", "Tää 🐍", "Tää 🐍", "Tää 🐍"),
        ("open", {"a": [1, None, {"b": None}], "c": None}, {"a": [1, None, {}]}, {"a": [1, None, {}]}),
        ("tags", ["2026-01-01"], [date(2026, 1, 1)], ["2026-01-01"]),
        ("to", {"since": "2026-01-01"}, {"since": date(2026, 1, 1)}, {"since": "2026-01-01"}),
        ("lines", [{"amount": "1.5", "on": None}], [{"amount": Decimal("1.50")}], [{"amount": "1.50"}]),
        ("lines", ({"amount": 1},), [{"amount": Decimal(1)}], [{"amount": "1.00"}]),
        ("custom_size", {"a": 1.5}, {"a": 1.5}, {"a": 1.5}),
    ],
)
def test_values_come_in_and_go_out(field, value, loaded, dumped):
    values, violations = load(ORDER, {field: value})
    assert violations == []
    assert values == {field: loaded}
    assert type(values[field]) is type(loaded)
    assert dump(ORDER, values) == {field: dumped}
    assert load(ORDER, values) == (values, [])
    assert load(ORDER, {field: dumped}) == (values, [])


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("total", 1.5, "decimal_text"),
        ("total", float("nan"), "decimal_text"),
        ("total", True, "decimal_text"),
        ("total", "NaN", "decimal_text"),
        ("total", "Infinity", "decimal_text"),
        ("total", "1e3", "decimal_text"),
        ("total", "1_000", "decimal_text"),
        ("total", " 1", "decimal_text"),
        ("total", "1.", "decimal_text"),
        ("total", "١٢", "decimal_text"),
        ("total", "", "decimal_text"),
        ("total", "+1", "decimal_text"),
        ("total", "1" * 39, "decimal_text"),
        ("total", 10**38, "decimal_text"),
        ("total", Decimal("NaN"), "decimal_text"),
        ("total", [], "decimal_text"),
        ("total", Decimal("1E+999999"), "decimal_text"),
        ("total", {"a": 1}, "decimal_text"),
        ("total", "1\n", "decimal_text"),
        ("total", "1.005", "decimal_scale"),
        ("units", "0.5", "decimal_scale"),
        ("total", "-10.01", "decimal_min"),
        ("total", "1000000.01", "decimal_max"),
        ("on", "2026-02-30", "date"),
        ("on", "20260131", "date"),
        ("on", "2026-W01-1", "date"),
        ("on", 20260131, "date"),
        ("on", datetime(2026, 1, 1, tzinfo=UTC), "date"),
        ("on", "٢٠٢٦-01-01", "date"),
        ("at", "2026-01-31", "date-time"),
        ("at", "2026-01-31T12:00:00", "date-time"),
        ("at", "2026-01-31T25:00:00Z", "date-time"),
        ("at", "0001-01-01T00:00:00+23:59", "date-time"),
        ("at", datetime(2026, 1, 1), "date-time"),  # noqa: DTZ001
        ("text", 5, "type"),
        ("text", "a\x00b", "text_nul"),
        ("text", "a\ud800", "text_unicode"),
        ("text", b"a", "type"),
        ("customer", 5, "type"),
        ("count", "5", "type"),
        ("count", 5.0, "type"),
        ("count", True, "type"),
        ("count", 2**63, "integer_size"),
        ("paid", 1, "type"),
        ("paid", "true", "type"),
        ("open", [], "type"),
        ("open", {"a": float("inf")}, "number"),
        ("open", {"a": 2**64}, "integer_size"),
        ("open", {"a\x00": 1}, "text_nul"),
        ("lines", {}, "type"),
        ("lines", "ab", "type"),
        ("to", [], "type"),
        ("custom_x", float("nan"), "number"),
    ],
)
def test_values_of_a_wrong_kind_are_refused(field, value, rule):
    assert only_fault(**{field: value}) == (f"/{field}", rule)


def test_all_faults_of_all_lines_come_with_their_pointers():
    lines = [{"amount": "1"}, {"amount": 1.5, "on": "x"}, 7, {"amount": "1.234"}]
    values, violations = load(ORDER, {"lines": lines, "to": {"since": "never"}, "text": "kept"})
    assert [(violation.pointer, violation.rule) for violation in violations] == [
        ("/lines/1/amount", "decimal_text"), ("/lines/1/on", "date"), ("/lines/2", "type"),
        ("/lines/3/amount", "decimal_scale"), ("/to/since", "date"),
    ]  # fmt: skip
    assert values["text"] == "kept"
    assert values["lines"][0] == {"amount": Decimal("1.00")}
    assert violations[0].expected == 'a decimal number as text, such as "1250.00"'


def test_names_are_escaped_in_pointers():
    assert only_fault(**{"a/b~c": "\x00"}) == ("/a~1b~0c", "text_nul")


def test_nulls_are_dropped_at_any_depth():
    assert load(ORDER, {"text": None, "to": {"since": None}}) == ({"to": {}}, [])


def test_open_objects_are_bounded_in_depth():
    nested = {}
    for _ in range(40):
        nested = {"a": nested}
    _, (violation,) = load(ORDER, {"open": nested})
    assert violation.rule == "depth"


@pytest.mark.parametrize("data", [[], None, "x", 5])
def test_what_is_no_object_is_no_document(data):
    values, (violation,) = load(ORDER, data)
    assert values == {}
    assert (violation.pointer, violation.rule) == ("", "type")


def test_dumping_leaves_what_is_wrong_for_the_validator():
    wrong = {"total": 1.5, "on": "x", "lines": "x", "rate": Decimal("NaN"), "to": 5}
    assert {name: repr(value) for name, value in dump(ORDER, wrong).items()} == {
        name: repr(value) for name, value in wrong.items()
    }


def test_numbers_too_long_to_be_written_are_refused():
    huge = 10**10_000
    assert only_fault(total=huge) == ("/total", "decimal_text")
    assert only_fault(count=huge) == ("/count", "integer_size")
    assert only_fault(total="9" * 100_000) == ("/total", "decimal_text")
