"""Hooks of `shop` that do what the name of an order asks for: loop, raise, take long, refuse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sdk import errors, hooks
from tests.integration.kernel.house import House, ShopPlugin, open_house

HOOK_MS = 150
PAUSE_S = 30.0
FUNCTION = "shop:misbehave"
done: list[str] = []


class OrderRefused(errors.Conflict):
    """This order is not wanted."""


@hooks.before_save("shop.order")
def misbehave(ctx, document):
    word = document["name"].partition(" ")[0]
    if word == "loop":
        ctx.documents.create("shop.order", {"name": "half done"})
        while True:
            len(word)
    if word == "stubborn":
        while True:
            try:
                while True:
                    len(word)
            except Exception:
                continue
    if word == "asking":
        while True:
            ctx.documents.query("shop.order", limit=1)
    if word == "raise":
        ctx.documents.create("shop.order", {"name": "half done"})
        raise ValueError("no such luck")
    if word == "slow":
        time.sleep(HOOK_MS / 1000 * 1.5)
    if word == "refuse":
        raise OrderRefused


@hooks.before_save("shop.order")
def obey(ctx, document):
    document["secret"] = "obeyed"


@hooks.on("shop.order.created")
def listen(ctx, event):
    done.append(ctx.documents.get("shop.order", event.aggregate_id)["name"])


@hooks.disabled
def say_goodbye(ctx):
    done.append("goodbye")


@contextmanager
def open_shop(url: str, folder: Path, *, when_suspended: str = "fail_closed", **settings: object) -> Iterator[House]:
    given = {"hook_ms": HOOK_MS, "suspension_pause_s": PAUSE_S, **settings}
    functions = {"misbehave": misbehave, "obey": obey, "listen": listen, "say_goodbye": say_goodbye}
    with open_house(url, folder, settings=given, **functions) as house:
        plugin: ShopPlugin = house.kernel.plugins.get_plugin("shop")
        manifest = plugin.applet.manifest
        limits = replace(manifest.limits, when_suspended=when_suspended)
        plugin.applet = replace(plugin.applet, manifest=replace(manifest, limits=limits))
        yield house
