"""A third party's applet as pip leaves it: a package with files, and metadata that names its entry point."""

import json
from pathlib import Path

MANIFEST = """
name = "loyalty"
version = "1.0.0"
title = "Loyalty"
description = "A card with points for every customer who pays."
author = "Somebody else"
license = "MIT"
capabilities = ["documents:read:receivables.payment"]

[requires]
sdk = ">=1,<2"

[requires.applets]
parties = ">=1,<2"
receivables = ">=1,<2"
"""
CARD = {
    "title": "Loyalty card",
    "type": "object",
    "x-title": "tier",
    "properties": {
        "customer": {"title": "Customer", "type": "string", "x-link": "parties.customer"},
        "points": {"title": "Points", "type": "integer", "minimum": 0},
        "tier": {"title": "Tier", "type": "string", "readOnly": True},
    },
    "required": ["points"],
}
ROLES = {
    "loyalty.member": {"title": "Sees cards", "permissions": [{"type": "loyalty.card", "actions": ["read"]}]},
}
HOOKS = '''
"""A card for who pays."""

from sdk import hooks

from .tiers import tier_of


@hooks.before_save("loyalty.card")
def set_tier(ctx, document, previous):
    document["tier"] = tier_of(document["points"])


@hooks.on("receivables.payment.received")
def give_points(ctx, event):
    payment = ctx.documents.get("receivables.payment", event.aggregate_id)
    ctx.documents.create("loyalty.card", {"customer": payment["customer"], "points": int(payment["amount"])})
'''
TIERS = '''
"""What points make of a customer."""


def tier_of(points):
    return "gold" if points >= 1000 else "blue"
'''


def install_package(site: Path) -> None:
    """Files first and metadata last, as an installer has it."""
    folder = site / "bos_loyalty"
    files = {
        "__init__.py": '"""Loyalty."""\n',
        "applet.toml": MANIFEST,
        "hooks.py": HOOKS,
        "tiers.py": TIERS,
        "roles.json": json.dumps(ROLES),
        "schemas/card.json": json.dumps(CARD),
        "README.md": "# Loyalty\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    metadata = site / "bos_loyalty-1.0.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: bos-loyalty\nVersion: 1.0.0\n")
    (metadata / "entry_points.txt").write_text("[bos.applets]\nloyalty = bos_loyalty\n")
