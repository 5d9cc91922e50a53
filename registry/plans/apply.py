"""Applying a plan: make it again, refuse if it differs, then one short transaction and a pointer that moves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg

from kernel.context import KernelContext
from kernel.db.unit_of_work import UnitOfWork
from kernel.transfer.caller import Caller
from registry.checks.unique import backfill_keys
from registry.errors import ConsentMissing, PlanBlocked, PlanDrifted
from registry.guards import guard_moves
from registry.plans.findings import Finding
from registry.plans.model import Plan
from registry.plans.planner import make_plan
from registry.plans.situation import PlanRequest, Progress, Situation
from registry.plans.store import keep_plan, note_applied, read_plan
from registry.releases import Releases, by_version
from registry.removal.errors import PurgeApart
from registry.removal.tombstones import settle_tombstones
from registry.rewriting import rewrite_saved
from registry.rows import read_rows, take_turn
from registry.transitions import RESOURCE, OnStep, make_moves, nothing, raise_generation
from sdk.errors import BosError, Violation

# Somebody else has changed what plans are made from between our last look and our turn: then look again.
LOOKS_MAX = 3
_READ_ONLY = "SET TRANSACTION READ ONLY"
_GENERATION = "SELECT value FROM {t}.meta WHERE name = 'generation'"


def plan(
    caller: Caller, releases: Releases, request: PlanRequest, *, progress: Progress = lambda label, done, total: None
) -> dict[str, Any]:
    """Make a plan and keep it; as JSON. Raises what `find_moves` raises, PermissionDenied."""
    made, situation = _look(caller, releases, request, None, progress)
    ctx = situation.ctx
    return keep_plan(caller.kernel.database, caller.tenant, made, ctx.now, ctx.actor.id)


def apply_plan(
    caller: Caller,
    releases: Releases,
    digest: str,
    *,
    consent: Collection[str] | bool = (),
    reason: str = "",
    progress: Progress = lambda label, done, total: None,
    on_step: OnStep = nothing,
) -> dict[str, Any]:
    """Apply a plan that was made before; the plan as it was applied. A plan that was applied already changes nothing.

    consent: ids of findings that somebody says yes to, True for all there are. Raises PlanUnknown, PlanDrifted,
    PlanBlocked, ConsentMissing, GuardBroken, and what a lifecycle hook vetoes.
    """
    request, since, kept = read_plan(caller.kernel.database, caller.tenant, digest)
    request = replace(request, reason=reason or request.reason)
    if request.verb == "purge":
        raise PurgeApart(applet=request.name)
    for _ in range(LOOKS_MAX):
        on_step("look")
        try:
            made, situation = _look(caller, releases, request, since, progress, kept["findings"])
        except BosError:
            # Such as that there is nothing to go back to any more.
            if _is_applied(caller, request, kept, digest):
                return kept
            raise
        if made.digest != digest and _is_applied(caller, request, kept, digest):
            return kept
        check_plan(made, digest, consent, kept)
        keep_releases(situation, releases)
        if _switch(caller, made, situation, on_step):
            on_step("note")
            note_applied(caller.kernel.database, caller.tenant, digest, situation.ctx.now, situation.ctx.actor.id)
            return {**kept, **made.as_json()}
    raise PlanDrifted(digest=digest, changed="something of the tenant, again and again,", now=made.digest)


def check_plan(made: Plan, digest: str, consent: Collection[str] | bool, kept: dict[str, Any] | None = None) -> None:
    """Raises PlanDrifted, PlanBlocked, ConsentMissing."""
    if made.digest != digest:
        raise PlanDrifted(digest=digest, now=made.digest, changed=_changes(made, kept or {}))
    if made.blocks:
        raise PlanBlocked(digest=digest, count=len(made.blocks), violations=list(map(as_violation, made.blocks)))
    missing = [] if consent is True else [f for f in made.consents if f.id not in (consent or ())]
    if missing:
        named = ", ".join(finding.id for finding in missing)
        raise ConsentMissing(digest=digest, missing=named, violations=list(map(as_violation, missing)))


def as_violation(finding: Finding) -> Violation:
    """A finding as errors tell it."""
    where = f" ({finding.where})" if finding.where else ""
    return Violation(finding.subject, finding.rule, f"{finding.message}{where}", finding.fix or None)


def _look(
    caller: Caller,
    releases: Releases,
    request: PlanRequest,
    since: int | None,
    progress: Progress,
    earlier: Sequence[Mapping[str, Any]] = (),
) -> tuple[Plan, Situation]:
    """In a transaction that PostgreSQL lets write nothing."""
    with caller.begin() as uow:
        uow.execute(_READ_ONLY)
        ctx = caller.context(uow)
        ctx.permissions.check_resource(request.verb, RESOURCE)
        return make_plan(ctx, releases, request, since=since, earlier=earlier, progress=progress)


def _switch(caller: Caller, made: Plan, situation: Situation, on_step: OnStep) -> bool:
    """The transaction. False when the tenant is another than it was looked at: nothing was done then."""
    on_step("begin")
    try:
        with caller.begin() as uow:
            take_turn(uow)
            if _generation(uow) != situation.ctx.uow.generation:
                return False
            ctx = switch(caller.context(uow), situation, made.digest, on_step)
            on_step("end")
            uow.commit()
    except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
        # Somebody else was let through, and has most likely changed what this was made from.
        return False
    ctx.announce_deliveries()
    on_step("committed")
    return True


def switch(ctx: KernelContext, situation: Situation, digest: str, on_step: OnStep = nothing) -> KernelContext:
    """All that a plan does, in the caller's transaction; last what raises the generation, whose row others wait for."""
    ctx = make_moves(ctx, situation, digest, on_step)
    for name, follow in FOLLOWING:
        on_step(name)
        follow(ctx, situation)
    on_step("generation")
    raise_generation(ctx)
    return ctx


# What comes after the moves, by name. Guards may take long, and whoever rewrites a role raises the generation by that.
FOLLOWING: tuple[tuple[str, Callable[[KernelContext, Situation], None]], ...] = (
    ("keys", backfill_keys),
    ("tombstones", settle_tombstones),
    ("guards", guard_moves),
    ("rewriting", rewrite_saved),
)


def keep_releases(situation: Situation, releases: Releases) -> None:
    """Before the pointer moves: a release that somebody runs or has chosen must never be lost with its folder."""
    ctx = situation.ctx
    chosen = [by_version(situation.known, move.applet, move.to_version) for move in situation.moves if move.to_version]
    for release in (*situation.before.values(), *situation.after.values(), *chosen):
        if release is not None and release.applet is not None:
            releases.keep(ctx.kernel.database, release, ctx.now, ctx.actor.id)


def _generation(uow: UnitOfWork) -> int:
    row = uow.execute(_GENERATION).fetchone()
    assert row is not None
    return int(row[0])


def _is_applied(caller: Caller, request: PlanRequest, kept: Mapping[str, Any], digest: str) -> bool:
    """Whether the applets stand as this plan has left them; who applied it may not have lived to note that."""
    with caller.begin() as uow:
        caller.context(uow).permissions.check_resource(request.verb, RESOURCE)
        all_rows = read_rows(uow)
    rows = [all_rows.get(move["applet"]) for move in kept["moves"]]
    made = [row for row in rows if row is not None and row.plan == digest]
    if not made or len(made) < len(rows):
        return False
    if "applied_at" not in kept:
        note_applied(caller.kernel.database, caller.tenant, digest, made[0].changed_at, made[0].changed_by)
    return True


def _changes(made: Plan, kept: dict[str, Any]) -> str:
    """In which part two plans differ, for people."""
    now = made.as_json()
    named = {"moves": "what is to be done", "findings": "what was found"}
    told = [words for name, words in named.items() if _bare(now.get(name)) != _bare(kept.get(name))]
    return " and ".join(told) or "the state of the applets"


def _bare(items: Any) -> Any:
    """Without what changes all the time."""
    if not isinstance(items, list | tuple):
        return items
    return [{k: v for k, v in item.items() if k not in ("details", "message")} for item in items]
