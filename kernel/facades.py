"""What applets hold in their hands as `ctx.documents` and so on: the rooms' verbs, bound to a context."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kernel.context import KernelContext
from kernel.documents import archive, queries
from kernel.documents import service as documents
from kernel.documents.listing import ListRequest
from kernel.documents.numbering import number_of
from kernel.events import service as events
from kernel.registers import service as registers
from kernel.reports import service as reports
from sdk.context import Lock, Page
from sdk.document import Document
from sdk.event import Event
from sdk.registers import Balance, Movement, Question
from sdk.values import start_of_day

Where = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class DocumentsFacade:
    """`sdk.context.Documents` over the documents room."""

    ctx: KernelContext

    def get(self, type: str, id: str, *, lock: Lock = False) -> Document:
        return documents.get(self.ctx, type, id, lock=lock)

    def get_many(self, wanted: Mapping[str, Iterable[str]]) -> Mapping[str, Document]:
        return queries.get_many(self.ctx, wanted)

    def find(self, type: str, **fields: Any) -> Document | None:
        return queries.find(self.ctx, type, fields)

    def find_all(self, type: str, **fields: Any) -> Sequence[Document]:
        return queries.find_all(self.ctx, type, fields)

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
        wanted = ListRequest(filter, parameters or {}, tuple(sort), limit, cursor)
        return queries.query(self.ctx, type, wanted)

    def create(
        self, type: str, data: Mapping[str, Any], *, company_id: str | None = None, perform: str | None = None
    ) -> Document:
        return documents.create(self.ctx, type, data, company_id=company_id, perform=perform)

    def coming_number(self, document: Document) -> str | None:
        return number_of(document)

    def update(self, type: str, id: str, patch: Mapping[str, Any], *, version: int | None = None) -> Document:
        return documents.update(self.ctx, type, id, patch, version=version)

    def delete(self, type: str, id: str, *, version: int | None = None) -> None:
        documents.delete(self.ctx, type, id, version=version)

    def restore(self, type: str, id: str) -> Document:
        return documents.restore(self.ctx, type, id)

    def archive(self, type: str, id: str, *, version: int | None = None) -> Document:
        return archive.archive(self.ctx, type, id, version=version)

    def unarchive(self, type: str, id: str, *, version: int | None = None) -> Document:
        return archive.unarchive(self.ctx, type, id, version=version)

    def perform(
        self,
        type: str,
        id: str,
        action: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
    ) -> Document:
        return documents.perform(self.ctx, type, id, action, arguments or {}, version=version)


@dataclass(frozen=True, slots=True)
class RegistersFacade:
    """`sdk.context.Registers` over the registers room."""

    ctx: KernelContext

    def record(
        self,
        document: Document,
        register: str,
        *,
        occurred_at: date | datetime,
        dimensions: Mapping[str, str],
        resources: Mapping[str, Decimal],
    ) -> None:
        moment = start_of_day(occurred_at)
        movement = Movement(register, moment, dict(dimensions), dict(resources), document.company_id)
        registers.stage(self.ctx, document, movement)

    def reverse(self, document: Document, *, occurred_at: date | datetime | None = None) -> None:
        registers.reverse(self.ctx, document, occurred_at)

    def balance(
        self,
        register: str,
        *,
        at: date | datetime | None = None,
        where: Where | None = None,
        group_by: Sequence[str] = (),
        company_id: str | None = None,
    ) -> list[Balance]:
        return registers.balance(self.ctx, register, at=at, where=where, group_by=group_by, company_id=company_id)

    def balances(self, *questions: Question) -> list[list[Balance]]:
        return registers.balances(self.ctx, questions)

    def turnover(
        self,
        register: str,
        *,
        since: date | datetime | None,
        until: date | datetime | None,
        where: Where | None = None,
        group_by: Sequence[str] = (),
        company_id: str | None = None,
    ) -> list[Balance]:
        return registers.turnover(
            self.ctx, register, since=since, until=until, where=where, group_by=group_by, company_id=company_id
        )


@dataclass(frozen=True, slots=True)
class ReportsFacade:
    """`sdk.context.Reports` over the reports room."""

    ctx: KernelContext

    def run(self, name: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Mapping[str, Any]]:
        return reports.run(self.ctx, name, parameters or {}).rows


@dataclass(frozen=True, slots=True)
class EventsFacade:
    """`sdk.context.Events` over the events room."""

    ctx: KernelContext

    def emit(self, type: str, document: Document, payload: Mapping[str, Any] | None = None) -> Event:
        return events.emit(self.ctx, type, document, payload or {})
