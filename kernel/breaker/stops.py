"""The switch: sandboxed applets that nobody is to run, here or anywhere, until somebody says so.

A suspension is one tenant's and ends by itself; a stop does not. What this process knows is asked before each call, and
costs nothing while there is none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.breaker.errors import AppletSwitchedOff
from kernel.breaker.gate import NEVER_SKIPPED, Admission
from kernel.breaker.stops_store import delete_stops, insert_stop, select_stops
from kernel.breaker.suspensions import FAIL_OPEN
from kernel.db.database import Database
from kernel.telemetry.logs import get_logger
from sdk.applet import Applet
from sdk.identifiers import new_id

# How long another process may go on with what was stopped here.
LOOK_S = 1.0
REASON_CHARACTERS_MAX = 500
EVIDENCE_CHARACTERS_MAX = 16_000
# The tier whose applets may be stopped: trusted ones come with Bos, or are the operator's own.
SANDBOXED = "sandboxed"
# What is left out instead of being refused: an applet that is stopped must still let itself be disabled.
_LEFT_OUT = frozenset({"applet_disabled"})

_log = get_logger()
# Applet, version, tenant.
Scope = tuple[str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Stop:
    """What is stopped: all where applet, version and tenant_id are None, else what fits all that are not."""

    id: str
    applet: str | None
    version: str | None
    tenant_id: str | None
    reason: str
    at: datetime
    by: str
    evidence: str = ""

    @property
    def scope(self) -> Scope:
        return self.applet, self.version, self.tenant_id

    def covers(self, tenant_id: str, applet: str, version: str) -> bool:
        wanted = zip(self.scope, (applet, version, tenant_id), strict=True)
        return all(stopped in (None, asked) for stopped, asked in wanted)


class Stops:
    """One per process. on_change: told the stops that are new to this process, empty where some were only lifted."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self.known: tuple[Stop, ...] = ()
        # Goes up with each change, for whoever keeps something that depends on them.
        self.revision = 0
        self.on_change: list[Callable[[Sequence[Stop]], None]] = []
        self._tripped: dict[Scope, Stop] = {}
        self._lock = threading.Lock()
        self._is_closing = threading.Event()
        self._thread: threading.Thread | None = None

    def find(self, tenant_id: str, applet: str, version: str) -> Stop | None:
        """The stop that covers it. Whether the applet is sandboxed at all the caller knows."""
        return next((stop for stop in self.known if stop.covers(tenant_id, applet, version)), None)

    def stopping(self, runtime: Any, applet: str) -> Stop | None:
        """The stop that keeps an applet of a tenant from running; None for one that is trusted."""
        found: Applet | None = runtime.catalogue.applet(applet)
        if found is None or found.manifest.trust != SANDBOXED:
            return None
        return self.find(runtime.tenant.id, applet, str(found.manifest.version))

    def admit(self, ctx: Any, plugin: Any) -> Admission:
        """Asked only while anything is stopped. Raises AppletSwitchedOff."""
        stop = self.stopping(ctx.runtime, plugin.applet)
        if stop is None:
            return Admission.PASS
        limits = ctx.runtime.catalogue.applet(plugin.applet).manifest.limits
        may_skip = limits.when_suspended == FAIL_OPEN and plugin.hook not in NEVER_SKIPPED
        if may_skip or plugin.hook in _LEFT_OUT:
            return Admission.SKIP
        since = stop.at.isoformat(timespec="seconds")
        raise AppletSwitchedOff(applet=plugin.applet, hook=plugin.hook, since=since, reason=stop.reason)

    def make(
        self,
        reason: str,
        by: str,
        *,
        applet: str | None = None,
        version: str | None = None,
        tenant_id: str | None = None,
        evidence: str = "",
    ) -> Stop:
        """One that is nowhere known yet."""
        text = " ".join(reason.split())[:REASON_CHARACTERS_MAX]
        kept = evidence[:EVIDENCE_CHARACTERS_MAX]
        return Stop(new_id(), applet, version, tenant_id, text, self._clock(), by, kept)

    def trip(self, stop: Stop) -> None:
        """In force in this process at once, whether or not it is written down by now."""
        with self._lock:
            self._tripped[stop.scope] = stop
        self._take(self.known)

    def record(self, stop: Stop) -> None:
        """Write it down for all processes; does nothing where another one was first."""
        with self._database.glance(aside=True) as uow:
            insert_stop(uow, stop)
        _log.error("sandbox.stopped", message=stop.reason, applet=stop.applet, version=stop.version, by=stop.by)
        self.look()

    def lift(self, *, applet: str | None, version: str | None, tenant_id: str | None, exactly: bool = False) -> int:
        """Let run again what fits; how many stops that took. exactly: only the stop of this very scope."""
        with self._database.glance(aside=True) as uow:
            count = delete_stops(uow, applet, version, tenant_id, exactly=exactly)
        asked = (applet, version, tenant_id)
        with self._lock:
            # Also what could not be written down.
            for scope in [each for each in self._tripped if _fits(each, asked, exactly=exactly)]:
                del self._tripped[scope]
        self.look()
        return count

    def look(self) -> None:
        """Read them all."""
        with self._database.glance(aside=True) as uow:
            found = tuple(Stop(*row) for row in select_stops(uow))
        with self._lock:
            # Once it stands there the row decides: it may be gone again by the next look.
            for stop in found:
                self._tripped.pop(stop.scope, None)
        self._take(found)

    def start(self) -> None:
        """Begin to look now and then; once, by whoever runs the first sandboxed applet."""
        with self._lock:
            if self._thread is not None or self._is_closing.is_set():
                return
            self._thread = threading.Thread(target=self._run, name="bos-stops", daemon=True)
        self.look()
        self._thread.start()

    def close(self) -> None:
        self._is_closing.set()
        if self._thread is not None and self._thread.ident is not None:
            self._thread.join()

    def _take(self, written: Sequence[Stop]) -> None:
        with self._lock:
            scopes = {stop.scope for stop in written}
            known = (*written, *(stop for scope, stop in self._tripped.items() if scope not in scopes))
            before = {stop.scope for stop in self.known}
            if before == {stop.scope for stop in known}:
                self.known = known
                return
            new = [stop for stop in known if stop.scope not in before]
            self.known = known
            self.revision += 1
        for listener in self.on_change:
            listener(new)

    def _run(self) -> None:
        while not self._is_closing.wait(LOOK_S):
            try:
                self.look()
            except Exception:  # reason: a database that is away for a while must not end what switches applets off
                _log.exception("sandbox.stops_not_read", message="The stops of the sandbox could not be read.")


def _fits(scope: Scope, asked: Scope, *, exactly: bool) -> bool:
    return scope == asked if exactly else all(wanted in (None, has) for wanted, has in zip(asked, scope, strict=True))
