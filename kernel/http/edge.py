"""The outermost layer: ids, the bounded body, every error as a problem, one log line, the numbers."""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kernel.context import RequestRecord
from kernel.http.errors import BodyTooLarge
from kernel.http.exchange import Exchange, attach
from kernel.http.problems import is_internal, problem_response, to_error
from kernel.telemetry.logs import get_logger
from kernel.telemetry.metrics import Metrics
from kernel.telemetry.scope import LogScope, log_scope
from kernel.telemetry.trace import Span, start_span
from sdk.identifiers import new_id

USER_AGENT_CHARACTERS_MAX = 200
# Asked every few seconds by machines: counted, but not logged.
QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
# A client's own id is taken when it can stand in a log line and a header as it is.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

_log = get_logger()


class Edge:
    """ASGI middleware. body_bytes_max bounds what is read before anything is known about the sender.

    streamed: methods and paths whose endpoints read the body themselves, within bounds of their own.
    """

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, body_bytes_max: int, streamed: Collection[tuple[str, str]] = ()
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._body_bytes_max = body_bytes_max
        self._streamed = frozenset(streamed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        span = start_span(headers.get("traceparent"))
        exchange = _exchange(scope, headers, span)
        attach(scope, exchange)
        answer = _Answer(send, exchange, span)
        started = time.perf_counter()
        self._metrics.requests_open.inc()
        try:
            with log_scope(exchange.log):
                await self._serve(scope, receive, answer, exchange)
                self._finish(scope, answer, exchange, time.perf_counter() - started)
        finally:
            self._metrics.requests_open.dec()

    async def _serve(self, scope: Scope, receive: Receive, answer: _Answer, exchange: Exchange) -> None:
        try:
            if (scope["method"], scope["path"]) in self._streamed:
                await self._app(scope, receive, answer.send)
                return
            exchange.body = await _read_body(scope, receive, self._body_bytes_max)
            await self._app(scope, _replay(exchange.body, receive), answer.send)
        except Exception as error:
            exchange.error = error
            # Half an answer is out already: only breaking the connection still tells the client.
            if answer.status is not None:
                raise
            await self._tell(error, scope, receive, answer, exchange)

    async def _tell(
        self, error: Exception, scope: Scope, receive: Receive, answer: _Answer, exchange: Exchange
    ) -> None:
        told = to_error(error, scope["path"])
        if is_internal(told):
            _log.error("request.failed", message=str(error), exc_info=error, code=told.code)
        response = problem_response(told, instance=scope["path"], request_id=exchange.record.request_id)
        await response(scope, receive, answer.send)

    def _finish(self, scope: Scope, answer: _Answer, exchange: Exchange, seconds: float) -> None:
        route, status = _route(scope), answer.status or 0
        self._metrics.requests.labels(scope["method"], route, str(status)).inc()
        self._metrics.request_seconds.labels(route).observe(seconds)
        if scope["path"] not in QUIET_PATHS:
            data: dict[str, Any] = {"method": scope["method"], "path": scope["path"]}
            if exchange.error is not None:
                data["code"] = to_error(exchange.error, scope["path"]).code
            _log.info("request.finished", status=status, duration=round(seconds, 6), **data)


class _Answer:
    """The way back: adds the ids, and remembers the status."""

    def __init__(self, send: Send, exchange: Exchange, span: Span) -> None:
        self._send, self._exchange, self._span = send, exchange, span
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self._exchange.record.request_id
            headers["traceparent"] = self._span.traceparent
            headers["x-content-type-options"] = "nosniff"
            for name, value in self._exchange.headers.items():
                headers[name] = value
        await self._send(message)


def _exchange(scope: Scope, headers: Headers, span: Span) -> Exchange:
    given = headers.get("x-request-id", "")
    request_id = given if _REQUEST_ID.fullmatch(given) else new_id()
    client = scope.get("client")
    agent = headers.get("user-agent")
    record = RequestRecord(
        request_id=request_id,
        trace_id=span.trace_id,
        span_id=span.span_id,
        address=client[0] if client else None,
        user_agent=agent[:USER_AGENT_CHARACTERS_MAX] if agent else None,
    )
    return Exchange(record, log=LogScope(request_id, span.trace_id, span.span_id))


async def _read_body(scope: Scope, receive: Receive, maximum: int) -> bytes:
    """All of the body; refused as soon as it is too large, whatever its length was said to be."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > maximum:
            raise BodyTooLarge(limit="body", maximum=maximum)
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    """For frameworks below that read the body themselves: once the body, then whatever really comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


def _route(scope: Scope) -> str:
    """The template of the route, never the path itself: each document would become a label."""
    # Of a route in an included router FastAPI keeps the whole path beside the route.
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    path: str | None = getattr(route, "path", None)
    return path or "unknown"
