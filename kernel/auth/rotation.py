"""Refreshing, and what follows when a refresh token comes back: the session ends, and its user is told."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from kernel.auth import store, trail
from kernel.auth.errors import RefreshReused
from kernel.auth.records import Authority, Origin, Tokens
from kernel.auth.sessions import refresh
from sdk.errors import BosError

if TYPE_CHECKING:
    from kernel.main import Kernel

NOTICE = {
    "title": "A session of yours was ended",
    "body": "A refresh token of it was used twice, so somebody else may have had it. If that was not a program of"
    " yours, change your password and look at your sessions.",
}


def refresh_session(kernel: Kernel, refresh_token: str, origin: Origin) -> Tokens:
    """New tokens. Raises what `sessions.refresh` does; after RefreshReused the session is over, recorded and told."""
    try:
        with kernel.database.platform() as uow:
            tokens = refresh(uow, Authority.of(kernel), refresh_token, kernel.clock())
            uow.commit()
    except RefreshReused as reused:
        _end_reused(kernel, reused, origin)
        raise
    return tokens


def _end_reused(kernel: Kernel, reused: RefreshReused, origin: Origin) -> None:
    user, tenant, session_id = reused.details["user"], reused.details["tenant"], reused.details["session_id"]
    now = kernel.clock()
    with kernel.database.platform() as uow:
        if not store.revoke_session(uow, user.id, session_id, now, "refresh_reused"):
            # Somebody else has sent it again at the same moment, and told already.
            return
        trail.record(uow, tenant.id, "refresh.reused", now, user_id=user.id, session_id=session_id, origin=origin)
        uow.commit()
    # It is over and recorded; a tenant that can write nothing now must not change the answer.
    with suppress(BosError), kernel.operate(tenant) as ctx:
        ctx.documents.create("kernel.notification", {"recipient": user.id, **NOTICE})
