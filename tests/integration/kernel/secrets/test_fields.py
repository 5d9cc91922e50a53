"""Encrypted fields in a real database: what is stored, who reads it, how it is found, what is refused."""

from datetime import date
from decimal import Decimal

import pytest

from kernel.documents.history import as_of
from kernel.documents.listing import ListRequest, list_rows
from kernel.documents.queries import query
from kernel.documents.revisions import revisions
from kernel.documents.verification import verify
from kernel.secrets.errors import SecretUnreadable
from kernel.transfer.reading import ExportRequest, read_documents
from sdk.document_errors import UniqueKeyTaken
from sdk.errors import Forbidden
from sdk.expressions import InvalidExpression
from tests.integration.kernel.secrets.clinic import make_clinic

SSN = "078-05-1120"
JANE = {"name": "Jane Roe", "ssn": SSN, "born_on": "1980-02-29", "limit": "1250.00", "code": "J1"}


def add(clinic, **changes):
    with clinic.operate() as ctx:
        return ctx.documents.create("clinic.patient", {**JANE, **changes}).id


def found(clinic, filter, **parameters):
    with clinic.operate() as ctx:
        page = query(ctx, "clinic.patient", ListRequest(filter, parameters, ("code",)))
        return [document["code"] for document in page.items]


def test_values_come_back_as_they_were_given(clinic):
    id = add(clinic)
    with clinic.operate() as ctx:
        patient = ctx.documents.get("clinic.patient", id)
    assert patient["ssn"] == SSN
    assert patient["born_on"] == date(1980, 2, 29)
    assert patient["limit"] == Decimal("1250.00")


def test_no_encrypted_value_stands_anywhere_in_the_database(clinic):
    id = add(clinic, ssn="SECRET-SSN-1")
    with clinic.operate() as ctx:
        ctx.documents.update("clinic.patient", id, {"ssn": "SECRET-SSN-2", "limit": "98765.43"})
        ctx.documents.delete("clinic.patient", id)
    stolen = clinic.dump()
    assert "J1" in stolen
    for secret in ("SECRET-SSN", "1980-02-29", "98765.43", "1250.00"):
        assert secret not in stolen


def test_the_same_value_is_another_ciphertext_each_time(clinic):
    add(clinic, ssn="111", code="A", limit="5.00")
    add(clinic, ssn="222", code="B", limit="5.00")
    rows = clinic.execute("SELECT split_part(data->>'limit', ':', 5), split_part(data->>'limit', ':', 4)"
                          " FROM {t}.documents WHERE type = 'clinic.patient'")  # fmt: skip
    assert len({sealed for sealed, _ in rows}) == 2
    assert len({mark for _, mark in rows}) == 1


@pytest.mark.parametrize(
    ("filter", "codes"),
    [
        ('ssn == "111"', ["A"]),
        ('"111" == ssn', ["A"]),
        ('ssn != "111"', ["B", "C"]),
        ('ssn in ["111", "333"]', ["A", "C"]),
        ('not (ssn in ["111", "333"])', ["B"]),
        ("ssn == param.wanted", ["B"]),
        ("ssn in param.several", ["B", "C"]),
        ("ssn is None", []),
        ("born_on is None", ["C"]),
        ('born_on == "1980-02-29"', ["A", "B"]),
        ("limit == 5", ["A"]),
        ("limit == 5.5", ["B", "C"]),
        ('ssn == ""', []),
        ("ssn == 111", []),
    ],
)
def test_encrypted_fields_are_found_by_equality(searched, filter, codes):
    assert found(searched, filter, wanted="222", several=["222", "333"]) == codes


@pytest.fixture(scope="module")
def searched(clinics):
    clinic = make_clinic(clinics)
    add(clinic, ssn="111", code="A", limit="5.00")
    add(clinic, ssn="222", code="B", limit="5.50")
    add(clinic, ssn="333", code="C", limit="5.50", born_on=None)
    return clinic


@pytest.mark.parametrize(
    "filter",
    [
        'ssn < "2"',
        'born_on >= "1980-01-01"',
        'startswith(ssn, "1")',
        "lower(ssn) == name",
        "limit + 1 == 6",
        "ssn == name",
        "sum([limit]) == 1",
        "ssn",
    ],
)
def test_any_other_use_of_an_encrypted_field_in_a_filter_is_refused(searched, filter):
    with pytest.raises(InvalidExpression):
        found(searched, filter)


def test_nothing_is_sorted_by_an_encrypted_field(searched):
    with searched.operate() as ctx, pytest.raises(InvalidExpression, match="ssn is encrypted"):
        query(ctx, "clinic.patient", ListRequest(sort=("ssn",)))


def test_an_encrypted_value_stays_unique(clinic):
    first = add(clinic)
    with pytest.raises(UniqueKeyTaken) as refused:
        add(clinic, code="J2")
    assert SSN not in refused.value.message
    assert "blind" not in str(refused.value.violations)
    with clinic.operate() as ctx:
        ctx.documents.update("clinic.patient", first, {"ssn": "other"})
    add(clinic, code="J2")


def test_lists_and_exports_show_it_to_those_who_may_read_it_only(clinic):
    add(clinic)
    for role, seen in (("clinic.doctor", SSN), ("clinic.clerk", None)):
        with clinic.as_role(role) as ctx:
            type = ctx.runtime.catalogue.type("clinic.patient")
            assert [document.get("ssn") for document in read_documents(ctx, ExportRequest("clinic.patient"))] == [seen]
            if seen:
                assert [row.data["ssn"] for row in list_rows(ctx, type, ListRequest()).rows] == [SSN]


def test_whoever_may_not_see_it_may_not_find_by_it(clinic):
    add(clinic)
    with clinic.as_role("clinic.clerk") as ctx, pytest.raises(Forbidden):
        query(ctx, "clinic.patient", ListRequest(f'ssn == "{SSN}"'))


def test_history_is_read_in_the_clear_and_rebuilds_the_document(clinic):
    id = add(clinic)
    with clinic.operate() as ctx:
        ctx.documents.update("clinic.patient", id, {"ssn": "987-65-4320", "kin": [{"name": "Ann", "rank": "1"}]})
    with clinic.operate() as ctx:
        told = revisions(ctx, "clinic.patient", id)["items"]
        assert [each["diff"]["ssn"] for each in told] == ["987-65-4320", SSN]
        assert told[0]["diff"]["kin"] == [{"name": "Ann", "rank": "1"}]
        past = as_of(ctx, "clinic.patient", id, ctx.now)
        assert past.row.data["ssn"] == "987-65-4320"
        assert verify(ctx).different == 0


def test_a_patch_that_changes_nothing_writes_nothing(clinic):
    id = add(clinic)
    with clinic.operate() as ctx:
        assert ctx.documents.update("clinic.patient", id, {"ssn": SSN}).version == 1


def test_events_hold_personal_values_as_ciphertext_and_documents_in_the_clear(clinic):
    add(clinic, name="Personal Name", phones=["PHONE-1"], home={"street": "STREET-1"})
    ((payload,),) = clinic.execute("SELECT payload::text FROM {t}.events WHERE type = 'clinic.patient.created'")
    ((data,),) = clinic.execute("SELECT data::text FROM {t}.documents WHERE type = 'clinic.patient'")
    for value in ("Personal Name", "personal name", "PHONE-1", "STREET-1"):
        assert value not in payload
        assert value in data
    assert found(clinic, 'name == "Personal Name"') == ["J1"]


def test_arguments_of_actions_are_protected_too(clinic):
    patient = add(clinic)
    with clinic.operate() as ctx:
        bill = ctx.documents.create("clinic.bill", {"patient": patient, "total": "10.00"})
        ctx.documents.perform("clinic.bill", bill.id, "post", {"said": "WHISPERED", "place": "hall"})
    assert "WHISPERED" not in clinic.dump()
    with clinic.operate() as ctx:
        told = revisions(ctx, "clinic.bill", bill.id)["items"][0]
    assert told["arguments"] == {"said": "WHISPERED", "place": "hall"}


@pytest.mark.parametrize("text", ["enc:v1:x", "psn:v1:0199a1b2-0000-7000-8000-000000000000:QUJD"])
def test_a_text_that_looks_like_ciphertext_is_a_text(clinic, text):
    id = add(clinic, code=text, ssn=text, name=text)
    with clinic.operate() as ctx:
        patient = ctx.documents.get("clinic.patient", id)
        assert (patient["code"], patient["ssn"], patient["name"]) == (text, text, text)
        diff = revisions(ctx, "clinic.patient", id)["items"][0]["diff"]
        assert (diff["ssn"], diff["name"]) == (text, text)


def swap(clinic, first, second, path):
    clinic.execute(
        "UPDATE {t}.documents d SET data = jsonb_set(d.data, %s, o.data #> %s) FROM {t}.documents o"
        " WHERE d.id = %s AND o.id = %s",
        path, path, first, second,
    )  # fmt: skip


def test_ciphertext_of_another_document_does_not_open(clinic):
    first, second = add(clinic), add(clinic, ssn="1", code="J2")
    swap(clinic, first, second, ["ssn"])
    with clinic.operate() as ctx, pytest.raises(SecretUnreadable) as refused:
        ctx.documents.get("clinic.patient", first)
    assert "clinic.patient.ssn" in refused.value.message


def test_ciphertext_of_another_field_does_not_open(clinic):
    id = add(clinic)
    clinic.execute("UPDATE {t}.documents SET data = jsonb_set(data, '{ssn}', data->'limit') WHERE id = %s", id)
    with clinic.operate() as ctx, pytest.raises(SecretUnreadable):
        ctx.documents.get("clinic.patient", id)


def test_ciphertext_of_another_tenant_does_not_open_even_with_its_keys(clinic, clinics):
    other = make_clinic(clinics)
    mine, theirs = add(clinic), add(other, ssn="THEIRS")
    ((token,),) = other.execute("SELECT data->>'ssn' FROM {t}.documents WHERE id = %s", theirs)
    clinic.execute("UPDATE {t}.documents SET data = jsonb_set(data, '{ssn}', to_jsonb(%s::text)) WHERE id = %s",
                   token, mine)  # fmt: skip
    with clinic.operate() as ctx, pytest.raises(SecretUnreadable):
        ctx.documents.get("clinic.patient", mine)
    clinic.execute(f'INSERT INTO {{t}}.cipher_keys SELECT * FROM "{other.tenant.schema}".cipher_keys'
                   " WHERE kind = 'data' ON CONFLICT DO NOTHING")  # fmt: skip
    with clinic.operate() as ctx, pytest.raises(SecretUnreadable):
        ctx.documents.get("clinic.patient", mine)


def test_one_changed_letter_of_a_ciphertext_is_found(clinic):
    id = add(clinic)
    ((token,),) = clinic.execute("SELECT data->>'ssn' FROM {t}.documents WHERE id = %s", id)
    changed = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
    clinic.execute("UPDATE {t}.documents SET data = jsonb_set(data, '{ssn}', to_jsonb(%s::text)) WHERE id = %s",
                   changed, id)  # fmt: skip
    with clinic.operate() as ctx, pytest.raises(SecretUnreadable):
        ctx.documents.get("clinic.patient", id)


def test_a_type_without_protected_fields_makes_no_keys(clinic):
    with clinic.operate() as ctx:
        ctx.documents.create("clinic.room", {"name": "a room"})
    assert clinic.execute("SELECT count(*) FROM {t}.cipher_keys") == [(0,)]
