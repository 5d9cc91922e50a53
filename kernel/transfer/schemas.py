"""Request bodies at the HTTP edge."""

from __future__ import annotations

import json
from typing import Any, Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from kernel.context import KernelContext
from kernel.http.errors import InvalidRequest
from kernel.http.parameters import Reader, one_of, read_flag, read_parameters
from kernel.transfer.exporter import FileShape
from kernel.transfer.reading import ExportRequest
from kernel.transfer.requests import ON_EXISTING, ExportOrder, ImportRequest
from kernel.transfer.sources import FORMATS
from kernel.transfer.templates import read_template
from sdk.errors import Violation

MAPPING_CHARACTERS_MAX = 32_000
TEXT_LENGTH_MAX = 4_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson", "xlsx": XLSX}
_FORMATS_BY_TYPE = {
    "text/csv": "csv", "application/x-ndjson": "jsonl", "application/jsonl": "jsonl", "application/ndjson": "jsonl",
    XLSX: "xlsx",
}  # fmt: skip


class Column(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=200)
    path: str = Field(min_length=1, max_length=200)


class NewExport(BaseModel):
    """template: the name of one, which says all but the parameters."""

    model_config = ConfigDict(extra="forbid")

    template: str | None = Field(default=None, max_length=100)
    type: str | None = Field(default=None, max_length=130)
    format: Literal["csv", "jsonl", "xlsx"] = "csv"
    filter: str = Field(default="", max_length=TEXT_LENGTH_MAX)
    parameters: dict[str, Any] = Field(default_factory=dict)
    fields: list[str] = Field(default_factory=list, max_length=500)
    columns: list[Column] = Field(default_factory=list, max_length=500)
    sort: list[str] = Field(default_factory=list, max_length=5)
    lines: str = Field(default="", max_length=200)
    sheet: str = Field(default="", max_length=31)
    gzip: bool = False
    raw: bool = False

    def order(self, ctx: KernelContext) -> ExportOrder:
        """Raises InvalidRequest, TemplateUnknown, TemplateInvalid."""
        if self.template is not None:
            others = sorted(self.model_fields_set - {"template", "parameters"})
            if others:
                faults = [Violation(f"/{name}", "template", "the template says that already") for name in others]
                raise InvalidRequest(violations=faults)
            return read_template(ctx, self.template, self.parameters)
        if self.type is None:
            fault = Violation("/type", "required", "nothing says what is to be exported", "type or template")
            raise InvalidRequest(violations=[fault])
        wanted = ExportRequest(
            self.type, self.filter, self.parameters, tuple(self.fields), tuple(self.sort) or ("id",), self.lines,
            tuple((column.title, column.path) for column in self.columns),
        )  # fmt: skip
        return ExportOrder(wanted, FileShape(self.format, self.gzip, self.raw, self.sheet))


def read_import(request: Request) -> ImportRequest:
    """What the query of an upload asks for; the format is said there or by the content type. Raises InvalidRequest."""
    given = read_parameters(request, IMPORT_PARAMETERS)
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    format = given.get("format") or _FORMATS_BY_TYPE.get(media_type)
    faults = []
    if "type" not in given:
        faults.append(Violation("/type", "required", "nothing says what is to be imported", "a document type"))
    if format is None:
        faults.append(Violation("/format", "required", "nothing says how the file is written", ", ".join(FORMATS)))
    if faults:
        raise InvalidRequest(violations=faults)
    return ImportRequest(
        type=given["type"],
        format=str(format),
        delimiter=given.get("delimiter", ","),
        encoding=given.get("encoding", "utf-8"),
        mapping=given.get("mapping"),
        key=given.get("key", ""),
        on_existing=given.get("on_existing", "skip"),
        company_id=given.get("company_id"),
        is_rehearsal=given.get("dry_run", False),
    )


def _read_mapping(text: str) -> Any:
    if len(text) > MAPPING_CHARACTERS_MAX:
        raise ValueError(f"at most {MAPPING_CHARACTERS_MAX} characters")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("JSON of few levels") from None


IMPORT_PARAMETERS: dict[str, Reader] = {
    "type": str, "format": one_of(FORMATS), "delimiter": str, "encoding": str, "mapping": _read_mapping, "key": str,
    "on_existing": one_of(ON_EXISTING), "company_id": str, "dry_run": read_flag,
}  # fmt: skip
