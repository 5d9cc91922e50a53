"""A kernel with one applet, `den`, whose documents are searched under conditions, masks and companies."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kernel.auth.records import Identity
from kernel.context import KernelContext
from kernel.events.horizon import Horizon
from kernel.main import Kernel, build_kernel
from kernel.search.refresh import Refresher
from kernel.search.service import SearchPage, SearchRequest, search
from kernel.settings import Settings
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant, TenantService
from registry.lifecycle import disable_applet, enable_applet
from sdk.context import Actor
from sdk.identifiers import new_id

MANIFEST = """
name = "den"
version = "1.0.0"
title = "Den"
[requires]
sdk = ">=0"
"""
TEXT = {"type": "string", "x-search": True}
PERSON = {
    "title": "Person",
    "x-title": "name",
    "properties": {
        "name": TEXT,
        "nickname": TEXT,
        "salary_note": TEXT,
        "level": {"type": "string"},
        "home": {"type": "object", "properties": {"street": TEXT}},
    },
}
PAPER = {
    "title": "Paper",
    "x-company": "required",
    "x-number": {"series": "P-{number:04}", "on": "create"},
    "x-title": "subject",
    "properties": {"subject": TEXT, "body": TEXT},
}
SHORT = {"type": "string", "maxLength": 200, "x-search": True}
WINE = {"title": "Wine", "x-title": "name", "properties": {"name": SHORT, "maker": SHORT}}
GUEST = {"title": "Guest", "properties": {"code": SHORT, "name": {**SHORT, "x-personal": "name"}}}
STONE = {"title": "Stone", "properties": {"weight": {"type": "integer"}}}
ROLES = {
    "den.clerk": {
        "title": "Clerk",
        "permissions": [
            {"type": "den.person", "actions": ["read"], "mask": ["salary_note", "home"]},
            {"type": "den.paper", "actions": ["read"]},
        ],
    },
    "den.junior": {
        "title": "Junior",
        "permissions": [{"type": "den.person", "actions": ["read"], "condition": "level == 'low'"}],
    },
}
FILES = {
    "schemas/person.json": PERSON, "schemas/paper.json": PAPER, "schemas/stone.json": STONE,
    "schemas/wine.json": WINE, "schemas/guest.json": GUEST, "roles.json": ROLES,
}  # fmt: skip


class Den:
    """The kernel and a tenant with one company and the applet; `refresh` does what the worker does each second."""

    def __init__(self, kernel: Kernel, tenant: TenantRecord, company: str) -> None:
        self.kernel, self.tenant, self.company = kernel, tenant, company
        self.refresher = Refresher(Horizon(tenant.schema))

    def operate(self):
        return self.kernel.operate(self.tenant)

    def put(self, type: str, *documents: dict, company: str | None = None) -> list[str]:
        with self.operate() as ctx:
            company_id = (company or self.company) if type == "den.paper" else None
            made = [ctx.documents.create(type, each, company_id=company_id) for each in documents]
            return [each.id for each in made]

    def people(self, *names: str) -> list[str]:
        return self.put("den.person", *({"name": name} for name in names))

    def make_company(self, name: str) -> str:
        with self.operate() as ctx:
            return ctx.documents.create("kernel.company", {"name": name, "currency": "EUR"}).id

    def refresh(self) -> None:
        while self.refresh_once():
            pass

    def refresh_once(self) -> bool:
        with self.kernel.database.transaction(self.tenant) as uow:
            has_more = self.refresher.refresh(uow, self.kernel.runtimes.get(uow))
            uow.commit()
        return has_more

    def find(self, q: str, actor: Actor | None = None, **asked) -> SearchPage:
        with self.kernel.database.transaction(self.tenant) as uow:
            ctx = self.context(uow, actor)
            return search(ctx, SearchRequest(q, **asked))

    def titles(self, q: str, actor: Actor | None = None, **asked) -> list[str]:
        """Of what is found after the index has caught up, in the order of their rank."""
        self.refresh()
        return [hit.title for hit in self.find(q, actor, **asked).items]

    def context(self, uow, actor: Actor | None) -> KernelContext:
        if actor is None:
            return self.kernel.operator_context(uow)
        return self.kernel.context(uow, Identity(actor, self.tenant))

    def make_user(self, role: str, *companies: str) -> Actor:
        actor = Actor(new_id(), "user", f"{role}@example.com")
        with self.operate() as ctx:
            ctx.documents.create("kernel.grant", {"actor_id": actor.id, "role": role, "companies": list(companies)})
        return actor

    def rows(self, sql: str, *values: object) -> list[tuple]:
        with self.kernel.database.transaction(self.tenant) as uow:
            return uow.execute(sql, list(values)).fetchall()

    def set_applet(self, is_enabled: bool) -> None:
        releases = self.kernel.plugins.get_plugin("registry.plugin").releases
        with self.operate() as ctx:
            enable_applet(ctx, releases, "den") if is_enabled else disable_applet(ctx, releases, "den")

    def set_locale(self, locale: str) -> None:
        with self.kernel.database.owner() as owner:
            owner.execute("UPDATE bos.tenants SET locale = %s WHERE id = %s", [locale, self.tenant.id])
        self.tenant = self.kernel.directory.get(self.tenant.name)


_numbers = itertools.count(1)


def make_den(kernel: Kernel, locale: str = "en") -> Den:
    name = f"den{next(_numbers)}"
    tenants = TenantService(kernel.database, kernel.directory, kernel.installation)
    tenant = tenants.create_tenant(NewTenant(name, name, locale=locale), kernel.clock())
    releases = kernel.plugins.get_plugin("registry.plugin").releases
    with kernel.operate(tenant) as ctx:
        company = ctx.documents.create("kernel.company", {"name": "Cave Ltd", "currency": "EUR"}).id
        enable_applet(ctx, releases, "den")
    return Den(kernel, tenant, company)


@contextmanager
def open_dens(url: str, folder: Path) -> Iterator[Kernel]:
    for name, content in FILES.items():
        path = folder / "den" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    (folder / "den" / "applet.toml").write_text(MANIFEST)
    (folder / "den" / "hooks.py").write_text("")
    kernel = build_kernel(Settings(data_dir=folder / "data", applets_dir=folder, pool_size_max=6), url)
    kernel.url = url
    try:
        yield kernel
    finally:
        kernel.close()
