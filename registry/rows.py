"""The rows of a tenant's applets table: which release it runs, in which state, since when."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from psycopg.types.json import Json

from kernel.db.unit_of_work import UnitOfWork

AVAILABLE = "available"
INSTALLED = "installed"
ENABLED = "enabled"
DISABLED = "disabled"
UNINSTALLED = "uninstalled"

_READ = """
SELECT name, version, state, capabilities, changed_at, changed_by, previous_version, lens_version, unswept, pinned_to,
       plan, suspensions, stubs
  FROM {t}.applets ORDER BY name
"""
_WRITE = """
INSERT INTO {t}.applets AS a (name, version, state, capabilities, changed_at, changed_by, previous_version,
                              lens_version, unswept, pinned_to, plan, suspensions, stubs)
VALUES (%(name)s, %(version)s, %(state)s, %(capabilities)s, %(changed_at)s, %(changed_by)s, %(previous_version)s,
        %(lens_version)s, %(unswept)s, %(pinned_to)s, %(plan)s, %(suspensions)s, %(stubs)s)
ON CONFLICT (name) DO UPDATE
   SET version = excluded.version, state = excluded.state, capabilities = excluded.capabilities,
       changed_at = excluded.changed_at, changed_by = excluded.changed_by,
       previous_version = excluded.previous_version, lens_version = excluded.lens_version,
       unswept = excluded.unswept, pinned_to = excluded.pinned_to, plan = excluded.plan,
       suspensions = excluded.suspensions, stubs = excluded.stubs
"""
# Those that move a tenant's applets take turns; nobody else waits for them.
_LOCK = 0x626F7361
_TAKE_TURN = "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"


@dataclass(frozen=True)
class AppletRow:
    """One applet of a tenant. previous_version: what a rollback goes back to. pinned_to: a version that rollouts and
    `--all-upgrades` leave it at. lens_version, unswept: see `kernel.runtime.RunningRelease`.
    plan: digest of the plan that made it so. suspensions: by hook, see kernel/breaker. stubs: see registry/removal.
    """

    name: str
    version: str
    state: str
    capabilities: tuple[str, ...]
    changed_at: datetime
    changed_by: str
    previous_version: str | None = None
    lens_version: str | None = None
    unswept: tuple[str, ...] = ()
    pinned_to: str | None = None
    plan: str | None = None
    suspensions: Any = None
    stubs: Any = None

    @property
    def is_enabled(self) -> bool:
        return self.state == ENABLED


def read_rows(uow: UnitOfWork) -> dict[str, AppletRow]:
    """Every applet the tenant has or has had, by name."""
    names = [field.name for field in fields(AppletRow)]
    found = [AppletRow(**dict(zip(names, row, strict=True))) for row in uow.execute(_READ)]
    return {r.name: replace(r, capabilities=tuple(r.capabilities), unswept=tuple(r.unswept)) for r in found}


def write_row(uow: UnitOfWork, row: AppletRow) -> None:
    """As it is to be from this transaction on."""
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    for name in ("suspensions", "stubs"):
        values[name] = None if values[name] is None else Json(values[name])
    uow.execute(_WRITE, values | {"capabilities": list(row.capabilities), "unswept": list(row.unswept)})


def take_turn(uow: UnitOfWork) -> None:
    """Until the transaction ends nobody else moves this tenant's applets."""
    assert uow.tenant is not None
    uow.execute(_TAKE_TURN, [_LOCK, uow.tenant.schema])
