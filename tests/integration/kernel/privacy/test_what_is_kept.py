"""What the law keeps is kept by whatever would erase it, and what is erased breaks neither the chain nor the checks."""

from kernel.privacy.retention import run_rules, show_due
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
