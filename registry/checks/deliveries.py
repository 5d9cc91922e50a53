"""Deliveries that wait for a subscription that goes: nobody would ever take them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kernel.context import KernelContext
from registry.checks.sides import Side, Sides
from registry.plans.findings import Finding, Severity

# That many are no leftovers: something is about to be lost.
STRANDED_MAX = 1_000

_PENDING = """
SELECT subscriber, count(*) FROM {t}.deliveries WHERE state = 'pending' AND subscriber = ANY(%s) GROUP BY 1
"""


def delivery_findings(ctx: KernelContext, sides: Sequence[Sides]) -> Iterator[Finding]:
    """Of applets that go on running; told whether something waits at the moment or not, as that changes all the time.

    An applet that is disabled hears of everything when it is enabled again.
    """
    running = [each for each in sides if each.after is not None and not each.is_hidden]
    going = {name: each for each in running for name in _subscriptions(each.before) - _subscriptions(each.after)}
    if not going:
        return
    pending = dict(ctx.uow.execute(_PENDING, [sorted(going)]).fetchall())
    for name, each in sorted(going.items()):
        count = pending.get(name, 0)
        severity = Severity.BLOCKS if count > STRANDED_MAX and not each.is_rollback else Severity.WARNS
        fix = "wait until they are delivered, or keep the name of the function"
        message = f"the subscription {name} goes: deliveries that wait for it then are not made"
        yield Finding(severity, "deliveries_stranded", name, message, fix, each.name, details={"pending": count})


def _subscriptions(side: Side | None) -> set[str]:
    if side is None:
        return set()
    hooks = side.catalogue.hooks.describe()
    return {each["function"] for each in hooks if each["hook"] == "on_event" and each["applet"] == side.applet.name}
