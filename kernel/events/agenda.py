"""When the worker looks at which tenant next."""

from __future__ import annotations

import threading
from collections.abc import Iterable


class Agenda:
    """Tenants by the moment they are due, in seconds of a monotonic clock. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._due: dict[str, float] = {}

    def add(self, tenant: str, at: float) -> None:
        """Look at the tenant at this moment, or earlier when that was planned already."""
        with self._lock:
            self._due[tenant] = min(at, self._due.get(tenant, at))

    def add_all(self, tenants: Iterable[str], at: float) -> None:
        for tenant in tenants:
            self.add(tenant, at)

    def take_due(self, now: float) -> list[str]:
        """Remove and return those due, the longest due first."""
        with self._lock:
            due = sorted((at, tenant) for tenant, at in self._due.items() if at <= now)
            for _, tenant in due:
                del self._due[tenant]
        return [tenant for _, tenant in due]

    def pause(self, now: float, longest: float) -> float:
        """Seconds until the next is due, at most `longest`."""
        with self._lock:
            return max(0.0, min(longest, *(at - now for at in self._due.values()))) if self._due else longest
