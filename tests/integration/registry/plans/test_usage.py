"""A plan tells what of the tenant's own makes use of what goes."""

import pytest

from registry.checks import deliveries
from tests.integration.registry.plans.versions import found, item, of_rule, told

TEXT = {"type": "string"}
MACHINE = {
    "initial": "open",
    "states": {"open": {"editable": True}, "shut": {"final": True}},
    "actions": {"close": {"from": ["open"], "to": "shut", "event": "closed"}},
}
LISTENING = """
from sdk import hooks


@hooks.on("{name}.item.created")
def {function}(ctx, event):
    pass
"""


def first(name, **more):
    fields = {"code": TEXT, "secret": TEXT, "due": {"type": "string", "format": "date"}}
    return {
        "schemas/item.json": item(fields, version=1, **more),
        "schemas/extra.json": item({"note": TEXT}),
        "workflows/item.json": {"type": f"{name}.item", **MACHINE},
        "roles.json": {f"{name}.clerk": {"title": "Clerk", "permissions": [
            {"type": f"{name}.item", "actions": ["read"]},
        ]}},
        "settings.json": {"properties": {"limit": {"type": "integer", "maximum": 100}}},
    }  # fmt: skip


def second(name):
    """Everything that somebody could have named is gone."""
    drop = [{"drop_field": {"field": field}} for field in ("code", "secret", "due")]
    stay = {"initial": "open", "states": {"open": {"editable": True, "final": True}}}
    return {
        "schemas/item.json": item({"title": TEXT}, version=2),
        "lenses/item.json": {"type": f"{name}.item", "versions": {"2": [*drop, {"map_state": {"shut": "open"}}]}},
        "workflows/item.json": {"type": f"{name}.item", **stay},
        "settings.json": {"properties": {"limit": {"type": "integer", "maximum": 10}}},
    }


@pytest.fixture(scope="module")
def stock(ground):
    ground.new_tenant()
    ground.add("stock", "1.0.0", first("stock"), hooks=LISTENING.format(name="stock", function="listen"))
    ground.add("stock", "2.0.0", second("stock"), hooks=LISTENING.format(name="stock", function="hear"))
    ground.move("enable", "stock", "1.0.0")
    permissions = [
        {"type": "stock.item", "actions": ["read", "close"], "condition": "code == 'a'", "mask": ["secret"]},
        {"type": "stock.extra", "actions": ["read"]},
        {"type": "stock.*", "actions": ["update"], "condition": "code == 'b'"},
    ]
    role = {"name": "keeper", "title": "Keeper", "permissions": permissions, "inherits": ["stock.clerk"]}
    ground.create("kernel.role", role)
    grants = [{"actor_id": f"u{number}", "role": role} for number in range(2) for role in ("keeper", "stock.clerk")]
    ground.create("kernel.grant", *grants, {"actor_id": "u7", "role": "keeper"})
    template = {"document_type": "stock.item", "format": "csv"}
    ground.create(
        "kernel.export_template",
        {**template, "name": "all", "columns": [{"title": "Code", "path": "code"}]},
        {**template, "name": "due", "columns": [{"title": "Id", "path": "id"}], "sort": ["-due"]},
        {**template, "name": "fine", "columns": [{"title": "Id", "path": "id"}]},
    )
    rule = {"title": "Law", "document_type": "stock.item", "years": 10, "action": "keep", "from_field": "due"}
    ground.create("kernel.retention_rule", rule)
    own = {"name": "custom_a", "title": "A", "kind": "text"}
    ground.create("kernel.custom_field", {**own, "document_type": "stock.extra"}, {
        "document_type": "stock.item", "name": "custom_b", "title": "B", "kind": "link", "target": "stock.extra",
    })  # fmt: skip
    ground.create("kernel.setting", {"applet": "stock", "values": {"limit": 50}})
    return ground


@pytest.fixture(scope="module")
def upgrade(stock):
    return stock.plan("upgrade", "stock", "2.0.0")


@pytest.mark.parametrize(
    ("rule", "severity", "subjects"),
    [
        ("mask_lost", "consent", {"kernel.role:keeper"}),
        ("role_condition_lost", "warns", {"kernel.role:keeper"}),
        ("role_names_gone", "warns", {"kernel.role:keeper"}),
        ("granted_role_gone", "warns", {"stock.clerk"}),
        ("template_lost", "warns", {"kernel.export_template:all", "kernel.export_template:due"}),
        ("retention_lost", "blocks", {"kernel.retention_rule:Law"}),
        ("custom_field_lost", "warns", {"kernel.custom_field:custom_a", "kernel.custom_field:custom_b"}),
        ("settings_unfit", "blocks", {"kernel.setting:stock"}),
        ("deliveries_stranded", "warns", {"stock:listen"}),
    ],
)
def test_an_upgrade_tells_what_names_something_that_goes(upgrade, rule, severity, subjects):
    findings = of_rule(upgrade, rule)
    assert {finding["subject"] for finding in findings} == subjects
    assert {finding["severity"] for finding in findings} == {severity}


def test_it_says_of_roles_all_that_goes(upgrade):
    messages = " ".join(finding["message"] for finding in of_rule(upgrade, "role_names_gone"))
    assert "inherits from stock.clerk" in messages
    assert "allows close on stock.item" in messages
    assert "allows something on the type stock.extra" in messages


def test_users_of_a_role_that_goes_are_counted_however_they_have_it(upgrade):
    assert found(upgrade, "granted_role_gone")["details"]["users"] == 5


def test_disabling_hides_the_same_and_says_so(stock):
    made = stock.plan("disable", "stock")
    assert made["applicable"]
    informs = {finding["rule"] for finding in made["findings"] if finding["severity"] == "informs"}
    assert {"role_names_gone", "granted_role_gone", "template_lost", "custom_field_lost"} <= informs
    assert {finding["severity"] for finding in made["findings"]} == {"informs"}


def test_scopes_of_keys_and_programs_that_go_are_told(stock):
    user = "00000000-0000-7000-8000-00000000000a"
    with stock.kernel.database.platform() as uow:
        tenant = stock.tenant.id
        uow.execute(
            "INSERT INTO {p}.users (id, tenant_id, email, name, password_hash, created_at)"
            " VALUES (%s, %s, 'a@example.org', 'A', '', now())", [user, tenant],
        )  # fmt: skip
        uow.execute(
            "INSERT INTO {p}.api_keys (id, user_id, name, secret_hash, scopes, created_at)"
            " VALUES (gen_random_uuid(), %s, 'shop', '', ARRAY['stock.item:close', 'stock.item:read'], now())", [user],
        )  # fmt: skip
        uow.execute(
            "INSERT INTO {p}.oauth_clients (id, tenant_id, name, kind, redirect_uris, grant_types, scopes, resources,"
            " may_introspect, created_at, created_by) VALUES (gen_random_uuid(), %s, 'till', 'public', '{{}}', '{{}}',"
            " ARRAY['stock.extra:*'], '{{}}', false, now(), 'x')".replace("{{}}", "{}"), [tenant],
        )  # fmt: skip
        uow.commit()
    findings = of_rule(stock.plan("upgrade", "stock", "2.0.0"), "scope_gone")
    named = {(finding["subject"], *finding["details"]["first"]) for finding in findings}
    assert named == {("api_key:stock.item:close", "shop"), ("program:stock.extra:*", "till")}


def test_many_deliveries_that_would_be_lost_block(stock, monkeypatch):
    stock.create("stock.item", {}, {})
    assert found(stock.plan("upgrade", "stock", "2.0.0"), "deliveries_stranded")["details"]["pending"] == 2
    monkeypatch.setattr(deliveries, "STRANDED_MAX", 1)
    assert found(stock.plan("upgrade", "stock", "2.0.0"), "deliveries_stranded")["severity"] == "blocks"


def test_a_rollback_is_not_held_up_by_what_it_takes_away(field):
    field.add("yield", "1.0.0", second("yield") | {
        "schemas/item.json": item({"title": TEXT}), "lenses/item.json": {"type": "yield.item", "versions": {}},
    })  # fmt: skip
    grown = first("yield") | {"schemas/item.json": item({"title": TEXT, "due": {"type": "string", "format": "date"}})}
    field.add("yield", "1.1.0", grown)
    field.move("enable", "yield", "1.0.0")
    field.move("upgrade", "yield", "1.1.0")
    rule = {"title": "Law", "document_type": "yield.item", "years": 10, "action": "keep", "from_field": "due"}
    field.create("kernel.retention_rule", rule)
    field.create("kernel.setting", {"applet": "yield", "values": {"limit": 50}})
    made = field.plan("rollback", "yield")
    assert {
        ("warns", "retention_lost", "kernel.retention_rule:Law"),
        ("warns", "settings_unfit", "kernel.setting:yield"),
    } <= told(made)
    assert made["applicable"]
