"""What an import or export was asked for, checked and as the JSON that is kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from kernel.context import KernelContext
from kernel.documents.listing import ListRequest, compile_list
from kernel.transfer.errors import MappingInvalid
from kernel.transfer.exporter import FileShape
from kernel.transfer.importer import ImportOptions
from kernel.transfer.mapping import ImportMapping, read_mapping
from kernel.transfer.reading import ExportRequest, check_fields, check_may_read
from kernel.transfer.sources import Dialect
from kernel.transfer.table import columns_of
from sdk.document_errors import CompanyRequired
from sdk.errors import Violation
from sdk.nearest import nearest_or_all
from sdk.schema import DocumentType

ON_EXISTING = ("skip", "update", "reject")


@dataclass(frozen=True)
class ImportRequest:
    """mapping: the content of a mapping file, None without one."""

    type: str
    format: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    mapping: Mapping[str, Any] | None = None
    key: str = ""
    on_existing: str = "skip"
    company_id: str | None = None
    is_rehearsal: bool = False

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**{name: stored[name] for name in cls.__dataclass_fields__ if name in stored})

    @property
    def dialect(self) -> Dialect:
        return Dialect(self.format, self.delimiter, self.encoding)

    def options(self, batch_size: int) -> ImportOptions:
        """Raises MappingInvalid."""
        plan = read_mapping(self.mapping) if self.mapping is not None else ImportMapping()
        plan = replace(plan, type=self.type, key=self.key or plan.key)
        return ImportOptions(
            self.type, plan, self.on_existing, self.company_id, batch_size, self.is_rehearsal  # type: ignore[arg-type]
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ExportOrder:
    """Documents and the shape of the file they go to. template: the name of the one it was made from."""

    wanted: ExportRequest
    shape: FileShape = field(default_factory=FileShape)
    template: str = ""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        wanted = dict(stored["wanted"])
        wanted["columns"] = [(title, path) for title, path in wanted["columns"]]
        return cls(ExportRequest(**wanted), FileShape(**stored["shape"]), stored.get("template", ""))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def check_import(ctx: KernelContext, asked: ImportRequest) -> ImportRequest:
    """The request with its company. Raises MappingInvalid, PermissionDenied, CompanyRequired."""
    type = ctx.runtime.catalogue.type(asked.type)
    ctx.permissions.check("create", type)
    options = asked.options(1)
    if options.mapping.joins:
        fault = Violation("/join", "join", "an uploaded file stands alone: there is nothing to join", "no join")
        raise MappingInvalid(violations=[fault])
    check_key(type, options.mapping.key)
    company = asked.company_id or ctx.company_id
    if asked.company_id and asked.company_id not in ctx.runtime.companies:
        raise CompanyRequired(type=type.name, company=asked.company_id, known=sorted(ctx.runtime.companies))
    return replace(asked, company_id=company if type.company == "required" else None)


def check_key(type: DocumentType, key: str) -> None:
    """A misspelt key would be found in no row, and every document be taken for a new one. Raises MappingInvalid."""
    known = [path for path in type.fields if "." not in path]
    if key and key not in known and not key.startswith("custom_"):
        fault = Violation("/key", "unknown_field", f"{type.name} has no field {key}", nearest_or_all(key, known))
        raise MappingInvalid(violations=[fault])


def check_export(ctx: KernelContext, order: ExportOrder) -> None:
    """Raises what the export itself would: PermissionDenied, MappingInvalid, InvalidExpression, Forbidden."""
    wanted = order.wanted
    type = ctx.runtime.catalogue.type(wanted.type)
    check_may_read(ctx, type)
    check_fields(type, wanted.shown)
    columns_of(type, wanted)
    compile_list(ctx, type, ListRequest(wanted.filter, wanted.parameters, tuple(wanted.sort)))
