"""A small applet, `vault`, that has one of everything an attacker may try: secret, sealed, read-only, unique."""

from __future__ import annotations

import json
from pathlib import Path

MANIFEST = """
name = "vault"
version = "1.0.0"
title = "Vault"
[requires]
sdk = ">=0"
"""
TEXT = {"type": "string"}
ITEM = {
    "title": "Item",
    "x-title": "name",
    "type": "object",
    "required": ["name"],
    "x-company": "required",
    "x-number": {"series": "V-{number:05}", "on": "create", "gapless": True},
    "properties": {
        "name": {**TEXT, "maxLength": 200, "x-search": True, "x-index": True},
        "code": {**TEXT, "x-unique": True, "x-index": True},
        "owner": {**TEXT, "x-link": "vault.item"},
        "guest": {**TEXT, "x-link": "vault.guest"},
        "anything": {**TEXT, "x-link": "*"},
        "pin": {**TEXT, "x-encrypted": True},
        "secret": {**TEXT, "x-search": True},
        "stamp": {**TEXT, "readOnly": True},
        "total": {**TEXT, "format": "decimal", "x-decimal": {"scale": 2}},
        "double": {**TEXT, "format": "decimal", "x-decimal": {"scale": 2}, "x-computed": "total + total"},
        "due": {**TEXT, "format": "date"},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"text": TEXT, "item": {**TEXT, "x-link": "vault.item"}, "sealed": {**TEXT,
                "readOnly": True}},
            },
        },
    },
}  # fmt: skip
GUEST = {
    "title": "Guest",
    "x-title": "name",
    "type": "object",
    "properties": {"name": {**TEXT, "x-personal": "name", "x-search": True}},
}
LOAN = {"title": "Loan", "x-company": "required", "type": "object", "properties": {"shelf": TEXT}}
WORKFLOW = {
    "type": "vault.item",
    "initial": "draft",
    "states": {"draft": {"editable": True, "deletable": True}, "sent": {"final": True}},
    "actions": {"send": {"title": "Send", "from": ["draft"], "to": "sent", "event": "sent",
    "arguments": {"type": "object", "additionalProperties": False, "properties": {"note": TEXT}}}},
}  # fmt: skip
ROLES = {
    "vault.clerk": {
        "title": "Clerk",
        "permissions": [
            {"type": "vault.item", "actions": ["*"], "mask": ["secret"],
            "condition": "code is None or code != 'closed'"},
            {"type": "vault.loan", "actions": ["read", "create"]},
        ],
    },
    "vault.registrar": {
        "title": "Registrar",
        "permissions": [
            {"type": "kernel.role", "actions": ["*"]},
            {"type": "kernel.grant", "actions": ["*"]},
            {"type": "kernel.user", "actions": ["*"]},
            {"type": "kernel.api_key", "actions": ["*"]},
            {"type": "vault.item", "actions": ["read"], "mask": ["secret"]},
        ],
    },
}  # fmt: skip
STOCK = {
    "name": "vault.stock",
    "title": "Stock",
    "dimensions": [{"name": "item", "link": "vault.item"}, {"name": "shelf"}],
    "resources": [{"name": "quantity"}],
}
ITEMS = {
    "name": "vault.items",
    "title": "Items",
    "source": {"type": "vault.item"},
    "parameters": {"like": {"type": "text", "title": "Name", "filter": "contains(name, param.like)"}},
    "columns": {"name": {"title": "Name", "value": "name", "type": "text"}},
    "measures": {"amount": {"title": "Amount", "sum": "total", "scale": 2}},
    "sort": ["name"],
}
SETTINGS = {"type": "object", "properties": {"greeting": {**TEXT, "default": "hello"}}}
FILES = {
    "schemas/item.json": ITEM, "schemas/guest.json": GUEST, "schemas/loan.json": LOAN, "workflows/item.json": WORKFLOW,
    "registers/stock.json": STOCK, "reports/items.json": ITEMS, "roles.json": ROLES, "settings.json": SETTINGS,
}  # fmt: skip


HOOKS = """
from decimal import Decimal

from sdk import hooks


@hooks.action("vault.item", "send")
def count(ctx, document):
    ctx.registers.record(
        document, "vault.stock", occurred_at=ctx.now, dimensions={"item": document.id, "shelf": document["name"]},
        resources={"quantity": Decimal(1)},
    )
"""


def write_vault(folder: Path) -> None:
    """The folder of the applet."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    (folder / "applet.toml").write_text(MANIFEST)
    (folder / "hooks.py").write_text(HOOKS)
