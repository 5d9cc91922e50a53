"""What applets hold in their hands as `ctx.documents`, `ctx.registers` and so on, over the fake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sdk.context import Page
from sdk.document import Document
from sdk.document_errors import DocumentNotFound
from sdk.event import Event
from sdk.registers import Balance, Movement
from sdk.testing import documents, events, queries, registers, reports
from sdk.testing.transaction import Transaction


@dataclass(frozen=True, slots=True)
class FakeDocuments:
    """`sdk.context.Documents`."""

    ctx: Transaction

    def get(self, type: str, id: str, *, lock: bool = False) -> Document:
        if lock:
            return documents.for_change(self.ctx, self.ctx.catalogue.type(type), id, "read", None)
        document = documents.read(self.ctx, self.ctx.catalogue.type(type), id)
        if document.is_deleted:
            raise DocumentNotFound(resource=type, id=id)
        return document

    def find(self, type: str, **fields: Any) -> Document | None:
        return queries.find(self.ctx, type, fields)

    def query(
        self,
        type: str,
        filter: str = "",
        *,
        parameters: Mapping[str, Any] | None = None,
        sort: Sequence[str] = (),
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        return queries.query(self.ctx, type, filter, parameters or {}, sort, limit, cursor)

    def create(self, type: str, data: Mapping[str, Any], *, company_id: str | None = None) -> Document:
        return documents.create(self.ctx, type, data, company_id)

    def update(self, type: str, id: str, patch: Mapping[str, Any], *, version: int | None = None) -> Document:
        return documents.update(self.ctx, type, id, patch, version)

    def delete(self, type: str, id: str, *, version: int | None = None) -> None:
        documents.delete(self.ctx, type, id, version)

    def restore(self, type: str, id: str) -> Document:
        return documents.restore(self.ctx, type, id)

    def perform(
        self,
        type: str,
        id: str,
        action: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
    ) -> Document:
        return documents.perform(self.ctx, type, id, action, arguments or {}, version)


@dataclass(frozen=True, slots=True)
class FakeRegisters:
    """`sdk.context.Registers`."""

    ctx: Transaction

    def record(
        self,
        document: Document,
        register: str,
        *,
        occurred_at: date | datetime,
        dimensions: Mapping[str, str],
        resources: Mapping[str, Decimal],
    ) -> None:
        movement = Movement(register, occurred_at, dict(dimensions), dict(resources), document.company_id)
        registers.stage(self.ctx, document, movement)

    def reverse(self, document: Document, *, occurred_at: date | datetime | None = None) -> None:
        registers.stage_reversal(self.ctx, document, occurred_at)

    def balance(
        self,
        register: str,
        *,
        at: date | datetime | None = None,
        where: registers.Where | None = None,
        group_by: Sequence[str] = (),
        company_id: str | None = None,
    ) -> list[Balance]:
        return registers.sum_movements(self.ctx, register, None, at, where, group_by, company_id)

    def turnover(
        self,
        register: str,
        *,
        since: date | datetime | None,
        until: date | datetime | None,
        where: registers.Where | None = None,
        group_by: Sequence[str] = (),
        company_id: str | None = None,
    ) -> list[Balance]:
        return registers.sum_movements(self.ctx, register, since, until, where, group_by, company_id)


@dataclass(frozen=True, slots=True)
class FakeReports:
    """`sdk.context.Reports`."""

    ctx: Transaction

    def run(self, name: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Mapping[str, Any]]:
        return reports.run(self.ctx, name, parameters or {})


@dataclass(frozen=True, slots=True)
class FakeEvents:
    """`sdk.context.Events`."""

    ctx: Transaction

    def emit(self, type: str, document: Document, payload: Mapping[str, Any] | None = None) -> Event:
        return events.emit(self.ctx, type, document, payload or {})
