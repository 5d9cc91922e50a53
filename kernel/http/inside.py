"""A request made inside of this process: the whole application answers, no socket and no token is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import orjson
from starlette.types import ASGIApp, Message, Scope

from kernel.auth.records import Identity

# Set by whoever calls the application in this process; a request from outside cannot bring anything under it.
IDENTITY_KEY = "bos.identity"


@dataclass(frozen=True, slots=True)
class Outcome:
    """code: of the problem, None where it is none."""

    status: int
    code: str | None = None

    @property
    def is_failure(self) -> bool:
        return self.status >= 400

    def __str__(self) -> str:
        return f"{self.status} {self.code}" if self.code else str(self.status)


def request_inside(
    app: ASGIApp,
    identity: Identity,
    method: str,
    path: str,
    body: bytes | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Outcome:
    """The outcome of one request. path: with its query, as a client would send it."""
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body or b"", "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    async def call() -> None:
        await app(_scope(identity, method, path, body, headers or {}), receive, send)

    anyio.run(call)
    status = next(message["status"] for message in messages if message["type"] == "http.response.start")
    content = b"".join(message.get("body", b"") for message in messages if message["type"] == "http.response.body")
    return Outcome(status, _code(status, content))


def _scope(identity: Identity, method: str, path: str, body: bytes | None, given: Mapping[str, str]) -> Scope:
    plain, _, query = path.partition("?")
    headers = [(b"host", b"inside")] + [(name.lower().encode(), value.encode()) for name, value in given.items()]
    if body is not None:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method.upper(),
        "scheme": "http",
        "path": plain,
        "raw_path": plain.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers,
        "client": None,
        "server": ("inside", 80),
        IDENTITY_KEY: identity,
    }


def _code(status: int, content: bytes) -> str | None:
    if status < 400:
        return None
    problem: Any = orjson.loads(content) if content else {}
    code = problem.get("code") if isinstance(problem, dict) else None
    return str(code) if code else None
