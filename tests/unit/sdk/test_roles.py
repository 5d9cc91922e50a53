"""Roles an applet offers."""

import pytest

from sdk.roles import InvalidRoles, Permission, load_roles

CLERK = {
    "title": "Clerk",
    "inherits": ["kernel.auditor"],
    "permissions": [
        {"type": "shop.order", "actions": ["read", "post"], "condition": "total < 100", "mask": ["margin"]},
        {"register": "shop.stock", "actions": ["read"]},
        {"report": "shop.*", "actions": ["run"]},
    ],
}


def faults_of(data):
    with pytest.raises(InvalidRoles) as caught:
        load_roles(data)
    return {(violation.pointer, violation.rule): violation for violation in caught.value.violations}


def test_roles_are_read():
    role = load_roles({"shop.clerk": CLERK})["shop.clerk"]
    order, stock, reports = role.permissions
    assert (role.title, role.inherits) == ("Clerk", ("kernel.auditor",))
    assert (order.resource_kind, order.resource, order.mask) == ("type", "shop.order", frozenset({"margin"}))
    assert order.condition is not None
    assert order.condition.source == "total < 100"
    assert (stock.resource_kind, stock.allows("read"), stock.allows("write")) == ("register", True, False)
    assert reports.covers("report", "shop.sales")


@pytest.mark.parametrize(
    ("resource", "asked", "covered"),
    [
        ("*", ("type", "a.b"), True), ("*", ("report", "a.b"), False), ("a.*", ("type", "a.b"), True),
        ("a.*", ("type", "ab.c"), False), ("a.b", ("type", "a.b"), True), ("a.b", ("type", "a.bc"), False),
    ],
)  # fmt: skip
def test_a_permission_covers_its_resources(resource, asked, covered):
    assert Permission("type", resource, frozenset({"*"})).covers(*asked) is covered
    assert Permission("type", resource, frozenset({"*"})).allows("anything")


@pytest.mark.parametrize(
    ("change", "pointer", "rule"),
    [
        ({"titel": "x"}, "/titel", "unknown_key"),
        ({"title": 5}, "/title", "type"),
        ({"inherits": "kernel.auditor"}, "/inherits", "type"),
        ({"inherits": ["shop.clerk"]}, "/inherits", "role_circle"),
        ({"permissions": {}}, "/permissions", "type"),
        ({"permissions": ["all"]}, "/permissions/0", "type"),
        ({"permissions": [{"actions": ["read"]}]}, "/permissions/0", "resource"),
        ({"permissions": [{"type": "a.b", "report": "a.c", "actions": ["*"]}]}, "/permissions/0", "resource"),
        ({"permissions": [{"type": "a", "actions": ["*"]}]}, "/permissions/0/type", "name"),
        ({"permissions": [{"type": "a.b"}]}, "/permissions/0/actions", "required"),
        ({"permissions": [{"type": "a.b", "actions": []}]}, "/permissions/0/actions", "minItems"),
        (
            {"permissions": [{"type": "a.b", "actions": ["*"], "condition": "x >"}]},
            "/permissions/0/condition",
            "expression",
        ),
        (
            {"permissions": [{"type": "a.b", "actions": ["*"], "conditon": "x"}]},
            "/permissions/0/conditon",
            "unknown_key",
        ),
        ({"permissions": [{"register": "a.b", "actions": ["write"]}]}, "/permissions/0/actions", "unknown_action"),
        ({"permissions": [{"report": "a.b", "actions": ["run"], "mask": []}]}, "/permissions/0/mask", "misplaced_key"),
    ],
)
def test_a_broken_role_is_refused(change, pointer, rule):
    assert (f"/shop.clerk{pointer}", rule) in faults_of({"shop.clerk": {**CLERK, **change}})


def test_roles_may_not_inherit_in_circles():
    roles = {f"shop.{a}": {"title": a, "inherits": [f"shop.{b}"]} for a, b in ("ab", "bc", "ca")}
    assert {rule for _, rule in faults_of(roles)} == {"role_circle"}


@pytest.mark.parametrize("data", [None, [], {"clerk": CLERK}, {"shop.clerk": 5}])
def test_what_are_no_roles_are_refused(data):
    assert faults_of(data)
