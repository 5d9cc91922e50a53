"""Scopes of API keys, capabilities of applets, and what may be handed on."""

import pytest

from kernel.permissions import DENIED, Permissions
from kernel.permissions.errors import ScopesInvalid
from kernel.permissions.limits import SCOPES_MAX, check_scopes
from sdk.document_errors import PermissionDenied
from sdk.manifest import parse_capability
from tests.unit.kernel.permissions.cases import GRANT, ME, ORDER, PARTY, SCOPE, A, B, may, order, permit

EVERYTHING = Permissions.unrestricted()


@pytest.mark.parametrize(
    ("scope", "action", "type", "is_allowed"),
    [
        ("sales.order:read", "read", ORDER, True),
        ("sales.order:read", "update", ORDER, False),
        ("sales.*:*", "post", ORDER, True),
        ("*:read", "read", PARTY, True),
        ("*:read", "create", PARTY, False),
        ("*", "create", GRANT, True),
        ("reports:run", "run", ORDER, False),
        ("sales.*:*", "read", PARTY, False),
    ],
)
def test_a_scope_limits_types_and_actions(scope, action, type, is_allowed):
    assert EVERYTHING.limited_by([scope]).allows(action, type) is is_allowed


def test_a_key_has_no_more_than_both_its_user_and_its_scopes_allow():
    limited = permit(may("sales.order", "read", condition="owner == actor.id")).limited_by(["*:*"])
    assert limited.allows("read", ORDER, order(owner=ME), SCOPE)
    assert not limited.allows("read", ORDER, order(owner="x"), SCOPE)
    assert not limited.allows("update", ORDER, order(owner=ME), SCOPE)


def test_a_key_without_scopes_may_do_nothing():
    assert EVERYTHING.limited_by([]).filter("read", ORDER) is DENIED


@pytest.mark.parametrize(("scope", "is_allowed"), [("reports:run", True), ("ledger.*:run", True), ("sales.*:*", False)])
def test_reports_run_under_their_own_scope_or_by_name(scope, is_allowed):
    assert EVERYTHING.limited_by([scope]).reaches("report", "ledger.trial_balance", "run") is is_allowed


def test_registers_are_read_under_a_scope_of_their_name():
    limited = EVERYTHING.limited_by(["ledger.postings:read"])
    assert limited.register("ledger.postings") is None
    with pytest.raises(PermissionDenied):
        limited.register("stock.on_hand")


@pytest.mark.parametrize("scope", ["*", "*:read", "sales.*:*", "sales.order:read", "reports:run"])
def test_good_scopes_are_accepted(scope):
    check_scopes([scope])


@pytest.mark.parametrize(
    "scope",
    ["", "sales", "sales.order", "sales.order:", ":read", "sales.*.x:read", "Sales.order:read", "**", "reports:*"],
)
def test_a_scope_of_no_known_form_is_refused(scope):
    with pytest.raises(ScopesInvalid) as refused:
        check_scopes(["*:read", scope])
    assert [(v.pointer, v.rule) for v in refused.value.violations] == [("/scopes/1", "scope")]


@pytest.mark.parametrize("scopes", [[], ["*"] * (SCOPES_MAX + 1)])
def test_a_key_needs_some_scopes_but_not_any_number(scopes):
    with pytest.raises(ScopesInvalid) as refused:
        check_scopes(scopes)
    assert [v.rule for v in refused.value.violations] == ["scope_count"]


def capable(*capabilities, base=EVERYTHING):
    return base.limited_by_capabilities("sales", [parse_capability(text) for text in capabilities])


@pytest.mark.parametrize(
    ("capability", "action", "type", "is_allowed"),
    [
        ("documents:read:parties.party", "read", PARTY, True),
        ("documents:read:parties.party", "update", PARTY, False),
        ("documents:write:parties.party", "update", PARTY, True),
        ("documents:write:parties.party", "read", PARTY, True),
        ("documents:write:parties.*", "merge", PARTY, True),
        ("registers:read:parties.party", "read", PARTY, False),
    ],
)
def test_a_capability_limits_an_applet(capability, action, type, is_allowed):
    assert capable(capability).allows(action, type) is is_allowed


def test_an_applet_has_its_own_things_without_capability():
    own = capable()
    assert own.allows("update", ORDER)
    assert own.register("sales.orders") is None
    assert not own.allows("read", PARTY)


def test_registers_and_reports_take_capabilities_of_their_own():
    granted = capable("registers:read:ledger.postings", "reports:run:ledger.*")
    assert granted.register("ledger.postings") is None
    assert granted.report("ledger.trial_balance") is None
    assert not granted.reaches("register", "ledger.other", "read")


def test_an_applet_does_no_more_with_others_things_than_its_user_may():
    user = permit(may("sales.order", "read"))
    assert not capable("documents:write:parties.party", base=user).allows("read", PARTY)


def test_code_of_an_applet_has_its_own_things_whoever_has_called_it():
    user = permit(may("sales.order", "read", condition="owner == actor.id", mask=["margin"]))
    assert capable(base=user).filter("update", ORDER) is None
    assert capable(base=user).mask(ORDER, "read") == frozenset()


def test_limits_add_up():
    both = capable("documents:write:parties.*", base=EVERYTHING.limited_by(["parties.party:read"]))
    assert both.allows("read", PARTY)
    assert not both.allows("update", PARTY)


def test_the_same_limit_is_compiled_once():
    assert EVERYTHING.limited_by(["*:read"]) is EVERYTHING.limited_by(["*:read"])


READ = may("sales.order", "read")


@pytest.mark.parametrize(
    ("own", "wanted", "is_covered"),
    [
        (permit(READ), permit(READ), True),
        (permit(may("sales.*", "*")), permit(READ), True),
        (permit(READ), permit(may("sales.*", "read")), False),
        (permit(READ), permit(may("sales.order", "read", "update")), False),
        (permit(READ), permit(READ, companies=[A]), True),
        (permit(READ, companies=[A]), permit(READ), False),
        (permit(READ, companies=[A]), permit(READ, companies=[A, B]), False),
        (permit(may("sales.order", "read", condition="total > 5")), permit(READ), False),
        (permit(READ), permit(may("sales.order", "read", condition="total > 5")), True),
        (permit(may("sales.order", "read", mask=["margin"])), permit(READ), False),
        (permit(READ), permit(may("sales.order", "read", mask=["margin"])), True),
        (EVERYTHING, permit(may("*", "*")), True),
        (permit(READ), permit(), True),
        (permit(), permit(READ), False),
        (EVERYTHING.limited_by(["*"]), permit(READ), False),
    ],
)
def test_only_what_one_has_can_be_handed_on(own, wanted, is_covered):
    assert (own.find_excess(wanted) is None) is is_covered
