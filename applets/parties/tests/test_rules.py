"""Codes, tax ids and addresses, by table."""

import pytest

from applets.parties.errors import DefaultAddressAmbiguous, TaxIdDuplicate
from applets.parties.rules import check_default_addresses, normalize_code, normalize_tax_ids, normalize_tax_number


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("de 123.456-789", "DE123456789"), ("12/345/6789", "123456789"), ("XX1", "XX1"), (" fr 12 ", "FR12")],
)
def test_tax_numbers_have_one_spelling(typed, kept):
    assert normalize_tax_number(typed) == kept


def test_codes_lose_the_spaces_around_them():
    assert normalize_code("  C 1 ") == "C 1"


def test_the_same_tax_id_in_two_spellings_is_refused():
    with pytest.raises(TaxIdDuplicate) as refused:
        normalize_tax_ids([{"kind": "vat", "number": "DE 1"}, {"kind": "vat", "number": "de-1"}])
    assert refused.value.code == "tax_id_duplicate"


def test_one_number_of_two_kinds_is_two_tax_ids():
    kept = normalize_tax_ids([{"kind": "vat", "number": "1 2"}, {"kind": "national", "number": "12"}])
    assert kept == [{"kind": "vat", "number": "12"}, {"kind": "national", "number": "12"}]


@pytest.mark.parametrize(
    "addresses",
    [
        [],
        [{"kind": "billing", "is_default": True}, {"kind": "shipping", "is_default": True}],
        [{"kind": "billing", "is_default": True}, {"kind": "billing"}],
    ],
)
def test_one_default_address_of_a_kind_is_right(addresses):
    check_default_addresses(addresses)


@pytest.mark.parametrize(
    "addresses",
    [
        [{"kind": "shipping", "is_default": True}, {"kind": "shipping", "is_default": True}],
        [{"is_default": True}, {"kind": "billing", "is_default": True}],
    ],
)
def test_two_default_addresses_of_a_kind_are_refused(addresses):
    with pytest.raises(DefaultAddressAmbiguous) as refused:
        check_default_addresses(addresses)
    assert refused.value.code == "default_address_ambiguous"
