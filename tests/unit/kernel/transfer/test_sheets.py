"""XLSX files read row by row: what spreadsheets write, and what nobody should."""

import io
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter

from kernel.transfer.errors import SourceTooLarge, SourceUnreadable
from kernel.transfer.sheet_parts import date_text, number_text
from kernel.transfer.sources import Dialect, Source
from kernel.transfer.unpacking import UNPACKED_BYTES_FREE

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
WORKBOOK = f'<workbook {MAIN} {RELATIONS}><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>'
RELS = '<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>'


def rows_of(data):
    return list(Source("given", io.BytesIO(data), Dialect("xlsx")).rows())


def values_of(data):
    return [row.values for row in rows_of(data)]


def made(write, **options):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, options) as book:
        write(book)
    return buffer.getvalue()


def packed(rows, texts=None, workbook=WORKBOOK, rels=RELS):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", workbook)
        archive.writestr("xl/_rels/workbook.xml.rels", rels)
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>")
        if texts is not None:
            archive.writestr("xl/sharedStrings.xml", texts)
    return buffer.getvalue()


def cell(text):
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def row(*texts):
    return f"<row>{''.join(map(cell, texts))}</row>"


@pytest.mark.parametrize("options", [{}, {"constant_memory": True}])
def test_cells_of_every_kind_are_the_texts_people_see(options):
    def write(book):
        sheet = book.add_worksheet()
        day, moment = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "d.m.yy hh:mm"})
        for place, name in enumerate("abcdefgh"):
            sheet.write_string(0, place, name)
        sheet.write_string(1, 0, " Käse & <b>\n")
        sheet.write_number(1, 1, 0.1 + 0.2)
        sheet.write_number(1, 2, 12345678901234)
        sheet.write_boolean(1, 3, True)
        sheet.write_datetime(1, 4, date(2026, 3, 31), day)
        sheet.write_datetime(1, 5, datetime(2026, 3, 31, 12, 30), moment)  # noqa: DTZ001 - a cell has no zone
        sheet.write_formula(1, 6, "=1+1", None, "two")

    (found,) = values_of(made(write, **options))
    assert list(found.values()) == [
        " Käse & <b>\n", "0.3", "12345678901234", "true", "2026-03-31", "2026-03-31T12:30:00Z", "two", "",
    ]  # fmt: skip


def test_a_sheet_with_the_same_header_continues_the_first_and_others_are_left_out():
    def write(book):
        for header, values in (("code", "A"), ("other", "X"), ("code", "B")):
            sheet = book.add_worksheet()
            sheet.write_string(0, 0, header)
            sheet.write_string(1, 0, values)

    assert [(found.number, found.values) for found in rows_of(made(write))] == [(1, {"code": "A"}), (2, {"code": "B"})]


def test_empty_rows_are_no_rows_and_missing_cells_are_empty():
    rows = f'{row("a", "b")}<row r="2"/><row r="3"><c r="B3" t="str"><v>x</v></c></row>'
    assert values_of(packed(rows)) == [{"a": "", "b": "x"}]


def test_texts_in_runs_are_one_text_without_how_it_is_spoken():
    texts = f"<sst {MAIN}><si><r><t>Ka</t></r><r><t>nji</t></r><rPh><t>spoken</t></rPh></si></sst>"
    assert values_of(packed(f'{row("a")}<row><c t="s"><v>0</v></c></row>', texts)) == [{"a": "Kanji"}]


def test_escapes_are_characters_and_two_of_them_may_be_one():
    assert values_of(packed(row("a") + row("_x0041__x005F_ _xD83D__xDE00_"))) == [{"a": "A_ \U0001f600"}]


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ('<c t="s"><v>7</v></c>', "a cell names a text that is not there"),
        ('<c t="e"><v>#DIV/0!</v></c>', "a cell holds an error: #DIV/0!"),
        (cell("x") + cell("y"), "the row has 2 cells and the header 1"),
        (cell("x" * 40_000), "a cell has more than 32767 characters"),
        ('<c r="XFE1" t="str"><v>x</v></c><c r="A1" t="str"><v>y</v></c>', "the row has more than 16384 cells"),
        (cell("_x0000_"), "the row has a NUL character"),
        (cell("_xD800_"), "the row has half of a surrogate pair, which is no character"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_and_the_next_is_read(cells, fault):
    found = rows_of(packed(f"{row('a')}<row>{cells}</row>{row('good')}"))
    assert [each.fault for each in found] == [fault, ""]
    assert found[1].values == {"a": "good"}


BOMB = f"{row('a')}{' ' * (UNPACKED_BYTES_FREE * 2)}"
TEXT_BOMB = f"<sst {MAIN}><si><t>{'x' * (UNPACKED_BYTES_FREE * 2)}</t></si></sst>"
DOCTYPE = '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (lambda: packed(BOMB), SourceTooLarge),
        (lambda: packed(row("a"), TEXT_BOMB), SourceTooLarge),
        (lambda: packed(row("a"), workbook=DOCTYPE + WORKBOOK), SourceUnreadable),
        (lambda: packed(row("a"), workbook=OUTSIDE + WORKBOOK), SourceUnreadable),
        (lambda: packed(f'{row("a")}<row x="{"y" * 3_000_000}"/>'), SourceUnreadable),
        (lambda: packed("<row><c>"), SourceUnreadable),
        (lambda: packed(row("a", "a")), SourceUnreadable),
        (lambda: packed(row("a"), rels=RELS.replace("worksheets/", "../../../etc/")), SourceUnreadable),
        (lambda: packed(row("a"))[:-40], SourceUnreadable),
        (lambda: b"code,name\nA,Ada\n", SourceUnreadable),
        (lambda: b"", SourceUnreadable),
    ],
    ids=["bomb", "text bomb", "entities", "outer entity", "endless tag", "broken", "header", "path", "cut", "csv", ""],
)  # fmt: skip
def test_what_no_spreadsheet_writes_is_refused_within_bounds(data, error):
    with pytest.raises(error):
        rows_of(data())


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1", "1"), ("-3", "-3"), ("0.30000000000000004", "0.3"), ("1E-3", "0.001"), ("1.5E+3", "1500"),
     ("1E+300", "1E+300"), ("NaN", "NaN"), ("x", "x")],
)  # fmt: skip
def test_numbers_are_written_as_people_write_them(text, shown):
    assert number_text(text) == shown


@pytest.mark.parametrize(
    ("serial", "is_1904", "shown"),
    [("1", False, "1900-01-01"), ("61", False, "1900-03-01"), ("46112", False, "2026-03-31"), ("0", True, "1904-01-01"),
     ("46112.75", False, "2026-03-31T18:00:00Z"), ("-1", False, "-1"), ("1e300", False, "1e300"), ("x", False, "x")],
)  # fmt: skip
def test_days_are_counted_as_spreadsheets_do(serial, is_1904, shown):
    assert date_text(serial, is_1904=is_1904) == shown
