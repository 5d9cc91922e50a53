"""A tenant whose shop runs sandboxed, on the real kernel with a clock that tests move."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest

from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant, TenantService
from registry.lifecycle import enable_applet
from tests.integration.registry.conftest import World

ORDER = {
    "title": "Order",
    "type": "object",
    "x-title": "name",
    "properties": {
        "name": {"type": "string"},
        "total": {"type": "string", "format": "decimal"},
        "due": {"type": "string", "format": "date"},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"price": {"format": "decimal"}}}},
        "seen": {"type": "string"},
    },
    "required": ["name"],
}
NOTE = {
    "title": "Note",
    "type": "object",
    "x-title": "text",
    "properties": {"text": {"type": "string"}, "about": {"type": "string"}},
    "required": ["text"],
}
MANIFEST = """
name = "shop"
version = "{version}"
title = "Shop"
trust = "sandboxed"
{capabilities}

[requires]
sdk = ">=1.0,<2"

[limits]
when_suspended = "{when_suspended}"
"""
HOOKS = '''
from __future__ import annotations

from decimal import Decimal

from sdk import Context, Document, Event, hooks
from sdk.errors import Conflict

from .rules import total_of


class OrderRefused(Conflict):
    """The order {name} is not wanted."""


@hooks.before_save("shop.order")
def complete(ctx: Context, document: Document, previous: Document | None) -> None:
    name = document["name"]
    if name == "refused":
        raise OrderRefused(name=name)
    if name == "broken":
        document["total"] = {}["missing"]
    if name == "spinning":
        ctx.documents.create("shop.note", {"text": "half done"})
        while True:
            pass
    if name == "hungry":
        document["seen"] = "x" * (1 << 40)
    if name == "curious":
        document["seen"] = ctx.documents.query("kernel.role").items[0]["name"]
    document["total"] = total_of(document.get("lines") or [])
    document["seen"] = f"{ctx.actor.id} {ctx.today}"
    ctx.log.info("completed %s", name)


@hooks.on("shop.order.created")
def note(ctx: Context, event: Event) -> None:
    order = ctx.documents.get("shop.order", event.aggregate_id)
    if order["name"] == "slow to hear":
        while True:
            pass
    ctx.documents.create("shop.note", {"text": f"heard of {order['name']}", "about": order.id})


@hooks.resolve("price")
def price(ctx: Context, product_id: str) -> Decimal | None:
    return Decimal("12.50") if product_id == "tea" else None


@hooks.invariant
def notes_are_about_something(ctx: Context):
    for one in ctx.documents.query("shop.note").items:
        if one.get("about") is None:
            yield f"The note {one['text']} is about nothing."
'''
RULES = """
from decimal import Decimal


def total_of(lines):
    return sum((line["price"] for line in lines), Decimal(0))
"""
_numbers = itertools.count(1)


class Clock:
    def __init__(self):
        self.now = datetime(2026, 3, 2, 12, tzinfo=UTC)

    def __call__(self):
        return self.now

    def advance(self, **kwargs):
        self.now += timedelta(**kwargs)


def write_shop(folder, *, version="1.0.0", hooks=HOOKS, when_suspended="fail_closed", capabilities=""):
    (folder / "schemas").mkdir(parents=True, exist_ok=True)
    manifest = MANIFEST.format(version=version, when_suspended=when_suspended, capabilities=capabilities)
    (folder / "applet.toml").write_text(manifest)
    (folder / "schemas" / "order.json").write_text(json.dumps(ORDER))
    (folder / "schemas" / "note.json").write_text(json.dumps(NOTE))
    (folder / "hooks.py").write_text(hooks)
    (folder / "rules.py").write_text(RULES)
    return folder


class Site(World):
    """One kernel with the shop, and tenants that have it enabled."""

    def __init__(self, folder, url, **settings):
        self.clock = Clock()
        kernel = build_kernel(Settings(applets_dir=folder, pool_size_max=4, **settings), url, clock=self.clock)
        super().__init__(kernel, None, url)
        self.folder = folder

    def make_tenant(self):
        tenants = TenantService(self.kernel.database, self.kernel.directory, self.kernel.installation)
        tenant = tenants.create_tenant(NewTenant(f"sandboxed{next(_numbers)}", "Sandboxed"), self.clock())
        with self.kernel.operate(tenant) as ctx:
            enable_applet(ctx, self.releases, "shop")
        return tenant

    def order(self, tenant, name, **fields):
        with self.kernel.operate(tenant) as ctx:
            return ctx.documents.create("shop.order", {"name": name, **fields})

    def rows(self, tenant, sql):
        with self.kernel.database.transaction(tenant) as uow:
            return uow.execute(sql).fetchall()

    def names(self, tenant, type="shop.order", field="name"):
        with self.kernel.operate(tenant) as ctx:
            return sorted(one[field] for one in ctx.documents.query(type).items)

    @property
    def sandbox(self):
        return self.kernel.plugins.get_plugin("registry.plugin").sandbox


@pytest.fixture(scope="module")
def open_site(tmp_path_factory, empty_database):
    """A function that opens a kernel over applets in a folder of its own; `write` puts the shop there."""
    opened = []

    def open_site(write=write_shop, url=None, folder=None, **settings):
        folder = folder or tmp_path_factory.mktemp("applets")
        if not (folder / "shop").exists():
            write(folder / "shop")
        opened.append(Site(folder, url or empty_database(), **settings))
        return opened[-1]

    yield open_site
    for site in opened:
        site.kernel.close()


@pytest.fixture(scope="module")
def site(open_site):
    return open_site()


@pytest.fixture
def tenant(site):
    yield site.make_tenant()
    site.kernel.breaker.stops.lift(applet=None, version=None, tenant_id=None)
