"""A kernel with an applet, `depot`, in four versions of its types, and tenants that move between them by SQL."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kernel.auth.records import Identity
from kernel.context import KernelContext
from kernel.documents.listing import ListRequest, list_json
from kernel.documents.sweep import sweep
from kernel.documents.verification import verify
from kernel.http.bodies import render_json
from kernel.main import Kernel, build_kernel
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant, TenantService
from registry.lifecycle import enable_applet
from sdk.context import Actor
from sdk.identifiers import new_id

NAME = "depot"
ITEM, MAKER, PERSON, VISIT, BADGE = "depot.item", "depot.maker", "depot.person", "depot.visit", "depot.badge"
LAST = 4
TEXT: Mapping[str, Any] = {"type": "string"}
DECIMAL: Mapping[str, Any] = {"type": "string", "x-decimal": {"scale": 2}}
MAKER_SCHEMA = {"title": "Maker", "x-title": "name", "properties": {"name": TEXT}}
LINES = {"type": "array", "items": {"type": "object", "properties": {"what": TEXT, "amount": DECIMAL}}}
NEW_LINES = {"type": "array", "items": {"type": "object", "properties": {"about": TEXT, "amount": DECIMAL}}}
ITEMS: Mapping[int, Mapping[str, Any]] = {
    1: {
        "name": {"type": "string", "x-search": True},
        "sku": {"type": "string", "x-unique": True},
        "contact": TEXT,
        "kind": TEXT,
        "size": TEXT,
        "price": {**DECIMAL, "x-index": True},
        "bought_on": {"type": "string", "format": "date"},
        "maker": {"type": "string", "x-link": MAKER},
        "city": TEXT,
        "lines": LINES,
        "tags": {"type": "array", "items": TEXT},
    },
    2: {
        "label": {"type": "string", "x-search": True},
        "code": {"type": "string", "x-unique": True},
        "first": TEXT,
        "rest": TEXT,
        "kind": TEXT,
        "cost": {**DECIMAL, "x-index": True},
        "bought_on": {"type": "string", "format": "date"},
        "producer": {"type": "string", "x-link": MAKER},
        "place": {"type": "object", "properties": {"city": TEXT, "shelf": TEXT}},
        "rating": {"type": "integer"},
        "lines": NEW_LINES,
        "tags": {"type": "array", "items": TEXT},
        "note": TEXT,
    },
}
ITEMS = {
    **ITEMS,
    3: {**{name: field for name, field in ITEMS[2].items() if name != "label"}, "title": ITEMS[2]["label"], "kg": TEXT},
}
ITEM_STEPS = {
    "2": [
        {"rename_field": {"from": "name", "to": "label"}},
        {"rename_field": {"from": "sku", "to": "code"}},
        {"split": {"from": "contact", "into": ["first", "rest"]}},
        {"map_value": {"field": "kind", "values": {"old": "used", "worn": "used", "100%": "a'b{t}:c"}}},
        {"drop_field": {"field": "size"}},
        {"rename_field": {"from": "price", "to": "cost"}},
        {"rename_field": {"from": "maker", "to": "producer"}},
        {"move_field": {"from": "city", "to": "place.city"}},
        {"set_default": {"field": "rating", "value": 3}},
        {"rename_field": {"from": "lines.what", "to": "lines.about"}},
        {"map_value": {"field": "tags", "values": {"red": "rouge"}}},
        {"map_state": {"draft": "open", "checked": "open"}},
        {"add_field": {"field": "note"}},
    ],
    "3": [{"rename_field": {"from": "label", "to": "title"}}],
    "4": [],
}
FUNCTIONS = {
    3: """
def up_item_2_to_3(document):
    if "rating" in document:
        document["kg"] = f"{document['rating']} kg"


def down_item_3_to_2(document):
    document.pop("kg", None)
""",
    4: """
def up_item_3_to_4(document):
    document["rating"] = int(document["rating"])


def down_item_4_to_3(document):
    pass
""",
}
DATE: Mapping[str, Any] = {"type": "string", "format": "date"}
PERSONAL: Mapping[str, Any] = {"type": "string", "x-personal": "notes"}
PERSON_FIELDS: Mapping[int, Mapping[str, Any]] = {
    1: {"name": PERSONAL, "mail": PERSONAL, "since": DATE, "code": {**TEXT, "x-encrypted": True, "x-unique": True}},
    2: {"full_name": PERSONAL, "joined_on": DATE, "code": {**TEXT, "x-encrypted": True, "x-unique": True}},
}
PERSON_STEPS: Mapping[str, Any] = {
    "2": [
        {"rename_field": {"from": "name", "to": "full_name"}},
        {"rename_field": {"from": "since", "to": "joined_on"}},
        {"drop_field": {"field": "mail"}},
    ],
    "3": [],
    "4": [],
}
VISIT_FIELDS: Mapping[int, Mapping[str, Any]] = {
    1: {"guest": {**TEXT, "x-link": PERSON}, "remark": PERSONAL, "room": TEXT},
    2: {"visitor": {**TEXT, "x-link": PERSON}, "remark": PERSONAL, "room": TEXT},
}
VISIT_STEPS: Mapping[str, Any] = {"2": [{"rename_field": {"from": "guest", "to": "visitor"}}], "3": [], "4": []}
# In its second version a badge has no personal field any more.
BADGE_FIELDS: Mapping[int, Mapping[str, Any]] = {1: {"color": TEXT, "bearer": PERSONAL}, 2: {"color": TEXT}}
BADGE_STEPS: Mapping[str, Any] = {"2": [{"drop_field": {"field": "bearer"}}], "3": [], "4": []}
OTHERS: Mapping[str, Any] = {
    "person": (PERSON_FIELDS, PERSON_STEPS),
    "visit": (VISIT_FIELDS, VISIT_STEPS),
    "badge": (BADGE_FIELDS, BADGE_STEPS),
}
SENT = {"send": {"title": "Send", "from": ["open"], "to": "sent", "event": "sent"}}
OLD_ACTIONS = {
    "check": {"title": "Check", "from": ["draft"], "to": "checked", "event": "checked"},
    "send": {"title": "Send", "from": ["draft", "checked"], "to": "sent", "event": "sent"},
}
OPEN = {"editable": True, "deletable": True}
MACHINES = {
    1: {
        "initial": "draft",
        "states": {"draft": OPEN, "checked": OPEN, "sent": {"final": True}},
        "actions": OLD_ACTIONS,
    },
    2: {"initial": "open", "states": {"open": OPEN, "sent": {"final": True}}, "actions": SENT},
}
REPORTS = {
    "by_kind": {
        "source": {"type": ITEM},
        "columns": {"kind": {}},
        "measures": {"cost": {"sum": "cost"}, "many": {"count": True}},
    },
    "lines": {
        "source": {"type": ITEM, "each": "lines"},
        "columns": {"about": {}, "city": {"value": "document.place.city"}},
        "measures": {"amount": {"sum": "amount"}},
    },
}
ROLES = {
    "depot.clerk": {"title": "Clerk", "permissions": [{"type": "depot.*", "actions": ["*"]}]},
    "depot.blind": {
        "title": "Blind",
        "permissions": [{"type": "depot.*", "actions": ["*"], "mask": ["label", "first"]}],
    },
    "depot.cheap": {
        "title": "Cheap",
        "permissions": [{"type": "depot.item", "actions": ["*"], "condition": "kind == 'used' or state == 'sent'"}],
    },
}
_MANIFEST = """
name = "depot"
version = "{version}.0.0"
title = "Depot"
[requires]
sdk = ">=0"
"""
_SWITCH = """
UPDATE {t}.applets SET version = %s, lens_version = greatest(coalesce(lens_version, version), version, %s),
       unswept = %s WHERE name = 'depot'
"""
_RAISE = "UPDATE {t}.meta SET value = value + 1 WHERE name = 'generation'"


def write_release(folder: Path, number: int) -> None:
    """The applet in a version of its own; its types have the same number."""
    newest = min(number, 2)
    files: dict[str, Any] = {
        "schemas/item.json": {
            "title": "Item",
            "x-version": number,
            "x-title": ("name", "label", "title")[min(number, 3) - 1],
            "properties": ITEMS[min(number, 3)],
        },
        "schemas/maker.json": MAKER_SCHEMA,
        "workflows/item.json": {"type": ITEM, **MACHINES[newest]},
    }  # fmt: skip
    if number > 1:
        files["roles.json"] = ROLES if number == 2 else {"depot.clerk": ROLES["depot.clerk"]}
        steps = {version: steps for version, steps in ITEM_STEPS.items() if int(version) <= number}
        touches = {str(each): ["kg", "rating"] for each in range(3, number + 1)}
        files["lenses/item.json"] = {"type": ITEM, "versions": steps, "touches": touches}
    for noun, (fields, all_steps) in OTHERS.items():
        files[f"schemas/{noun}.json"] = {"title": noun, "x-version": number, "properties": fields[newest]}
        steps = {version: steps for version, steps in all_steps.items() if int(version) <= number}
        if number > 1:
            files[f"lenses/{noun}.json"] = {"type": f"{NAME}.{noun}", "versions": steps}
    files["schemas/visit.json"]["x-subject"] = "guest" if number == 1 else "visitor"
    if number == 2:
        files |= {f"reports/{name}.json": {"name": f"depot.{name}", "title": name, **r} for name, r in REPORTS.items()}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    if number > 2:
        (folder / "lenses.py").write_text("".join(FUNCTIONS[each] for each in range(3, number + 1)))
    (folder / "applet.toml").write_text(_MANIFEST.format(version=number))


class Depot:
    """A tenant that runs the applet in one of its versions."""

    def __init__(self, kernel: Kernel, name: str) -> None:
        self.kernel = kernel
        tenants = TenantService(kernel.database, kernel.directory, kernel.installation)
        self.tenant = tenants.create_tenant(NewTenant(name, name), kernel.clock())
        with self.operate() as ctx:
            enable_applet(ctx, kernel.plugins.get_plugin("registry.plugin").releases, NAME, version="1.0.0")

    def operate(self) -> Any:
        return self.kernel.operate(self.tenant)

    def switch(self, number: int, unswept: tuple[str, ...] = (BADGE, ITEM, PERSON, VISIT)) -> None:
        """Run another version of the applet from now on; nothing is cast by that."""
        with self.operate() as ctx:
            ctx.uow.execute(_SWITCH, [f"{number}.0.0", f"{number}.0.0", list(unswept)])
            ctx.uow.execute(_RAISE)

    def sweep(self) -> Any:
        return sweep(self.kernel, self.tenant)

    def create(self, type: str, **data: Any) -> str:
        with self.operate() as ctx:
            return str(ctx.documents.create(type, data).id)

    def get(self, type: str, id: str) -> Any:
        with self.operate() as ctx:
            return ctx.documents.get(type, id)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.operate() as ctx:
            return list(ctx.uow.execute(sql, list(values)).fetchall())

    def stored(self, id: str) -> tuple[int, str | None, dict[str, Any], dict[str, Any] | None]:
        """schema_version, state, data and keep-box as they lie there."""
        (found,) = self.rows("SELECT schema_version, state, data, kept FROM {t}.documents WHERE id = %s", id)
        return found

    def list(self, filter: str = "", *, type: str = ITEM, sort: tuple[str, ...] = ("id",), **given: Any) -> list[Any]:
        """The JSON of all pages."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            with self.operate() as ctx:
                wanted = ListRequest(filter, sort=sort, cursor=cursor, **{"limit": 3, **given})
                page = json.loads(render_json(list_json(ctx, ctx.runtime.catalogue.type(type), wanted)))
            items += page["items"]
            cursor = page["cursor"]
            if cursor is None:
                return items

    def ids(self, filter: str = "", **given: Any) -> list[str]:
        return [item["id"] for item in self.list(filter, **given)]

    def differences(self) -> list[Any]:
        """What of the documents is not what their events say."""
        with self.operate() as ctx:
            return verify(ctx).differences

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


@contextmanager
def open_depots(url: str, folder: Path) -> Iterator[Callable[[], Depot]]:
    """Makes depots that run version 1; all versions of the applet are known."""
    (folder / "shipped").mkdir()
    kernel = build_kernel(Settings(applets_dir=folder / "shipped", pool_size_max=6), url)
    releases = kernel.plugins.get_plugin("registry.plugin").releases
    try:
        for number in range(1, LAST + 1):
            write_release(folder / str(number) / NAME, number)
            releases.add(kernel.database, folder / str(number) / NAME, kernel.clock(), "test")
        yield lambda: Depot(kernel, f"depot{next(_numbers)}")
    finally:
        kernel.close()
