"""One request and what the edge found out about it before any endpoint ran."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import HTTPConnection
from starlette.types import Scope

from kernel.context import RequestRecord
from kernel.telemetry.scope import LogScope

SCOPE_KEY = "bos.exchange"


@dataclass(slots=True)
class Exchange:
    """record: ids and origin, as stored with events. body: the whole request body, read and bounded by the edge.

    headers: what the answer carries whatever becomes of the request.
    """

    record: RequestRecord
    body: bytes = b""
    log: LogScope = field(default_factory=LogScope)
    headers: dict[str, str] = field(default_factory=dict)
    error: BaseException | None = None


def exchange_of(request: HTTPConnection) -> Exchange:
    """The exchange the edge put beside the request."""
    found: Exchange = request.scope[SCOPE_KEY]
    return found


def attach(scope: Scope, exchange: Exchange) -> None:
    scope[SCOPE_KEY] = exchange
