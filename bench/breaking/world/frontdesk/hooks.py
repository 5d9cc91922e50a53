"""The front desk hands out only what is fit to go out, to customers it can reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdk import Context, Document, hooks
from sdk.errors import Conflict


class ItemBroken(Conflict):
    """{item} is broken and stays here."""


class CustomerUnreachable(Conflict):
    """There is no e-mail address of {customer}."""


class FarAway(Conflict):
    """We deliver {address} ourselves: name the cause before it is called off."""


@hooks.validate_action("rental.contract", "activate")
def refuse_broken(ctx: Context, document: Document, action: str) -> None:
    if not document.get("customer_email"):
        raise CustomerUnreachable(customer=document["customer_name"])
    for line in document["lines"]:
        item = ctx.documents.get("rental.item", line["equipment"])
        if item["condition"] == "broken":
            raise ItemBroken(item=item["label"])


@hooks.validate_action("rental.contract", "cancel")
def ask_for_a_cause(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    if document["delivery"]["zone"] == "far" and not arguments.get("cause"):
        raise FarAway(address=document["delivery"]["address"])
