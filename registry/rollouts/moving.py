"""Moving one tenant to the release, and back. What is about to be done is written down first."""

from __future__ import annotations

from typing import Any

import psycopg

from kernel.main import Kernel
from kernel.telemetry.logs import get_logger
from kernel.tenancy.record import TenantRecord
from kernel.transfer.caller import Caller
from registry.errors import ConsentMissing, PlanBlocked, PlanDrifted
from registry.plans.apply import apply_plan, plan
from registry.plans.situation import PlanRequest
from registry.releases import Releases
from registry.rollouts.model import FAILED, LEFT_OUT, MOVED, MOVING, ROLLED_BACK, STUCK, WAITING, Moved, Rollout
from registry.rollouts.standing import Stand, read_stand, why_not
from registry.rollouts.store import begin_move, set_tenant
from sdk.errors import BosError, Unavailable

ATTEMPTS_MAX = 5
# The database is away or busy, or somebody is at work on the tenant's applets: nothing that speaks against the release.
NOT_NOW = (psycopg.Error, Unavailable, PlanDrifted)
REASON_LENGTH_MAX = 500

_log = get_logger()


def move_tenant(kernel: Kernel, releases: Releases, rollout: Rollout, tenant: TenantRecord, moved: Moved) -> str | None:
    """Bring the tenant to the release, or leave it out. What speaks against the release itself, in words: then halt.

    Raises NOT_NOW: the tenant waits for the next time.
    """
    stand = _stand(kernel, tenant, rollout.applet)
    if is_moved(stand, rollout, moved):
        set_tenant(kernel.database, rollout.id, moved.tenant_id, MOVED)
    elif reason := why_not(stand.row, rollout.version):
        set_tenant(kernel.database, rollout.id, moved.tenant_id, LEFT_OUT, reason)
    elif moved.attempts >= ATTEMPTS_MAX:
        return _give_up(kernel, rollout, moved)
    else:
        return _try_to_move(kernel, releases, rollout, tenant, moved, stand)
    return None


def _try_to_move(
    kernel: Kernel, releases: Releases, rollout: Rollout, tenant: TenantRecord, moved: Moved, stand: Stand
) -> str | None:
    try:
        _plan_and_apply(kernel, releases, rollout, tenant, moved, stand)
    except (PlanBlocked, ConsentMissing) as error:
        set_tenant(kernel.database, rollout.id, moved.tenant_id, LEFT_OUT, cut(error.message))
    except NOT_NOW:
        raise
    except BosError as error:
        return _fail(kernel, rollout, moved, _told(error))
    except Exception as error:  # reason: a hook of the release may fail in any way, and it is the release's fault
        _log.exception("rollout.move_failed", rollout=rollout.id, tenant=tenant.name)
        return _fail(kernel, rollout, moved, f"{type(error).__name__}: {error}")
    return None


def _plan_and_apply(
    kernel: Kernel, releases: Releases, rollout: Rollout, tenant: TenantRecord, moved: Moved, stand: Stand
) -> None:
    caller, applet = Caller(kernel, tenant), rollout.applet
    assert stand.row is not None
    made = plan(caller, releases, PlanRequest("upgrade", applet, rollout.version, reason=f"rollout {rollout.id}"))
    if reason := _hindrance(made):
        set_tenant(kernel.database, rollout.id, moved.tenant_id, LEFT_OUT, reason)
        return
    begin_move(
        kernel.database,
        rollout.id,
        moved.tenant_id,
        from_version=stand.row.version,
        plan=made["digest"],
        known_guards={each["subject"] for each in made["findings"] if each["rule"] == "guard_broken"},
        dead_before=stand.dead,
        at=kernel.clock(),
    )
    apply_plan(caller, releases, made["digest"])
    set_tenant(kernel.database, rollout.id, moved.tenant_id, MOVED)


def return_tenant(kernel: Kernel, releases: Releases, rollout: Rollout, tenant: TenantRecord, moved: Moved) -> None:
    """Roll the tenant back to the version it came from, unless somebody has moved it on.

    One whose rollback is blocked stays where it is and is told as stuck. Raises NOT_NOW.
    """
    stand = _stand(kernel, tenant, rollout.applet)
    if moved.state == MOVING and not is_moved(stand, rollout, moved):
        set_tenant(kernel.database, rollout.id, moved.tenant_id, WAITING)
        return
    row = stand.row
    if row is None or row.version != rollout.version:
        set_tenant(kernel.database, rollout.id, moved.tenant_id, ROLLED_BACK)
        return
    caller = Caller(kernel, tenant)
    wish = PlanRequest("rollback", rollout.applet, moved.from_version, reason=f"rollout {rollout.id} was halted")
    try:
        made = plan(caller, releases, wish)
        # It ran that version before: nobody has to be asked again.
        apply_plan(caller, releases, made["digest"], consent=True)
    except NOT_NOW:
        raise
    except BosError as error:
        set_tenant(kernel.database, rollout.id, moved.tenant_id, STUCK, _told(error))
    except Exception as error:  # reason: an applet's hook may fail in any way, and the other tenants must go back too
        _log.exception("rollout.return_failed", rollout=rollout.id, tenant=tenant.name)
        set_tenant(kernel.database, rollout.id, moved.tenant_id, STUCK, cut(f"{type(error).__name__}: {error}"))
    else:
        set_tenant(kernel.database, rollout.id, moved.tenant_id, ROLLED_BACK)


def is_moved(stand: Stand, rollout: Rollout, moved: Moved) -> bool:
    """Whether the plan that was written down has been applied."""
    row = stand.row
    return row is not None and row.version == rollout.version and row.plan == moved.plan is not None


def _stand(kernel: Kernel, tenant: TenantRecord, applet: str) -> Stand:
    with kernel.database.transaction(tenant) as uow:
        return read_stand(uow, applet)


def _hindrance(made: dict[str, Any]) -> str | None:
    """What keeps a plan from being applied without anybody being asked."""
    for severity, words in (("blocks", "blocked"), ("consent", "needs consent")):
        found = [finding["message"] for finding in made["findings"] if finding["severity"] == severity]
        if found:
            return cut(f"{words}: {'; '.join(found)}")
    return None


def _give_up(kernel: Kernel, rollout: Rollout, moved: Moved) -> str | None:
    """Where something was NOT_NOW the tenant is at fault; else whoever moved it has died of the release each time."""
    told = f"not moved in {ATTEMPTS_MAX} attempts"
    if moved.reason is None:
        return _fail(kernel, rollout, moved, told)
    set_tenant(kernel.database, rollout.id, moved.tenant_id, LEFT_OUT, cut(f"{told}: {moved.reason}"))
    return None


def _fail(kernel: Kernel, rollout: Rollout, moved: Moved, reason: str) -> str:
    set_tenant(kernel.database, rollout.id, moved.tenant_id, FAILED, cut(reason))
    return cut(reason)


def _told(error: BosError) -> str:
    return cut(" ".join([error.message, *(violation.message for violation in error.violations)]))


def cut(text: str) -> str:
    """As much of a reason as is kept."""
    return text[:REASON_LENGTH_MAX]
