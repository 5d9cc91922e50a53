"""A kernel with one applet, `yard`, whose types and hooks have a little of everything; and tenants that have it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kernel.auth.records import Identity
from kernel.context import KernelContext
from kernel.main import Kernel, build_kernel
from kernel.settings import Settings
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant, TenantService
from registry.lifecycle import enable_applet
from sdk.context import Actor
from sdk.identifiers import new_id

MANIFEST = """
name = "yard"
version = "1.0.0"
title = "Yard"
[requires]
sdk = ">=0"
"""
DECIMAL = {"type": "string", "format": "decimal"}
TOOL = {
    "title": "Tool",
    "x-title": "name",
    "properties": {
        "name": {"type": "string", "x-search": True},
        "secret": {"type": "string", "x-search": True},
        "code": {"type": "string", "x-unique": True},
        "place": {"type": "string", "x-index": True},
        "goes_with": {"type": "string", "x-link": "yard.tool"},
        "price": {**DECIMAL, "x-decimal": {"scale": 2}},
        "above_hundred": {**DECIMAL, "x-decimal": {"scale": 2, "min": "0"}, "x-computed": "price - 100"},
        "bought_on": {"type": "string", "format": "date"},
        "days_old": {**DECIMAL, "x-decimal": {"scale": 0}, "x-computed": "days_between(bought_on, today)"},
        "parts": {"type": "array", "items": {"type": "object", "properties": {"weight": DECIMAL}}},
    },
}
LOAN = {
    "title": "Loan",
    "x-company": "required",
    "properties": {"name": {"type": "string"}, "shelf": {"type": "string"}},
}
ROLES = {
    "yard.helper": {
        "title": "Helper",
        "permissions": [{"type": "yard.*", "actions": ["*"], "mask": ["secret", "goes_with"]}],
    },
    "yard.stranger": {"title": "Stranger", "permissions": [{"type": "yard.tool", "actions": ["*"], "mask": ["name"]}]},
    "yard.remover": {"title": "Remover", "permissions": [{"type": "yard.tool", "actions": ["delete"]}]},
    "yard.buyer": {
        "title": "Buyer",
        "permissions": [
            {"type": "yard.tool", "actions": ["*"], "condition": "above_hundred is None or above_hundred < 50"}
        ],
    },
}
STOCK = {
    "name": "yard.stock",
    "title": "Stock",
    "dimensions": [{"name": "shelf"}],
    "resources": [{"name": "quantity"}],
}
SETTINGS = {"type": "object", "properties": {"limit": {**DECIMAL, "default": "10"}}}
HOOKS = """
from datetime import date
from decimal import Decimal

from sdk import hooks
from sdk.errors import Conflict


class Guarded(Conflict):
    \"\"\"It is guarded.\"\"\"


@hooks.before_save("yard.loan")
def count(ctx, document):
    shelf, one = document.get("shelf", ""), {"quantity": Decimal(1)}
    ctx.registers.record(
        document, "yard.stock", occurred_at=date(2026, 1, 1), dimensions={"shelf": shelf}, resources=one
    )
    if document.get("name") == "guarded":
        raise Guarded


@hooks.before_delete("yard.loan")
def write_off(ctx, document):
    ctx.documents.create("yard.tool", {"name": "written off"})


@hooks.before_delete("yard.loan")
def guard(ctx, document):
    raise Guarded
"""
FILES = {"schemas/tool.json": TOOL, "schemas/loan.json": LOAN, "registers/stock.json": STOCK}


class Yard:
    """The kernel, a tenant with one company and the applet, and users of it."""

    def __init__(self, kernel: Kernel, tenant: TenantRecord) -> None:
        self.kernel, self.tenant = kernel, tenant

    def operate(self):
        return self.kernel.operate(self.tenant)

    def make_user(self, role: str) -> Actor:
        actor = Actor(new_id(), "user", f"{role}@example.com")
        with self.operate() as ctx:
            ctx.documents.create("kernel.grant", {"actor_id": actor.id, "role": role})
        return actor

    @contextmanager
    def as_user(self, actor: Actor) -> Iterator[KernelContext]:
        """A transaction of that user, which rolls back."""
        with self.kernel.database.transaction(self.tenant) as uow:
            yield self.kernel.context(uow, Identity(actor, self.tenant))


_numbers = itertools.count(1)


def make_yard(kernel: Kernel) -> Yard:
    """A tenant of its own."""
    name = f"yard{next(_numbers)}"
    tenants = TenantService(kernel.database, kernel.directory, kernel.installation)
    yard = Yard(kernel, tenants.create_tenant(NewTenant(name, name), kernel.clock()))
    releases = kernel.plugins.get_plugin("registry.plugin").releases
    with yard.operate() as ctx:
        ctx.documents.create("kernel.company", {"name": "Yard Ltd", "currency": "EUR"})
        enable_applet(ctx, releases, "yard")
    return yard


@contextmanager
def open_yards(url: str, folder: Path) -> Iterator[Kernel]:
    write_applet(folder / "yard")
    kernel = build_kernel(Settings(applets_dir=folder, pool_size_max=4), url)
    try:
        yield kernel
    finally:
        kernel.close()


def write_applet(folder: Path) -> None:
    for name, content in {**FILES, "roles.json": ROLES, "settings.json": SETTINGS}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    (folder / "applet.toml").write_text(MANIFEST)
    (folder / "hooks.py").write_text(HOOKS)
