"""A whole kernel with one small applet, `shop`, whose hooks are given by the test; and tenants that have it enabled."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from kernel.main import Kernel, build_kernel
from kernel.settings import Settings
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant, TenantService
from sdk import hooks
from sdk.applet import Applet
from sdk.hooks import hookimpl

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
VERSION = "1.0.0"
MANIFEST = f"""
name = "shop"
version = "{VERSION}"
title = "Shop"
capabilities = []
[requires]
sdk = ">=0"
"""
ORDER = {
    "title": "Order",
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 200, "x-search": True},
        "code": {"type": "string", "x-unique": True, "x-index": True},
        "total": {"type": "string", "format": "decimal", "x-decimal": {"scale": 2}},
        "secret": {"type": "string"},
    },
    "x-title": "name",
}
WORKFLOW = {
    "type": "shop.order",
    "initial": "draft",
    "states": {"draft": {"editable": True, "deletable": True}, "sent": {"final": True}},
    "actions": {"send": {"title": "Send", "from": ["draft"], "to": "sent", "event": "sent"}},
}
ROLES = {
    "shop.clerk": {"title": "Clerk", "permissions": [{"type": "shop.order", "actions": ["*"], "mask": ["secret"]}]},
    "shop.letterbox": {"title": "Letterbox", "permissions": [{"type": "shop.order", "actions": ["create"]}]},
}


class ShopPlugin:
    """A system plugin that knows one applet."""

    def __init__(self, applet: Applet, module: object) -> None:
        self.applet, self.module = applet, module

    @hookimpl
    def load_applet(self, name: str, version: str) -> tuple[Applet, object] | None:
        return (self.applet, self.module) if (name, version) == ("shop", VERSION) else None


class Clock:
    """Stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **given: float) -> None:
        self.now += timedelta(**given)


class House:
    """kernel, clock, and `module`: what the applet's hooks module is."""

    def __init__(self, kernel: Kernel, clock: Clock, module: SimpleNamespace) -> None:
        self.kernel, self.clock, self.module = kernel, clock, module
        self.tenants = TenantService(kernel.database, kernel.directory, kernel.installation)

    def make_tenant(self, name: str) -> TenantRecord:
        tenant = self.tenants.create_tenant(NewTenant(name, name.capitalize()), self.clock())
        self.set_applet(tenant, "enabled")
        return tenant

    def set_applet(self, tenant: TenantRecord, state: str) -> None:
        """Enable or disable `shop`, as the registry does."""
        with self.kernel.database.transaction(tenant) as uow:
            uow.execute(
                "INSERT INTO {t}.applets (name, version, state, changed_at, changed_by)"
                " VALUES ('shop', %s, %s, %s, 'test') ON CONFLICT (name) DO UPDATE SET state = excluded.state",
                [VERSION, state, self.clock()],
            )
            uow.execute("UPDATE {t}.meta SET value = value + 1 WHERE name = 'generation'")
            uow.commit()

    def create(self, tenant: TenantRecord, name: str = "x", **fields: object) -> str:
        """A new order in a transaction of its own; its id."""
        with self.kernel.operate(tenant) as ctx:
            return ctx.documents.create("shop.order", {"name": name, **fields}).id

    def rows(self, tenant: TenantRecord, sql: str, *values: object) -> list[tuple]:
        with self.kernel.database.transaction(tenant) as uow:
            return uow.execute(sql, list(values)).fetchall()

    def orders(self, tenant: TenantRecord) -> list[str]:
        """Names of all orders, in the order they were created in."""
        found = self.rows(tenant, "SELECT data->>'name' FROM {t}.documents WHERE type = 'shop.order' ORDER BY id")
        return [name for (name,) in found]


@contextmanager
def open_house(
    url: str, folder: Path, *, settings: Mapping[str, object] | None = None, **functions: Callable
) -> Iterator[House]:
    """functions: the hooks of `shop`, decorated. settings: over those of the house."""
    module = SimpleNamespace(**functions)
    clock = Clock()
    cheap = {"data_dir": folder / "data", "password_memory_kib": 64, "password_passes": 1}
    kernel = build_kernel(Settings(system_plugins=(), **cheap, **(settings or {})), url, clock=clock)
    kernel.plugins.register(ShopPlugin(write_shop(folder / "shop"), module), "shop")
    try:
        yield House(kernel, clock, module)
    finally:
        kernel.close()


def write_shop(folder: Path) -> Applet:
    files = {"schemas/order.json": ORDER, "workflows/order.json": WORKFLOW, "roles.json": ROLES}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    (folder / "applet.toml").write_text(MANIFEST)
    (folder / "hooks.py").write_text("")
    return Applet.load(folder)


__all__ = ["Clock", "House", "hooks", "open_house"]
