"""Journal entries of any applet, for plain-text accounting.

The kernel knows no ledger. A document type can be exported as a journal when it has these fields: a date `posted_on`
and a list `lines`, whose items have a link `account` and a decimal `amount`, and may have `currency`, `base_amount`,
`memo`, and a `cost` with `amount`, `currency` and `kind` (unit or total). The account's type has `code`, `name` and
`account_type`, and may have `parent`. What can still be edited has not been posted, and stays out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from kernel.context import KernelContext
from kernel.transfer.errors import CompanyUnclear, NoBooks
from kernel.transfer.exporter import ExportRequest, read_documents
from sdk.schema import DocumentType
from sdk.values import to_date, to_decimal

ACCOUNT_TYPES = ("asset", "liability", "equity", "income", "expense")
_ENTRY_FIELDS = {"posted_on": "date", "lines": "array", "lines.account": None, "lines.amount": "decimal"}
_ACCOUNT_FIELDS = {"code": "text", "name": "text", "account_type": "text"}
ACCOUNT_DEPTH_MAX = 50


@dataclass(frozen=True, slots=True)
class BookAccount:
    """path: of the account and those above it, the topmost first, each as code and name."""

    code: str
    kind: str
    path: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BookCost:
    """What something was bought at: one unit of it, or the whole amount; it tells one lot from another."""

    amount: Decimal
    currency: str
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class BookLine:
    """amount in `currency`, base_amount in the books' own; debit positive."""

    account: str
    amount: Decimal
    currency: str
    base_amount: Decimal
    memo: str = ""
    cost: BookCost | None = None


@dataclass(frozen=True, slots=True)
class BookEntry:
    posted_on: date
    number: str
    memo: str
    lines: tuple[BookLine, ...]


@dataclass(frozen=True)
class Books:
    """One company's. accounts: by id. entries can be gone through once."""

    title: str
    currency: str
    accounts: Mapping[str, BookAccount]
    entries: Iterator[BookEntry]
    first_on: date | None


def open_books(ctx: KernelContext, entry_type: str, company_id: str | None = None) -> Books:
    """The posted entries of a company in order of date. Raises NoBooks, CompanyUnclear."""
    type = ctx.runtime.catalogue.type(entry_type)
    account_type = _account_type(ctx, type)
    company = _company(ctx, company_id)
    wanted = _entries_request(ctx, type, company)
    first = next(read_documents(ctx, wanted), None)
    about = ctx.runtime.companies[company]
    return Books(
        title=str(about.get("name", company)),
        currency=str(about["currency"]),
        accounts=_read_accounts(ctx, account_type, company),
        entries=(_entry(data, str(about["currency"])) for data in read_documents(ctx, wanted)),
        first_on=to_date(first["posted_on"]) if first else None,
    )


def _account_type(ctx: KernelContext, type: DocumentType) -> DocumentType:
    _check_fields(type, _ENTRY_FIELDS)
    link = type.fields["lines.account"].link
    if link is None or link == "*" or type.company != "required":
        raise NoBooks(type=type.name, reason="it has no company, or lines.account links to no one type")
    account_type = ctx.runtime.catalogue.type(link)
    _check_fields(account_type, _ACCOUNT_FIELDS)
    return account_type


def _check_fields(type: DocumentType, wanted: Mapping[str, str | None]) -> None:
    for path, kind in wanted.items():
        found = type.fields.get(path)
        if found is None or kind not in (None, found.kind):
            raise NoBooks(type=type.name, reason=f"it has no field {path}" + (f" of kind {kind}" if kind else ""))


def _company(ctx: KernelContext, company_id: str | None) -> str:
    chosen = company_id or ctx.company_id
    if chosen is None or chosen not in ctx.runtime.companies:
        raise CompanyUnclear(known=", ".join(str(each["name"]) for each in ctx.runtime.companies.values()))
    return chosen


def _entries_request(ctx: KernelContext, type: DocumentType, company: str) -> ExportRequest:
    machine = ctx.runtime.catalogue.machines.get(type.name)
    posted = [name for name, state in machine.states.items() if not state.editable] if machine else []
    filter = "company_id == param.company" + (" and state in param.states" if machine else "")
    return ExportRequest(type.name, filter, {"company": company, "states": posted}, sort=("posted_on", "id"))


def _read_accounts(ctx: KernelContext, type: DocumentType, company: str) -> dict[str, BookAccount]:
    wanted = ExportRequest(type.name, "company_id == param.company", {"company": company})
    data = {each["id"]: each for each in read_documents(ctx, wanted)}
    return {
        id: BookAccount(str(each["code"]), str(each["account_type"]), _path(each, data)) for id, each in data.items()
    }


def _path(account: Mapping[str, Any], accounts: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    path: list[tuple[str, str]] = []
    current: Mapping[str, Any] | None = account
    # The bound holds a circle of parents, should an applet allow one.
    while current is not None and len(path) < ACCOUNT_DEPTH_MAX:
        path.append((str(current["code"]), str(current["name"])))
        current = accounts.get(current.get("parent", ""))
    return tuple(reversed(path))


def _entry(data: Mapping[str, Any], base: str) -> BookEntry:
    lines = tuple(_line(line, base) for line in data.get("lines", ()))
    memo = str(data.get("memo") or data.get("reference") or "")
    return BookEntry(to_date(data["posted_on"]), str(data.get("number") or ""), memo, lines)


def _line(data: Mapping[str, Any], base: str) -> BookLine:
    amount = to_decimal(data["amount"])
    base_amount = to_decimal(data["base_amount"]) if "base_amount" in data else amount
    currency, memo = str(data.get("currency") or base), str(data.get("memo", ""))
    return BookLine(data["account"], amount, currency, base_amount, memo, _cost(data.get("cost")))


def _cost(data: Any) -> BookCost | None:
    if not isinstance(data, Mapping) or not {"amount", "currency"} <= data.keys():
        return None
    return BookCost(to_decimal(data["amount"]), str(data["currency"]), data.get("kind") == "total")
