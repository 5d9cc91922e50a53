"""Pure rules of parties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .errors import DefaultAddressAmbiguous, TaxIdDuplicate

DEFAULT_KIND = "billing"
_PUNCTUATION = str.maketrans("", "", " .-/")


def normalize_code(text: str) -> str:
    """Codes are typed by people: spaces around them mean nothing."""
    return text.strip()


def normalize_tax_number(text: str) -> str:
    """`de 123.456-789` and `DE123456789` are the same number."""
    return text.translate(_PUNCTUATION).upper()


def normalize_tax_ids(tax_ids: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Tax ids with their numbers in one spelling; raises TaxIdDuplicate."""
    normal = [{**tax_id, "number": normalize_tax_number(tax_id["number"])} for tax_id in tax_ids]
    seen = set()
    for tax_id in normal:
        key = (tax_id.get("kind"), tax_id.get("country"), tax_id["number"])
        if key in seen:
            raise TaxIdDuplicate(number=tax_id["number"])
        seen.add(key)
    return normal


def check_default_addresses(addresses: Iterable[Mapping[str, Any]]) -> None:
    """At most one default address of each kind; raises DefaultAddressAmbiguous."""
    kinds = [address.get("kind", DEFAULT_KIND) for address in addresses if address.get("is_default")]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise DefaultAddressAmbiguous(address_kind=kind)
