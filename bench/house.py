"""The database, the kernel and the tenants that are measured: all of this run's own, gone when it ends."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.string import TextLoader

from bench.business import Business, found_business
from bench.traffic import UNREACHED_RATE
from kernel.auth.records import Authority
from kernel.auth.service import create_api_key, create_user, log_in
from kernel.documents.indexes import refresh_indexes
from kernel.main import Kernel, build_kernel
from kernel.postgres import EmbeddedPostgres
from kernel.settings import Settings
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant, TenantService
from registry.lifecycle import enable_applet

# It requires all the other shipped applets.
LAST_APPLET = "approvals"
EMAIL = "bench@bench.example"
ACTIVE_TOKEN_S = 24 * 60 * 60


@dataclass(frozen=True)
class House:
    """A kernel on an embedded PostgreSQL with default durability, in a temporary folder."""

    kernel: Kernel
    dsn: str
    folder: Path
    _tenants: dict[str, Tenant] = field(default_factory=dict)

    def connect(self) -> psycopg.Connection[Any]:
        """Bare psycopg as the owner, autocommit, without SET ROLE; nothing is parsed that need not be."""
        connection = psycopg.connect(self.dsn, autocommit=True, prepare_threshold=0)
        for name in ("uuid", "jsonb"):
            connection.adapters.register_loader(name, TextLoader)
        return connection

    def tenant(self, name: str) -> Tenant:
        """The tenant of this name, made when it is first asked for."""
        if name not in self._tenants:
            self._tenants[name] = self._make_tenant(name)
        return self._tenants[name]

    def _make_tenant(self, name: str) -> Tenant:
        """A tenant with all shipped applets, a company with books, and an administrator who is logged in."""
        kernel = self.kernel
        service = TenantService(kernel.database, kernel.directory, kernel.installation)
        record = service.create_tenant(NewTenant(name, name.title()), kernel.clock())
        registry: Any = kernel.plugins.get_plugin("registry.plugin")
        with kernel.operate(record) as ctx:
            enable_applet(ctx, registry.releases, LAST_APPLET, with_required=True)
        with kernel.operate(record) as ctx:
            ctx.documents.create("kernel.company", {"name": f"{record.title} Ltd", "currency": "EUR"})
        with kernel.operate(record) as ctx:
            business = found_business(ctx)
        with kernel.database.transaction(record) as uow:
            types = kernel.runtimes.get(uow).catalogue.types.values()
        refresh_indexes(kernel.database, record, types)
        return Tenant(record, business, *self._log_in(record))

    def _log_in(self, record: TenantRecord) -> tuple[str, str]:
        kernel, authority = self.kernel, Authority.of(self.kernel)
        password = secrets.token_urlsafe(16)
        with kernel.database.platform() as uow:
            user = create_user(uow, authority.passwords, record.id, EMAIL, kernel.clock(), password=password)
            uow.commit()
        with kernel.operate(record) as ctx:
            ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": "kernel.admin"})
        with kernel.database.platform() as uow:
            tokens = log_in(uow, authority, record.name, EMAIL, password, kernel.clock())
            key = create_api_key(uow, user.id, "bench", ["*:*"], kernel.clock())
            uow.commit()
        return tokens.access_token, key.secret


@dataclass(frozen=True)
class Tenant:
    """token: an administrator's access token. key: an API key of theirs with scopes, whose answers are never kept."""

    record: TenantRecord
    business: Business
    token: str
    key: str

    @property
    def schema(self) -> str:
        return self.record.schema


@contextmanager
def open_house() -> Iterator[House]:
    """Start PostgreSQL and build a kernel; everything is stopped and removed at the end."""
    binaries = os.environ.get("BOS_PG_BIN")
    with (
        tempfile.TemporaryDirectory(prefix="bos-bench-") as name,
        EmbeddedPostgres(Path(name), Path(binaries) if binaries else None, is_temporary=True) as server,
    ):
        # Given here, so that a developer's own environment does not decide what is measured.
        settings = Settings(
            database_url=server.dsn,
            data_dir=Path(name),
            applets_dir=None,
            access_token_ttl_s=ACTIVE_TOKEN_S,
            rate_limit_per_minute=UNREACHED_RATE,
            rate_limit_burst=UNREACHED_RATE,
        )
        kernel = build_kernel(settings, server.dsn)
        try:
            yield House(kernel, server.dsn, Path(name))
        finally:
            kernel.close()


def describe(house: House) -> str:
    """What the figures were taken on."""
    with house.connect() as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()
            for name in ("server_version", "fsync", "synchronous_commit", "shared_buffers")
        }
    values = {name: row[0] for name, row in shown.items() if row}
    load = os.getloadavg()[0]
    return (
        f"PostgreSQL {values['server_version']} (fsync {values['fsync']}, synchronous_commit"
        f" {values['synchronous_commit']}, shared_buffers {values['shared_buffers']}), {os.cpu_count()} processors,"
        f" load {load:.1f} at the start"
    )
