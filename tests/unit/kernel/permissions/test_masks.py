"""Fields that are hidden, and from whom."""

import pytest

from kernel.permissions import Grant, compile_permissions
from tests.unit.kernel.permissions.cases import ME, ORDER, SCOPE, A, B, may, order, permit, roles

SELLER = may("sales.order", "read", "update", mask=["margin", "discount"])
OWN = may("sales.order", "read", condition="owner == actor.id", mask=["margin"])


def test_without_masks_nothing_is_hidden():
    assert permit(may("sales.order", "read")).mask(ORDER, "read", order(), SCOPE) == frozenset()


def test_a_permission_hides_the_fields_it_masks_for_its_actions_only():
    permissions = permit(SELLER, may("sales.order", "create"))
    assert permissions.mask(ORDER, "read", order(), SCOPE) == {"margin", "discount"}
    assert permissions.mask(ORDER, "update", order(), SCOPE) == {"margin", "discount"}
    assert permissions.mask(ORDER, "create") == frozenset()


def test_a_field_is_hidden_only_where_every_permission_that_applies_hides_it():
    permissions = permit(SELLER, OWN)
    assert permissions.mask(ORDER, "read", order(owner="x"), SCOPE) == {"margin", "discount"}
    assert permissions.mask(ORDER, "read", order(owner=ME), SCOPE) == {"margin"}


def test_the_mask_follows_the_company_a_document_belongs_to():
    made = roles(**{"x.seller": ((SELLER,), ()), "x.boss": ((may("sales.order", "read"),), ())})
    permissions = compile_permissions(made, [Grant("1", "x.seller"), Grant("2", "x.boss", (B,))])
    assert permissions.mask(ORDER, "read", order(A), SCOPE) == {"margin", "discount"}
    assert permissions.mask(ORDER, "read", order(B), SCOPE) == frozenset()


@pytest.mark.parametrize(
    ("permissions", "hidden"),
    [
        ([SELLER], {"margin", "discount"}),
        # What always applies already shows: no document can hide more.
        ([SELLER, may("sales.order", "read")], set()),
        ([may("sales.order", "read", mask=["margin"]), SELLER], {"margin"}),
        # Either of them may be the only one that applies to some document.
        ([OWN, may("sales.order", "read", condition="total > 5", mask=["discount"])], {"margin", "discount"}),
        ([SELLER, OWN], {"margin", "discount"}),
    ],
)
def test_for_lists_a_field_counts_as_hidden_if_it_is_hidden_in_any_document(permissions, hidden):
    assert permit(*permissions).mask(ORDER, "read") == hidden


def test_what_no_permission_allows_hides_nothing_as_it_shows_nothing():
    assert permit().mask(ORDER, "read", order(), SCOPE) == frozenset()


def test_a_mask_inside_a_field_hides_the_whole_field():
    assert permit(may("sales.order", "read", mask=["lines.cost"])).mask(ORDER, "read") == {"lines"}
