"""What every log line of one piece of work carries: a request, a delivery, a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class LogScope:
    """Mutable, so that what a worker thread finds out (tenant, user) stands in the access log too."""

    request_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    tenant_id: str | None = None
    user_id: str | None = None


_scope: ContextVar[LogScope | None] = ContextVar("bos_log_scope", default=None)


def current_scope() -> LogScope | None:
    """The scope of the work at hand; for log lines only, never to decide anything."""
    return _scope.get()


@contextmanager
def log_scope(scope: LogScope) -> Iterator[LogScope]:
    """Log lines written inside carry the scope's ids."""
    token = _scope.set(scope)
    try:
        yield scope
    finally:
        _scope.reset(token)
