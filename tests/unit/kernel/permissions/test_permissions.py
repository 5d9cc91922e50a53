"""What permissions decide about actions, companies and conditions."""

import pytest

from kernel.permissions import DENIED, Grant, Permissions, compile_permissions
from kernel.permissions.compile import inherited
from kernel.permissions.errors import PermissionsTooComplex
from sdk.document import Document
from sdk.document_errors import PermissionDenied
from sdk.roles import Role
from tests.unit.kernel.permissions.cases import GRANT, ME, ORDER, PARTY, SCOPE, A, B, may, order, permit, roles


def test_nobody_may_do_anything_without_a_grant():
    nobody = compile_permissions({}, [])
    assert not nobody.allows("read", ORDER, order(), SCOPE)
    assert not nobody.allows("read", ORDER)
    assert nobody.filter("read", ORDER) is DENIED
    assert nobody.companies("read", ORDER) == frozenset()


def test_a_refusal_names_action_and_resource():
    with pytest.raises(PermissionDenied) as refused:
        permit().check("post", ORDER, order(), SCOPE)
    assert (refused.value.code, refused.value.status) == ("permission_denied", 403)
    assert str(refused.value) == "You may not post sales.order."


@pytest.mark.parametrize(
    ("type", "actions", "action", "is_allowed"),
    [
        ("sales.order", ["read"], "read", True),
        ("sales.order", ["read"], "update", False),
        ("sales.order", ["*"], "post", True),
        ("sales.*", ["read"], "read", True),
        ("*", ["read"], "read", True),
        ("sale.*", ["read"], "read", False),
        ("sales.orders", ["read"], "read", False),
        ("parties.*", ["*"], "read", False),
    ],
)
def test_types_and_actions_are_matched_by_name_or_pattern(type, actions, action, is_allowed):
    assert permit(may(type, *actions)).allows(action, ORDER, order(), SCOPE) is is_allowed


def test_the_operator_may_do_everything():
    operator = Permissions.unrestricted()
    operator.check("anything", GRANT, Document("d", "kernel.grant", {}))
    operator.check_resource("create", "kernel.user")
    assert operator.filter("read", ORDER) is None
    assert operator.register("ledger.postings") is None
    assert operator.report("ledger.trial_balance") is None
    assert operator.roles == ()


def test_a_role_has_what_it_inherits_however_far_up():
    made = roles(**{"x.top": ((may("sales.order", "post"),), ()), "x.mid": ((), ("x.top",)), "x.low": ((), ("x.mid",))})
    permissions = compile_permissions(made, [Grant("g", "x.low")])
    assert permissions.allows("post", ORDER)
    assert permissions.rules[0].path == ("x.low", "x.mid", "x.top")
    assert permissions.roles == ("x.low", "x.mid", "x.top")


def test_roles_that_inherit_in_a_circle_or_from_nothing_end_where_they_close():
    circle = {
        "x.a": Role("x.a", "A", ("x.b", "x.gone")),
        "x.b": Role("x.b", "B", ("x.a", "x.b")),
    }
    assert list(inherited(circle, "x.a")) == [("x.a",), ("x.a", "x.b")]
    assert compile_permissions(circle, [Grant("g", "x.a")]).filter("read", ORDER) is DENIED


def test_a_diamond_of_roles_gives_each_permission_once():
    made = roles(
        **{
            "x.base": ((may("sales.order", "read"),), ()),
            "x.left": ((), ("x.base",)),
            "x.right": ((), ("x.base",)),
            "x.both": ((), ("x.left", "x.right")),
        }
    )
    assert len(compile_permissions(made, [Grant("g", "x.both")]).rules) == 1


def test_a_grant_of_a_role_that_is_gone_allows_nothing():
    assert compile_permissions({}, [Grant("g", "x.gone")]).rules == ()


@pytest.mark.parametrize(("company", "is_allowed"), [(A, True), (B, False), (None, True)])
def test_a_grant_for_companies_reaches_their_documents_and_shared_ones(company, is_allowed):
    permissions = permit(may("sales.order", "read"), companies=[A])
    assert permissions.allows("read", ORDER, order(company), SCOPE) is is_allowed


def test_what_steers_the_tenant_is_changed_only_under_a_grant_for_all_companies():
    document = Document("d", "kernel.grant", {})
    in_one, in_all = permit(may("*", "*"), companies=[A]), permit(may("*", "*"))
    assert in_one.allows("read", GRANT, document, SCOPE)
    assert not in_one.allows("create", GRANT, document, SCOPE)
    assert in_all.allows("create", GRANT, document, SCOPE)


@pytest.mark.parametrize(
    ("condition", "is_allowed"),
    [
        ("owner == actor.id", True),
        ("owner != actor.id", False),
        ('state == "draft" and company_id in actor.companies', True),
        ("total > 100", False),  # there is no total: unknown is not allowed
        ("param.x == 1", False),
    ],
)
def test_a_condition_decides_by_document_and_actor(condition, is_allowed):
    permissions = permit(may("sales.order", "read", condition=condition))
    assert permissions.allows("read", ORDER, order(owner=ME), SCOPE) is is_allowed


def test_without_an_actor_in_scope_a_condition_about_them_does_not_hold():
    assert not permit(may("sales.order", "read", condition="owner == actor.id")).allows("read", ORDER, order(owner=ME))


def test_a_document_cannot_play_the_actor():
    permissions = permit(may("sales.order", "read", condition='actor.id == "boss"'))
    forged = Document("d", "sales.order", {"actor": {"id": "boss"}}, company_id=A)
    assert not permissions.allows("read", ORDER, forged, SCOPE)


def test_a_condition_on_a_field_the_type_lacks_holds_for_nothing():
    permissions = permit(may("*", "read", condition="owner is None"))
    assert permissions.allows("read", ORDER, order(), SCOPE)
    assert not permissions.allows("read", PARTY, Document("p", "parties.party", {}), SCOPE)
    assert permissions.filter("read", PARTY) is DENIED


@pytest.mark.parametrize("name", ["custom_region", "name.first", "state.x"])
def test_a_condition_names_declared_fields_only(name):
    permissions = permit(may("parties.*", "read", condition=f"{name} is None"))
    assert not permissions.allows("read", PARTY, Document("p", "parties.party", {}), SCOPE)


def test_of_several_grants_one_that_applies_is_enough():
    made = roles(
        **{
            "x.own": ((may("sales.order", "update", condition="owner == actor.id"),), ()),
            "x.reader": ((may("sales.order", "read"),), ()),
        }
    )
    permissions = compile_permissions(made, [Grant("1", "x.own", (B,)), Grant("2", "x.reader", (A,))])
    assert permissions.allows("read", ORDER, order(A), SCOPE)
    assert not permissions.allows("update", ORDER, order(A, owner=ME), SCOPE)
    assert permissions.allows("update", ORDER, order(B, owner=ME), SCOPE)
    assert not permissions.allows("read", ORDER, order(B), SCOPE)
    assert permissions.roles == ("x.own", "x.reader")


def test_an_unconditional_permission_makes_the_filter_empty():
    permissions = permit(may("sales.order", "read"), may("sales.order", "read", condition="total > 5"))
    assert permissions.filter("read", ORDER) is None


def test_a_filter_says_companies_and_conditions_in_one_expression():
    condition = "owner == actor.id"
    made = roles(**{"x.own": ((may("sales.order", "read", condition=condition),), ())})
    permissions = compile_permissions(made, [Grant("1", "x.own", (A,)), Grant("2", "x.own", (B,))])
    expression = permissions.filter("read", ORDER)
    assert expression.names == {"company_id", "owner", "actor.id"}
    for company, owner in [(A, ME), (B, ME), (None, ME), (A, "x"), ("018f", ME)]:
        document = order(company, owner=owner)
        assert expression.holds({**document.scope(), **SCOPE}) is permissions.allows("read", ORDER, document, SCOPE)


def test_a_filter_too_large_for_one_expression_is_told_and_not_cut():
    ids = [f"018f0000-0000-7000-8000-{n:012d}" for n in range(600)]
    with pytest.raises(PermissionsTooComplex) as refused:
        permit(may("sales.order", "read"), companies=ids).filter("read", ORDER)
    assert refused.value.status == 429


@pytest.mark.parametrize(
    ("grants", "companies"),
    [([(A,)], {A}), ([(A,), (B,)], {A, B}), ([(A,), ()], None)],
)
def test_companies_of_several_grants_add_up(grants, companies):
    made = roles(**{"x.r": (({"register": "ledger.*", "actions": ["read"]}, may("sales.order", "read")), ())})
    permissions = compile_permissions(made, [Grant(str(n), "x.r", each) for n, each in enumerate(grants)])
    assert permissions.companies("read", ORDER) == companies
    assert permissions.register("ledger.postings") == companies


def test_registers_and_reports_are_granted_by_name_or_pattern():
    permissions = permit(
        {"register": "ledger.postings", "actions": ["read"]}, {"report": "ledger.*", "actions": ["run"]}
    )
    assert permissions.register("ledger.postings") is None
    assert permissions.report("ledger.trial_balance") is None
    assert permissions.reaches("report", "ledger.trial_balance", "run")
    assert not permissions.reaches("report", "stock.on_hand", "run")
    with pytest.raises(PermissionDenied, match=r"You may not read stock\.on_hand"):
        permissions.register("stock.on_hand")
    with pytest.raises(PermissionDenied, match=r"You may not run stock\.value"):
        permissions.report("stock.value")


def test_a_type_does_not_stand_for_a_register_of_the_same_name():
    with pytest.raises(PermissionDenied):
        permit(may("*", "*")).register("ledger.postings")


@pytest.mark.parametrize(
    ("permission", "companies", "is_allowed"),
    [
        (may("kernel.user", "create"), (), True),
        (may("kernel.*", "*"), (), True),
        (may("kernel.user", "read"), (), False),
        (may("kernel.user", "create", condition="owner == actor.id"), (), False),
        (may("kernel.user", "create"), (A,), False),
    ],
)
def test_what_is_no_document_takes_a_permission_without_any_restriction(permission, companies, is_allowed):
    permissions = permit(permission, companies=companies)
    assert permissions.reaches_all("kernel.user", "create") is is_allowed
    if not is_allowed:
        with pytest.raises(PermissionDenied):
            permissions.check_resource("create", "kernel.user")


def test_decisions_stay_right_when_they_are_remembered():
    permissions = permit(may("sales.order", "read", condition="owner == actor.id"))
    for _ in range(3):
        assert permissions.allows("read", ORDER, order(owner=ME), SCOPE)
        assert not permissions.allows("read", ORDER, order(owner="x"), SCOPE)
        assert not permissions.allows("update", ORDER, order(owner=ME), SCOPE)
