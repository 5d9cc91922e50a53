"""Hooks of `shop` that do what the name of an order asks for: loop, raise, take long, refuse."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kernel.main import build_kernel
from sdk import errors, hooks
from tests.integration.kernel.house import House, ShopPlugin, open_house

HOOK_MS = 150
STATEMENTS_MAX = 40
PAUSE_S = 30.0
FUNCTION = "shop:misbehave"
done: list[str] = []
# Whether `listen` fails.
broken: list[bool] = []


class OrderRefused(errors.Conflict):
    """This order is not wanted."""


def loop(ctx):
    ctx.documents.create("shop.order", {"name": "half done"})
    while True:
        len("round")


def loop_stubbornly(ctx):
    while True:
        try:
            while True:
                len("round")
        except Exception:
            continue


def ask_for_ever(ctx):
    while True:
        ctx.documents.query("shop.order", limit=1)


def fail(ctx):
    ctx.documents.create("shop.order", {"name": "half done"})
    raise ValueError("no such luck")


def ask_and_swallow(ctx):
    with contextlib.suppress(Exception):
        ask_for_ever(ctx)


def refuse(ctx):
    raise OrderRefused


def nest(ctx):
    for _ in range(3):
        ctx.documents.create("shop.order", {"name": "nap"})


def lose_the_database(ctx):
    with ctx.kernel.database.owner() as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", [ctx.uow.connection.info.backend_pid])
    ctx.documents.query("shop.order", limit=1)


def wait_for_a_lock(ctx):
    ctx.uow.execute("SELECT pg_advisory_xact_lock_shared(1) FROM pg_sleep(%s)", [HOOK_MS / 1000 * 2])


def be_given_up(ctx):
    ctx.uow.execute(f"SET LOCAL statement_timeout = {HOOK_MS * 3 // 2}")
    ctx.uow.execute("SELECT pg_sleep(10)")


WORDS = {
    "waiting": wait_for_a_lock,
    "given_up": be_given_up,
    "loop": loop,
    "stubborn": loop_stubbornly,
    "asking": ask_for_ever,
    "swallow": ask_and_swallow,
    "raise": fail,
    "slow": lambda ctx: time.sleep(HOOK_MS / 1000 * 1.5),
    "nap": lambda ctx: time.sleep(HOOK_MS / 1000 * 0.6),
    "refuse": refuse,
    "nested": nest,
    "disconnect": lose_the_database,
}


@hooks.before_save("shop.order")
def misbehave(ctx, document):
    word = document["name"].partition(" ")[0]
    if word in WORDS:
        WORDS[word](ctx)


@hooks.before_save("shop.order")
def obey(ctx, document):
    document["secret"] = "obeyed"


@hooks.on("shop.order.created")
def listen(ctx, event):
    if broken:
        raise ValueError("no such luck")
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


@contextmanager
def beside(house: House, **settings: object) -> Iterator[House]:
    """The same in another kernel on the same database, as another process would have it."""
    given = house.kernel.settings.model_copy(update=settings)
    kernel = build_kernel(given, house.kernel.database.owner_dsn(), clock=house.clock)
    kernel.plugins.register(house.kernel.plugins.get_plugin("shop"), "shop")
    try:
        yield House(kernel, house.clock, house.module)
    finally:
        kernel.close()
