"""Export templates: what to export and how, kept as documents of the tenant under a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.context import KernelContext
from kernel.documents.queries import find
from kernel.transfer.errors import MappingInvalid, TemplateInvalid, TemplateUnknown
from kernel.transfer.exporter import FileShape
from kernel.transfer.reading import ExportRequest
from kernel.transfer.requests import ExportOrder
from kernel.transfer.table import columns_of
from sdk.errors import Violation
from sdk.nearest import nearest_or_all

TEMPLATE_TYPE = "kernel.export_template"


def read_template(ctx: KernelContext, name: str, parameters: Mapping[str, Any] | None = None) -> ExportOrder:
    """What the template of this name asks for, with the parameters of its filter.

    Raises TemplateUnknown, also where the caller may not read it; TemplateInvalid where it fits no type any more.
    """
    found = find(ctx, TEMPLATE_TYPE, {"name": name})
    if found is None:
        raise TemplateUnknown(name=name)
    data = found.fields
    types = ctx.runtime.catalogue.types
    if data["document_type"] not in types:
        message = f"there is no document type {data['document_type']}"
        fault = Violation("/document_type", "unknown_type", message, nearest_or_all(data["document_type"], types))
        raise TemplateInvalid(name=name, violations=[fault])
    wanted = ExportRequest(
        data["document_type"],
        data.get("filter", ""),
        dict(parameters or {}),
        sort=tuple(data.get("sort", ())) or ("id",),
        lines=data.get("lines", ""),
        columns=tuple((column["title"], column["path"]) for column in data["columns"]),
    )
    try:
        columns_of(types[wanted.type], wanted)
    except MappingInvalid as error:
        raise TemplateInvalid(name=name, violations=error.violations) from None
    shape = FileShape(
        data["format"], data.get("is_packed", False), data.get("is_raw", False), data.get("sheet", "")
    )  # fmt: skip
    return ExportOrder(wanted, shape, name)
