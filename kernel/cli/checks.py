"""What `bos doctor` looks at. A check never raises: what is wrong is its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from kernel.db.migrate import steps
from kernel.db.names import PLATFORM_SCHEMA, app_role
from kernel.main import Kernel
from kernel.registers.folding import count_drift, count_pending
from kernel.tenancy.record import TenantRecord
from sdk.errors import BosError

SERVER_VERSION_MIN = 150_000
UNFOLDED_MAX = 50_000
OK, WARNING, FAILED = "ok", "warning", "failed"

_DANGEROUS = "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = %s"
_OWNED = """
SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = ANY(%s)
"""
_REACHED = """
SELECT n.nspname FROM pg_namespace n
 WHERE n.nspname LIKE 't\\_%%' AND n.nspname <> %s AND has_schema_privilege(%s, n.oid, 'USAGE')
"""


@dataclass(frozen=True)
class Check:
    """result: ok, warning or failed. detail: what was found, and what to do about it."""

    name: str
    result: str
    detail: str
    tenant: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def examine(kernel: Kernel) -> Iterator[Check]:
    """Every check of the installation, then of each tenant."""
    yield from _guarded("database", "", lambda: _check_server(kernel))
    yield from _guarded("roles", "", lambda: _check_login(kernel))
    for tenant in kernel.directory.list():
        for name, check in TENANT_CHECKS.items():
            yield from _guarded(name, tenant.name, lambda check=check, tenant=tenant: check(kernel, tenant))  # type: ignore[misc]


def _guarded(name: str, tenant: str, check: Callable[[], tuple[str, str]]) -> Iterator[Check]:
    try:
        result, detail = check()
    except (BosError, psycopg.Error) as error:
        result, detail = FAILED, str(error).strip()
    yield Check(name, result, detail, tenant)


def _check_server(kernel: Kernel) -> tuple[str, str]:
    with kernel.database.owner() as connection:
        version = connection.info.server_version
    shown = f"PostgreSQL {version // 10_000}.{version % 10_000}"
    return (OK, shown) if version >= SERVER_VERSION_MIN else (FAILED, f"{shown}; 15 or newer is needed")


def _check_login(kernel: Kernel) -> tuple[str, str]:
    """The role requests log in as must own nothing and be allowed nothing special."""
    role = app_role(kernel.installation.id)
    with kernel.database.owner() as connection:
        rights = connection.execute(_DANGEROUS, [role]).fetchone()
        owned = connection.execute(_OWNED, [[role]]).fetchone()
    if rights is None:
        return FAILED, f"the role {role} is missing: run `bos migrate`"
    if any(rights) or (owned and owned[0]):
        return FAILED, f"the role {role} may do more than it should, or owns tables"
    return OK, f"{role} owns nothing and has no special rights"


def _check_rights(kernel: Kernel, tenant: TenantRecord) -> tuple[str, str]:
    with kernel.database.owner(tenant.database) as connection:
        rights = connection.execute(_DANGEROUS, [tenant.role]).fetchone()
        if rights is None:
            return FAILED, f"the role {tenant.role} is missing: run `bos migrate`"
        owned = connection.execute(_OWNED, [[tenant.role]]).fetchone()
        reached = [name for (name,) in connection.execute(_REACHED, [tenant.schema, tenant.role])]
    if any(rights) or (owned and owned[0]) or reached:
        return FAILED, f"the role {tenant.role} reaches too far: {', '.join(reached) or 'it owns tables'}"
    return OK, "reaches its own schema only"


def _check_schema(kernel: Kernel, tenant: TenantRecord) -> tuple[str, str]:
    with kernel.database.owner(tenant.database) as connection:
        rows = connection.execute(f'SELECT step FROM "{tenant.schema}".schema_ledger').fetchall()
        platform = connection.execute(f"SELECT step FROM {PLATFORM_SCHEMA}.schema_ledger").fetchall()
    missing = [path.stem for path in steps("tenant") if (path.stem,) not in rows]
    missing += [path.stem for path in steps("platform") if (path.stem,) not in platform]
    return (FAILED, f"lacks {', '.join(missing)}: run `bos migrate`") if missing else (OK, "up to date")


def _check_deliveries(kernel: Kernel, tenant: TenantRecord) -> tuple[str, str]:
    with kernel.database.transaction(tenant) as uow:
        dead = uow.execute("SELECT count(*) FROM {t}.deliveries WHERE state = 'dead'").fetchone()
    count = dead[0] if dead else 0
    return (FAILED, f"{count} given up: see `bos events deliveries --state dead`") if count else (OK, "none given up")


def _check_folding(kernel: Kernel, tenant: TenantRecord) -> tuple[str, str]:
    with kernel.database.transaction(tenant) as uow:
        pending = count_pending(uow)
    detail = f"{pending} movement(s) not folded yet"
    return (WARNING, f"{detail}: is a worker running?") if pending > UNFOLDED_MAX else (OK, detail)


def _check_totals(kernel: Kernel, tenant: TenantRecord) -> tuple[str, str]:
    with kernel.database.transaction(tenant) as uow:
        drift = count_drift(uow)
    return (FAILED, f"{drift} total(s) differ from their movements") if drift else (OK, "equal to their movements")


def _check_applets(kernel: Kernel, tenant: TenantRecord) -> tuple[str, str]:
    with kernel.database.transaction(tenant) as uow:
        rows = uow.execute("SELECT name, version FROM {t}.applets WHERE state = 'enabled' ORDER BY name").fetchall()
    missing = [
        f"{name} {version}"
        for name, version in rows
        if kernel.plugins.hook.load_applet(name=name, version=version, database=kernel.database, lenses_only=False)
        is None
    ]
    return (
        (FAILED, f"enabled but not installed here: {', '.join(missing)}") if missing else (OK, f"{len(rows)} enabled")
    )


TENANT_CHECKS: dict[str, Callable[[Kernel, TenantRecord], tuple[str, str]]] = {
    "rights": _check_rights,
    "schema": _check_schema,
    "deliveries": _check_deliveries,
    "folding": _check_folding,
    "totals": _check_totals,
    "applets": _check_applets,
}
