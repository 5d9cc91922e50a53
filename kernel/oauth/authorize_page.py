"""/oauth/authorize: log in, look at what is asked, decide. Each step is a form; the request stays in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from kernel.auth import trail
from kernel.auth.origins import origin_of
from kernel.auth.users import get_user
from kernel.db.unit_of_work import UnitOfWork
from kernel.http.exchange import exchange_of
from kernel.oauth.authorization import AuthorizationRequest, Target, find_target, issue_code, read_request
from kernel.oauth.browser import TICKET, Browser, Ticket, as_ticket, digest_of
from kernel.oauth.forms import read_form
from kernel.oauth.issuer import AUTHORIZE_PATH, LOG_IN_PATH
from kernel.oauth.log_in import check_log_in
from kernel.oauth.pages import consent_page, fault_page, log_in_page
from kernel.oauth.provider_store import list_providers
from kernel.oauth.records import Server
from kernel.oauth.redirects import form_target
from kernel.oauth.refusals import Refusal, UnsafeRequest
from kernel.oauth.words import put_in_words
from sdk.errors import BosError, Forbidden, LimitExceeded, Unauthenticated

if TYPE_CHECKING:
    from kernel.auth.records import User
    from kernel.main import Kernel

SEE_OTHER = 303
_STALE_FORM = "This form is too old, or was not made for this browser. Please try again."


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for the page. user: who has logged in for it; None before that."""

    query: bytes
    wanted: AuthorizationRequest
    ticket: Ticket
    user: User | None
    providers: list[tuple[str, str]]

    @property
    def action(self) -> str:
        return f"{AUTHORIZE_PATH}?{self.query.decode('ascii')}"


class AuthorizePage:
    """Its endpoints: GET shows, POST takes a step."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel, self._browser = kernel, Browser(kernel)

    def show(self, request: Request) -> Response:
        visit = self._visit(request)
        return visit if isinstance(visit, Response) else self._page(visit)

    def step(self, request: Request) -> Response:
        visit = self._visit(request)
        if isinstance(visit, Response):
            return visit
        try:
            form = read_form(exchange_of(request).body, request.headers.get("content-type"))
        except Refusal as refusal:
            return fault_page(f"The form cannot be read: {refusal.description}.")
        held = self._browser.read_ticket(request)
        if not self._browser.is_csrf_token(held, visit.query, form.get("csrf", "")):
            return fault_page(_STALE_FORM, 403)
        if form.get("step") == "log_in":
            return self._log_in(request, visit, form)
        return self._decide(request, visit, form.get("decision", ""))

    def _visit(self, request: Request) -> Visit | Response:
        query: bytes = request.scope["query_string"]
        server = Server.of(self._kernel)
        with self._kernel.database.platform() as uow:
            try:
                target, fields, repeated = find_target(uow, query)
            except UnsafeRequest as error:
                return fault_page(str(error))
            try:
                wanted = read_request(server, target, fields, repeated)
            except Refusal as refusal:
                return _refuse(server, target, refusal)
            if "none" in wanted.prompts:
                return _refuse(server, target, Refusal("login_required", "nobody is logged in"))
            ticket = self._browser.read_ticket(request) or Ticket.fresh()
            return Visit(
                query, wanted, ticket, self._user(uow, ticket, query, wanted), self._providers(uow, wanted, query)
            )

    def _user(self, uow: UnitOfWork, ticket: Ticket, query: bytes, wanted: AuthorizationRequest) -> User | None:
        if ticket.request != digest_of(query):
            return None
        age = self._kernel.clock() - _instant(ticket)
        if wanted.age_max is not None and age > wanted.age_max + timedelta(seconds=1):
            return None
        try:
            user = get_user(uow, wanted.known.client.tenant_id, ticket.user_id)
        except BosError:
            return None
        return user if user.state == "active" else None

    def _providers(self, uow: UnitOfWork, wanted: AuthorizationRequest, query: bytes) -> list[tuple[str, str]]:
        tenant = wanted.known.tenant
        back = quote(query.decode("ascii"), safe="")
        return [
            (one.title, f"{LOG_IN_PATH}/{tenant.name}/{one.name}?return={back}")
            for one in list_providers(uow, tenant.id)
        ]

    def _page(self, visit: Visit, fault: str = "", email: str = "") -> Response:
        known, target = visit.wanted.known, form_target(visit.wanted.redirect_uri)
        csrf = self._browser.csrf_token(visit.ticket, visit.query)
        if visit.user is None:
            page = log_in_page(
                action=visit.action, csrf=csrf, client=known.client.name, tenant=known.tenant.title,
                providers=visit.providers, fault=fault, email=email, target=target,
            )  # fmt: skip
        else:
            page = consent_page(
                action=visit.action, csrf=csrf, client=known.client.name, tenant=known.tenant.title,
                email=visit.user.email, words=put_in_words(visit.wanted.scopes, self._titles(visit.wanted)),
                way_back=target, target=target,
            )  # fmt: skip
        self._browser.write_ticket(page, visit.ticket)
        return page

    def _titles(self, wanted: AuthorizationRequest) -> dict[str, str]:
        with self._kernel.database.transaction(wanted.known.tenant) as uow:
            types = self._kernel.runtimes.get(uow).catalogue.types
        return {name: type.title for name, type in types.items()}

    def _log_in(self, request: Request, visit: Visit, form: Mapping[str, str]) -> Response:
        email = form.get("email", "")
        try:
            user = check_log_in(
                self._kernel, visit.wanted.known.tenant.name, email, form.get("password", ""), form.get("code", ""),
                origin_of(request),
            )  # fmt: skip
        except (Unauthenticated, Forbidden, LimitExceeded) as error:
            return self._page(visit, error.message, email)
        response = RedirectResponse(visit.action, SEE_OTHER, {"cache-control": "no-store"})
        # A nonce of its own from here on: who planted a cookie before the log-in holds nothing.
        ticket = as_ticket(Ticket.fresh().nonce, visit.query, user.id, self._kernel.clock())
        self._browser.write_ticket(response, ticket)
        return response

    def _decide(self, request: Request, visit: Visit, decision: str) -> Response:
        server, wanted = Server.of(self._kernel), visit.wanted
        target = Target(wanted.known, wanted.redirect_uri, wanted.state)
        if visit.user is None or decision == "leave":
            response: Response = RedirectResponse(visit.action, SEE_OTHER, {"cache-control": "no-store"})
        elif decision == "allow":
            with self._kernel.database.platform() as uow:
                now = self._kernel.clock()
                code = issue_code(uow, wanted, visit.user.id, _instant(visit.ticket), now)
                trail.record(
                    uow, wanted.known.tenant.id, "oauth.allowed", now, user_id=visit.user.id, origin=origin_of(request),
                    client_id=wanted.known.client.id, scopes=list(wanted.scopes),
                )  # fmt: skip
                uow.commit()
            response = _redirect(target.answer(server.issuer, code=code))
        else:
            response = _refuse(server, target, Refusal("access_denied", "the user refused"))
        self._browser.drop(response, TICKET)
        return response


def _refuse(server: Server, target: Target, refusal: Refusal) -> Response:
    return _redirect(target.answer(server.issuer, **refusal.as_json()))


def _redirect(uri: str) -> Response:
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return RedirectResponse(uri, SEE_OTHER, headers)


def _instant(ticket: Ticket) -> datetime:
    return datetime.fromtimestamp(ticket.authenticated_at, UTC)
