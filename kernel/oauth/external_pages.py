"""/oauth/login and /oauth/callback: to an identity provider and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from kernel.auth import service
from kernel.auth.origins import origin_of
from kernel.auth.records import Authority, User
from kernel.db.unit_of_work import UnitOfWork
from kernel.http.bodies import render_json
from kernel.oauth.authorize_page import SEE_OTHER
from kernel.oauth.browser import EXTERNAL, Browser, Ticket, as_ticket
from kernel.oauth.errors import ExternalLogInExpired, ExternalLogInFailed
from kernel.oauth.external import Begun, ExternalLogIn
from kernel.oauth.forms import read_fields
from kernel.oauth.issuer import AUTHORIZE_PATH, issuer_of
from kernel.oauth.linking import find_or_link
from kernel.oauth.pages import fault_page
from kernel.oauth.providers import find_with_secret, open_secret
from kernel.oauth.refusals import Refusal
from kernel.tenancy.directory import find_tenant
from kernel.tenancy.errors import TenantUnknown
from kernel.tenancy.record import TenantRecord
from sdk.errors import BosError

if TYPE_CHECKING:
    from kernel.main import Kernel

METHOD = "oidc"
# It travels in a cookie, of which browsers keep 4 KiB.
RETURN_BYTES_MAX = 2_000


class ExternalPages:
    """Faults are told on a page: a person looks at them."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel, self._browser = kernel, Browser(kernel)
        self._log_in = ExternalLogIn(kernel, issuer_of(kernel.settings))

    def begin(self, request: Request) -> Response:
        return _told(lambda: self._begin(request))

    def finish(self, request: Request) -> Response:
        response = _told(lambda: self._finish(request))
        # Good once, whatever came of it.
        self._browser.drop(response, EXTERNAL)
        return response

    def _begin(self, request: Request) -> Response:
        names = request.path_params
        back = _fields(request).get("return", "")
        if len(back) > RETURN_BYTES_MAX or not back.isascii():
            raise ExternalLogInFailed(reason="the request that led here is too long")
        with self._kernel.database.platform() as uow:
            tenant = self._tenant(uow, names["tenant"])
            provider, _ = find_with_secret(uow, tenant.id, names["provider"])
        begun = Begun.fresh()
        response = RedirectResponse(self._log_in.begin(provider, begun), SEE_OTHER, {"cache-control": "no-store"})
        held = {**asdict(begun), "tenant": tenant.name, "provider": provider.name, "back": back}
        self._browser.write(response, EXTERNAL, held)
        return response

    def _finish(self, request: Request) -> Response:
        held = self._browser.read(request, EXTERNAL)
        if held is None:
            raise ExternalLogInExpired
        with self._kernel.database.platform() as uow:
            tenant = self._tenant(uow, held["tenant"])
            provider, sealed = find_with_secret(uow, tenant.id, held["provider"])
        begun = Begun(held["state"], held["nonce"], held["verifier"])
        # No connection waits for the provider.
        secret = open_secret(self._kernel, provider.id, sealed)
        claims = self._log_in.finish(provider, secret, begun, _fields(request))
        now = self._kernel.clock()
        with self._kernel.database.platform() as uow:
            user = find_or_link(uow, self._kernel, tenant, provider, claims, now)
            response = self._open(uow, request, tenant, user, held["back"], now)
            uow.commit()
        return response

    def _open(
        self, uow: UnitOfWork, request: Request, tenant: TenantRecord, user: User, back: str, now: datetime
    ) -> Response:
        """On with the authorization request that led here, or, without one, tokens as a log-in gives them."""
        if back:
            response: Response = RedirectResponse(f"{AUTHORIZE_PATH}?{back}", SEE_OTHER, {"cache-control": "no-store"})
            self._browser.write_ticket(response, as_ticket(Ticket.fresh().nonce, back.encode("ascii"), user.id, now))
            return response
        found = service.find_credentials(uow, tenant.name, user.email)
        assert found is not None
        tokens = service.open_session(
            uow, Authority.of(self._kernel), found, None, origin_of(request), now, methods=(METHOD,)
        )
        return Response(render_json(tokens), headers={"cache-control": "no-store"}, media_type="application/json")

    def _tenant(self, uow: UnitOfWork, name: str) -> TenantRecord:
        tenant = find_tenant(uow, name)
        if tenant is None:
            raise TenantUnknown(tenant=name[:40])
        return tenant


def _fields(request: Request) -> dict[str, str]:
    try:
        fields, repeated = read_fields(request.scope["query_string"])
    except Refusal as refusal:
        raise ExternalLogInFailed(reason=refusal.description) from None
    if repeated:
        raise ExternalLogInFailed(reason="a parameter is given twice")
    return fields


def _told(work: Callable[[], Response]) -> Response:
    try:
        return work()
    except BosError as error:
        return fault_page(error.message, error.status)
