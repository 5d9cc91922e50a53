"""What an endpoint is made of. Endpoints are plain `def` of at most ten lines::

    def router(kernel: Kernel) -> APIRouter:
        routes = APIRouter()

        @routes.get("/registers/{register}/balance")
        def read_balance(request: Request, register: str) -> Response:
            return run(request, kernel, lambda ctx: service.balance(ctx, register), read_only=True)

        return routes

The body is `json_body(request)`, `object_body(request)` or `parse_body(request, Model)`; it was read before the
endpoint's thread began. Errors of `sdk.errors` are raised, never turned into responses by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError

from kernel.context import KernelContext
from kernel.db.errors import Overtaken
from kernel.db.reading import read
from kernel.db.unit_of_work import UnitOfWork
from kernel.http.admission import identify
from kernel.http.bodies import parse_json, render_json
from kernel.http.errors import InvalidRequest
from kernel.http.exchange import exchange_of
from kernel.http.idempotency import Answer, read_claim
from sdk.errors import Violation

if TYPE_CHECKING:
    from kernel.auth.records import Identity
    from kernel.main import Kernel

Model = TypeVar("Model", bound=BaseModel)
NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class Reply:
    """What a verb returns when the answer is more than a JSON body with status 200.

    body: anything `render_json` takes; bytes are sent as they are (say what they are in `media_type`).
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


def run(request: Request, kernel: Kernel, verb: Callable[[KernelContext], Any], *, read_only: bool = False) -> Response:
    """Authenticate, open the tenant's unit of work, call the verb, commit, and only then make the response.

    verb: returns JSON-able data, a `Reply`, or None (204); it may be called twice, in a transaction of its own each
    time. read_only: nothing is committed, and a replica may be asked. A change sent again with its `Idempotency-Key`
    is answered as the first time, and the verb not called.
    """
    identity = identify(request, kernel)
    attempt = partial(_read if read_only else _change, request, kernel, identity, verb)
    try:
        return attempt()
    except Overtaken:
        # It met an upgrade on its way, and has changed nothing: the applet's new version is there for it now.
        return attempt()


def _change(request: Request, kernel: Kernel, identity: Identity, verb: Callable[[KernelContext], Any]) -> Response:
    claim = read_claim(request, kernel, identity)
    with kernel.database.transaction(identity.tenant) as uow:
        if claim and (answer := claim.take(uow)):
            return _respond(Reply(answer.body, answer.status, answer.headers, answer.media_type), answer.body)
        reply = _reply(verb(kernel.context(uow, identity, exchange_of(request).record)))
        # Rendered before the commit: an answer that cannot be written must not leave a change behind.
        body = _render(reply)
        if claim:
            claim.keep(uow, Answer(body, reply.status, reply.headers, reply.media_type))
        uow.commit()
    return _respond(reply, body)


def _read(request: Request, kernel: Kernel, identity: Identity, verb: Callable[[KernelContext], Any]) -> Response:
    """On a replica where there is one that is up to date."""

    def answer(uow: UnitOfWork) -> tuple[Reply, bytes]:
        reply = _reply(verb(kernel.context(uow, identity, exchange_of(request).record)))
        return reply, _render(reply)

    return _respond(*read(kernel.database, identity.tenant, answer))


def run_platform(request: Request, kernel: Kernel, verb: Callable[[UnitOfWork], Any]) -> Response:
    """The same without identity and tenant: a unit of work on the platform schema, for log-in and its like."""
    with kernel.database.platform() as uow:
        reply = _reply(verb(uow))
        body = _render(reply)
        uow.commit()
    return _respond(reply, body)


def answer(result: Any) -> Response:
    """The response of a verb that has opened and committed units of work of its own."""
    reply = _reply(result)
    return _respond(reply, _render(reply))


def json_body(request: Request) -> Any:
    """The request body as JSON; raises MalformedJson, UnsupportedMediaType."""
    return parse_json(exchange_of(request).body, request.headers.get("content-type"))


def object_body(request: Request) -> dict[str, Any]:
    """The request body, which must be a JSON object; an empty body is an empty object."""
    body = json_body(request) if exchange_of(request).body else {}
    if not isinstance(body, dict):
        raise InvalidRequest(violations=[Violation("", "type", "the body is not an object", "a JSON object")])
    return body


def parse_body(request: Request, model: type[Model]) -> Model:
    """The request body as a pydantic model; every fault at once."""
    try:
        return model.model_validate(json_body(request))
    except ValidationError as error:
        raise InvalidRequest(violations=[_violation(fault) for fault in error.errors()]) from None


def _violation(fault: Mapping[str, Any]) -> Violation:
    pointer = "".join(f"/{part}" for part in fault["loc"])
    return Violation(pointer, str(fault["type"]), str(fault["msg"]))


def _reply(result: Any) -> Reply:
    if isinstance(result, Reply):
        return result
    return Reply(result) if result is not None else Reply(status=NO_CONTENT)


def _render(reply: Reply) -> bytes:
    if reply.body is None:
        return b""
    return reply.body if isinstance(reply.body, bytes) else render_json(reply.body)


def _respond(reply: Reply, body: bytes) -> Response:
    """No cache keeps it: tokens and books are nobody else's, and a mask hides from one what another may see."""
    media_type = reply.media_type if body else None
    return Response(body, reply.status, {"cache-control": "no-store", **reply.headers}, media_type)
