"""A plan has no effect, whatever is asked for: not on a row of the tenant's."""

import random

import pytest

from registry.plans import planner
from registry.plans.situation import VERBS
from sdk.errors import BosError
from tests.integration.registry.plans.versions import found, item, lens

SEED = 4
TEXT, HOT = {"type": "string", "maxLength": 40}, {"type": "string", "x-index": True}
MACHINE = {
    "initial": "open",
    "states": {"open": {"editable": True, "deletable": True}, "shut": {"final": True}},
    "actions": {"close": {"from": ["open"], "to": "shut", "event": "closed"}},
}
HOOKS = """
from sdk import hooks


@hooks.on("{name}.item.*")
def listen(ctx, event):
    pass


@hooks.before_save("{name}.item")
def fill(ctx, document, previous):
    document["note"] = "{version}"
"""
STEPS = {"2": [{"rename_field": {"from": "code", "to": "reference"}}, {"add_field": {"field": "size"}}]}
NAMES = ("alpha", "beta", "gamma")


def version(field, name, number, fields, *, schema=1, requires="", more=None):
    parts = {
        "schemas/item.json": item({**fields, "note": TEXT}, version=schema),
        "workflows/item.json": {"type": f"{name}.item", **MACHINE},
        "roles.json": {f"{name}.clerk": {"title": "Clerk", "permissions": [
            {"type": f"{name}.item", "actions": ["read"]},
        ]}},
        **(more or {}),
    }  # fmt: skip
    if schema > 1:
        parts["lenses/item.json"] = lens(f"{name}.item", STEPS)
    manifest = f'[requires]\nsdk = ">=1.0,<2"\n[requires.applets]\n{requires}\n' if requires else ""
    field.add(name, number, parts, manifest=manifest, hooks=HOOKS.format(name=name, version=number))


@pytest.fixture(scope="module")
def field(ground):
    """Three applets in four versions each, documents of two of them half swept, and things that name their fields."""
    ground.new_tenant()
    number = {"type": "integer"}
    for name in NAMES:
        requires = 'alpha = ">=1.0,<3"' if name == "gamma" else ""
        version(ground, name, "1.0.0", {"code": TEXT}, requires=requires)
        version(ground, name, "1.1.0", {"code": {**TEXT, "x-unique": True}, "hot": HOT}, requires=requires)
        version(ground, name, "2.0.0", {"reference": TEXT, "size": number}, schema=2, requires=requires)
        version(ground, name, "3.0.0", {"size": TEXT}, schema=1, requires=requires.replace("<3", "<2"))
    for name in NAMES:
        ground.move("enable", name, "1.0.0")
        ground.create(f"{name}.item", *({"code": f"c{place}"} for place in range(6)))
    for name in NAMES[:2]:
        ground.move("upgrade", name, "2.0.0")
        ground.create(f"{name}.item", *({"reference": f"r{place}", "size": place} for place in range(6)))
    permissions = [{"type": "alpha.item", "actions": ["read"], "condition": "reference == 'a'", "mask": ["note"]}]
    ground.create("kernel.role", {"name": "own", "title": "Own", "permissions": permissions})
    ground.create("kernel.grant", {"actor_id": "u", "role": "alpha.clerk"}, {"actor_id": "u", "role": "own"})
    ground.create("kernel.export_template", {
        "name": "t", "document_type": "beta.item", "format": "csv", "columns": [{"title": "R", "path": "reference"}],
    })  # fmt: skip
    own = {"document_type": "gamma.item", "name": "custom_a", "title": "A", "kind": "text"}
    ground.create("kernel.custom_field", own)
    return ground


def rows_of(field):
    """A digest of the sorted rows of every table of the tenant's schema."""
    schema = field.tenant.schema
    tables = field.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [schema])
    digest = (
        "SELECT count(*), md5(coalesce(string_agg(r, ' ' ORDER BY r), ''))"
        " FROM (SELECT md5(t::text) AS r FROM {t}.{table} t) AS rows"
    )
    with field.kernel.database.owner(field.tenant.database) as connection:
        return {
            name: connection.execute(digest.replace("{t}", f'"{schema}"').replace("{table}", f'"{name}"')).fetchone()
            for (name,) in tables
        }


def try_plans(field, count):
    """Verbs, names, versions and options at random; what came of them."""
    chance, outcomes = random.Random(SEED), {}
    for _ in range(count):
        everything = chance.random() < 0.1
        verb = "upgrade" if everything else chance.choice(VERBS)
        versions = (None, "1.0.0", "1.1.0", "2.0.0", "3.0.0", "9.9.9")
        options = {name: chance.random() < 0.3 for name in ("with_required", "keep_stubs")}
        if everything:
            options["all_upgrades"] = True
        name = "" if everything else chance.choice((*NAMES, "nobody"))
        try:
            made = field.plan(verb, name, None if everything else chance.choice(versions), **options)
            assert found(made, "check_failed") is None, made
            outcome = "applicable" if made["applicable"] else "blocked"
        except BosError as error:
            outcome = error.code
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return outcomes


def check_nothing_changes(field, count):
    before = rows_of(field)
    outcomes = try_plans(field, count)
    assert rows_of(field) == before
    assert before["documents"][0] > 30
    assert {"applicable", "blocked", "applet_version_unknown", "applet_unknown"} <= outcomes.keys()


def test_no_row_of_the_tenant_changes_by_plans(field):
    check_nothing_changes(field, 60)


@pytest.mark.slow
def test_no_row_of_the_tenant_changes_by_a_thousand_plans(field):
    check_nothing_changes(field, 1_000)


def test_a_check_that_would_write_is_refused_by_the_database(field, monkeypatch):
    def write(situation):
        situation.ctx.uow.execute("UPDATE {t}.meta SET value = value + 1")
        return []

    monkeypatch.setattr(planner, "CHECKS", (("writing", write),))
    before = rows_of(field)
    failed = found(field.plan("upgrade", "gamma", "1.1.0"), "check_failed")
    assert failed["severity"] == "blocks"
    assert "read-only transaction" in failed["message"]
    assert rows_of(field) == before
