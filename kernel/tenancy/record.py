"""A tenant as its row in the directory says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sdk


@dataclass(frozen=True)
class TenantRecord:
    """`schema` and `role` are checked identifiers; `database` None means the default database.

    steps: how many steps of migration its schema has had.
    """

    id: str
    name: str
    title: str
    schema: str
    role: str
    database: str | None
    state: str
    plan: str
    currency: str
    timezone: str
    locale: str
    limits: Mapping[str, Any] = field(default_factory=dict)
    flags: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 0

    @cached_property
    def tenant(self) -> sdk.Tenant:
        """What applets see of it."""
        return sdk.Tenant(self.id, self.name, self.title, self.currency, self.timezone, self.locale)
