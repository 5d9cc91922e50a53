"""Texts of cells as values of the kinds a mapping declares."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from kernel.transfer.columns import Column, read_cells, read_columns
from sdk.definition import Reader


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        (Column("text"), " Ada ", " Ada "),
        (Column("decimal"), " 9.80000019 ", Decimal("9.80000019")),
        (Column("decimal", decimal_point=","), "1.234,50", Decimal("1234.50")),
        (Column("decimal"), 3, Decimal(3)),
        (Column("integer"), "42", 42),
        (Column("boolean"), "Yes", True),
        (Column("boolean"), "0", False),
        (Column("date"), "1996-07-04", date(1996, 7, 4)),
        (Column("date"), "1996-07-04 00:00:00", date(1996, 7, 4)),
        (Column("date", "%d.%m.%Y"), "04.07.1996", date(1996, 7, 4)),
        (Column("instant"), "2026-01-31T12:00:00+01:00", datetime(2026, 1, 31, 11, tzinfo=UTC)),
        (Column("decimal"), "", None),
        (Column("decimal"), None, None),
    ],
)
def test_a_cell_is_read(column, text, value):
    assert column.read(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [("decimal", "NaN"), ("decimal", "1,5"), ("integer", "1.5"), ("boolean", "maybe"), ("date", "1996-02-30"),
     ("instant", "2026-01-31T12:00:00")],
)  # fmt: skip
def test_a_cell_that_is_none_of_its_kind_is_a_fault_of_its_column(kind, text):
    faults = []
    read_cells({"cell": text, "other": "kept"}, {"cell": Column(kind)}, faults)
    assert [(fault.pointer, fault.rule) for fault in faults] == [("/cell", kind)]


def test_empty_cells_are_nothing_and_undeclared_ones_stay_text():
    assert read_cells({"a": "", "b": "1"}, {}, []) == {"a": None, "b": "1"}


def test_a_declaration_is_a_kind_or_says_more():
    faults = []
    data = {"columns": {"a": "decimal", "b": {"kind": "date", "format": "%d/%m/%y"}}}
    assert read_columns(Reader(data, faults), "columns") == {"a": Column("decimal"), "b": Column("date", "%d/%m/%y")}
    assert faults == []


def test_an_unknown_kind_is_refused_with_the_nearest():
    faults = []
    read_columns(Reader({"columns": {"a": "decimals", "b": {"kind": "date", "formt": "x"}}}, faults), "columns")
    assert [(f.pointer, f.rule, f.expected) for f in faults] == [
        ("/columns/a/kind", "enum", "decimal"),
        ("/columns/b/formt", "unknown_key", "format"),
    ]
