"""Persons over HTTP: the export, the dry run, the erasure with a fresh proof, and what is due."""

import pytest
from starlette.testclient import TestClient

from kernel.http.app import create_app
from tests.integration.kernel.auth.conftest import PASSWORD, People

LONG_S = 601


@pytest.fixture
def people(clinic):
    # Attempts to log in are counted per address and hour.
    clinic.kernel.clock.move(hours=2)
    client = TestClient(create_app(clinic.kernel, has_worker=False))
    found = People(clinic.kernel, client, clinic.tenant)
    found.add("ann", "kernel.admin")
    found.add("doc", "clinic.doctor")
    return found


@pytest.fixture
def jane(people):
    data = {"name": "Jane Secretname", "email": "jane@secret.example", "ssn": "078-05-1120", "code": "J"}
    return people.send("ann", "POST", "/clinic/patients", data).json()["id"]


def erase(people, name, id, **more):
    return people.send(name, "POST", "/privacy/erasures", {"subject_type": "clinic.patient", "subject_id": id, **more})


def test_an_export_and_an_erasure(people, clinic, jane):
    told = people.send("ann", "GET", f"/privacy/subjects/clinic.patient/{jane}").json()
    assert told["documents"][0]["document"]["email"] == "jane@secret.example"
    plan = erase(people, "ann", jane, dry_run=True).json()
    assert [step["id"] for step in plan["erase"]] == [jane]
    done = erase(people, "ann", jane)
    assert (done.status_code, done.json()["documents"]) == (200, 1)
    shown = people.send("ann", "GET", f"/clinic/patients/{jane}").json()
    assert (shown["name"], shown.get("email")) == ("[erased]", None)
    assert people.send("ann", "GET", "/kernel/erasures").json()["items"][0]["subject_id"] == jane
    assert "Secretname" not in clinic.dump()


def test_an_erasure_takes_a_fresh_proof_and_its_dry_run_does_not(people, clinic, jane):
    clinic.kernel.clock.move(seconds=LONG_S)
    assert erase(people, "ann", jane, dry_run=True).status_code == 200
    refused = erase(people, "ann", jane)
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
    assert people.send("ann", "POST", "/auth/step-up", {"password": PASSWORD}).status_code == 204
    assert erase(people, "ann", jane).status_code == 200


def test_who_was_not_granted_it_is_refused(people, jane):
    for answer in (
        erase(people, "doc", jane),
        erase(people, "doc", jane, dry_run=True),
        people.send("doc", "GET", f"/privacy/subjects/clinic.patient/{jane}"),
        people.send("doc", "GET", "/privacy/retention"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"subject_type": "clinic.patient", "subject_id": 7}, 422),
        ({"subject_type": "clinic.patient", "subject_id": "x", "force": True}, 422),
        ({"subject_type": "clinic.patient", "subject_id": "no id"}, 404),
        ({"subject_type": "clinic.pateint", "subject_id": "no id"}, 404),
        ({"subject_type": "clinic.room", "subject_id": "no id"}, 422),
    ],
)
def test_what_names_nobody_is_refused(people, body, status):
    assert people.send("ann", "POST", "/privacy/erasures", body).status_code == status


def test_what_is_due_is_told(people, clinic, jane):
    rule = {"title": "Patients", "document_type": "clinic.patient", "years": 0, "action": "erase"}
    assert people.send("ann", "POST", "/kernel/retention_rules", rule).status_code == 201
    assert people.send("ann", "GET", "/privacy/retention").json()["documents"] == []
    clinic.kernel.clock.move(days=2)
    people.enter("ann")
    (due,) = people.send("ann", "GET", "/privacy/retention").json()["documents"]
    assert (due["id"], due["rule"], due["action"]) == (jane, "Patients", "erase")


def test_encrypted_fields_are_found_over_http_and_masked_for_others(people, jane):
    found = people.send("ann", "GET", "/clinic/patients", filter='ssn == "078-05-1120"').json()["items"]
    assert [(each["id"], each["ssn"]) for each in found] == [(jane, "078-05-1120")]
    refused = people.send("ann", "GET", "/clinic/patients", sort="ssn")
    assert (refused.status_code, "encrypted" in refused.json()["detail"]) == (422, True)
