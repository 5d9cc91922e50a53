"""Where approvals stands between others: invoices above the limit wait, payments are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdk import Context, Document, Event, decimal_text, hooks

from .errors import SelfApprovalRefused
from .requests import INVOICE, REQUEST, follow_invoice, is_author, requests_of, require_approval

PAYMENT = "receivables.payment"
UNDECIDED = ("pending", "withdrawn")


@hooks.on(f"{INVOICE}.created", f"{INVOICE}.updated", f"{INVOICE}.restored")
def request_approval(ctx: Context, event: Event) -> None:
    """The invoice may have gone on since: what counts is how it stands now."""
    invoice = ctx.documents.get_many({INVOICE: [event.aggregate_id]}).get(event.aggregate_id)
    if invoice is not None and invoice.state == "draft":
        follow_invoice(ctx, invoice)


@hooks.validate_action(INVOICE, "post")
def hold_unapproved(ctx: Context, document: Document) -> None:
    """Also before the request exists: the event that creates it comes after the commit."""
    require_approval(ctx, document)


@hooks.before_delete(INVOICE)
def forget_undecided(ctx: Context, document: Document) -> None:
    """What was asked about a draft goes with it; what somebody has decided stays, and keeps the draft."""
    for request in requests_of(ctx, document):
        if request.state in UNDECIDED:
            ctx.documents.delete(REQUEST, request.id)


@hooks.validate_action(REQUEST, "approve")
def refuse_self_approval(ctx: Context, document: Document) -> None:
    if ctx.settings["four_eyes"] and is_author(ctx, document, ctx.actor.id):
        raise SelfApprovalRefused(action="approve", resource=REQUEST)


@hooks.action(REQUEST, "approve", "reject")
def decide(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    """Who decided, and when."""
    document["decided_by"], document["decided_at"] = ctx.actor.id, ctx.now
    document["comment"] = arguments.get("comment") or document.get("comment")


@hooks.on(f"{PAYMENT}.received")
def notify_payment(ctx: Context, event: Event) -> None:
    """Tell the role of the settings."""
    payment = ctx.documents.get(PAYMENT, event.aggregate_id)
    customer = ctx.documents.get("parties.customer", payment["customer"])
    amount = f"{decimal_text(payment['amount'], 2)} {payment['currency']}"
    notification = {
        "role": ctx.settings["notify_role"],
        "about_company": payment.company_id,
        # The code, for a notice outlives the name of a customer who is erased.
        "title": f"{customer['code']} paid {amount}",
        "body": f"Payment {payment.number}, received on {payment['received_on']}.",
        "document_type": payment.type,
        "document_id": payment.id,
    }
    ctx.documents.create("kernel.notification", notification)
