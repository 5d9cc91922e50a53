"""Who a request comes from, and whether they may ask now. Every route but those of log-in begins here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Request

from kernel.auth.records import Identity
from kernel.auth.service import authenticate
from kernel.http.exchange import exchange_of
from kernel.http.inside import IDENTITY_KEY
from kernel.limits.rates import admit, headers_of
from kernel.safe_mode import SAFE_MODE_HEADER, SAFE_MODE_NOTICE, is_safe

if TYPE_CHECKING:
    from kernel.parts import Parts


def identify(request: Request, kernel: Parts, *, may_enrol: bool = False) -> Identity:
    """The identity of the caller, noted for the log. Raises leaves of Unauthenticated and Forbidden, RateLimited.

    may_enrol: also for who must add a second factor before anything else.
    """
    exchange = exchange_of(request)
    given: Identity | None = request.scope.get(IDENTITY_KEY)
    if given is not None:
        return given
    identity = authenticate(kernel, request.headers.get("authorization"), may_enrol=may_enrol)
    exchange.log.tenant_id, exchange.log.user_id = identity.tenant.id, identity.actor.id
    exchange.headers |= headers_of(admit(kernel, identity))
    if is_safe(kernel.settings, identity.tenant):
        exchange.headers[SAFE_MODE_HEADER] = SAFE_MODE_NOTICE
    return identity
