"""Applets that do what none may, each in a manner of its own, and tenants that run them or do not."""

import itertools
import json

from psycopg import sql
from starlette.testclient import TestClient

from kernel.auth.records import Authority
from kernel.auth.service import create_api_key, create_user
from kernel.http.app import create_app
from kernel.tenancy.service import NewTenant, TenantService
from kernel.transfer.caller import Caller
from registry.lifecycle import enable_applet
from registry.plans.apply import apply_plan, plan
from registry.plans.situation import PlanRequest

NOTE = {
    "title": "Note",
    "type": "object",
    "x-title": "text",
    "x-number": {"series": "N-{number:04}", "gapless": True},
    "properties": {"text": {"type": "string"}, "seen": {"type": "string"}},
    "required": ["text"],
}
HALF = {"title": "Half", "type": "object", "properties": {"text": {"type": "string"}}}
PIECES = {
    "name": "{name}.pieces",
    "title": "Pieces",
    "dimensions": [{"name": "kind", "title": "Kind"}],
    "resources": [{"name": "count", "title": "Count"}],
}
MANIFEST = """
name = "{name}"
version = "{version}"
title = "{name}"
trust = "sandboxed"

[requires]
sdk = ">=1.0,<2"
"""
# Half of its work is done by the time it goes wrong: a document, an event, a number and a movement.
HOOKS = """
from __future__ import annotations

from decimal import Decimal

from sdk import Context, Document, Event, hooks


@hooks.before_save("{name}.note")
def work(ctx: Context, document: Document, previous: Document | None) -> None:
    half = ctx.documents.create("{name}.half", {{"text": document["text"]}})
    ctx.events.emit("{name}.half.done", half)
    ctx.sequence("numbers")
    pieces = {{"count": Decimal(1)}}
    ctx.registers.record(document, "{name}.pieces", occurred_at=ctx.today, dimensions={{"kind": "a"}}, resources=pieces)
    if document["text"] == "ill":
        offend(ctx)


def offend(ctx: Context) -> None:
{act}
"""
LISTENING = """

@hooks.on("{name}.note.*")
def hear(ctx: Context, event: Event) -> None:
    note = ctx.documents.get("{name}.note", event.aggregate_id)
    ctx.documents.create("{name}.half", {{"text": f"{{note['text']}} {{event.version}}"}})
    if note["text"].startswith("deaf"):
        offend(ctx)
"""
SPIN = "    while True:\n        pass"
MENDED = "    return"
OFFENCES = {
    "spinning": SPIN,
    "hungry": "    kept = []\n    while True:\n        kept.append(bytes(10_000_000))",
    "flooding": '    for _ in range(1_000):\n        ctx.documents.query("flooding.note")',
    "crashing": "    items = iter([1])\n    for _ in range(300_000):\n        items = map(str, items)\n    list(items)",
}
_numbers = itertools.count(1)


def write_offender(folder, name, act, *, version="1.0.0", more=""):
    (folder / "schemas").mkdir(parents=True)
    (folder / "registers").mkdir()
    (folder / "applet.toml").write_text(MANIFEST.format(name=name, version=version))
    (folder / "schemas" / "note.json").write_text(json.dumps(NOTE))
    (folder / "schemas" / "half.json").write_text(json.dumps(HALF))
    (folder / "registers" / "pieces.json").write_text(json.dumps(PIECES).replace("{name}", name))
    (folder / "hooks.py").write_text((HOOKS + more).format(name=name, act=act))
    return folder


class Street:
    """One kernel whose tenants ask over HTTP."""

    def __init__(self, site, folder):
        self.site, self.kernel, self.releases, self.folder = site, site.kernel, site.releases, folder
        self.client = TestClient(create_app(site.kernel, has_worker=False))

    def add(self, name, act, *, version="1.0.0", more=""):
        folder = write_offender(self.folder / f"{name}-{version}", name, act, version=version, more=more)
        self.releases.add(self.kernel.database, folder, self.kernel.clock(), "test")

    def move_in(self, *applets):
        kernel = self.kernel
        service = TenantService(kernel.database, kernel.directory, kernel.installation)
        record = service.create_tenant(NewTenant(f"house{next(_numbers)}", "House"), kernel.clock())
        with kernel.operate(record) as ctx:
            for name in applets:
                enable_applet(ctx, self.releases, name, version="1.0.0")
        return Resident(self, record)


class Resident:
    """A tenant, and its administrator with a key."""

    def __init__(self, street, record):
        self.street, self.record, self.kernel = street, record, street.kernel
        kernel = street.kernel
        with kernel.database.platform() as uow:
            user = create_user(uow, Authority.of(kernel).passwords, record.id, "ada@house.example", kernel.clock())
            self.key = create_api_key(uow, user.id, "test", ["*:*"], kernel.clock()).secret
            uow.commit()
        with kernel.operate(record) as ctx:
            ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": "kernel.admin"})
            ctx.documents.create("kernel.company", {"name": "House Ltd", "currency": "EUR"})

    def post(self, path, body=None, **headers):
        given = {"Authorization": f"Bearer {self.key}", **headers}
        return self.street.client.post(f"/api/v1/{path}", json=body, headers=given)

    def change(self, path, patch, version):
        given = {"Authorization": f"Bearer {self.key}", "If-Match": f'"{version}"'}
        return self.street.client.patch(f"/api/v1/{path}", json=patch, headers=given)

    def save(self, applet, text, **headers):
        return self.post(f"{applet}/notes", {"text": text}, **headers)

    def upgrade(self, name, version):
        caller = Caller(self.kernel, self.record)
        made = plan(caller, self.street.releases, PlanRequest("upgrade", name, version))
        return apply_plan(caller, self.street.releases, made["digest"], consent=True)

    def texts(self, type):
        with self.kernel.operate(self.record) as ctx:
            return [one["text"] for one in ctx.documents.query(type, sort=["created_at"]).items]

    def rows(self, query):
        with self.kernel.database.transaction(self.record) as uow:
            return uow.execute(query).fetchall()

    def pieces(self, applet):
        with self.kernel.operate(self.record) as ctx:
            (total,) = ctx.bind(applet).registers.balance(f"{applet}.pieces")
            return total.resources["count"]

    def picture(self):
        """Every row of every table it has, as one number for each table."""
        with self.kernel.database.owner() as owner:
            found = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [self.record.schema])
            names = sorted(name for (name,) in found.fetchall())
            return {name: owner.execute(_rows_of(self.record.schema, name)).fetchall() for name in names}


def _rows_of(schema, table):
    query = "SELECT md5(string_agg(r::text, '|' ORDER BY r::text)) FROM {} r"
    return sql.SQL(query).format(sql.Identifier(schema, table))


def changed(before, after):
    """Names of tables of which two pictures differ."""
    return {name for name in after if after[name] != before.get(name)}
