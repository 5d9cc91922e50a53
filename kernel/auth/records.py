"""What the verbs of the room take and give. Nothing here shows a secret in its repr."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.auth.opaque import derive_refresh_key
from kernel.auth.passwords import Passwords
from kernel.tenancy.record import TenantRecord
from sdk.context import Actor

if TYPE_CHECKING:
    from kernel.parts import Parts


@dataclass(frozen=True, slots=True)
class Authority:
    """What credentials are made and checked with. Times to live in seconds.

    Made anew for each use, since the token secret changes. refresh_key: tells refresh tokens that were issued from
    made-up ones; without the installation's, a used token is refused but not told from those.
    """

    token_secret: str = field(repr=False)
    passwords: Passwords = field(default_factory=Passwords)
    access_token_ttl_s: int = 900
    refresh_token_ttl_s: int = 2_592_000
    refresh_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @classmethod
    def of(cls, kernel: Parts) -> Authority:
        settings = kernel.settings
        return cls(
            token_secret=kernel.token_keys.current(kernel.clock()),
            passwords=Passwords.of(settings),
            access_token_ttl_s=settings.access_token_ttl_s,
            refresh_token_ttl_s=settings.refresh_token_ttl_s,
            refresh_key=derive_refresh_key(kernel.installation.root_secret),
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sent a request. scopes: what a key is limited to, None without such a limit.

    authenticated_at, methods: when they last proved who they are in this session, and by what.
    """

    actor: Actor
    tenant: TenantRecord
    scopes: frozenset[str] | None = None
    session_id: str | None = None
    key_id: str | None = None
    authenticated_at: datetime | None = None
    methods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """state: `active` or `suspended`."""

    id: str
    tenant_id: str
    email: str
    name: str
    state: str
    created_at: datetime
    last_login_at: datetime | None = None

    @property
    def actor(self) -> Actor:
        return Actor(self.id, "user", self.email, self.name)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user with the password's hash and the tenant, as log-in looks them up."""

    user: User
    tenant: TenantRecord
    password_hash: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something came from, for the list of sessions and the record of events. actor_id: None for oneself."""

    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    actor_id: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a log-in or a refresh gives. expires_in_s: of the access token."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    session_id: str
    expires_in_s: int
    token_type: str = "Bearer"


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session that has not ended."""

    id: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    address: str | None
    user_agent: str | None
    methods: Sequence[str] = ()
    authenticated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    id: str
    user_id: str
    name: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key just made; `secret` is told this once."""

    key: ApiKey
    secret: str = field(repr=False)
