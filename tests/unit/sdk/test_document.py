from datetime import UTC, datetime
from decimal import Decimal

import pytest

from sdk.document import SYSTEM_FIELDS, Document


@pytest.fixture
def document():
    return Document("1", "shop.order", {"total": Decimal("5.00"), "lines": [{"amount": Decimal(5)}]}, state="draft")


def test_a_document_is_a_mapping_of_its_fields(document):
    assert (document["total"], document.get("missing"), len(document)) == (Decimal("5.00"), None, 2)
    assert "total" in document
    assert list(document) == ["total", "lines"]
    with pytest.raises(KeyError):
        document["id"]


def test_a_field_set_to_none_is_absent(document):
    document["total"] = None
    document["never"] = None
    assert dict(document) == {"lines": [{"amount": Decimal(5)}]}


def test_system_values_are_attributes_and_no_fields(document):
    assert (document.id, document.state, document.version) == ("1", "draft", 0)
    document["note"] = "x"
    assert document.fields["note"] == "x"


def test_a_copy_is_not_reached_by_later_changes(document):
    copy = document.copy()
    document["lines"][0]["amount"] = Decimal(9)
    document.state = "posted"
    assert (copy["lines"], copy.state) == ([{"amount": Decimal(5)}], "draft")


def test_expressions_may_name_fields_and_system_values(document):
    scope = document.scope()
    assert set(scope) == {"total", "lines", *SYSTEM_FIELDS}
    assert (scope["type"], scope["state"], scope["number"]) == ("shop.order", "draft", None)


def test_a_document_is_deleted_once_it_has_the_moment(document):
    assert not document.is_deleted
    document.deleted_at = datetime(2026, 1, 1, tzinfo=UTC)
    assert document.is_deleted


def test_documents_compare_as_mappings_of_their_fields(document):
    assert document == document.copy() == {"total": Decimal("5.00"), "lines": [{"amount": Decimal(5)}]}
    assert document != {"total": Decimal("5.00")}
