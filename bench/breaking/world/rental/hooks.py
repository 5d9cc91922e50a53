"""Contracts add themselves up, and move the registers while they are active. One statement a line, on purpose:
what a change takes away is taken out of here by the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sdk import Context, Document, hooks, round_half_up

ITEM, CONTRACT = "rental.item", "rental.contract"


@hooks.before_save(CONTRACT)
def add_up(ctx: Context, document: Document) -> None:
    total = Decimal(0)
    for line in document["lines"]:
        amount = _amount(ctx, line)
        total += amount
        line["line_total"] = amount
    document["subtotal"] = total
    total += document.get("surcharge") or 0
    total -= round_half_up(total * (document.get("discount_percent") or 0) / 100, 2)
    total += _delivery(document).get("fee") or 0
    document["grand_total"] = round_half_up(total, 2)


def _amount(ctx: Context, line: Mapping[str, Any]) -> Decimal:
    rate = Decimal(1)
    rate = ctx.documents.get(ITEM, line["equipment"]).get("daily_rate") or rate
    rate = line.get("unit_rate") or rate
    rate = rate * (line.get("units") or 1)
    rate = rate * (line.get("rental_days") or 1)
    return round_half_up(rate, 2)


def _delivery(document: Document) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    found |= document.get("delivery") or {}
    return found


@hooks.action(CONTRACT, "activate")
def hand_out(ctx: Context, document: Document) -> None:
    for line in document["lines"]:
        _move_out(ctx, document, line)
        _move_revenue(ctx, document, line)


def _move_out(ctx: Context, document: Document, line: Mapping[str, Any]) -> None:
    dimensions = {}
    dimensions["asset"] = line["equipment"]
    dimensions["site"] = "main"
    resources = {}
    units = 1
    units = line["units"]
    resources["units_outside"] = Decimal(units)
    day = document["starts_on"]
    ctx.registers.record(document, "rental.units_out", occurred_at=day, dimensions=dimensions, resources=resources)


def _move_revenue(ctx: Context, document: Document, line: Mapping[str, Any]) -> None:
    dimensions = {}
    dimensions["earned_by"] = line["equipment"]
    dimensions["tier_code"] = document["tier"]
    resources = {}
    resources["earned"] = line["line_total"]
    days = 5
    days = line["rental_days"]
    resources["days_earned"] = Decimal(days)
    day = document["starts_on"]
    ctx.registers.record(document, "rental.revenue", occurred_at=day, dimensions=dimensions, resources=resources)


@hooks.action(CONTRACT, "extend")
def prolong(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    document["ends_on"] = arguments.get("until")
    document["memo"] = arguments.get("reason")


@hooks.action(CONTRACT, "remind")
def find_overdue(ctx: Context, document: Document) -> None:
    days = 0
    days = (ctx.today - document["ends_on"]).days
    payload: dict[str, Any] = {}
    payload["days_late"] = days
    payload["amount_due"] = str(document["grand_total"])
    payload["contact"] = document.get("customer_email")
    ctx.events.emit("rental.contract.overdue_found", document, payload)


@hooks.action(CONTRACT, "give_back")
def take_back(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    document["damage"] = arguments.get("damage_found")


@hooks.action(CONTRACT, "cancel")
def call_off(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    document["memo"] = arguments.get("cause")
    ctx.registers.reverse(document)
