"""x-encrypted, x-personal, x-subject: what is understood, and which combinations are refused when a type is loaded."""

import pytest

from sdk.schema import DocumentType
from sdk.schema.document_type import InvalidDocumentType

TEXT = {"type": "string"}


def load(properties, **keys):
    return DocumentType.from_schema("clinic.patient", {"properties": properties, **keys})


def faults_of(properties, **keys):
    with pytest.raises(InvalidDocumentType) as refused:
        load(properties, **keys)
    return {(violation.pointer, violation.rule): violation for violation in refused.value.violations}


def test_a_type_without_protected_fields_is_not_protected():
    type = load({"name": TEXT})
    assert (type.is_protected, type.encrypted, type.personal, type.subject) == (False, (), (), "id")


def test_encrypted_and_personal_fields_are_known_at_any_depth():
    type = load(
        {
            "ssn": {**TEXT, "x-encrypted": True, "x-unique": True, "x-personal": "identity"},
            "home": {"type": "object", "properties": {"street": {**TEXT, "x-personal": True}}},
            "phones": {"type": "array", "items": {**TEXT, "x-personal": "contact"}},
            "kin": {"type": "array", "items": {"type": "object", "properties": {"name": {**TEXT, "x-personal": True}}}},
        }
    )
    assert [field.path for field in type.encrypted] == ["ssn"]
    assert {field.path: field.personal for field in type.personal} == {
        "ssn": "identity",
        "home.street": "personal",
        "phones": "contact",
        "kin.name": "personal",
    }


@pytest.mark.parametrize(
    "field",
    [
        TEXT,
        {"format": "email"},
        {"format": "date"},
        {"format": "date-time"},
        {"type": "integer"},
        {"x-decimal": {"scale": 2}},
        {"format": "uuid"},
    ],
)
def test_every_kind_of_single_value_but_a_boolean_may_be_encrypted(field):
    assert load({"secret": {**field, "x-encrypted": True}}).encrypted[0].path == "secret"


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ({**TEXT, "x-index": True}, "x-index"),
        ({**TEXT, "x-search": True}, "x-search"),
        ({"x-link": "clinic.patient"}, "x-link"),
        ({**TEXT, "x-computed": "name"}, "x-computed"),
        ({"type": "boolean"}, "boolean"),
    ],
)
def test_what_would_tell_an_encrypted_value_is_refused(field, told):
    faults = faults_of({"name": TEXT, "secret": {**field, "x-encrypted": True}})
    assert told in faults["/properties/secret/x-encrypted", "misplaced_key"].message


def test_an_encrypted_title_is_refused():
    faults = faults_of({"secret": {**TEXT, "x-encrypted": True}}, **{"x-title": "secret"})
    assert "title" in faults["/properties/secret/x-encrypted", "misplaced_key"].message


def test_an_encrypted_field_of_documents_kept_in_memory_is_refused():
    faults = faults_of({"secret": {**TEXT, "x-encrypted": True}}, **{"x-cached": True})
    assert "memory" in faults["/properties/secret/x-encrypted", "misplaced_key"].message


def test_an_encrypted_date_of_a_number_is_refused():
    number = {"series": "P-{year}-{number}", "date": "born_on"}
    faults = faults_of({"born_on": {"format": "date", "x-encrypted": True}}, **{"x-number": number})
    assert "number" in faults["/properties/born_on/x-encrypted", "misplaced_key"].message


def test_an_encrypted_field_in_an_array_is_refused():
    items = {"type": "object", "properties": {"iban": {**TEXT, "x-encrypted": True}}}
    assert faults_of({"accounts": {"type": "array", "items": items}})


@pytest.mark.parametrize("key", ["x-encrypted", "x-personal"])
def test_a_whole_object_is_not_protected_but_its_fields(key):
    faults = faults_of({"home": {"type": "object", "properties": {"street": TEXT}, key: True}})
    assert ("/properties/home", "misplaced_key") in faults


def test_what_is_computed_from_an_encrypted_value_is_refused():
    faults = faults_of({"ssn": {**TEXT, "x-encrypted": True}, "last": {**TEXT, "x-computed": "lower(ssn)"}})
    assert ("/properties/last/x-computed", "protected") in faults


def test_what_is_computed_from_a_personal_value_has_to_be_personal_too():
    name, copy = {**TEXT, "x-personal": "name"}, {**TEXT, "x-computed": "lower(name)"}
    assert ("/properties/copy/x-computed", "protected") in faults_of({"name": name, "copy": copy})
    assert load({"name": name, "copy": {**copy, "x-personal": "name"}}).is_protected


def test_a_personal_link_is_refused():
    faults = faults_of({"boss": {"x-link": "clinic.patient", "x-personal": True}})
    assert ("/properties/boss/x-personal", "misplaced_key") in faults


def test_the_subject_is_the_document_or_what_a_link_at_the_top_points_to():
    fields = {"patient": {"x-link": "clinic.patient"}, "note": {**TEXT, "x-personal": "health"}}
    assert load(fields, **{"x-subject": "patient"}).subject == "patient"
    assert load(fields).subject == "id"
    fault = faults_of(fields, **{"x-subject": "pateint"})["/x-subject", "unknown_field"]
    assert "patient" in fault.expected


def test_a_subject_without_personal_fields_is_refused():
    assert ("/x-subject", "misplaced_key") in faults_of({"name": TEXT}, **{"x-subject": "id"})


@pytest.mark.parametrize("value", [False, "Contact", "", 1, None])
def test_a_category_is_true_or_a_name(value):
    assert ("/properties/name/x-personal", "enum") in faults_of({"name": {**TEXT, "x-personal": value}})
