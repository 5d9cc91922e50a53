"""Whether tenants that were moved fare as well as before."""

from __future__ import annotations

from datetime import timedelta

from kernel.main import Kernel
from kernel.tenancy.record import TenantRecord
from registry.guards import check_guards
from registry.rollouts.figures import Comparison, find_excess
from registry.rollouts.model import Moved, Rollout
from registry.rollouts.standing import read_stand
from registry.rollouts.store import note_look, read_comparisons

# Guards may sum up all of a tenant's books.
LOOK_EVERY = timedelta(minutes=1)


def find_bad_figures(kernel: Kernel, rollout: Rollout, names: dict[str, str]) -> str | None:
    """What is past a limit: over all tenants that were moved, or for one of them, by its id in `names`."""
    compared = {id: each for id, each in read_comparisons(kernel.database, rollout).items() if id in names}
    if excess := find_excess(sum(compared.values(), Comparison()), rollout.limits):
        return excess
    for tenant_id, each in sorted(compared.items()):
        if excess := find_excess(each, rollout.limits):
            return f"{names[tenant_id]}: {excess}"
    return None


def is_due(kernel: Kernel, rollout: Rollout, moved: Moved) -> bool:
    """Whether to look at the tenant again."""
    looked_at, held_since = moved.looked_at, rollout.held_since
    if looked_at is None or (held_since is not None and looked_at < held_since):
        return True
    return kernel.clock() - looked_at >= LOOK_EVERY


def look_at_tenant(kernel: Kernel, rollout: Rollout, tenant: TenantRecord, moved: Moved) -> str | None:
    """What is wrong with the release at this tenant, in words. A guard that could not be asked only keeps the stage."""
    with kernel.database.transaction(tenant) as uow:
        ctx = kernel.operator_context(uow)
        stand = read_stand(uow, rollout.applet)
        # Where somebody has moved it since, it says nothing about the release any more.
        is_there = stand.row is not None and stand.row.is_enabled and stand.row.version == rollout.version
        broken = [one for one in check_guards(ctx) if one.id not in moved.known_guards] if is_there else []
    unknown = [f"{one.id} could not be asked: {one.sentences[0]}" for one in broken if one.is_unknown]
    note_look(kernel.database, rollout.id, moved.tenant_id, ctx.now, "; ".join(unknown) or None)
    if not is_there:
        return None
    if sure := [one for one in broken if not one.is_unknown]:
        return f"{tenant.name}: the guard {sure[0].id} is broken: {sure[0].sentences[0]}"
    if stand.suspension:
        return f"{tenant.name}: {rollout.applet} is suspended: {stand.suspension}"
    if stand.dead > moved.dead_before:
        return f"{tenant.name}: {stand.dead - moved.dead_before} deliveries to {rollout.applet} were given up"
    return None
