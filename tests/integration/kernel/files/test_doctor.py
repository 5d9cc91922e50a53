"""`bos doctor` on installations somebody has broken: each fault is found by its own check, and by no other."""

import itertools

import pytest

from kernel.cli.checks import FAILED, OK, examine
from kernel.registers import service as registers
from tests.integration.kernel.shipped import make_tenant, open_shipped

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def clinic(empty_database):
    with open_shipped(empty_database()) as kernel:
        yield kernel


@pytest.fixture(scope="module")
def patient(clinic):
    """A tenant with a posted entry whose movements are folded."""
    tenant = make_tenant(clinic, "patient", "ledger", chart=True)
    with clinic.operate(tenant) as ctx:
        first, second = [
            account.id for account in ctx.documents.query("ledger.account", filter="not is_group").items[:2]
        ]
        journal = ctx.documents.query("ledger.journal").items[0].id
        lines = [{"account": first, "amount": "10.00"}, {"account": second, "amount": "-10.00"}]
        entry = {"journal": journal, "posted_on": "2026-03-01", "lines": lines}
        made = ctx.documents.create("ledger.journal_entry", entry)
        ctx.documents.perform("ledger.journal_entry", made.id, "post")
    with clinic.operate(tenant) as ctx:
        assert registers.fold(ctx.uow) == 2
    return tenant


@pytest.fixture
def owner(clinic, patient):
    """The owner's connection; whatever a test breaks through it is undone."""
    undo = []
    with clinic.database.owner() as connection:
        yield lambda sql, back: (undo.append(back), connection.execute(sql.format(t=patient.schema)))
        for sql in reversed(undo):
            connection.execute(sql.format(t=patient.schema))


def findings(kernel):
    """Result and detail of what is not well, by its name."""
    return {check.name: (check.result, check.detail) for check in examine(kernel) if check.result != OK}


def test_a_healthy_installation_has_no_findings(clinic, patient):
    checks = list(examine(clinic))
    assert {check.result for check in checks} == {OK}
    assert [check.name for check in checks if check.tenant == patient.name] == [
        "rights", "schema", "deliveries", "folding", "totals", "applets",
    ]  # fmt: skip


def test_a_wrong_total_is_found(clinic, owner):
    owner("UPDATE {t}.totals SET r1 = r1 + 0.01 WHERE r1 > 0", "UPDATE {t}.totals SET r1 = r1 - 0.01 WHERE r1 > 0")
    (found,) = findings(clinic).items()
    assert found[0] == "totals"
    assert found[1][0] == FAILED
    assert found[1][1].endswith("total(s) differ from their movements")


def test_a_total_without_movements_is_found(clinic, owner):
    owner(
        "INSERT INTO {t}.totals SELECT register, company_id, '1999-01-01', d1, d2, d3, d4, d5, d6, d7, d8, 1"
        " FROM {t}.totals LIMIT 1",
        "DELETE FROM {t}.totals WHERE month = '1999-01-01'",
    )
    assert findings(clinic)["totals"][0] == FAILED


def test_a_dead_delivery_is_found(clinic, owner):
    owner(
        "INSERT INTO {t}.deliveries"
        " (subscriber, event_position, event_id, aggregate_id, state, attempts, due_at, created_at)"
        " SELECT 'x', position, id, aggregate_id, 'dead', 9, now(), now() FROM {t}.events LIMIT 1",
        "DELETE FROM {t}.deliveries WHERE subscriber = 'x'",
    )
    assert findings(clinic) == {"deliveries": (FAILED, "1 given up: see `bos events deliveries --state dead`")}


def test_an_applet_that_is_not_here_is_found(clinic, owner):
    owner(
        "INSERT INTO {t}.applets (name, version, state, changed_at, changed_by)"
        " VALUES ('payroll', '1.0.0', 'enabled', now(), 'x'), ('idle', '1.0.0', 'disabled', now(), 'x')",
        "DELETE FROM {t}.applets WHERE name IN ('payroll', 'idle')",
    )
    assert findings(clinic) == {"applets": (FAILED, "enabled but not installed here: payroll 1.0.0")}


def test_a_schema_behind_is_found_with_its_missing_step(clinic, patient, owner):
    with clinic.database.owner() as connection:
        (step,) = connection.execute(f"SELECT max(step) FROM {patient.schema}.schema_ledger").fetchone()
    owner(
        f"UPDATE {{t}}.schema_ledger SET step = 'x' WHERE step = '{step}'",
        f"UPDATE {{t}}.schema_ledger SET step = '{step}' WHERE step = 'x'",
    )
    assert findings(clinic) == {"schema": (FAILED, f"lacks {step}: run `bos migrate`")}


def test_a_role_that_reaches_another_tenant_is_found(clinic, patient, owner):
    other = make_tenant(clinic, f"other{next(_numbers)}")
    owner(
        f'GRANT USAGE ON SCHEMA "{{t}}" TO "{other.role}"',
        f'REVOKE USAGE ON SCHEMA "{{t}}" FROM "{other.role}"',
    )
    assert findings(clinic) == {"rights": (FAILED, f"the role {other.role} reaches too far: {patient.schema}")}


def test_a_role_with_special_rights_is_found(clinic, patient, owner):
    owner(f'ALTER ROLE "{patient.role}" BYPASSRLS', f'ALTER ROLE "{patient.role}" NOBYPASSRLS')
    assert findings(clinic)["rights"][0] == FAILED


def test_a_schema_that_is_gone_is_a_finding_and_no_crash(clinic, owner):
    owner("ALTER SCHEMA {t} RENAME TO gone", "ALTER SCHEMA gone RENAME TO {t}")
    found = findings(clinic)
    assert {name for name, (result, _) in found.items() if result == FAILED} >= {
        "schema", "deliveries", "folding", "totals", "applets",
    }  # fmt: skip
