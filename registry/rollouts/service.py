"""What an operator does with rollouts: start, look, pause, resume, halt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from kernel.main import Kernel
from registry.errors import AppletUnknown, AppletVersionUnknown
from registry.releases import Releases, by_version
from registry.rollouts.errors import RolloutEmpty, RolloutRunning, RolloutStateWrong, RolloutUnknown
from registry.rollouts.figures import Comparison
from registry.rollouts.model import HALTED, PAUSED, ROLLING_BACK, RUNNING, WAITING, Moved, Rollout, Wish
from registry.rollouts.stages import assign_stages
from registry.rollouts.standing import find_candidates
from registry.rollouts.store import (
    change_state,
    insert_rollout,
    list_rollouts,
    read_comparisons,
    read_rollout,
    read_tenants,
)
from sdk.identifiers import new_id
from sdk.nearest import nearest

OPERATOR = "operator"


def start_rollout(kernel: Kernel, releases: Releases, wish: Wish, *, is_kept: bool = True) -> dict[str, Any]:
    """Choose the tenants of every stage and begin; what it looks like. is_kept: False only says who would be chosen.

    Raises RolloutInvalid, AppletUnknown, AppletVersionUnknown, RolloutEmpty, RolloutRunning.
    """
    wish.check()
    known = releases.known(kernel.database)
    if wish.applet not in known:
        raise AppletUnknown(applet=wish.applet, nearest=nearest(wish.applet, known) or "none")
    if by_version(known, wish.applet, wish.version) is None:
        there = ", ".join(release.version for release in known[wish.applet])
        raise AppletVersionUnknown(applet=wish.applet, version=wish.version, known=there)
    rollout = Rollout(
        new_id(), wish.applet, wish.version, tuple(wish.stages), wish.limits, RUNNING, 0, None, None, kernel.clock(),
        OPERATOR, None,
    )  # fmt: skip
    tenants = _choose(kernel, rollout)
    if is_kept:
        _keep(kernel, rollout, tenants)
    return _describe(kernel, rollout, tenants, {})


def _choose(kernel: Kernel, rollout: Rollout) -> list[Moved]:
    found = list(find_candidates(kernel, rollout.applet, rollout.version))
    waiting = {moved.tenant_id: moved for moved in found if moved.state == WAITING}
    if not waiting:
        raise RolloutEmpty(applet=rollout.applet, version=rollout.version)
    stages = assign_stages(rollout.id, waiting.keys(), rollout.stages)
    chosen = [replace(waiting[tenant_id], stage=stage) for tenant_id, stage in stages.items()]
    return chosen + [moved for moved in found if moved.state != WAITING]


def _keep(kernel: Kernel, rollout: Rollout, tenants: Iterable[Moved]) -> None:
    with kernel.database.platform() as uow:
        if not insert_rollout(uow, rollout, tenants):
            other = next((one.id for one in list_rollouts(kernel.database, is_open=True) if _same(one, rollout)), "")
            raise RolloutRunning(applet=rollout.applet, rollout=other)
        uow.commit()


def _same(one: Rollout, other: Rollout) -> bool:
    return one.applet == other.applet


def pause_rollout(kernel: Kernel, name: str) -> dict[str, Any]:
    """Move nobody for the time being; those that were moved are still watched. name: its id, or the applet's name."""
    return _change(kernel, name, "pause", PAUSED, {RUNNING})


def resume_rollout(kernel: Kernel, name: str) -> dict[str, Any]:
    return _change(kernel, name, "resume", RUNNING, {PAUSED})


def halt_rollout(kernel: Kernel, name: str, *, roll_back: bool = False) -> dict[str, Any]:
    """End it. roll_back: bring the tenants that were moved back to where they came from; `carry_on` does it."""
    reason = "halted by the operator"
    if roll_back:
        return _change(kernel, name, "halt", ROLLING_BACK, {RUNNING, PAUSED}, reason)
    return _change(kernel, name, "halt", HALTED, {RUNNING, PAUSED}, reason)


def _change(
    kernel: Kernel, name: str, verb: str, state: str, allowed: Collection[str], reason: str | None = None
) -> dict[str, Any]:
    rollout = find_rollout(kernel, name)
    ended_at = kernel.clock() if state == HALTED else None
    if not change_state(kernel.database, rollout.id, state, allowed, reason=reason, ended_at=ended_at):
        state = find_rollout(kernel, rollout.id).state
        raise RolloutStateWrong(rollout=rollout.id, state=state, verb=verb, allowed=" or ".join(sorted(allowed)))
    return describe_rollout(kernel, rollout.id)


def find_rollout(kernel: Kernel, name: str) -> Rollout:
    """By its id, or the latest of an applet. Raises RolloutUnknown."""
    found = read_rollout(kernel.database, name)
    if found is None:
        raise RolloutUnknown(rollout=name)
    return found


def describe_rollout(kernel: Kernel, name: str) -> dict[str, Any]:
    """How it stands: stages, tenants, and how hooks fare before and after. Raises RolloutUnknown."""
    rollout = find_rollout(kernel, name)
    compared = read_comparisons(kernel.database, rollout)
    return _describe(kernel, rollout, read_tenants(kernel.database, rollout.id), compared)


def describe_rollouts(kernel: Kernel) -> list[dict[str, Any]]:
    """The latest, newest first, without their tenants."""
    return [_head(rollout) for rollout in list_rollouts(kernel.database)]


def _describe(
    kernel: Kernel, rollout: Rollout, tenants: Iterable[Moved], compared: dict[str, Comparison]
) -> dict[str, Any]:
    names = {tenant.id: tenant.name for tenant in kernel.directory.list()}
    listed = list(tenants)
    over_all = sum(compared.values(), Comparison())
    return {
        **_head(rollout),
        "stages": [_stage(rollout, number, listed) for number in range(len(rollout.stages))],
        "before": over_all.before.as_json(),
        "after": over_all.after.as_json(),
        "tenants": [_tenant(each, names, compared.get(each.tenant_id, Comparison())) for each in listed],
    }


def _head(rollout: Rollout) -> dict[str, Any]:
    shown = {
        "id": rollout.id, "applet": rollout.applet, "version": rollout.version, "state": rollout.state,
        "stage": rollout.stage + 1, "percent": rollout.stages[rollout.stage], "limits": rollout.limits.as_json(),
        "held_since": rollout.held_since, "holds_until": rollout.ends_hold_at, "reason": rollout.reason,
        "started_at": rollout.started_at, "started_by": rollout.started_by, "ended_at": rollout.ended_at,
    }  # fmt: skip
    return {name: value for name, value in shown.items() if value is not None}


def _stage(rollout: Rollout, number: int, tenants: Iterable[Moved]) -> dict[str, Any]:
    counts = Counter(each.state for each in tenants if each.stage == number)
    return {"stage": number + 1, "percent": rollout.stages[number], **dict(sorted(counts.items()))}


def _tenant(moved: Moved, names: dict[str, str], compared: Comparison) -> dict[str, Any]:
    shown = {
        "tenant": names.get(moved.tenant_id, moved.tenant_id), "stage": moved.stage + 1, "state": moved.state,
        "from_version": moved.from_version or None, "plan": moved.plan, "moved_at": moved.moved_at,
        "looked_at": moved.looked_at, "reason": moved.reason,
    }  # fmt: skip
    if moved.moved_at is not None:
        shown |= {"before": compared.before.as_json(), "after": compared.after.as_json()}
    return {name: value for name, value in shown.items() if value is not None}
