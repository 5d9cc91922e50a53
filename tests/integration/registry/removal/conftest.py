"""A shop whose notes a diary links to, and what an admin does to take the shop away."""

import json

import pytest

from kernel.transfer.caller import Caller
from registry.plans.apply import apply_plan, plan
from registry.plans.situation import PlanRequest
from registry.removal.purge import purge
from registry.rows import read_rows
from tests.integration.registry.conftest import write_applet

SHOP = """
from decimal import Decimal

from sdk import hooks


@hooks.action("shop.sale", "close")
def close(ctx, document):
    dimensions, resources = {"note": document["note"]}, {"amount": Decimal("5.00")}
    ctx.registers.record(document, "shop.takings", occurred_at=ctx.today, dimensions=dimensions, resources=resources)


@hooks.on("shop.sale.closed")
def count(ctx, event):
    pass
"""
SALE = {
    "title": "Sale",
    "type": "object",
    "x-number": {"series": "S-{number:03}"},
    "x-title": "number",
    "properties": {
        "receipt": {"type": "string", "x-unique": True},
        "note": {"type": "string", "x-link": "shop.note"},
        "buyer": {"type": "string", "x-link": "*"},
    },
}
WORKFLOW = {
    "type": "shop.sale",
    "initial": "open",
    "states": {
        "open": {"title": "Open", "editable": True, "deletable": True},
        "closed": {"title": "Closed", "final": True},
    },
    "actions": {"close": {"title": "Close", "from": ["open"], "to": "closed", "event": "closed"}},
}
TAKINGS = {
    "name": "shop.takings",
    "title": "Takings",
    "dimensions": [{"name": "note", "title": "Note"}],
    "resources": [{"name": "amount", "title": "Amount", "scale": 2}],
}
ENTRY = {
    "title": "Entry",
    "type": "object",
    "x-title": "text",
    "properties": {"text": {"type": "string"}, "about": {"type": "string", "x-link": "*"}},
}


def write_shop(folder):
    files = [
        ("schemas/sale.json", json.dumps(SALE)),
        ("workflows/sale.json", json.dumps(WORKFLOW)),
        ("registers/takings.json", json.dumps(TAKINGS)),
    ]
    return write_applet(folder / "shop", "shop", hooks=SHOP, files=files)


class Shop:
    def __init__(self, world):
        self.world, self.kernel, self.releases = world, world.kernel, world.releases
        self.caller = Caller(world.kernel, world.tenant)

    def plan(self, verb, name="shop", **options):
        return plan(self.caller, self.releases, PlanRequest(verb, name, **options))

    def move(self, verb, name="shop", **options):
        return apply_plan(self.caller, self.releases, self.plan(verb, name, **options)["digest"], consent=True)

    def rules(self, verb, severity, **options):
        found = self.plan(verb, **options)["findings"]
        return {(one["rule"], one["subject"]) for one in found if one["severity"] == severity}

    def purge(self, **options):
        return purge(self.caller, "shop", **options)

    def row(self):
        with self.world.operate() as ctx:
            return read_rows(ctx.uow).get("shop")

    def do(self, verb, *arguments, **options):
        with self.world.operate() as ctx:
            return getattr(ctx.documents, verb)(*arguments, **options)

    def create(self, type, **fields):
        return self.do("create", type, fields)

    def sale(self, note, **fields):
        made = self.create("shop.sale", note=note.id, receipt=f"of {note.id}", **fields)
        return self.do("perform", "shop.sale", made.id, "close")

    def rows(self, sql, *values):
        with self.world.operate() as ctx:
            return ctx.uow.execute(sql, list(values) or None).fetchall()

    def count(self, sql, *values):
        return self.rows(sql, *values)[0][0]


@pytest.fixture
def shop(world, applets_folder):
    """Enabled, with a note that a diary's entry is about, and a sale."""
    write_shop(applets_folder)
    write_applet(applets_folder / "diary", "diary", hooks="", files=[("schemas/entry.json", json.dumps(ENTRY))])
    made = Shop(world)
    made.move("enable", "shop")
    made.move("enable", "diary")
    return made
