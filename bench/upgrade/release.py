"""Receivables 2.0, made from those that are shipped, and a customer's own applet that reads an invoice's field.

2.0 renames a field of invoices, adds one that is required, splits a third and calls two states otherwise.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).parents[2] / "applets" / "receivables"
NEXT = "2.0.0"
STATES = {"posted": "issued", "cancelled": "void"}
CHANNEL = {"title": "Channel it was sold by", "type": "string", "maxLength": 40, "default": "direct"}
TEXTS = {
    "subject": {"title": "Subject", "type": "string", "maxLength": 4000},
    "body": {"title": "Text", "type": "string", "maxLength": 4000},
}
LENSES = {
    "type": "receivables.invoice",
    "versions": {
        "2": [
            {"rename_field": {"from": "reference", "to": "customer_reference"}},
            {"set_default": {"field": "channel", "value": "direct"}},
            {"split": {"from": "memo", "into": ["subject", "body"], "separator": ": "}},
            {"map_state": STATES},
        ]
    },
}
# What the code of 2.0 says otherwise than that of 1.0.
CODE = {
    "settlement.py": ('invoice.state == "posted"', 'invoice.state == "issued"'),
    "books.py": ('source.state != "cancelled"', 'source.state not in ("cancelled", "void")'),
    "demo.py": ('invoice.state == "posted"', 'invoice.state == "issued"'),
}

CUSTOM = "dunning"
CUSTOM_MANIFEST = """\
name = "{name}"
version = "{version}"
title = "Dunning"
description = "A letter for every invoice, which quotes the customer's own reference."
capabilities = ["documents:read:receivables.invoice"]

[requires]
sdk = ">=1,<2"

[requires.applets]
receivables = "{range}"
"""
CUSTOM_HOOKS = '''\
"""Writes a letter for every invoice that is posted."""

from sdk import hooks


@hooks.on("receivables.invoice.posted")
def write_letter(ctx, event):
    invoice = ctx.documents.get("receivables.invoice", event.aggregate_id)
    text = "Your reference: " + (invoice.get("{field}") or "none")
    ctx.documents.create("dunning.letter", {{"invoice": invoice.id, "text": text}})
'''
LETTER = {
    "title": "Letter",
    "type": "object",
    "properties": {
        "invoice": {"title": "Invoice", "type": "string", "x-link": "receivables.invoice"},
        "text": {"title": "Text", "type": "string", "maxLength": 400, "x-index": True},
    },
    "required": ["invoice", "text"],
}


def write_next_release(folder: Path, *, version: str = NEXT) -> Path:
    """Receivables 2.0 in this folder, which must not be there."""
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    _edit_text(folder / "applet.toml", 'version = "1.0.0"', f'version = "{version}"')
    _edit_json(folder / "schemas" / "invoice.json", _change_schema)
    _edit_json(folder / "workflows" / "invoice.json", _change_workflow)
    (folder / "lenses").mkdir()
    (folder / "lenses" / "invoice.json").write_text(json.dumps(LENSES, indent=2))
    for name, (old, new) in CODE.items():
        _edit_text(folder / name, old, new)
    return folder


def break_guard(folder: Path) -> Path:
    """Make the release in this folder take another account for that of its customers; its guard sees that."""
    _edit_text(folder / "settings.json", '"1200"', '"1000"')
    return folder


def write_custom_applet(folder: Path, *, version: str, field: str, range: str) -> Path:
    """A customer's applet that reads this field of invoices and goes with this range of receivables."""
    (folder / "schemas").mkdir(parents=True)
    (folder / "applet.toml").write_text(CUSTOM_MANIFEST.format(name=CUSTOM, version=version, range=range))
    (folder / "hooks.py").write_text(CUSTOM_HOOKS.format(field=field))
    (folder / "schemas" / "letter.json").write_text(json.dumps(LETTER, indent=2))
    return folder


def line_of(folder: Path, text: str) -> str:
    """`hooks.py:11`, where the customer's applet says this."""
    lines = (folder / "hooks.py").read_text().splitlines()
    return f"hooks.py:{next(number for number, line in enumerate(lines, start=1) if text in line)}"


def _change_schema(schema: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name, field in schema["properties"].items():
        if name == "memo":
            properties |= TEXTS
        else:
            properties["customer_reference" if name == "reference" else name] = field
    return {
        **schema,
        "x-version": 2,
        "properties": {**properties, "channel": CHANNEL},
        "required": [*schema["required"], "channel"],
    }


def _change_workflow(workflow: dict[str, Any]) -> dict[str, Any]:
    states = {STATES.get(name, name): state for name, state in workflow["states"].items()}
    return {**workflow, "states": states, "actions": {n: _change_action(a) for n, a in workflow["actions"].items()}}


def _change_action(action: Mapping[str, Any]) -> dict[str, Any]:
    changed = {**action, "from": [STATES.get(state, state) for state in action["from"]]}
    return changed | ({"to": STATES.get(action["to"], action["to"])} if "to" in action else {})


def _edit_json(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text())), indent=2))


def _edit_text(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if old not in text:
        raise ValueError(f"{path.name} does not say {old!r} any more")
    path.write_text(text.replace(old, new))
