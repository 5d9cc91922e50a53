"""What an applet may use of a day, per tenant; counted in this process, as asking the database would cost more than
most calls. A process that is started anew begins anew."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date

from sandbox.errors import BudgetSpent

CPU_SECONDS_PER_DAY = 3_600.0
REQUESTS_PER_DAY = 5_000_000
# Tenants and applets counted at once; who was not seen for longest is forgotten first.
COUNTED_MAX = 100_000


@dataclass(slots=True)
class Spent:
    """Of one applet, for one tenant, on one day."""

    day: date
    cpu_s: float = 0.0
    requests: int = 0


class Budgets:
    """One per process. A spent budget is no violation: the applet has done nothing that it must not."""

    def __init__(self, cpu_s: float = CPU_SECONDS_PER_DAY, requests: int = REQUESTS_PER_DAY) -> None:
        self._cpu_s, self._requests = cpu_s, requests
        self._spent: OrderedDict[tuple[str, str], Spent] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, tenant_id: str, applet: str, day: date) -> None:
        """Before a call. Raises BudgetSpent."""
        spent = self._spent.get((tenant_id, applet))
        if spent is None or spent.day != day:
            return
        if spent.cpu_s >= self._cpu_s:
            raise BudgetSpent(applet=applet, budget="CPU seconds", maximum=self._cpu_s)
        if spent.requests >= self._requests:
            raise BudgetSpent(applet=applet, budget="requests", maximum=self._requests)

    def spend(self, tenant_id: str, applet: str, day: date, cpu_s: float, requests: int) -> None:
        """After a call."""
        key = (tenant_id, applet)
        with self._lock:
            spent = self._spent.get(key)
            if spent is None or spent.day != day:
                spent = self._spent[key] = Spent(day)
            spent.cpu_s += cpu_s
            spent.requests += requests
            self._spent.move_to_end(key)
            if len(self._spent) > COUNTED_MAX:
                self._spent.popitem(last=False)

    def spent(self, tenant_id: str, applet: str) -> Spent | None:
        return self._spent.get((tenant_id, applet))
