"""Identity providers of a tenant, and who their subjects are here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.db.unit_of_work import UnitOfWork
from kernel.oauth import provider_store as store
from kernel.oauth.errors import LinkTaken, LinkUnknown, ProviderInvalid, ProviderTaken, ProviderUnknown
from kernel.oauth.id_verification import SUBJECT_CHARACTERS_MAX
from kernel.oauth.outbound import Outbound
from kernel.oauth.provider_store import Link
from kernel.oauth.records import Provider
from kernel.secrets.envelope import open_sealed, seal
from sdk.errors import Violation

if TYPE_CHECKING:
    from kernel.parts import Parts

PURPOSE = "oidc_client_secret"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


def seal_secret(kernel: Parts, provider_id: str, secret: str | None) -> bytes | None:
    """As it is stored; call it with no transaction open, since it may wait for a key service."""
    return seal(kernel, PURPOSE, secret.encode(), provider_id) if secret else None


def open_secret(kernel: Parts, provider_id: str, sealed: bytes | None) -> str | None:
    """What was sealed; raises SecretUnreadable."""
    return open_sealed(kernel, PURPOSE, sealed, provider_id).decode() if sealed is not None else None


def add_provider(uow: UnitOfWork, outbound: Outbound, provider: Provider, sealed_secret: bytes | None) -> Provider:
    """Raises ProviderInvalid, ProviderTaken, ProviderAddressRefused. Nothing is called yet."""
    faults = list(_faults(provider))
    if faults:
        raise ProviderInvalid(violations=faults)
    outbound.check(provider.issuer)
    if not store.insert_provider(uow, provider, sealed_secret):
        raise ProviderTaken(name=provider.name)
    return provider


def get_provider(uow: UnitOfWork, tenant_id: str, name: str) -> Provider:
    """Raises ProviderUnknown."""
    return find_with_secret(uow, tenant_id, name)[0]


def find_with_secret(uow: UnitOfWork, tenant_id: str, name: str) -> tuple[Provider, bytes | None]:
    """And its sealed secret; raises ProviderUnknown."""
    found = store.find_provider(uow, tenant_id, name) if _NAME.fullmatch(name) else None
    if found is None:
        raise ProviderUnknown(name=name[:40])
    return found


def remove_provider(uow: UnitOfWork, tenant_id: str, name: str) -> None:
    """Nobody logs in with it any more; links stay, for the case that it comes back. Raises ProviderUnknown."""
    get_provider(uow, tenant_id, name)
    store.delete_provider(uow, tenant_id, name)


def link_subject(uow: UnitOfWork, provider: Provider, subject: str, user_id: str, now: datetime) -> None:
    """From now on that subject logs in as this user. Raises LinkTaken, ProviderInvalid."""
    if not subject.isprintable() or not 0 < len(subject) <= SUBJECT_CHARACTERS_MAX:
        expected = f"1 to {SUBJECT_CHARACTERS_MAX} printable characters"
        raise ProviderInvalid(violations=[Violation("/subject", "subject", "this is no subject", expected)])
    if not store.put_link(uow, provider.tenant_id, provider.issuer, subject, user_id, now):
        raise LinkTaken(subject=subject)


def list_links(uow: UnitOfWork, provider: Provider) -> list[Link]:
    return store.list_links(uow, provider.tenant_id, provider.issuer)


def unlink_subject(uow: UnitOfWork, provider: Provider, subject: str) -> None:
    """Raises LinkUnknown."""
    if not subject.isprintable() or not store.delete_link(uow, provider.tenant_id, provider.issuer, subject):
        raise LinkUnknown(subject=subject[:SUBJECT_CHARACTERS_MAX])


def _faults(provider: Provider) -> Iterator[Violation]:
    if not _NAME.fullmatch(provider.name):
        yield Violation("/name", "name", "the name stands in an address", "lower-case letters, digits, hyphens")
    for field, value in (("title", provider.title), ("client_id", provider.client_id)):
        if not value.isprintable() or not value.strip():
            yield Violation(f"/{field}", "text", f"the {field} is empty or has unprintable characters")
    if "?" in provider.issuer or "#" in provider.issuer:
        yield Violation("/issuer", "issuer", "an issuer has neither query nor fragment")
