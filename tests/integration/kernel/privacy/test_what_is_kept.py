"""What the law keeps is kept by whatever would erase it, and what is erased breaks neither the chain nor the checks."""

import json

from kernel.audit.sealer import owner_execute, seal
from kernel.audit.verify import verify_log
from kernel.documents.verification import verify
from kernel.events.horizon import Horizon
from kernel.privacy.erasure import erase
from kernel.privacy.retention import run_rules, show_due
from kernel.privacy.subjects import Subject
from registry.lifecycle import disable_applet
from sdk.identifiers import new_id
from tests.integration.kernel.privacy.test_retention import bill, rule, shop

__all__ = ["shop"]


def test_a_bill_that_is_kept_keeps_its_patient_from_a_rule_about_patients(shop):
    rule(shop, action="keep", with_links=["patient"], categories=["name"])
    rule(shop, title="Patients", document_type="clinic.patient", years=1, from_field="created_at")
    with shop.operate() as ctx:
        ctx.documents.update("clinic.patient", shop.patient, {"email": "jane@x.example"})
    bill(shop, "2026-02-01")
    shop.kernel.clock.move(days=800)
    with shop.operate() as ctx:
        (planned,) = show_due(ctx).documents
    assert "name" not in planned["fields"]
    assert "email" in planned["fields"]
    assert run_rules(shop.kernel, shop.tenant).erased == 1
    with shop.operate() as ctx:
        patient = ctx.documents.get("clinic.patient", shop.patient)
    assert (patient["name"], patient.get("email")) == ("Jane", None)


def test_a_patient_goes_when_no_bill_keeps_it_any_more(shop):
    rule(shop, action="keep", with_links=["patient"])
    rule(shop, title="Patients", document_type="clinic.patient", years=1, from_field="created_at", action="delete")
    with shop.operate() as ctx:
        gone = ctx.documents.create("clinic.patient", {"name": "Ann", "code": "A"}).id
    bill(shop, "2026-02-01")
    shop.kernel.clock.move(days=800)
    report = run_rules(shop.kernel, shop.tenant)
    assert [each["id"] for each in report.documents] == [gone]


def verified(shop):
    """Faults of the sealed log, everything sealed."""
    tenant, database = shop.tenant, shop.kernel.database
    seal(database, tenant, Horizon(tenant.schema), shop.kernel.clock())
    with database.owner(tenant.database) as connection:
        found = verify_log(owner_execute(connection, tenant))
    assert found.events > 0
    return found.faults


def test_the_sealed_log_is_whole_after_an_erasure(shop):
    bill(shop, "2026-02-01")
    assert verified(shop) == []
    with shop.operate() as ctx:
        erase(ctx, Subject("clinic.patient", shop.patient))
    assert verified(shop) == []
    shop.execute("UPDATE {t}.events SET payload = payload || '{\"diff\": {}}' WHERE type = 'clinic.patient.erased'")
    assert verified(shop) != []


def test_what_is_protected_is_checked_while_its_applet_is_disabled(shop):
    bill(shop, "2026-02-01")
    with shop.operate() as ctx:
        ctx.documents.update("clinic.patient", shop.patient, {"ssn": "1", "phones": ["2"], "kin": [{"name": "Ann"}]})
    with shop.operate() as ctx:
        disable_applet(ctx, shop.kernel.plugins.get_plugin("registry.plugin").releases, "clinic")
    with shop.operate() as ctx:
        assert verify(ctx).differences == []
    shop.execute('UPDATE {t}.documents SET data = data || \'{"name": "Joan"}\' WHERE id = %s', shop.patient)
    with shop.operate() as ctx:
        assert [found.fields for found in verify(ctx).differences] == [("data.name",)]


def test_one_that_cannot_be_deleted_does_not_keep_the_others(shop):
    rule(shop, action="delete")
    first, second = bill(shop, "2010-01-01"), bill(shop, "2010-01-01", note="keep me")
    vetoed = bill(shop, "2010-01-01", total="13.00")
    report = run_rules(shop.kernel, shop.tenant)
    assert (report.deleted, report.linked) == (2, 1)
    with shop.operate() as ctx:
        assert ctx.documents.find("clinic.bill", id=vetoed) is not None
        for id in (first, second):
            assert ctx.documents.find("clinic.bill", id=id) is None


def test_a_person_of_a_disabled_applet_does_not_keep_the_others(shop):
    rule(shop, action="keep", years=1)
    bill(shop, "2026-02-01")
    with shop.operate() as ctx:
        erase(ctx, Subject("clinic.patient", shop.patient))
        made = ctx.documents.find("kernel.erasure", subject_id=shop.patient)
    stray = {**made.fields, "subject_id": new_id(), "subject_type": "gone.person"}
    shop.execute(
        "INSERT INTO {t}.documents (id, type, version, schema_version, data, created_at, created_by, updated_at,"
        " updated_by) SELECT gen_random_uuid(), type, 1, 1, data || %s::jsonb, created_at, created_by, updated_at,"
        " updated_by FROM {t}.documents WHERE id = %s",
        json.dumps({name: str(stray[name]) for name in ("subject_id", "subject_type")}),
        made.id,
    )
    shop.kernel.clock.move(days=800)
    assert run_rules(shop.kernel, shop.tenant).subjects == 1
