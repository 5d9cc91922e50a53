"""Results as JSON, CSV and XLSX: no digit is lost and no text is computed."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from kernel.reports.errors import ReportFormatUnknown
from kernel.reports.formats import CSV_CHUNK_LINES, as_json, render, write_csv, write_xlsx
from kernel.reports.result import Line, ResultColumn
from tests.unit.kernel.reports.statement import DAY, DECIMAL, NET, SOME_DAY, TEXT, result

LINES = [
    Line("heading", {}, 0, ("a",), "Assets"),
    Line("row", {"name": "Cash", "day": SOME_DAY, "amount": Decimal("1250.00")}, 1, ("a",)),
    Line("row", {"name": "=cmd()", "day": None, "amount": Decimal("-0.50")}, 1, ("a",)),
    Line("total", {"amount": Decimal("1249.50")}, 0, ("a",), "Assets"),
]


def sheet(found):
    book = CalamineWorkbook.from_filelike(io.BytesIO(write_xlsx(found)))
    return book.get_sheet_by_index(0).to_python()


def table(found):
    return list(csv.reader(io.StringIO(b"".join(write_csv(found)).decode(), newline="")))


def test_json_has_amounts_as_text_of_their_scale():
    found = as_json(result(LINES, [TEXT, DAY, DECIMAL], totals={"amount": Decimal("1249.5")}, results=(NET,)))
    assert found["rows"][1] == {
        "kind": "row",
        "level": 1,
        "section": ["a"],
        "values": {"name": "Cash", "day": "2026-01-31", "amount": "1250.00"},
    }
    assert found["rows"][0] == {"kind": "heading", "level": 0, "section": ["a"], "title": "Assets", "values": {}}
    assert (found["totals"], found["results"][0]["values"]) == ({"amount": "1249.50"}, {"amount": "1.50"})
    assert found["columns"][2] == {
        "name": "amount", "title": "Amount", "type": "decimal", "scale": 2, "measure": True,
    }  # fmt: skip


def test_json_shows_whole_numbers_as_numbers_and_instants_in_utc():
    columns = [ResultColumn("count", "Count", "integer", 0), ResultColumn("at", "At", "instant")]
    line = Line("row", {"count": Decimal(3), "at": datetime(2026, 1, 31, 5, tzinfo=UTC)})
    assert as_json(result([line], columns))["rows"][0]["values"] == {"count": 3, "at": "2026-01-31T05:00:00Z"}


def test_json_fills_in_where_a_row_leads():
    leads = {"drill_down": {"report": "ledger.lines", "parameters": {"name": "name", "until": "param.until"}}}
    found = result(LINES, [TEXT], definition={**leads, "parameters": {"until": {"type": "date"}}})
    scope = {"param": {"until": SOME_DAY}}
    rows = as_json(type(found)(**{**found.__dict__, "scope": scope}))["rows"]
    assert rows[1]["drill_down"] == {"report": "ledger.lines", "parameters": {"name": "Cash", "until": "2026-01-31"}}
    assert "drill_down" not in rows[0]


def test_csv_has_headings_and_totals_as_lines_and_no_formulas():
    found = result(LINES, [TEXT, DAY, DECIMAL], totals={"amount": Decimal("1249.50")}, results=(NET,))
    assert table(found) == [
        ["Name", "Day", "Amount"],
        ["Assets", "", ""],
        ["Cash", "2026-01-31", "1250.00"],
        ["'=cmd()", "", "-0.50"],
        ["Total Assets", "", "1249.50"],
        ["Total", "", "1249.50"],
        ["Net", "", "1.50"],
    ]


def test_csv_comes_in_chunks_and_whole():
    lines = [Line("row", {"name": str(number)}) for number in range(2 * CSV_CHUNK_LINES + 1)]
    found = result(lines, [TEXT])
    assert len(list(write_csv(found))) == 3
    assert [row[0] for row in table(found)[1:]] == [str(number) for number in range(2 * CSV_CHUNK_LINES + 1)]


def test_hidden_columns_are_not_printed_and_links_are_shown_by_their_title():
    columns = [
        ResultColumn("id", "Id", "uuid", is_hidden=True),
        ResultColumn("customer", "Customer", "uuid", link="parties.party"),
    ]
    lines = [Line("row", {"id": "1", "customer": "c1"}), Line("row", {"id": "2", "customer": "c2"})]
    assert table(result(lines, columns, titles={"c1": "Ada"})) == [["Customer"], ["Ada"], ["c2"]]


def test_xlsx_has_real_numbers_and_dates():
    found = sheet(result(LINES, [TEXT, DAY, DECIMAL]))
    assert found[2] == ["Cash", SOME_DAY, 1250.0]
    assert found[3] == ["=cmd()", "", -0.5]


def test_xlsx_keeps_an_amount_of_too_many_digits_as_text():
    exact = Decimal("12345678901234567.89")
    lines = [Line("row", {"amount": amount}) for amount in (exact, Decimal("1234567890123.45"))]
    assert sheet(result(lines, [DECIMAL]))[1:] == [["12345678901234567.89"], [1234567890123.45]]


@pytest.mark.parametrize(("format", "media_type"), [("json", "application/json"), ("csv", "text/csv; charset=utf-8")])
def test_a_format_has_its_media_type(format, media_type):
    assert render(result(LINES, [TEXT]), format)[1] == media_type


def test_an_unknown_format_is_refused():
    with pytest.raises(ReportFormatUnknown):
        render(result(LINES, [TEXT]), "pdf")
