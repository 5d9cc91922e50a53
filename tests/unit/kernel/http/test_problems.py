"""Every error becomes one problem; nothing internal is told."""

import psycopg
import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from kernel.http.problems import is_internal, problem, problem_response, to_error
from sdk import errors
from sdk.errors import BosError, Conflict, Invalid, Violation
from sdk.hookset import HookFailed


class PeriodClosed(Conflict):
    """The period {period} is closed."""


def test_a_problem_says_everything_a_caller_needs():
    assert problem(PeriodClosed(period="2026-01"), instance="/api/v1/x", request_id="r-1") == {
        "type": "/errors/period_closed",
        "title": "Period closed",
        "status": 409,
        "detail": "The period 2026-01 is closed.",
        "code": "period_closed",
        "instance": "/api/v1/x",
        "request_id": "r-1",
    }


def test_violations_are_listed():
    error = Invalid(violations=[Violation("/lines/0/amount", "decimal_text", "a float", "text")])
    assert problem(error, instance="/", request_id="r")["violations"] == [
        {"pointer": "/lines/0/amount", "rule": "decimal_text", "message": "a float", "expected": "text"}
    ]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("Invalid", 422), ("Unauthenticated", 401), ("Forbidden", 403), ("NotFound", 404), ("Conflict", 409),
        ("StaleVersion", 412), ("VersionRequired", 428), ("LimitExceeded", 429), ("TooLarge", 413),
        ("Unavailable", 503),
    ],
)  # fmt: skip
def test_the_kind_decides_the_status(kind, status):
    response = problem_response(getattr(errors, kind)(), instance="/", request_id="r")
    assert response.status_code == status
    assert response.media_type == "application/problem+json"


@pytest.mark.parametrize("error", [ValueError("secret 42"), KeyError("secret 42"), RuntimeError("secret 42")])
def test_what_nobody_foresaw_is_told_without_its_text(error):
    told = to_error(error, "/")
    body = problem(told, instance="/", request_id="r-1")
    assert (body["status"], body["code"], body["request_id"]) == (500, "internal_error", "r-1")
    assert "secret" not in str(body)
    assert is_internal(told)


def test_a_failed_hook_is_told_without_its_text():
    body = problem(HookFailed(applet="secret_applet", hook="before_save", function="f"), instance="/", request_id="r")
    assert (body["status"], body["code"]) == (500, "hook_failed")
    assert "secret_applet" not in str(body)


@pytest.mark.parametrize(
    ("raised", "code", "status"),
    [
        (psycopg.errors.SerializationFailure(), "transaction_conflict", 409),
        (psycopg.errors.DeadlockDetected(), "transaction_conflict", 409),
        (psycopg.errors.LockNotAvailable(), "transaction_conflict", 409),
        (psycopg.errors.QueryCanceled(), "statement_too_slow", 503),
        (psycopg.errors.AdminShutdown(), "database_unavailable", 503),
        (psycopg.OperationalError("host=secret"), "database_unavailable", 503),
        (psycopg.InterfaceError(), "database_unavailable", 503),
        (psycopg.DataError("NUL"), "value_unstorable", 422),
        (psycopg.errors.UndefinedTable("secret"), "internal_error", 500),
        (HTTPException(404), "route_unknown", 404),
        (HTTPException(405, headers={"Allow": "GET"}), "method_not_allowed", 405),
        (HTTPException(400, "no"), "malformed_request", 400),
        (ClientDisconnect(), "malformed_request", 400),
    ],
)
def test_errors_from_below_are_translated(raised, code, status):
    told = to_error(raised, "/api/v1/x")
    assert (told.code, told.status) == (code, status)
    assert "secret" not in str(problem(told, instance="/", request_id="r"))


def test_faults_the_framework_found_become_violations():
    fault = {"loc": ("query", "limit"), "type": "int_parsing", "msg": "not an integer", "input": "x"}
    told = to_error(RequestValidationError([fault]), "/")
    assert (told.code, told.status) == ("invalid_request", 422)
    assert told.violations == (Violation("/limit", "int_parsing", "not an integer", "query"),)


@pytest.mark.parametrize(
    ("raised", "header", "value"),
    [
        (errors.Unauthenticated(), "www-authenticate", "Bearer"),
        (psycopg.errors.DeadlockDetected(), "retry-after", "1"),
        (psycopg.OperationalError(), "retry-after", "1"),
        (HTTPException(405, headers={"Allow": "GET, POST"}), "allow", "GET, POST"),
    ],
)
def test_headers_say_what_to_do(raised, header, value):
    assert problem_response(to_error(raised, "/"), instance="/", request_id="r").headers[header] == value


def test_an_error_with_a_missing_argument_can_still_be_told():
    assert problem(PeriodClosed(), instance="/", request_id="r")["detail"] == "The period {period} is closed."


def test_unavailable_is_not_internal():
    assert not is_internal(to_error(psycopg.OperationalError(), "/"))
    assert isinstance(to_error(psycopg.OperationalError(), "/"), BosError)
