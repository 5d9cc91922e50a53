"""What the verbs of the room take and give. Nothing here shows a secret in its repr."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.auth.records import User
from kernel.oauth.derived import derive_key
from kernel.oauth.issuer import issuer_of
from kernel.tenancy.record import TenantRecord

if TYPE_CHECKING:
    from kernel.parts import Parts

CODE_GRANT = "authorization_code"
REFRESH_GRANT = "refresh_token"
CREDENTIALS_GRANT = "client_credentials"
GRANT_TYPES = (CODE_GRANT, REFRESH_GRANT, CREDENTIALS_GRANT)
CONFIDENTIAL = "confidential"


def access_key_of(kernel: Parts) -> bytes:
    """The key access tokens are signed with; nothing but those."""
    return derive_key(kernel, "access tokens")


@dataclass(frozen=True, slots=True)
class Server:
    """What tokens are made with: the issuer's URL, keys for one purpose each, times to live in seconds."""

    parts: Parts = field(repr=False)
    issuer: str
    access_key: bytes = field(repr=False)
    refresh_key: bytes = field(repr=False)
    access_token_ttl_s: int = 900
    refresh_token_ttl_s: int = 2_592_000

    @classmethod
    def of(cls, kernel: Parts) -> Server:
        return cls(
            kernel,
            issuer_of(kernel.settings),
            access_key_of(kernel),
            derive_key(kernel, "refresh tokens"),
            kernel.settings.access_token_ttl_s,
            kernel.settings.refresh_token_ttl_s,
        )


@dataclass(frozen=True, slots=True)
class Client:
    """A program that may ask for tokens. user_id: whom it acts as by client credentials.

    kind: `public` (cannot keep a secret) or `confidential`. resources: other services it may ask tokens for.
    """

    id: str
    tenant_id: str
    name: str
    kind: str
    redirect_uris: Sequence[str]
    grant_types: Sequence[str]
    scopes: Sequence[str]
    resources: Sequence[str]
    user_id: str | None
    may_introspect: bool
    created_at: datetime
    created_by: str

    @property
    def is_confidential(self) -> bool:
        return self.kind == CONFIDENTIAL


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client with the hash of its secret and its tenant, as endpoints look it up."""

    client: Client
    tenant: TenantRecord
    secret_hash: bytes | None = field(repr=False)
    revoked_at: datetime | None

    @property
    def is_active(self) -> bool:
        return self.revoked_at is None and self.tenant.state == "active"


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client just registered, or given a new secret; `secret` is told this once, None for a public one."""

    client: Client
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user let a client do: one row for a code and all tokens that came of it."""

    id: str
    client_id: str
    user_id: str
    grant_type: str
    scopes: Sequence[str]
    resource: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    authenticated_at: datetime | None = None
    nonce: str | None = None
    redirect_uri: str | None = None
    code_challenge: str | None = None
    code_hash: bytes | None = field(default=None, repr=False)
    code_used_at: datetime | None = None
    refresh_hash: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class KnownGrant:
    """A grant with all that decides whether it is still good."""

    grant: Grant
    user: User
    tenant: TenantRecord
    client_revoked_at: datetime | None

    def is_active(self, now: datetime) -> bool:
        grant, states = self.grant, (self.user.state, self.tenant.state)
        is_over = grant.revoked_at or self.client_revoked_at or grant.expires_at <= now
        return not is_over and states == ("active", "active")


@dataclass(frozen=True, slots=True)
class Consent:
    """What a user has allowed a client, for the list of consents."""

    client_id: str
    client_name: str
    scopes: Sequence[str]
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider users of a tenant may log in with.

    links_by_email: an email the provider has verified finds the user the first time. creates_users: who is not there
    is made, without any role.
    """

    id: str
    tenant_id: str
    name: str
    title: str
    issuer: str
    client_id: str
    has_secret: bool
    links_by_email: bool
    creates_users: bool
    created_at: datetime
