"""Grants and roles as documents: what they allow, when it takes effect, and that one document and a list agree."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import and_, false, select, true

from kernel.auth.records import Identity
from kernel.documents.rows import COLUMNS, Row, to_document
from kernel.documents.tables import documents
from kernel.expressions import DocumentColumns, kinds_of_schema, to_sql
from kernel.permissions import DENIED, Grant, compile_permissions
from kernel.permissions.errors import LastAdministrator, RightsExceeded, RoleInvalid, RoleUnknown
from kernel.permissions.guards import check_change, check_removal
from kernel.permissions.inquiry import ExplanationRequest, explain_for
from kernel.permissions.service import compile_for
from kernel.tenancy.service import NewTenant
from sdk.context import Actor
from sdk.document import Document
from sdk.document_errors import DocumentNotFound
from sdk.errors import Forbidden
from sdk.expressions import parse
from sdk.identifiers import new_id
from sdk.roles import Permission, Role
from sdk.schema import DocumentType

ANN = Actor("018f0000-0000-7000-8000-0000000000aa", "user", "ann@acme.test", "Ann")
BOB = Actor("018f0000-0000-7000-8000-0000000000bb", "user", "bob@acme.test", "Bob")


def grant(kernel, tenant, actor, role, companies=()):
    with kernel.operate(tenant) as ctx:
        data = {"actor_id": actor, "role": role, **({"companies": list(companies)} if companies else {})}
        return ctx.documents.create("kernel.grant", data).id


def make_role(kernel, tenant, name, *permissions, inherits=()):
    with kernel.operate(tenant) as ctx:
        data = {"name": name, "title": name, "permissions": list(permissions), "inherits": list(inherits)}
        return ctx.documents.create("kernel.role", data).id


def acting(kernel, tenant, actor, work, scopes=None):
    """What `work` gives in a context of the actor; nothing is committed."""
    with kernel.database.transaction(tenant) as uow:
        return work(kernel.context(uow, Identity(actor, tenant, scopes)))


def company_of(kernel, tenant):
    with kernel.database.transaction(tenant) as uow:
        return kernel.runtimes.get(uow).companies.copy().popitem()[0]


READ_COMPANIES = {"type": "kernel.company", "actions": ["read"]}


def list_companies(ctx):
    return [document["name"] for document in ctx.documents.query("kernel.company").items]


def test_without_a_grant_a_user_sees_nothing(kernel, tenant):
    with pytest.raises(Forbidden):
        acting(kernel, tenant, ANN, list_companies)


@pytest.mark.parametrize("named", [ANN.id, ANN.email])
def test_a_grant_names_its_user_by_id_or_email(kernel, tenant, named):
    grant(kernel, tenant, named, "kernel.member")
    assert acting(kernel, tenant, ANN, list_companies) == [f"{tenant.title} Ltd"]
    with pytest.raises(Forbidden):
        acting(kernel, tenant, BOB, list_companies)


def test_a_grant_works_and_stops_working_with_the_next_transaction(kernel, tenant):
    with pytest.raises(Forbidden):
        acting(kernel, tenant, ANN, list_companies)
    id = grant(kernel, tenant, ANN.id, "kernel.member")
    assert acting(kernel, tenant, ANN, list_companies)
    with kernel.operate(tenant) as ctx:
        ctx.documents.delete("kernel.grant", id)
    with pytest.raises(Forbidden):
        acting(kernel, tenant, ANN, list_companies)


def test_a_change_of_a_role_reaches_who_has_it(kernel, tenant):
    id = make_role(kernel, tenant, "clerk", READ_COMPANIES)
    grant(kernel, tenant, ANN.id, "clerk")
    assert acting(kernel, tenant, ANN, list_companies)
    with kernel.operate(tenant) as ctx:
        ctx.documents.update("kernel.role", id, {"permissions": []})
    with pytest.raises(Forbidden):
        acting(kernel, tenant, ANN, list_companies)


def test_grants_of_another_tenant_mean_nothing_here(kernel, tenant, new_tenant):
    grant(kernel, new_tenant(), ANN.id, "kernel.admin")
    with pytest.raises(Forbidden):
        acting(kernel, tenant, ANN, list_companies)


def test_the_actor_gets_the_companies_of_all_grants_or_none_where_one_is_for_all(kernel, tenant):
    company = company_of(kernel, tenant)
    grant(kernel, tenant, ANN.id, "kernel.member", [company])
    assert acting(kernel, tenant, ANN, lambda ctx: (ctx.actor.companies, ctx.company_id)) == ((company,), company)
    grant(kernel, tenant, ANN.id, "kernel.auditor")
    assert acting(kernel, tenant, ANN, lambda ctx: ctx.actor.companies) == ()


def test_an_auditor_reads_everything_and_changes_nothing(kernel, tenant):
    grant(kernel, tenant, ANN.id, "kernel.auditor")
    assert acting(kernel, tenant, ANN, list_companies)
    with pytest.raises(Forbidden):
        acting(
            kernel, tenant, ANN, lambda ctx: ctx.documents.create("kernel.company", {"name": "X", "currency": "EUR"})
        )


def test_members_see_and_tick_off_their_own_notifications_only(kernel, tenant):
    grant(kernel, tenant, ANN.id, "kernel.member")
    with kernel.operate(tenant) as ctx:
        mine, other = [
            ctx.documents.create("kernel.notification", {"recipient": actor.id, "title": actor.name}).id
            for actor in (ANN, BOB)
        ]

    def work(ctx):
        titles = [each["title"] for each in ctx.documents.query("kernel.notification").items]
        ticked = ctx.documents.update("kernel.notification", mine, {"read_at": "2026-03-10T10:00:00Z"})
        return titles, ticked["read_at"]

    assert acting(kernel, tenant, ANN, work) == (["Ann"], datetime(2026, 3, 10, 10, tzinfo=UTC))
    # What others were told is, to her, not there at all.
    with pytest.raises(DocumentNotFound):
        acting(kernel, tenant, ANN, lambda ctx: ctx.documents.get("kernel.notification", other))


def test_a_key_is_limited_by_its_scopes(kernel, tenant):
    grant(kernel, tenant, ANN.id, "kernel.admin")
    assert acting(kernel, tenant, ANN, list_companies, frozenset({"kernel.company:read"}))
    with pytest.raises(Forbidden):
        acting(kernel, tenant, ANN, list_companies, frozenset({"kernel.role:read"}))


def test_a_stored_role_that_cannot_be_read_allows_nothing(kernel, tenant):
    id = make_role(kernel, tenant, "clerk", {**READ_COMPANIES, "condition": "name != 'x'"})
    grant(kernel, tenant, ANN.id, "clerk")
    assert acting(kernel, tenant, ANN, list_companies)
    with kernel.database.transaction(tenant) as uow:
        uow.execute(
            "UPDATE {t}.documents SET data = jsonb_set(data, '{permissions,0,condition}', '\"name ===\"')"
            " WHERE id = %s",
            [id],
        )
        permissions, _ = compile_for(uow, kernel.runtimes.build(uow), ANN)
        assert permissions.rules == ()


def role(name="clerk", *permissions, inherits=()):
    return Document(
        new_id(),
        "kernel.role",
        {"name": name, "title": name, "permissions": list(permissions), "inherits": list(inherits)},
    )


def grant_of(role, actor=BOB.id, **fields):
    return Document(new_id(), "kernel.grant", {"actor_id": actor, "role": role, **fields})


@pytest.mark.parametrize(
    ("document", "pointer", "rule"),
    [
        (role("clerk", {**READ_COMPANIES, "condition": "name =="}), "/permissions/0/condition", "expression"),
        (role("clerk", {**READ_COMPANIES, "condition": "name > 5"}), "/permissions/0/condition", "expression"),
        (role("clerk", {**READ_COMPANIES, "condition": "nam == 'x'"}), "/permissions/0/condition", "name_unknown"),
        (role("clerk", {**READ_COMPANIES, "mask": ["tax"]}), "/permissions/0/mask", "mask_unknown"),
        (role("clerk", {"actions": ["read"]}), "/permissions/0", "resource"),
        (role("clerk", {"register": "ledger.x", "actions": ["write"]}), "/permissions/0/actions", "unknown_action"),
        (role("clerk", inherits=["kernel.admn"]), "/inherits/0", "role_unknown"),
        (role("clerk", inherits=["clerk"]), "/inherits/0", "role_unknown"),
    ],
)  # fmt: skip
def test_a_role_that_makes_no_sense_is_refused(kernel, tenant, document, pointer, rule):
    with kernel.operate(tenant) as ctx, pytest.raises(RoleInvalid) as refused:
        check_change(ctx, document)
    assert [(v.pointer, v.rule) for v in refused.value.violations] == [(pointer, rule)]


def test_roles_cannot_inherit_in_a_circle(kernel, tenant):
    make_role(kernel, tenant, "low")
    make_role(kernel, tenant, "high", inherits=["low"])
    with kernel.operate(tenant) as ctx, pytest.raises(RoleInvalid) as refused:
        check_change(ctx, role("low", inherits=["high"]))
    assert [v.rule for v in refused.value.violations] == ["role_circle"]


def test_a_grant_of_an_unknown_role_is_refused_and_the_nearest_named(kernel, tenant):
    with kernel.operate(tenant) as ctx, pytest.raises(RoleUnknown) as refused:
        check_change(ctx, grant_of("kernel.auditr"))
    assert refused.value.violations[0].expected == "kernel.auditor"


GRANTER = [{"type": "kernel.grant", "actions": ["*"]}, {"type": "kernel.role", "actions": ["*"]}, READ_COMPANIES]


@pytest.mark.parametrize(
    ("document", "is_allowed"),
    [
        (grant_of("reader"), True),
        (grant_of("granter"), True),
        (grant_of("kernel.admin"), False),
        (grant_of("kernel.admin", ANN.id), False),
        (role("new", READ_COMPANIES), True),
        (role("new", {"type": "kernel.company", "actions": ["*"]}), False),
        (role("new", inherits=["kernel.auditor"]), False),
        (Document(new_id(), "kernel.company", {"name": "X"}), True),
    ],
)
def test_nobody_hands_out_more_than_they_have(kernel, tenant, document, is_allowed):
    make_role(kernel, tenant, "reader", READ_COMPANIES)
    make_role(kernel, tenant, "granter", *GRANTER)
    grant(kernel, tenant, ANN.id, "granter")

    def work(ctx):
        check_change(ctx, document)
        return True

    if is_allowed:
        assert acting(kernel, tenant, ANN, work)
    else:
        with pytest.raises(RightsExceeded):
            acting(kernel, tenant, ANN, work)


def test_a_key_with_scopes_hands_out_nothing(kernel, tenant):
    grant(kernel, tenant, ANN.id, "kernel.admin")
    acting(kernel, tenant, ANN, lambda ctx: check_change(ctx, grant_of("kernel.member")))
    with pytest.raises(RightsExceeded):
        acting(kernel, tenant, ANN, lambda ctx: check_change(ctx, grant_of("kernel.member")), frozenset({"kernel.*:*"}))


def test_the_last_administrator_stays(kernel, tenant):
    company = company_of(kernel, tenant)
    first = grant(kernel, tenant, ANN.id, "kernel.admin")
    grant(kernel, tenant, BOB.id, "kernel.admin", [company])
    with kernel.operate(tenant) as ctx:
        last = ctx.documents.get("kernel.grant", first)
        for narrowed in ({**last, "companies": [company]}, {**last, "role": "kernel.member"}):
            with pytest.raises(LastAdministrator):
                check_change(ctx, Document(last.id, last.type, narrowed), last)
        with pytest.raises(LastAdministrator):
            check_removal(ctx, last)
        # Handing the grant to somebody else leaves an administrator.
        check_change(ctx, Document(last.id, last.type, {**last, "actor_id": BOB.id}), last)
    grant(kernel, tenant, BOB.id, "kernel.admin")
    with kernel.operate(tenant) as ctx:
        check_removal(ctx, ctx.documents.get("kernel.grant", first))


def test_an_explanation_names_the_grant(kernel, tenant):
    id = grant(kernel, tenant, ANN.id, "kernel.member")
    told = acting(kernel, tenant, ANN, lambda ctx: explain_for(ctx, ExplanationRequest("read", "kernel.company")))
    assert told.allowed
    assert [(step.outcome, step.grant, step.role) for step in told.because] == [("allows", id, "kernel.member")]


def test_somebody_elses_permissions_are_explained_to_who_may_read_grants(kernel, tenant):
    grant(kernel, tenant, ANN.email, "kernel.member")
    grant(kernel, tenant, BOB.id, "kernel.auditor")
    about_ann = ExplanationRequest("update", "kernel.company", company_of(kernel, tenant), ANN)
    told = acting(kernel, tenant, BOB, lambda ctx: explain_for(ctx, about_ann))
    assert not told.allowed
    about_bob = ExplanationRequest("read", "kernel.company", None, BOB)
    with pytest.raises(Forbidden):
        acting(kernel, tenant, ANN, lambda ctx: explain_for(ctx, about_bob))


def test_asking_does_not_tell_of_documents_one_may_not_see(kernel, tenant):
    grant(kernel, tenant, ANN.id, "kernel.member")
    with kernel.operate(tenant) as ctx:
        hidden = ctx.documents.create("kernel.notification", {"recipient": BOB.id, "title": "x"}).id
    for id in (hidden, new_id(), "no id"):
        wanted = ExplanationRequest("read", "kernel.notification", id)
        with pytest.raises(DocumentNotFound):
            acting(kernel, tenant, ANN, lambda ctx, wanted=wanted: explain_for(ctx, wanted))


# --- one document and a list of them are decided alike ---

A, B, C = (f"018f0000-0000-7000-8000-00000000000{letter}" for letter in "abc")
LEAD = DocumentType.from_schema(
    "crm.lead",
    {
        "properties": {
            "owner": {"type": "string"},
            "total": {"type": "string", "x-decimal": {"scale": 2}},
            "due": {"type": "string", "format": "date"},
            "is_hot": {"type": "boolean"},
            "lines": {"items": {"type": "object", "properties": {"amount": {"x-decimal": {"scale": 2}}}}},
        }
    },
)  # fmt: skip
SCOPE = {"actor": {"id": "ann", "email": ANN.email, "kind": "user", "companies": [A, B]}, "today": date(2026, 3, 10)}
CONDITIONS = [
    None, "owner == actor.id", "owner != actor.id", "owner is None or total > 100", "total <= 100.5 and is_hot",
    "not is_hot", "due < today", 'state in ["open", "won"]', "company_id in actor.companies", "len(lines) > 1",
    "sum(line.amount for line in lines) > 10", "any(line.amount < 0 for line in lines)", 'startswith(owner, "a")',
    "missing is None", "param.x is None", 'custom_zone == "north"', "deleted_at is None", "number is not None",
]  # fmt: skip

leads = st.fixed_dictionaries(
    {"company_id": st.sampled_from([None, A, B, C]), "state": st.sampled_from([None, "open", "lost"])},
    optional={
        "owner": st.sampled_from(["ann", "bob", ""]),
        "total": st.sampled_from(["0.00", "100.00", "100.51", "-3.20"]),
        "due": st.sampled_from(["2026-03-09", "2026-03-10", "2027-01-01"]),
        "is_hot": st.booleans(),
        "custom_zone": st.sampled_from(["north", "south"]),
        "lines": st.lists(st.sampled_from(["1.00", "-2.00", "10.01"]).map(lambda a: {"amount": a}), max_size=3),
    },
)
rules = st.builds(
    Permission,
    st.just("type"),
    st.sampled_from(["crm.lead", "crm.*", "*", "crm.other"]),
    st.sets(st.sampled_from(["read", "update", "*"]), min_size=1).map(frozenset),
    st.sampled_from(CONDITIONS).map(lambda text: text and parse(text)),
)
granted = st.lists(
    st.tuples(st.lists(rules, max_size=3), st.lists(st.sampled_from([A, B, C]), max_size=2, unique=True)), max_size=3
)


def stored(uow, drawn):
    """The documents, written as rows, as they are read back."""
    ids = []
    for lead in drawn:
        data = {key: value for key, value in lead.items() if key not in ("company_id", "state")}
        ids.append(new_id())
        uow.execute(
            "INSERT INTO {t}.documents (id, type, company_id, version, schema_version, state, data,"
            " created_at, created_by, updated_at, updated_by)"
            " VALUES (%s, 'crm.lead', %s, 1, 1, %s, %s::jsonb, now(), 'x', now(), 'x')",
            [ids[-1], lead["company_id"], lead["state"], json.dumps(data)],
        )
    rows = uow.execute(f"SELECT {COLUMNS} FROM {{t}}.documents WHERE id = ANY(%s::uuid[])", [ids]).fetchall()
    return [to_document(LEAD, Row(*row)) for row in rows]


def listed(uow, permissions, ids):
    """Ids of the documents a list of those the permissions allow would show."""
    condition, columns = permissions.filter("read", LEAD), DocumentColumns(documents, kinds_of_schema(LEAD.schema))
    test = false() if condition is DENIED else true() if condition is None else to_sql(condition, columns, SCOPE)
    statement = select(documents.c.id).where(and_(documents.c.id.in_(ids), test))
    return {str(id) for (id,) in uow.execute_statement(statement)}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(leads, min_size=1, max_size=6), grants=granted)
def test_a_list_shows_exactly_the_documents_each_of_which_may_be_read(kernel, crm_tenant, drawn, grants):
    roles = {f"x.r{n}": Role(f"x.r{n}", "", (), tuple(permissions)) for n, (permissions, _) in enumerate(grants)}
    permissions = compile_permissions(
        roles, [Grant(str(n), f"x.r{n}", tuple(companies)) for n, (_, companies) in enumerate(grants)]
    )
    with kernel.database.transaction(crm_tenant) as uow:
        leads = stored(uow, drawn)
        one_by_one = {lead.id for lead in leads if permissions.allows("read", LEAD, lead, SCOPE)}
        assert listed(uow, permissions, [lead.id for lead in leads]) == one_by_one


@pytest.fixture(scope="module")
def crm_tenant(kernel, tenants):
    return tenants.create_tenant(NewTenant("crm", "CRM"), kernel.clock())


def test_decimals_in_conditions_compare_by_value_in_both(kernel, crm_tenant):
    permissions = compile_permissions(
        {"x.r": Role("x.r", "", (), (Permission("type", "crm.lead", frozenset({"read"}), parse("total == 100")),))},
        [Grant("g", "x.r")],
    )
    with kernel.database.transaction(crm_tenant) as uow:
        (lead,) = stored(uow, [{"company_id": None, "state": None, "total": "100.00"}])
        assert lead["total"] == Decimal("100.00")
        assert permissions.allows("read", LEAD, lead, SCOPE)
        assert listed(uow, permissions, [lead.id]) == {lead.id}
