"""Two tenants of one installation, the second a clone of the first, so that nearly all ids are the same in both.

`south` is the attacker's own; `north` has gone on since and holds what the attacker is after. Everything that is
only north's carries the word MARK, which no attacker ever sends: an answer with that word in it is a leak.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn

from kernel.audit.sealer import seal
from kernel.auth.passwords import Passwords
from kernel.auth.service import create_api_key, create_user
from kernel.backup.cloning import clone_tenant
from kernel.backup.importing import ImportWish
from kernel.cli.serving import configure_server
from kernel.events.horizon import Horizon
from kernel.http.app import create_app
from kernel.main import Kernel, build_kernel
from kernel.search.refresh import Refresher
from kernel.settings import Settings
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant, TenantService
from kernel.transfer.jobs import TransferJobs
from registry.lifecycle import enable_applet
from tests.acceptance.attacks.caller import Caller
from tests.acceptance.attacks.north import fill
from tests.acceptance.attacks.vault import write_vault

MARK = "borealis"
PASSWORD = "correct horse battery"
CHEAP = {"password_memory_kib": 64, "password_passes": 1, "password_lanes": 1}
BODY_BYTES_MAX = 2_000_000
UPLOAD_BYTES_MAX = 3_000_000
# A person of each tenant, with these roles.
PEOPLE = {
    "admin": ("kernel.admin",),
    "clerk": ("vault.clerk", "kernel.member"),
    "registrar": ("vault.registrar",),
    "nobody": (),
}


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class World:
    """kernel and url: of the installation. north, south: tenants. shared, only: ids in both tenants, or in north."""

    def __init__(self, kernel: Kernel, url: str, folder: Path) -> None:
        self.kernel, self.url, self.folder = kernel, url, folder
        self._callers: list[Caller] = []
        self.tenants = TenantService(kernel.database, kernel.directory, kernel.installation)
        self.users: dict[tuple[str, str], str] = {}
        self.shared: dict[str, str] = {}
        self.company = ""
        self.jobs = TransferJobs(kernel, monotonic=lambda: 0.0)
        self.south = self._found_south()
        self.north = clone_tenant(kernel, "south", ImportWish(name="north", has_passwords=False)).tenant
        for tenant in (self.south, self.north):
            for name, roles in PEOPLE.items():
                self.add_user(tenant, name, *roles)
        self.secrets: dict[str, str] = {}
        self.only = fill(self, MARK)
        self.refresh(self.south)
        self.seal(self.south)

    def _found_south(self) -> TenantRecord:
        tenant = self.tenants.create_tenant(NewTenant("south", "South"), self.kernel.clock())
        releases = self.kernel.plugins.get_plugin("registry.plugin").releases
        with self.kernel.operate(tenant) as ctx:
            self.company = ctx.documents.create("kernel.company", {"name": "South Ltd", "currency": "EUR"}).id
            enable_applet(ctx, releases, "vault")
        with self.kernel.operate(tenant) as ctx:
            guest = ctx.documents.create("vault.guest", {"name": "Ada"})
            made = [
                ctx.documents.create("vault.item", {"name": name, "code": name, "total": "1",
                "guest": guest.id}, company_id=self.company)
                for name in ("first", "second", "third")
            ]  # fmt: skip
            role = ctx.documents.create("kernel.role", {"name": "own", "title": "Own", "permissions": []})
            self.shared = {"item": made[0].id, "second": made[1].id, "guest": guest.id, "role": role.id}
        return tenant

    def add_user(self, tenant: TenantRecord, name: str, *roles: str) -> str:
        """A user who logs in with PASSWORD; the id."""
        with self.kernel.database.platform() as uow:
            user = create_user(
                uow, Passwords(64, 1, 1), tenant.id, f"{name}@{tenant.name}.example", self.kernel.clock(),
                name=MARK if tenant.name == "north" else name, password=PASSWORD,
            )  # fmt: skip
            uow.commit()
        with self.kernel.operate(tenant) as ctx:
            for role in roles:
                ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": role})
        self.users[tenant.name, name] = user.id
        return user.id

    def make_key(self, tenant: TenantRecord, name: str, *scopes: str) -> tuple[str, str]:
        """Id and secret of an API key of that person."""
        with self.kernel.database.platform() as uow:
            key = create_api_key(uow, self.users[tenant.name, name], "key", scopes or ("*",), self.kernel.clock())
            uow.commit()
        return key.key.id, key.secret

    def caller(self, tenant: TenantRecord, name: str, **options: Any) -> Caller:
        """That person, logged in anew: what is dangerous takes a fresh proof."""
        caller = Caller(self.url, avoided=() if tenant.name == "north" else (MARK,), **options)
        self._callers.append(caller)
        body = {"tenant": tenant.name, "email": f"{name}@{tenant.name}.example", "password": PASSWORD}
        tokens = caller.good("POST", "/api/v1/auth/login", json=body)
        caller.token, caller.refresh_token = tokens["access_token"], tokens["refresh_token"]
        return caller

    def guest(self, token: str | None = None) -> Caller:
        """Whoever holds this token, or nobody; kept from all that is north's."""
        caller = Caller(self.url, token, avoided=(MARK,))
        self._callers.append(caller)
        return caller

    def close(self) -> None:
        self.jobs.close()
        for caller in self._callers:
            caller.http.close()

    def refresh(self, tenant: TenantRecord) -> None:
        """Bring the search index up to date, as the worker does each second."""
        refresher, has_more = Refresher(Horizon(tenant.schema)), True
        while has_more:
            with self.kernel.database.transaction(tenant) as uow:
                has_more = refresher.refresh(uow, self.kernel.runtimes.get(uow))
                uow.commit()

    def seal(self, tenant: TenantRecord) -> None:
        seal(self.kernel.database, tenant, Horizon(tenant.schema), self.kernel.clock())

    def work(self, tenant: TenantRecord) -> None:
        """Carry out all transfers that wait."""
        while self.jobs(tenant) is not None:
            pass

    def fingerprint(self, tenant: TenantRecord) -> dict[str, str]:
        """Of each table of a tenant, and of what the platform keeps of it."""
        asked = "SELECT coalesce(md5(string_agg(x::text, chr(10) ORDER BY x::text)), '') FROM {} x"
        with self.kernel.database.owner() as owner:
            rows = owner.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'", [tenant.schema]
            )
            tables = [name for (name,) in rows]
            found = {name: owner.execute(asked.format(f'"{tenant.schema}"."{name}"')).fetchone()[0] for name in tables}
            for name, own in PLATFORM_TABLES.items():
                part = f"(SELECT * FROM bos.{name} WHERE {own.format(id=tenant.id)})"
                found[name] = owner.execute(asked.format(part)).fetchone()[0]
        return found


PLATFORM_TABLES = {
    "tenants": "id = '{id}'",
    "users": "tenant_id = '{id}'",
    "oauth_clients": "tenant_id = '{id}'",
    "oidc_providers": "tenant_id = '{id}'",
    "oidc_links": "tenant_id = '{id}'",
    "usage": "tenant_id = '{id}'",
    **dict.fromkeys(
        ("sessions", "api_keys", "auth_factors", "recovery_codes", "oauth_grants", "oauth_consents"),
        "user_id IN (SELECT id FROM bos.users WHERE tenant_id = '{id}')",
    ),
}  # fmt: skip


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.is_up.set()


@contextmanager
def serving(kernel: Kernel, held: socket.socket) -> Iterator[None]:
    """As `bos serve` does, in a thread."""
    server = _Server(configure_server(create_app(kernel, has_worker=False)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True)
    thread.start()
    try:
        assert server.is_up.wait(30)
        yield
    finally:
        server.should_exit = True
        thread.join(30)


@contextmanager
def open_world(database: str, folder: Path, **settings: Any) -> Iterator[World]:
    write_vault(folder / "applets" / "vault")
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        given = {
            "data_dir": folder / "data", "applets_dir": folder / "applets", "public_url": url, "pool_size_max": 10,
            "body_bytes_max": BODY_BYTES_MAX, "upload_bytes_max": UPLOAD_BYTES_MAX, **CHEAP, **settings,
        }  # fmt: skip
        kernel = build_kernel(Settings(**given), database, clock=Clock())
        try:
            with serving(kernel, held):
                world = World(kernel, url, folder)
                yield world
                world.close()
        finally:
            kernel.close()
