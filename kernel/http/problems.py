"""Errors on the wire: RFC 9457 problem+json. The kind's `status` in `sdk/errors.py` is the one table of statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from kernel.auth.errors import TooManyAttempts
from kernel.db.errors import DatabaseUnavailable
from kernel.http.bodies import render_json
from kernel.http.errors import (
    InternalError,
    InvalidRequest,
    MalformedRequest,
    MethodNotAllowed,
    RouteUnknown,
    StatementTooSlow,
    TransactionConflict,
    ValueUnstorable,
)
from kernel.limits.errors import RateLimited
from sdk.errors import BosError, Violation

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "/errors/"
# Nobody reads more, and an answer should not be larger than the request.
VIOLATIONS_TOLD_MAX = 1_000
RETRY_AFTER_S = 1
INTERNAL = 500

# The first class that fits decides; most of these are OperationalErrors too.
_DATABASE_ERRORS: tuple[tuple[type[psycopg.Error], type[BosError]], ...] = (
    (psycopg.errors.SerializationFailure, TransactionConflict),
    (psycopg.errors.DeadlockDetected, TransactionConflict),
    (psycopg.errors.LockNotAvailable, TransactionConflict),
    (psycopg.errors.QueryCanceled, StatementTooSlow),
    (psycopg.DataError, ValueUnstorable),
    (psycopg.OperationalError, DatabaseUnavailable),
    (psycopg.InterfaceError, DatabaseUnavailable),
)


def to_error(error: BaseException, path: str) -> BosError:
    """The error to tell for whatever was raised; what nobody foresaw is an InternalError."""
    if isinstance(error, BosError):
        return error
    if isinstance(error, HTTPException):
        return _framework_error(error, path)
    if isinstance(error, RequestValidationError):
        return InvalidRequest(violations=[_violation(fault) for fault in error.errors()])
    if isinstance(error, ClientDisconnect):
        return MalformedRequest("The connection ended before the body did.")
    for raised, told in _DATABASE_ERRORS:
        if isinstance(error, raised):
            return told(service="The database", database="default")
    return InternalError()


def is_internal(error: BosError) -> bool:
    """Whether it is a bug, of ours or of an applet: logged with its traceback, its text not shown."""
    return error.status >= INTERNAL and error.kind == "BosError"


def problem_response(error: BosError, *, instance: str, request_id: str) -> Response:
    """The response that tells it."""
    body = problem(error, instance=instance, request_id=request_id)
    return Response(render_json(body), error.status, _headers(error), MEDIA_TYPE)


def problem(error: BosError, *, instance: str, request_id: str) -> dict[str, Any]:
    """The body: `type`, `title`, `status`, `detail`, `code`, `instance`, `request_id`, `violations` if any."""
    detail = InternalError().message if is_internal(error) else error.message
    body = {
        "type": TYPE_PREFIX + error.code,
        "title": error.code.replace("_", " ").capitalize(),
        "status": error.status,
        "detail": detail,
        "code": error.code,
        "instance": instance,
        "request_id": request_id,
    }
    if error.violations:
        body["violations"] = [violation.as_json() for violation in error.violations[:VIOLATIONS_TOLD_MAX]]
        if len(error.violations) > VIOLATIONS_TOLD_MAX:
            body["violations_left_out"] = len(error.violations) - VIOLATIONS_TOLD_MAX
    return {**error.extensions, **body}


def _headers(error: BosError) -> dict[str, str]:
    headers = {"cache-control": "no-store"}
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    elif isinstance(error, MethodNotAllowed):
        headers["allow"] = str(error.details["allowed"])
    elif isinstance(error, RateLimited | TooManyAttempts):
        headers["retry-after"] = str(error.details["retry_after_s"])
    elif error.status == 503 or isinstance(error, TransactionConflict):
        headers["retry-after"] = str(error.details.get("retry_after_s", RETRY_AFTER_S))
    return headers


def _framework_error(error: HTTPException, path: str) -> BosError:
    if error.status_code == 404:
        return RouteUnknown(path=path)
    if error.status_code == 405:
        return MethodNotAllowed(path=path, method="this method", allowed=(error.headers or {}).get("Allow", ""))
    return MalformedRequest(str(error.detail))


def _violation(fault: Mapping[str, Any]) -> Violation:
    # FastAPI names the place first: ("query", "limit").
    pointer = "".join(f"/{part}" for part in fault["loc"][1:])
    return Violation(pointer, str(fault["type"]), str(fault["msg"]), str(fault["loc"][0]))
