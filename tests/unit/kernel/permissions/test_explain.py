"""An explanation is the decision, told."""

import pytest

from kernel.permissions import Grant, Permissions, compile_permissions
from kernel.permissions.explain import explain
from tests.unit.kernel.permissions.cases import GRANT, ME, ORDER, PARTY, SCOPE, A, B, may, order, permit, roles


def reasons(explanation):
    return [(step.outcome, step.reason) for step in explanation.because]


def test_nothing_granted_is_said_to_be_the_reason():
    told = explain(permit(), "read", ORDER, order(), SCOPE)
    assert not told.allowed
    assert reasons(told) == [("refuses", "No role that was granted says anything about read on sales.order.")]


def test_the_way_from_grant_to_permission_is_told():
    made = roles(**{"x.clerk": ((), ("x.reader",)), "x.reader": ((may("sales.*", "read"),), ())})
    told = explain(compile_permissions(made, [Grant("g1", "x.clerk", (A,))]), "read", ORDER, order(), SCOPE)
    assert told.as_json() == {
        "allowed": True,
        "action": "read",
        "type": "sales.order",
        "document_id": "d",
        "masked": [],
        "because": [
            {
                "outcome": "allows",
                "reason": "The role x.clerk inherits from x.reader, which allows read on sales.*"
                f" in the companies {A}.",
                "grant": "g1",
                "role": "x.clerk",
            }
        ],
    }


@pytest.mark.parametrize(
    ("permission", "companies", "type", "document", "obstacle"),
    [
        (may("*", "read"), [B], ORDER, order(A), f", but the document belongs to the company {A}."),
        (
            may("*", "read", condition="owner == actor.id"), [], ORDER, order(owner="x"),
            " where owner == actor.id, but its condition does not hold for the document: owner == actor.id.",
        ),
        (
            may("*", "read", condition="owner == actor.id"), [], PARTY, None,
            ", but parties.party has no field owner, so its condition holds for nothing.",
        ),
        (
            may("*", "*"), [A], GRANT, None,
            ", but what steers the whole tenant is changed only under a grant for all companies.",
        ),
    ],
)  # fmt: skip
def test_what_keeps_a_permission_from_applying_is_told(permission, companies, type, document, obstacle):
    action = "create" if type is GRANT else "read"
    told = explain(permit(permission, companies=companies), action, type, document, SCOPE)
    assert not told.allowed
    ((outcome, reason),) = reasons(told)
    assert outcome == "does not apply"
    assert reason.endswith(obstacle)


def test_hidden_fields_are_named():
    told = explain(permit(may("sales.order", "read", mask=["margin"])), "read", ORDER, order(owner=ME), SCOPE)
    assert told.masked == ("margin",)
    assert told.because[0].reason.endswith("in all companies, without margin.")


@pytest.mark.parametrize(
    ("limited", "reason"),
    [
        (
            Permissions.unrestricted().limited_by(["*:create"]),
            "read on sales.order lies outside the scopes of the API key (*:create).",
        ),
        (
            Permissions.unrestricted().limited_by_capabilities("parties", []),
            "read on sales.order lies outside the capabilities of the applet parties.",
        ),
    ],
)
def test_a_limit_that_refuses_is_named_first(limited, reason):
    told = explain(limited, "read", ORDER, order(), SCOPE)
    assert not told.allowed
    assert reasons(told)[0] == ("refuses", reason)


def test_the_operator_is_called_so():
    told = explain(Permissions.unrestricted(), "read", ORDER)
    assert told.allowed
    assert reasons(told) == [("allows", "The operator may do everything.")]
