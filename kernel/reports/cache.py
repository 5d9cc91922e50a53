"""Answers of reports, kept until an event comes that the report declares (`cache`), in each process for itself.

No notification is waited for: before an answer is given again, one statement asks whether such an event has been
committed since. What was still uncommitted when the answer was computed counts as later, see `kernel.events.horizon`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from kernel.context import KernelContext
from kernel.events.horizon import Horizon
from sdk.reports import Report

ANSWER_BYTES_MAX = 2 * 1024 * 1024
CACHE_BYTES_MAX = 32 * 1024 * 1024
# So many events are looked through at most: after more of them the report is computed anew, whatever they were.
LATER_EVENTS_MAX = 5_000

_IS_FRESH = """
SELECT count(*) <= %(most)s AND NOT coalesce(bool_or(type LIKE ANY(%(types)s)), false)
  FROM (SELECT type FROM {t}.events WHERE position > %(position)s LIMIT %(most)s + 1) later
"""
# The locks of those who are writing can be seen on the primary only.
_IS_REPLICA = "SELECT pg_catalog.pg_is_in_recovery()"


@dataclass(frozen=True, slots=True)
class Answer:
    """A report as it goes out."""

    body: bytes
    media_type: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """position: of the last event the answer is certain to know of."""

    answer: Answer
    position: int


class ReportCache:
    """One per process, shared by its tenants; what was asked for longest ago goes first."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._horizons: dict[str, Horizon] = {}

    def answer(self, ctx: KernelContext, report: Report, asked: Hashable, make: Callable[[], Answer]) -> Answer:
        """The answer to the same question by the same caller, or a new one. asked: parameters and format."""
        # A key's permissions are put together for each request; whoever has all of their own is a session.
        if not report.cache or ctx.identity is None or ctx.identity.scopes is not None:
            return make()
        key = (ctx.runtime.tenant.id, ctx.runtime.generation, report.name, asked, ctx.actor.id, ctx.today)
        found = self._entries.get(key)
        if found is not None and _is_fresh(ctx, report, found.position):
            self._touch(key)
            return found.answer
        # Looked up before the report is computed: it then knows of all up to there, and maybe of more.
        position = self._position(ctx)
        made = make()
        if position is not None and len(made.body) <= ANSWER_BYTES_MAX:
            self._keep(key, _Entry(made, position))
        return made

    def _position(self, ctx: KernelContext) -> int | None:
        """Up to where the log is certain; None where that cannot be told here or is being found out by another."""
        if ctx.uow.execute(_IS_REPLICA).fetchall() != [(False,)]:
            return None
        tenant = ctx.runtime.tenant
        if not self._lock.acquire(blocking=False):
            return None
        try:
            horizon = self._horizons.setdefault(tenant.id, Horizon(tenant.schema))
            return horizon.look(ctx.uow.execute)
        finally:
            self._lock.release()

    def _touch(self, key: Hashable) -> None:
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)

    def _keep(self, key: Hashable, entry: _Entry) -> None:
        with self._lock:
            before = self._entries.pop(key, None)
            self._bytes += len(entry.answer.body) - (len(before.answer.body) if before else 0)
            self._entries[key] = entry
            while self._bytes > CACHE_BYTES_MAX:
                _, oldest = self._entries.popitem(last=False)
                self._bytes -= len(oldest.answer.body)


def _is_fresh(ctx: KernelContext, report: Report, position: int) -> bool:
    values: dict[str, Any] = {
        "types": [_pattern(declared) for declared in report.cache],
        "position": position,
        "most": LATER_EVENTS_MAX,
    }
    row = ctx.uow.execute(_IS_FRESH, values).fetchone()
    return bool(row and row[0])


def _pattern(declared: str) -> str:
    """`ledger.*` as LIKE has it: a name's underscore is no wildcard."""
    return declared.replace("_", r"\_").replace("*", "%")
