"""A kernel with one applet, `shelf`: a box with a field of every kind, numbered documents, hooks that refuse."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kernel.documents.listing import ListRequest, RowPage, list_rows
from kernel.main import Kernel, build_kernel
from kernel.settings import Settings
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant, TenantService
from registry.lifecycle import enable_applet
from sdk.schema import DocumentType

MANIFEST = """
name = "shelf"
version = "1.0.0"
title = "Shelf"
[requires]
sdk = ">=0"
"""
BOX = {
    "title": "Box",
    "x-title": "name",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 600, "x-search": True},
        "remark": {"type": "string", "x-search": True},
        "code": {"type": "string", "x-unique": True, "x-index": True},
        "place": {"type": "string", "x-index": True},
        "price": {"type": "string", "x-decimal": {"scale": 2}, "x-index": True},
        "weight": {"type": "string", "x-decimal": {}},
        "count": {"type": "integer"},
        "is_open": {"type": "boolean"},
        "packed_on": {"type": "string", "format": "date", "x-index": True},
        "sealed_at": {"type": "string", "format": "date-time"},
        "inside": {"type": "string", "x-link": "shelf.box"},
        "about": {"type": "string", "x-link": "*"},
        "size": {"type": "object", "properties": {"width": {"type": "integer"}, "unit": {"type": "string"}}},
        "tags": {"type": "array", "items": {"type": "string"}},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "what": {"type": "string"},
                    "box": {"type": "string", "x-link": "shelf.box"},
                    "amount": {"type": "string", "x-decimal": {"scale": 2}},
                },
            },
        },
    },
}
NOTE = {
    "title": "Note",
    "x-company": "required",
    "x-number": {"series": "N-{year}-{number:04}", "on": "create", "gapless": True, "date": "dated_on"},
    "x-title": "number",
    "properties": {
        "text": {"type": "string"},
        "dated_on": {"type": "string", "format": "date"},
        "reference": {"type": "string", "x-unique": "company"},
    },
}
SLIP = {
    "title": "Slip",
    "x-number": {"series": "S-{year}-{month}-{number}", "on": "print"},
    "properties": {"text": {"type": "string"}},
}
TICKET = {"title": "Ticket", "x-number": {"series": "T{number}"}, "properties": {"text": {"type": "string"}}}
SLIP_WORKFLOW = {
    "type": "shelf.slip",
    "initial": "draft",
    "states": {"draft": {"editable": True, "deletable": True}, "printed": {"final": True}},
    "actions": {"print": {"title": "Print", "from": ["draft"], "to": "printed", "event": "printed"}},
}
HOOKS = """
from sdk import hooks
from sdk.errors import Conflict


class Refused(Conflict):
    \"\"\"It is refused.\"\"\"


@hooks.after_save("shelf.note")
def refuse(ctx, document):
    if document.get("text") == "refused":
        raise Refused


@hooks.on("shelf.box.created")
def hear(ctx, event):
    pass


@hooks.on("shelf.box.*")
def overhear(ctx, event):
    pass
"""
FILES = {
    "schemas/box.json": BOX, "schemas/note.json": NOTE, "schemas/slip.json": SLIP, "schemas/ticket.json": TICKET,
    "workflows/slip.json": SLIP_WORKFLOW,
}  # fmt: skip


class HandClock:
    """Moved by hand; runs on by a microsecond whenever it is read."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 10, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


class Shelf:
    """The kernel, a tenant with one company and the applet."""

    def __init__(self, kernel: Kernel, tenant: TenantRecord) -> None:
        self.kernel, self.tenant = kernel, tenant

    def operate(self):
        return self.kernel.operate(self.tenant)

    def type(self, name: str = "shelf.box") -> DocumentType:
        with self.operate() as ctx:
            return ctx.runtime.catalogue.type(name)

    def put(self, *boxes: dict) -> list[str]:
        """Ids of new boxes, in the order given; a box without a name is called by its place in it."""
        with self.operate() as ctx:
            given = [{"name": str(number), **box} for number, box in enumerate(boxes)]
            return [ctx.documents.create("shelf.box", box).id for box in given]

    def page(self, **asked) -> RowPage:
        with self.operate() as ctx:
            return list_rows(ctx, ctx.runtime.catalogue.type("shelf.box"), ListRequest(**asked))

    def names(self, **asked) -> list[str]:
        return [row.data["name"] for row in self.page(**asked).rows]

    def rows(self, sql: str, *values: object) -> list[tuple]:
        with self.kernel.database.transaction(self.tenant) as uow:
            return uow.execute(sql, list(values)).fetchall()

    def count(self, table: str) -> int:
        return self.rows(f"SELECT count(*) FROM {{t}}.{table}")[0][0]

    def make_company(self, name: str) -> str:
        with self.operate() as ctx:
            return ctx.documents.create("kernel.company", {"name": name, "currency": "EUR"}).id

    def wait_for_a_lock(self) -> None:
        """Until some transaction of this database waits for another: what is tested is about to be decided."""
        sql = "SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = %s"
        with self.kernel.database.owner(self.tenant.database) as owner:
            for _ in range(LOOKS_MAX):
                if owner.execute(sql, [owner.info.dbname]).fetchone():
                    return
        raise AssertionError("nobody waits")


LOOKS_MAX = 20_000
_numbers = itertools.count(1)


def make_tenant(kernel: Kernel, database: str | None = None) -> TenantRecord:
    name = f"shelf{next(_numbers)}"
    tenants = TenantService(kernel.database, kernel.directory, kernel.installation)
    return tenants.create_tenant(NewTenant(name, name, database=database), kernel.clock())


def furnish(kernel: Kernel, tenant: TenantRecord) -> Shelf:
    """One company, and the applet enabled."""
    shelf = Shelf(kernel, tenant)
    releases = kernel.plugins.get_plugin("registry.plugin").releases
    with shelf.operate() as ctx:
        ctx.documents.create("kernel.company", {"name": "Shelf Ltd", "currency": "EUR"})
        enable_applet(ctx, releases, "shelf")
    return shelf


@contextmanager
def open_shelves(url: str, folder: Path, **given: object) -> Iterator[Kernel]:
    write_applet(folder / "shelf")
    settings = Settings(applets_dir=folder, pool_size_max=12, page_size_max=50, **given)
    kernel = build_kernel(settings, url, clock=HandClock())
    try:
        yield kernel
    finally:
        kernel.close()


def write_applet(folder: Path) -> None:
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    (folder / "applet.toml").write_text(MANIFEST)
    (folder / "hooks.py").write_text(HOOKS)


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each gives or raises, run in threads that start together; in the order of the works."""
    results: list[object] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(place: int) -> None:
        barrier.wait(timeout=30)
        try:
            results[place] = works[place]()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results
