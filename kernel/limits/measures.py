"""What of a tenant can be limited, and what its limits are: the plan's, and over them its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kernel.limits.errors import LimitInvalid, LimitUnknown
from kernel.tenancy.record import TenantRecord

Plans = Mapping[str, Mapping[str, int]]

# From here on whoever administers the tenant is warned.
WARNING_SHARE = 0.8


class Measure(StrEnum):
    """The names of limits, as the directory, the settings and the command line know them."""

    COMPANIES = "companies"
    USERS = "users"
    DOCUMENTS = "documents_per_month"
    STORAGE = "storage_mib"
    REQUESTS = "requests_per_minute"
    BURST = "requests_burst"


# How often one may ask is refused request by request; the rest is used up and can be counted.
COUNTED = (Measure.COMPANIES, Measure.USERS, Measure.DOCUMENTS, Measure.STORAGE)


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a limit is used. period: `2026-11` where it counts by calendar month (UTC), else empty."""

    measure: Measure
    used: int
    maximum: int | None
    period: str = ""

    @property
    def level(self) -> str:
        """`ok`, `warning` from 80 % on, `reached`."""
        if self.maximum is None:
            return "ok"
        if self.used >= self.maximum:
            return "reached"
        return "warning" if self.used >= self.maximum * WARNING_SHARE else "ok"

    def as_json(self) -> dict[str, str | int | None]:
        return {
            "limit": str(self.measure),
            "used": self.used,
            "maximum": self.maximum,
            "period": self.period or None,
            "level": self.level,
        }


def find_limit(plans: Plans, tenant: TenantRecord, measure: Measure) -> int | None:
    """The tenant's own limit, else its plan's, else None."""
    found = tenant.limits.get(measure)
    return found if found is not None else plans.get(tenant.plan, {}).get(measure)


def has_limits(plans: Plans, tenant: TenantRecord) -> bool:
    """Whether there is anything to watch."""
    return any(find_limit(plans, tenant, measure) is not None for measure in COUNTED)


def check_limit(name: str, value: int) -> Measure:
    """The measure of this name; raises LimitUnknown, LimitInvalid."""
    if name not in list(Measure):
        raise LimitUnknown(limit=name, known=", ".join(Measure))
    if value < 0:
        raise LimitInvalid(value=value)
    return Measure(name)


def check_plans(plans: Plans) -> Plans:
    """The plans of the settings, whose limits must exist: a misspelt one would limit nothing."""
    for limits in plans.values():
        for name, value in limits.items():
            check_limit(name, value)
    return plans
