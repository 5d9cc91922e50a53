"""What is asked of the routes of the room, and answered, for the description of the API."""

from __future__ import annotations

from kernel.http.shapes import (
    ANYTHING,
    COUNT,
    FLAG,
    ID,
    TEXT,
    Schema,
    items_of,
    listed,
    members,
    named,
    nullable,
    one_of_words,
)
from kernel.reports.formats import XLSX_TYPE

FILES = ("text/csv", XLSX_TYPE)
# Others are there by the names of the report's own parameters.
QUERY: dict[str, Schema] = {"format": {**one_of_words("json", "csv", "xlsx"), "default": "json"}, "company_id": ID}

_PARAMETER = members(
    name=TEXT, type=TEXT, title=TEXT, description=TEXT, required=FLAG, default=nullable(TEXT), choices=listed(TEXT),
    link=nullable(TEXT),
)  # fmt: skip
REPORTS = items_of(
    members(name=TEXT, title=TEXT, description=TEXT, applet=TEXT, shape=TEXT, parameters=listed(_PARAMETER))
)
# Amounts are texts, integers numbers; what has no value is null.
_VALUES = named({"type": ["string", "integer", "boolean", "null"]})
_COLUMN = members({"scale": COUNT, "link": TEXT, "hidden": FLAG}, name=TEXT, title=TEXT, type=TEXT, measure=FLAG)
_ROW = members({"section": listed({}), "title": TEXT, "drill_down": ANYTHING}, kind=TEXT, level=COUNT, values=_VALUES)
RESULT = members(
    name=TEXT, title=TEXT, parameters=_VALUES, columns=listed(_COLUMN), rows=listed(_ROW), totals=_VALUES,
    results=listed(members(name=TEXT, title=TEXT, values=_VALUES)), titles=named(TEXT),
)  # fmt: skip
