"""Encrypted fields in the fake: in the clear for code, found by equality, and no order to sort by."""

import json

import pytest

from sdk.expressions import InvalidExpression
from sdk.testing import FakeKernel

MANIFEST = 'name = "clinic"\nversion = "1.0.0"\ntitle = "Clinic"\n[requires]\nsdk = ">=0"\n'
TEXT = {"type": "string"}


@pytest.fixture
def ctx(tmp_path):
    folder = tmp_path / "clinic"
    (folder / "schemas").mkdir(parents=True)
    (folder / "applet.toml").write_text(MANIFEST)
    fields = {"ssn": {**TEXT, "x-encrypted": True, "x-unique": True}, "name": {**TEXT, "x-personal": True}}
    (folder / "schemas" / "patient.json").write_text(json.dumps({"properties": fields}))
    with FakeKernel(folder).transaction() as opened:
        yield opened


def test_an_encrypted_field_is_found_by_equality_and_not_sorted_by(ctx):
    made = ctx.documents.create("clinic.patient", {"ssn": "1", "name": "Jane"})
    assert ctx.documents.find("clinic.patient", ssn="1").id == made.id
    assert made["name"] == "Jane"
    with pytest.raises(InvalidExpression, match="ssn is encrypted"):
        ctx.documents.query("clinic.patient", sort=["ssn"])
