"""Requests about invoices: asked for when one is above the limit, and what they say when it is posted."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sdk import Context, Document, decimal_text

from . import rules
from .errors import ApprovalMissing, ApprovalPending, ApprovalRejected
from .rules import Request

INVOICE, REQUEST = "receivables.invoice", "approvals.request"
REQUESTS_MAX = 50
REFUSALS = {rules.NEEDED: ApprovalMissing, rules.PENDING: ApprovalPending, rules.REJECTED: ApprovalRejected}


def requests_of(ctx: Context, invoice: Document) -> tuple[Document, ...]:
    """Newest first."""
    page = ctx.elevated.documents.query(
        REQUEST, "document == param.document", parameters={"document": invoice.id}, sort=("-id",), limit=REQUESTS_MAX
    )
    return page.items


def as_rules(requests: tuple[Document, ...]) -> list[Request]:
    return [Request(request.state or "", request["amount"], request.get("currency")) for request in requests]


def is_over_limit(ctx: Context, invoice: Document) -> bool:
    """The limit is in the company's currency; a foreign total is converted as of its date."""
    currency, base = invoice["currency"], invoice["base_currency"]
    rate = Decimal(1)
    if currency != base:
        rate = ctx.resolve("exchange_rate", currency=currency, base=base, on=invoice["issued_on"])
    return rules.is_over_limit(invoice["total"], rate, ctx.settings["approval_limit"])


def is_author(ctx: Context, request: Document, actor_id: str) -> bool:
    """Whether somebody wrote the document of a request, or was the last to change it."""
    authors = {request.get("requested_by")}
    if request["document_type"] == INVOICE:
        invoice = ctx.elevated.documents.get(INVOICE, request["document"])
        authors |= {invoice.created_by, invoice.updated_by}
    return actor_id in authors


def require_approval(ctx: Context, invoice: Document) -> None:
    """Raises ApprovalMissing, ApprovalPending, ApprovalRejected."""
    if not is_over_limit(ctx, invoice):
        return
    standing = rules.standing(as_rules(requests_of(ctx, invoice)), invoice["total"], invoice["currency"])
    refusal = REFUSALS.get(standing)
    if refusal is not None:
        limit = decimal_text(ctx.settings["approval_limit"], 2)
        raise refusal(total=decimal_text(invoice["total"], 2), currency=invoice["currency"], limit=limit)


def follow_invoice(ctx: Context, invoice: Document) -> None:
    """Ask for approval, correct what was asked for, or withdraw it."""
    requests = requests_of(ctx, invoice)
    pending = next((request for request in requests if request.state == "pending"), None)
    step = rules.next_step(as_rules(requests), invoice["total"], invoice["currency"], is_over_limit(ctx, invoice))
    if step == rules.CREATE:
        ctx.documents.create(REQUEST, _request(ctx, invoice), company_id=invoice.company_id)
    elif step == rules.CHANGE and pending is not None:
        ctx.documents.update(REQUEST, pending.id, _asked(ctx, invoice))
    elif step == rules.WITHDRAW and pending is not None:
        ctx.documents.perform(REQUEST, pending.id, "withdraw")


def _request(ctx: Context, invoice: Document) -> Mapping[str, object]:
    about = {"document": invoice.id, "document_type": invoice.type, "requested_by": invoice.created_by}
    return {**about, **_asked(ctx, invoice)}


def _asked(ctx: Context, invoice: Document) -> dict[str, object]:
    limit = decimal_text(ctx.settings["approval_limit"], 2)
    reason = f"Invoice over {decimal_text(invoice['total'], 2)} {invoice['currency']}, above the limit of {limit}"
    return {"reason": reason, "amount": invoice["total"], "currency": invoice["currency"]}
