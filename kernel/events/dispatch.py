"""What a delivery does: calls its subscriber, through pluggy, as the applet itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

from kernel.db.unit_of_work import UnitOfWork
from kernel.events.bus import Delivery
from kernel.runtime import TenantRuntime
from kernel.secrets.reveal import reveal_events
from sdk import hookspecs

if TYPE_CHECKING:
    from kernel.main import Kernel


class Dispatch:
    """The handler a bus is given."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __call__(self, uow: UnitOfWork, delivery: Delivery) -> None:
        event = delivery.event
        applet = delivery.subscriber.partition(":")[0]
        ctx = self._kernel.deliver_context(uow, applet, event.correlation_id, event.id)
        ctx.work.ahead = delivery.together
        (shown,) = reveal_events(ctx, [event])
        caller_of(ctx.runtime, delivery.subscriber)(ctx=ctx, event=shown)


def caller_of(runtime: TenantRuntime, subscriber: str) -> Any:
    """pluggy's caller of this subscription alone: a failing one must not take others with it."""
    key = ("subscriber", subscriber)
    found = runtime.compiled.get(key)
    if found is not None:
        return found
    plugin = runtime.catalogue.hooks.subscriber(subscriber)
    assert plugin is not None, f"{subscriber} was claimed although its applet is not enabled"
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, subscriber)
    return runtime.remember(key, manager.hook.on_event)
