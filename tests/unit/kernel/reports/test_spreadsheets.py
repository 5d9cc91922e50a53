"""What a spreadsheet gets: no text it would compute, no amount or day it would show as another one."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from kernel.reports.formats import as_json, write_csv, write_xlsx
from kernel.reports.result import Line, ResultColumn, ResultLine
from tests.unit.kernel.reports.statement import DAY, DECIMAL, TEXT, result

MOMENT = ResultColumn("at", "At", "instant")
FORMULAS = ["=1+1", "=cmd|'/c calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x.example")']


def sheet(lines, columns, **more):
    book = CalamineWorkbook.from_filelike(io.BytesIO(write_xlsx(result(lines, columns, **more))))
    return book.get_sheet_by_index(0).to_python()


def table(lines, columns, **more):
    text = b"".join(write_csv(result(lines, columns, **more))).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def row(**values):
    return [Line("row", values)]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_looks_like_a_formula_is_a_text_wherever_it_stands_in_csv(text):
    linked = ResultColumn("id", text, "uuid", link="parties.party")
    lines = [
        *row(id="c1"),
        Line("heading", {}, 0, ("a",), text),
        Line("total", {}, 0, ("a",), text),
    ]
    found = table(lines, [linked], titles={"c1": text}, results=(ResultLine("net", text, {}),))
    assert found == [[f"'{text}"], [f"'{text}"], [f"'{text}"], [f"Total {text}".strip()], [f"'{text}"]]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_looks_like_a_formula_is_no_formula_in_a_sheet(text):
    lines = [*row(name=text), Line("heading", {}, 0, ("a",), text)]
    column = ResultColumn("name", text, "text")
    book = CalamineWorkbook.from_filelike(io.BytesIO(write_xlsx(result(lines, [column]))))
    assert book.get_sheet_by_index(0).to_python() == [[text]] * 3


@pytest.mark.parametrize(
    "text", ['quote " in it', "two\nlines", "semi;colon, comma", "tab\tin it", "ünïcödé 😀", "\x01"]
)
def test_texts_come_back_from_both_files_as_they_were(text):
    assert table(row(name=text), [TEXT])[1] == [text]
    assert sheet(row(name=text), [TEXT])[1] == [text]


@pytest.mark.parametrize(
    "amount", ["0.00", "-0.01", "0.10", "1234567890123.45", "-9999999999999.99", "1000000000000.00"]
)
def test_amounts_a_spreadsheet_holds_are_numbers_of_every_digit(amount):
    (cell,) = sheet(row(amount=Decimal(amount)), [DECIMAL])[1]
    assert isinstance(cell, float)
    assert Decimal(repr(cell)) == Decimal(amount)
    assert table(row(amount=Decimal(amount)), [DECIMAL])[1] == [amount]


@pytest.mark.parametrize("amount", ["99999999999999.99", "-12345678901234567890.12", "9007199254740993.00"])
def test_amounts_of_more_digits_are_texts_in_a_sheet_and_exact_in_all_files(amount):
    value = Decimal(amount)
    assert sheet(row(amount=value), [DECIMAL])[1] == [amount]
    assert table(row(amount=value), [DECIMAL])[1] == [amount]
    assert as_json(result(row(amount=value), [DECIMAL]))["rows"][0]["values"] == {"amount": amount}


def test_an_amount_without_a_scale_has_no_exponent():
    plain = ResultColumn("amount", "Amount", "decimal")
    assert table(row(amount=Decimal("1E+20")), [plain])[1] == ["1" + "0" * 20]
    assert table(row(amount=Decimal("1E-9")), [plain])[1] == ["0.000000001"]


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1899, 12, 31)])
def test_a_day_before_the_calendar_of_spreadsheets_is_a_text(day):
    assert sheet(row(day=day), [DAY])[1] == [day.isoformat()]
    assert table(row(day=day), [DAY])[1] == [day.isoformat()]


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(2024, 2, 29), date(9999, 12, 31)])
def test_a_day_within_it_is_a_day(day):
    assert sheet(row(day=day), [DAY])[1] == [day]


def test_an_instant_is_shown_in_utc():
    at = datetime.fromisoformat("2026-01-31T23:30:00-02:00")
    assert sheet(row(at=at), [MOMENT])[1] == [datetime(2026, 2, 1, 1, 30, tzinfo=UTC).replace(tzinfo=None)]
    assert table(row(at=at), [MOMENT])[1] == ["2026-02-01T01:30:00Z"]
    assert sheet(row(at=datetime(1850, 1, 1, tzinfo=UTC)), [MOMENT])[1] == ["1850-01-01T00:00:00Z"]


def test_a_report_of_nothing_has_its_header():
    assert table([], [TEXT, DECIMAL]) == [["Name", "Amount"]]
    assert sheet([], [TEXT, DECIMAL]) == [["Name", "Amount"]]


def test_nothing_and_an_empty_text_are_empty_cells():
    assert table([*row(name=None), *row(name="x")], [TEXT, DAY])[1:] == [["", ""], ["x", ""]]


def test_a_truth_is_a_truth_in_a_sheet():
    column = ResultColumn("paid", "Paid", "boolean")
    assert sheet([*row(paid=True), *row(paid=False)], [column])[1:] == [[True], [False]]
