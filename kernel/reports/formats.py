"""A result as JSON, CSV and XLSX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from kernel.lazy import LazyModule
from kernel.reports.errors import ReportFormatUnknown, ReportTextTooLong
from kernel.reports.result import Line, ReportResult, ResultColumn
from sdk.definition import roots
from sdk.reports import DrillDown
from sdk.values import decimal_text, instant_text

xlsxwriter = LazyModule("xlsxwriter")

TOTAL = "Total"
OPENING = "Opening balance"
CSV_CHUNK_LINES = 1_000
# A spreadsheet computes with binary floating point: more digits than these would not come back as they went in.
XLSX_DIGITS_EXACT = 15
# Its calendar begins there: an earlier day would be shown as none.
XLSX_YEAR_MIN = 1900
XLSX_CHARACTERS_MAX = 32_767
# Cells a spreadsheet would take for a formula, were they not made a text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

JSON_TYPE = "application/json"
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def render(result: ReportResult, format: str) -> tuple[Any, str, dict[str, str]]:
    """The body, its media type and headers. Raises ReportFormatUnknown."""
    if format == "json":
        return as_json(result), JSON_TYPE, {}
    file = {"content-disposition": f'attachment; filename="{result.report.name}.{format}"'}
    if format == "csv":
        return b"".join(write_csv(result)), CSV_TYPE, file
    if format == "xlsx":
        return write_xlsx(result), XLSX_TYPE, file
    raise ReportFormatUnknown(format=format)


def as_json(result: ReportResult) -> dict[str, Any]:
    """What the API answers: amounts as text, rounded; see docs/reports.md."""
    report = result.report
    return {
        "name": report.name,
        "title": report.title,
        "parameters": {name: _json_value(value, None) for name, value in result.parameters.items()},
        "columns": [_json_column(column) for column in result.columns],
        "rows": _json_lines(result),
        "totals": _json_values(result.totals, result.columns),
        "results": [
            {"name": line.name, "title": line.title, "values": _json_values(line.values, result.columns)}
            for line in result.results
        ],
        "titles": dict(result.titles),
    }


def write_csv(result: ReportResult) -> Iterator[bytes]:
    """RFC 4180 in UTF-8, in chunks of lines. A text that a spreadsheet would compute gets an apostrophe before it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([_harmless(column.title) for column in result.shown])
    for number, cells in enumerate(_printed(result), 1):
        writer.writerow([_csv_cell(value, column) for value, column in zip(cells, result.shown, strict=True)])
        if number % CSV_CHUNK_LINES == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def write_xlsx(result: ReportResult) -> bytes:
    """One sheet with real numbers and dates. An amount of more than 15 digits stands as text, digit for digit."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        formats = [book.add_format({"num_format": _number_format(column)}) for column in result.shown]
        for place, column in enumerate(result.shown):
            sheet.write_string(0, place, column.title, bold)
        for number, cells in enumerate(_printed(result), 1):
            for place, (value, column) in enumerate(zip(cells, result.shown, strict=True)):
                _write_cell(sheet, (number, place), value, column, formats[place])
    return buffer.getvalue()


def _printed(result: ReportResult) -> Iterator[list[Any]]:
    """Every line as the values of the shown columns; headings and words of totals stand in the first cell."""
    shown = result.shown
    for line in result.lines:
        yield _cells(result, line.values, shown, _caption(line))
    if result.totals:
        yield _cells(result, result.totals, shown, TOTAL)
    for computed in result.results:
        yield _cells(result, computed.values, shown, computed.title)


def _caption(line: Line) -> str | None:
    if line.kind == "heading":
        return line.title
    if line.kind == "total":
        return f"{TOTAL} {line.title}".strip()
    return OPENING if line.kind == "opening" else None


def _cells(
    result: ReportResult, values: Mapping[str, Any], shown: Sequence[ResultColumn], caption: str | None
) -> list[Any]:
    cells: list[Any] = [values.get(column.name) for column in shown]
    for place, column in enumerate(shown):
        id = cells[place]
        if column.link and id is not None:
            cells[place] = result.titles.get(id, id)
    if caption is not None and cells and cells[0] is None:
        cells[0] = caption
    return cells


def _csv_cell(value: Any, column: ResultColumn) -> str:
    if value is None:
        return ""
    return _harmless(value) if isinstance(value, str) else str(_json_value(value, column))


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _number_format(column: ResultColumn) -> str:
    if column.type == "date":
        return "yyyy-mm-dd"
    if column.type == "instant":
        return "yyyy-mm-dd hh:mm:ss"
    if column.type == "integer" or column.scale == 0:
        return "#,##0"
    return "#,##0." + "0" * column.scale if column.scale else "General"


def _write_cell(sheet: Any, place: tuple[int, int], value: Any, column: ResultColumn, format: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(*place, value)
    elif isinstance(value, Decimal):
        if len(value.as_tuple().digits) > XLSX_DIGITS_EXACT:
            sheet.write_string(*place, str(_json_value(value, column)))
        else:
            sheet.write_number(*place, float(value), format)
    elif isinstance(value, date) and value.year < XLSX_YEAR_MIN:
        sheet.write_string(*place, str(_json_value(value, column)))
    elif isinstance(value, datetime):
        sheet.write_datetime(*place, value.astimezone(UTC).replace(tzinfo=None), format)
    elif isinstance(value, date):
        sheet.write_datetime(*place, value, format)
    else:
        sheet.write_string(*place, _fitting(str(value)))


def _fitting(text: str) -> str:
    """xlsxwriter would cut it off."""
    if len(text) > XLSX_CHARACTERS_MAX:
        raise ReportTextTooLong(limit="text", characters=len(text), maximum=XLSX_CHARACTERS_MAX)
    return text


def _json_column(column: ResultColumn) -> dict[str, Any]:
    found = {
        "name": column.name,
        "title": column.title,
        "type": column.type,
        "scale": column.scale,
        "link": column.link,
        "hidden": column.is_hidden or None,
    }
    return {key: value for key, value in found.items() if value is not None} | {"measure": column.is_measure}


def _json_lines(result: ReportResult) -> list[dict[str, Any]]:
    down = result.report.drill_down
    leads = _Leads(down, result.scope) if down is not None else None
    return [_json_line(result, line, leads) for line in result.lines]


def _json_line(result: ReportResult, line: Line, leads: _Leads | None) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": line.kind, "level": line.level}
    if line.section:
        found["section"] = [_json_value(value, None) for value in line.section]
    if line.title is not None:
        found["title"] = line.title
    found["values"] = _json_values(line.values, result.columns)
    if line.kind == "row" and leads is not None:
        found["drill_down"] = leads.of(line.values)
    return found


class _Leads:
    """Where rows lead. What does not depend on the row is worked out once."""

    def __init__(self, down: DrillDown, scope: Mapping[str, Any]) -> None:
        self._down, self._scope = down, scope
        fixed = {name: value for name, value in down.parameters.items() if roots(value) <= scope.keys()}
        self._fixed = {name: _json_value(value.evaluate(scope), None) for name, value in fixed.items()}
        self._varying = {name: value for name, value in down.parameters.items() if name not in fixed}

    def of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """With the values its parameters have in this row."""
        scope, down = {**row, **self._scope}, self._down
        if down.kind == "document":
            return {"document": None if down.document is None else down.document.evaluate(scope), "type": down.target}
        given = {name: _json_value(value.evaluate(scope), None) for name, value in self._varying.items()}
        found: dict[str, Any] = {down.kind: down.target, "parameters": {**self._fixed, **given}}
        return found if down.filter is None else found | {"filter": down.filter.source}


def _json_values(values: Mapping[str, Any], columns: Sequence[ResultColumn]) -> dict[str, Any]:
    found = {}
    for column in columns:
        name = column.name
        if name in values:
            value = values[name]
            # Most are texts and nothing, which are what they are.
            found[name] = value if value is None or value.__class__ is str else _json_value(value, column)
    return found


def _json_value(value: Any, column: ResultColumn | None) -> Any:
    if isinstance(value, Decimal):
        if column is not None and column.type == "integer":
            return int(value)
        return decimal_text(value, column.scale if column else None)
    if isinstance(value, datetime):
        return instant_text(value)
    return value.isoformat() if isinstance(value, date) else value
