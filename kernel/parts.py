"""What stands once per process, as every room may use it. Built by the composition root, kernel/main.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pluggy

from kernel.auth.token_keys import TokenKeys, open_token_keys
from kernel.breaker.breaker import Breaker
from kernel.breaker.stops import Stop
from kernel.db.database import Database
from kernel.db.migrate import Installation
from kernel.limits.buckets import RateLimits
from kernel.limits.quotas import Quotas
from kernel.runtime import Runtimes
from kernel.secrets.keyring import Keyring
from kernel.series.service import NumberBlocks
from kernel.settings import Settings
from kernel.tenancy.directory import Directory
from kernel.tenancy.record import TenantRecord
from sdk.context import Documents, Events, Registers, Reports

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Facades:
    """Makes what an applet sees as `ctx.documents` and so on, from a context. Rooms know contexts, not the reverse."""

    documents: Callable[[Any], Documents]
    registers: Callable[[Any], Registers]
    reports: Callable[[Any], Reports]
    events: Callable[[Any], Events]


@dataclass
class Parts:
    """`close` gives the connections back. System plugins with a `kernel_made(kernel)` or `kernel_closed()` are told."""

    settings: Settings
    database: Database
    installation: Installation
    plugins: pluggy.PluginManager
    runtimes: Runtimes
    directory: Directory
    facades: Facades
    clock: Clock
    rates: RateLimits
    quotas: Quotas
    keyring: Keyring
    token_keys: TokenKeys = field(init=False, repr=False)
    breaker: Breaker = field(init=False, repr=False)
    numbers: NumberBlocks = field(default_factory=NumberBlocks)
    # Told the tenant whose transaction has left something to deliver; the worker of this process listens.
    on_deliveries: list[Callable[[TenantRecord], None]] = field(default_factory=list)
    # What system plugins measure, collectors of the Prometheus client; and what they add to /healthz where they say it.
    collectors: list[Any] = field(default_factory=list)
    health: dict[str, Callable[[], str | None]] = field(default_factory=dict)
    # Told the tenant whose transaction has changed something that is searched; so often that nobody is woken by it.
    on_changes: list[Callable[[TenantRecord], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.token_keys = open_token_keys(self.database, self.installation.token_secret)
        self.breaker = Breaker(self.settings, self.database, self.runtimes, self.clock, self._announce)
        self.breaker.stops.on_change.append(self._announce_all)
        self._tell_plugins("kernel_made", self)

    def _announce(self, tenant: TenantRecord) -> None:
        for listener in self.on_deliveries:
            listener(tenant)

    def _announce_all(self, stops: Sequence[Stop]) -> None:
        """What is let run again has deliveries that waited."""
        for tenant in self.runtimes.tenants:
            self._announce(tenant)

    def _tell_plugins(self, name: str, *arguments: Any) -> None:
        """System plugins that are objects of their own have a life beside the kernel's."""
        for plugin in self.plugins.get_plugins():
            told = getattr(plugin, name, None)
            if told is not None:
                told(*arguments)

    def close(self) -> None:
        self._tell_plugins("kernel_closed")
        self.breaker.close()
        self.database.close()
