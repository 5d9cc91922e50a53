"""Who may see events and look after deliveries. Both are asked for as if they were document types, so that roles
can grant them: kernel.admin and kernel.auditor have them anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from kernel.context import KernelContext
from kernel.documents.past_names import names_shown
from kernel.documents.service import get_any
from kernel.events.errors import EventsHidden
from sdk.errors import Forbidden
from sdk.event import Event
from sdk.lenses.places import OWN
from sdk.schema import DocumentType

EVENT, DELIVERY = "kernel.event", "kernel.delivery"
# What the event of a changed document tells.
_OF_CHANGES = ("diff", "state", "number", "arguments", "company_id", "schema_version", "revision")


def check_operator(ctx: KernelContext, action: str) -> None:
    """Raises Forbidden unless the caller may do this to deliveries: `read`, `update` (retry), `delete` (drop)."""
    ctx.permissions.check_resource(action, DELIVERY)


def sight_of(ctx: KernelContext, aggregate_type: str | None, aggregate_id: str | None) -> Callable[[Event], Event]:
    """What the caller sees of an event. Raises EventsHidden, or what reading the named document raises."""
    try:
        ctx.permissions.check_resource("read", EVENT)
    except Forbidden:
        if aggregate_type is None or aggregate_id is None:
            raise EventsHidden from None
    else:
        return lambda event: event
    document = get_any(ctx, aggregate_type, aggregate_id)
    type = ctx.runtime.catalogue.type(aggregate_type)
    hidden = ctx.permissions.mask(type, "read", document, ctx.scope())
    return lambda event: replace(event, payload=payload_without(type, event.payload, hidden))


def payload_without(type: DocumentType, payload: Mapping[str, Any], hidden: frozenset[str]) -> Mapping[str, Any]:
    """A payload without the values of hidden fields; what an applet emitted of its own is left out where any hides."""
    if not hidden:
        return payload
    if not isinstance(payload.get("diff"), dict):
        return {}
    kept = {name: payload[name] for name in _OF_CHANGES if name in payload}
    for name in ("diff", "arguments"):
        if isinstance(kept.get(name), dict):
            kept[name] = {field: value for field, value in kept[name].items() if field not in hidden}
    shown = names_shown(type, hidden)
    if shown is not None:
        diff = kept["diff"].items()
        kept["diff"] = {name: value for name, value in diff if name in shown or name.startswith(OWN)}
    return kept
