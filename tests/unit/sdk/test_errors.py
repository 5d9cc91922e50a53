import inspect

import pytest

from sdk import document_errors, errors
from sdk.errors import BosError, Conflict, Invalid, StaleVersion, Violation


class PeriodClosed(Conflict):
    """The period {period} is closed."""


def test_a_leaf_has_a_code_a_status_a_kind_and_a_message():
    error = PeriodClosed(period="2026-01")
    assert (error.code, error.status, error.kind) == ("period_closed", 409, "Conflict")
    assert str(error) == error.message == "The period 2026-01 is closed."
    assert error.details == {"period": "2026-01"}


def test_a_message_may_be_given_outright():
    assert str(PeriodClosed("Not now.", period="2026-01")) == "Not now."


def test_an_error_never_fails_while_it_is_told():
    assert str(PeriodClosed()) == "The period {period} is closed."
    assert str(PeriodClosed(period="{odd}")) == "The period {odd} is closed."


def test_invalid_counts_its_violations():
    error = Invalid(violations=[Violation("/a", "required", "a is missing"), Violation("/b", "type", "no text")])
    assert error.message == "The data sent breaks 2 rule(s)."
    assert [violation.pointer for violation in error.violations] == ["/a", "/b"]


def test_a_violation_as_json_leaves_out_what_is_not_known():
    assert Violation("/a", "type", "no text").as_json() == {"pointer": "/a", "rule": "type", "message": "no text"}
    assert Violation("/a", "type", "no text", "a text").as_json()["expected"] == "a text"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.Invalid, 422), (errors.Unauthenticated, 401), (errors.Forbidden, 403), (errors.NotFound, 404),
        (errors.Conflict, 409), (errors.LimitExceeded, 429), (errors.Unavailable, 503), (errors.TooLarge, 413),
        (errors.StaleVersion, 412), (errors.VersionRequired, 428),
    ],
)  # fmt: skip
def test_a_kind_decides_the_status(kind, status):
    assert kind.status == status


def test_a_status_of_its_own_does_not_change_the_kind():
    assert StaleVersion(expected=1, actual=2).kind == "Conflict"
    assert BosError("?").kind == "BosError"


def leaves():
    found = [
        value for value in vars(document_errors).values() if inspect.isclass(value) and issubclass(value, BosError)
    ]
    return [leaf for leaf in found if leaf.__module__ == document_errors.__name__]


@pytest.mark.parametrize("leaf", leaves(), ids=lambda leaf: leaf.code)
def test_every_error_of_documents_says_what_happened(leaf):
    error = leaf()
    assert error.kind in {kind.__name__ for kind in errors.KINDS}
    assert error.message == leaf.__doc__.replace("{count}", "1")


def test_the_codes_of_documents_differ():
    codes = [leaf.code for leaf in leaves()]
    assert len(codes) == len(set(codes)) > 15
