"""What an applet raised in its process is raised here as callers would have met it."""

import pytest

from sandbox.host import AppletFailure
from sandbox.host.outcome import Place
from sandbox.proxy import AppletFault
from sandbox.proxy.raising import leaf_of, raise_failure
from sdk.document_errors import DocumentNotFound
from sdk.errors import BosError, Conflict, Invalid, NotFound, StaleVersion, TooLarge, Violation


def failure(kind="Conflict", code="approval_missing", message="No.", details=None, violations=(), places=()):
    return AppletFailure(kind, code, message, details or {}, violations, places)


def test_a_refusal_is_a_leaf_of_its_kind_with_code_message_details_and_violations():
    broken = (Violation("/total", "limit", "too much", "less"),)
    with pytest.raises(Conflict) as raised:
        raise_failure(failure(details={"limit": "10000.00"}, violations=broken))
    error = raised.value
    assert (error.code, error.status, error.message, error.kind) == ("approval_missing", 409, "No.", "Conflict")
    assert (error.details, error.violations) == ({"limit": "10000.00"}, broken)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("Invalid", 422), ("Forbidden", 403), ("NotFound", 404), ("LimitExceeded", 429), ("TooLarge", 413)],
)
def test_the_status_is_that_of_the_kind(kind, status):
    with pytest.raises(BosError) as raised:
        raise_failure(failure(kind=kind, code="shop_shut", details={"count": 3, "message": "x"}))
    assert (raised.value.status, raised.value.message) == (status, "No.")


def test_errors_of_the_sdk_keep_their_class():
    with pytest.raises(DocumentNotFound):
        raise_failure(failure(kind="NotFound", code="document_not_found"))
    assert leaf_of(Conflict, "stale_version") is StaleVersion
    assert leaf_of(TooLarge, "too_large") is TooLarge


def test_a_code_of_the_sdk_under_another_kind_is_no_error_of_the_sdk():
    made = leaf_of(Invalid, "document_not_found")
    assert issubclass(made, Invalid)
    assert not issubclass(made, NotFound)


def test_a_leaf_is_made_once():
    assert leaf_of(Conflict, "approval_missing") is leaf_of(Conflict, "approval_missing")


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (failure(kind="KeyError", code="", message="'points'"), "KeyError: 'points'"),
        (failure(kind="BosError", code="odd", message="odd"), "BosError: odd"),
        (
            failure(kind="TypeError", code="", message="no", places=(Place("rules", "price", 7),)),
            "TypeError: no at line 7 of rules.py (price)",
        ),
        (failure(code="Not A Code"), "Conflict with the code 'Not A Code', which is no snake_case name"),
    ],
)
def test_anything_else_is_a_fault_that_nobody_meant(told, text):
    with pytest.raises(AppletFault) as raised:
        raise_failure(told)
    assert str(raised.value) == text
    assert not isinstance(raised.value, BosError)
