"""What the kernel is told of calls that ended badly."""

from __future__ import annotations

from typing import Any

from kernel.breaker.strikes import Strike
from kernel.telemetry.logs import get_logger
from sandbox.host.violation import Violation

_log = get_logger()


class KernelWatcher:
    """A `sandbox.proxy.Watcher` for contexts of the kernel."""

    def violated(self, ctx: Any, violation: Violation) -> None:
        # What it did before is half of what it was to do, and whoever swallows the error must not commit that.
        ctx.uow.doom()
        _log.warning(
            "sandbox.violation",
            message=f"{violation.applet} {violation.version} was stopped: {violation.reason}",
            applet=violation.applet,
            version=violation.version,
            kind=violation.kind,
            function=violation.function,
            line=violation.line,
            detail=violation.detail,
            tenant=ctx.tenant.name,
        )
        if violation.is_strike or violation.stops_for_all:
            ctx.kernel.breaker.strike(ctx, strike_of(violation))

    def waited(self, ctx: Any, seconds: float) -> None:
        ctx.kernel.breaker.excuse(ctx, seconds)

    def killed(self, ctx: Any) -> None:
        ctx.uow.doom()


def strike_of(violation: Violation) -> Strike:
    evidence = "\n".join([violation.detail, *(frame.hex() for frame in violation.frames)])
    return Strike(
        violation.applet,
        violation.version,
        violation.kind,
        violation.reason,
        violation.line,
        is_grave=violation.stops_for_all,
        evidence=evidence,
    )
