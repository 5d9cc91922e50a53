"""What the workshop refuses, and how it counts."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sdk.errors import Conflict, Invalid


class TitleForbidden(Conflict):
    """No order may be called {title}."""


class DueTooEarly(Invalid):
    """The order is due before it is ordered."""


class AnvilKept(Conflict):
    """The anvil stays."""


class HoursExceeded(Conflict):
    """{hours} hours are more than {maximum}."""


class OrdersRunning(Conflict):
    """The workshop cannot close: {count} order(s) are started."""


def is_due_too_early(ordered_on: date, due_at: datetime | None) -> bool:
    return due_at is not None and due_at.date() < ordered_on


def quantities_by_part(lines: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line["part"]] = sums.get(line["part"], Decimal(0)) + line["quantity"]
    return sums
