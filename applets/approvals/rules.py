"""Pure rules of approvals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

NEEDED, PENDING, REJECTED, GRANTED = "needed", "pending", "rejected", "granted"
CREATE, CHANGE, WITHDRAW, NOTHING = "create", "change", "withdraw", "nothing"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it stands. amount: what was asked to be approved."""

    state: str
    amount: Decimal
    currency: str | None


def is_over_limit(total: Decimal, rate: Decimal | None, limit: Decimal) -> bool:
    """Whether a total needs approval; one whose worth is not known does."""
    return rate is None or total * rate > limit


def standing(requests: Sequence[Request], total: Decimal, currency: str) -> str:
    """What requests, newest first, say about a total: an approval counts up to the amount it was given for."""
    decided = [request for request in requests if request.state != "withdrawn"]
    if not decided:
        return NEEDED
    newest = decided[0]
    if newest.state == "pending":
        return PENDING
    if newest.currency != currency:
        # Amounts of two currencies say nothing about each other.
        return NEEDED
    if newest.state == "rejected":
        # A refusal is about an amount: a lower one may be asked for again.
        return REJECTED if total >= newest.amount else NEEDED
    return GRANTED if total <= newest.amount else NEEDED


def next_step(requests: Sequence[Request], total: Decimal, currency: str, over_limit: bool) -> str:
    """What to do about the requests after the document was created or changed."""
    pending = [request for request in requests if request.state == "pending"]
    if not over_limit:
        return WITHDRAW if pending else NOTHING
    if pending:
        return CHANGE if (pending[0].amount, pending[0].currency) != (total, currency) else NOTHING
    return CREATE if standing(requests, total, currency) == NEEDED else NOTHING
