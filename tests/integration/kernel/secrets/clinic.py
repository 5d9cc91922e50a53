"""A kernel with one applet whose patients have encrypted and personal fields, and whose invoices have to be kept."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kernel.auth.records import Identity
from kernel.context import KernelContext
from kernel.main import Kernel, build_kernel
from kernel.settings import Settings
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant, TenantService
from registry.lifecycle import enable_applet
from sdk.context import Actor

TEXT = {"type": "string"}
PERSONAL = {**TEXT, "x-personal": "contact"}
PATIENT = {
    "title": "Patient",
    "x-title": "name",
    "required": ["name"],
    "properties": {
        "name": {**TEXT, "x-personal": "name", "x-search": True},
        "email": {"format": "email", "x-personal": "contact"},
        "born_on": {"format": "date", "x-personal": "birth", "x-encrypted": True},
        "ssn": {**TEXT, "x-encrypted": True, "x-unique": True},
        "limit": {"x-decimal": {"scale": 2}, "x-encrypted": True},
        "home": {"type": "object", "properties": {"street": {**TEXT, "x-personal": "address"}}},
        "phones": {"type": "array", "items": PERSONAL},
        "kin": {"type": "array", "items": {"type": "object", "properties": {"name": PERSONAL, "rank": TEXT}}},
        "code": TEXT,
        "shown": {**TEXT, "x-computed": "lower(name)", "x-personal": "name"},
    },
}
BILL = {
    "title": "Bill",
    "x-subject": "patient",
    "required": ["patient", "total"],
    "properties": {
        "patient": {"x-link": "clinic.patient"},
        "address": {**TEXT, "x-personal": "address"},
        "note": {**TEXT, "x-personal": "health"},
        "total": {"x-decimal": {"scale": 2}},
        "billed_on": {"format": "date"},
    },
}
ROOM = {"title": "Room", "properties": {"name": TEXT, "patient": {"x-link": "clinic.patient"}}}
WORKFLOW = {
    "type": "clinic.bill",
    "initial": "draft",
    "states": {"draft": {"editable": True, "deletable": True}, "posted": {"editable": False, "final": True}},
    "actions": {
        "post": {
            "title": "Post",
            "from": ["draft"],
            "to": "posted",
            "event": "posted",
            "arguments": {"properties": {"said": {**TEXT, "x-personal": "contact"}, "place": TEXT}},
        }
    },
}
ROLES = {
    "clinic.doctor": {"title": "Doctor", "permissions": [{"type": "clinic.*", "actions": ["*"]}]},
    "clinic.clerk": {"title": "Clerk", "permissions": [{"type": "clinic.*", "actions": ["*"], "mask": ["ssn"]}]},
}
HOOKS = """
from sdk import hooks
from sdk.errors import Conflict

class Veto(Conflict):
    \"\"\"Bills over 13 stay.\"\"\"

@hooks.on("clinic.patient.created")
def number(ctx, event):
    ctx.elevated.documents.create("clinic.room", {"name": "room of " + str(event.payload["diff"]["code"])})

@hooks.before_delete("clinic.bill")
def veto(ctx, document):
    if document["total"] == 13:
        raise Veto
"""
MANIFEST = 'name = "clinic"\nversion = "1.0.0"\ntitle = "Clinic"\n[requires]\nsdk = ">=0"\n'
FILES = {
    "schemas/patient.json": PATIENT,
    "schemas/bill.json": BILL,
    "schemas/room.json": ROOM,
    "workflows/bill.json": WORKFLOW,
    "roles.json": ROLES,
}
CHEAP = {"password_memory_kib": 64, "password_passes": 1, "password_lanes": 1}
_numbers = itertools.count(1)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Clinic:
    """A tenant of its own."""

    kernel: Kernel
    tenant: TenantRecord

    @contextmanager
    def operate(self) -> Iterator[KernelContext]:
        with self.kernel.operate(self.tenant) as ctx:
            yield ctx

    @contextmanager
    def as_role(self, role: str) -> Iterator[KernelContext]:
        """A transaction of a user with that role, which rolls back."""
        actor = Actor(id=f"user-{role}", kind="user", name=role)
        with self.operate() as ctx:
            if ctx.documents.find("kernel.grant", actor_id=actor.id) is None:
                ctx.documents.create("kernel.grant", {"actor_id": actor.id, "role": role})
        with self.kernel.database.transaction(self.tenant) as uow:
            yield self.kernel.context(uow, Identity(actor, self.tenant))

    def dump(self) -> str:
        """Every row of every table of the tenant's schema as text, as a thief of the database would have it."""
        stolen = io.StringIO()
        with self.kernel.database.owner(self.tenant.database) as connection:
            tables = connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'",
                [self.tenant.schema],
            ).fetchall()
            for (table,) in tables:
                with connection.cursor().copy(f'COPY "{self.tenant.schema}"."{table}" TO STDOUT') as rows:
                    for row in rows:
                        stolen.write(bytes(row).decode())
        return stolen.getvalue()

    def execute(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """As the owner of the database, past every check."""
        with self.kernel.database.owner(self.tenant.database) as connection:
            cursor = connection.execute(sql.replace("{t}", f'"{self.tenant.schema}"'), values)
            return cursor.fetchall() if cursor.description else []


def make_clinic(kernel: Kernel) -> Clinic:
    name = f"clinic{next(_numbers)}"
    tenants = TenantService(kernel.database, kernel.directory, kernel.installation)
    clinic = Clinic(kernel, tenants.create_tenant(NewTenant(name, name), kernel.clock()))
    releases = kernel.plugins.get_plugin("registry.plugin").releases
    with clinic.operate() as ctx:
        ctx.documents.create("kernel.company", {"name": "Clinic Ltd", "currency": "EUR"})
        enable_applet(ctx, releases, "clinic")
    return clinic


@contextmanager
def open_clinics(url: str, folder: Path, **settings: object) -> Iterator[Kernel]:
    for name, content in FILES.items():
        path = folder / "applets" / "clinic" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    (folder / "applets" / "clinic" / "applet.toml").write_text(MANIFEST)
    (folder / "applets" / "clinic" / "hooks.py").write_text(HOOKS)
    given = {"data_dir": folder / "data", "pool_size_max": 4, "database_url": url, **CHEAP, **settings}
    kernel = build_kernel(Settings(applets_dir=folder / "applets", **given), url, clock=Clock())
    try:
        yield kernel
    finally:
        kernel.close()
