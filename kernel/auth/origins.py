"""Where a request came from, for sessions and the record of events."""

from __future__ import annotations

from fastapi import Request

from kernel.auth.records import Identity, Origin
from kernel.http.exchange import exchange_of


def origin_of(request: Request, identity: Identity | None = None) -> Origin:
    """identity: of who does it to somebody else."""
    record = exchange_of(request).record
    actor_id = identity.actor.id if identity else None
    return Origin(record.address, record.user_agent, record.request_id, actor_id)
