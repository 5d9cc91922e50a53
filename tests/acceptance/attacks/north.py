"""What the tenant under attack has that the attacker's has not; every text of it carries the word MARK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.limits.service import set_limits
from tests.acceptance.attacks.caller import Caller

if TYPE_CHECKING:
    from tests.acceptance.attacks.world import World

CALLBACK = "https://program.example/back"
# An attacker may search for this word: it stands beside the mark.
BAIT = "aurora"
KEY = "one-key-of-both"


def fill(world: World, mark: str) -> dict[str, str]:
    """Ids of what only north has, by kind."""
    north = world.caller(world.north, "admin")
    only = _documents(world, north, mark)
    only |= _people(world, north, mark)
    only |= _files(world, north)
    world.refresh(world.north)
    world.seal(world.north)
    set_limits(world.kernel.database, world.north, {"companies": 77_001})
    event = north.good("GET", "/api/v1/events", params={"aggregate_id": only["item"]})["items"][0]
    only["event"] = str(event["id"])
    return only


def _documents(world: World, north: Caller, mark: str) -> dict[str, str]:
    """New ones, and those both have, changed."""
    items, shared = "/api/v1/vault/items", world.shared["item"]
    body = {"name": f"{BAIT} {mark}", "code": "north", "secret": mark, "pin": mark, "total": "77001"}
    for path, version in ((f"{items}/{shared}", '"1"'), (f"{items}/{world.shared['second']}", '"1"')):
        given = {**body, "code": f"north{path[-4:]}"}
        north.good("PATCH", path, json=given, headers={"if-match": version})
    item = north.good("POST", items, json=body, headers={"idempotency-key": KEY})
    north.good("POST", f"{items}/{item['id']}/send", json={})
    guest = north.good("POST", "/api/v1/vault/guests", json={"name": f"{BAIT} {mark}"})
    only = {"item": item["id"], "guest": guest["id"]}
    for kind, path, fields in (
        ("company", "companies", {"name": f"{mark} Ltd", "currency": "EUR"}),
        ("role", "roles", {"name": mark, "title": mark, "permissions": [{"type": "*", "actions": ["*"]}]}),
        ("setting", "settings", {"applet": "vault", "values": {"greeting": mark}}),
        ("template", "export-templates", {"name": "both", "document_type": "vault.item", "format": "csv",
                                          "columns": [{"title": mark, "path": "name"}]}),
        ("custom_field", "custom_fields", {"document_type": "vault.item", "name": f"custom_{mark}", "title": mark,
                                           "kind": "text", "default": mark}),
        ("notification", "notifications", {"title": mark, "role": "kernel.admin"}),
        ("retention_rule", "retention_rules", {"title": mark, "document_type": "vault.guest", "years": 1,
        "action": "keep"}),
    ):  # fmt: skip
        only[kind] = north.good("POST", f"/api/v1/kernel/{path}", json=fields)["id"]
    return only


def _people(world: World, north: Caller, mark: str) -> dict[str, str]:
    """A key, a session, a client with a consent, a provider."""
    key_id, key = world.make_key(world.north, "admin")
    client = north.good(
        "POST", "/api/v1/oauth/clients",
        json={"name": mark, "kind": "confidential", "redirect_uris": [CALLBACK], "scopes": ["vault.item:read"]},
    )  # fmt: skip
    robot = north.good(
        "POST", "/api/v1/oauth/clients",
        json={"name": mark, "kind": "confidential", "redirect_uris": [], "scopes": ["vault.item:read"],
              "grant_types": ["client_credentials"], "user_id": world.users["north", "clerk"]},
    )  # fmt: skip
    session = north.good("GET", "/api/v1/auth/sessions")["items"][0]
    world.secrets = {
        "key": key, "client": client["secret"], "robot": robot["secret"], "access": str(north.token),
        "refresh": str(north.refresh_token),
    }  # fmt: skip
    return {
        "key": key_id, "client": client["id"], "robot": robot["id"], "session": session["id"],
        "user": world.users["north", "clerk"],
    }  # fmt: skip


def _files(world: World, north: Caller) -> dict[str, str]:
    """An export and an import, both done."""
    export = north.good("POST", "/api/v1/exports", json={"type": "vault.item", "format": "jsonl"})["id"]
    given = {"type": "vault.guest", "format": "csv"}
    body = "name,nonsense\nx,y\n"
    upload = north.good("POST", "/api/v1/imports", params=given, content=body, headers={"content-type": "text/csv"})
    world.work(world.north)
    return {"export": export, "import": upload["id"]}
