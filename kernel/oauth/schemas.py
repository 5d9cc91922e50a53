"""Request bodies at the HTTP edge. Secrets do not show in a repr."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kernel.auth.schemas import NAME_LENGTH_MAX, Body

TEXTS_MAX = 100
URL_LENGTH_MAX = 2_000
SECRET_LENGTH_MAX = 1_000


class NewOAuthClient(Body):
    """user_id: whom the client acts as by client credentials."""

    name: str = Field(min_length=1, max_length=NAME_LENGTH_MAX)
    kind: Literal["public", "confidential"] = "confidential"
    redirect_uris: list[str] = Field(default_factory=list, max_length=TEXTS_MAX)
    grant_types: list[str] = Field(default=["authorization_code", "refresh_token"], max_length=TEXTS_MAX)
    scopes: list[str] = Field(max_length=TEXTS_MAX)
    resources: list[str] = Field(default_factory=list, max_length=TEXTS_MAX)
    user_id: str | None = Field(default=None, max_length=36)
    may_introspect: bool = False


class NewProvider(Body):
    """links_by_email and creates_users: for emails the provider says it has verified."""

    name: str = Field(max_length=40)
    title: str = Field(min_length=1, max_length=NAME_LENGTH_MAX)
    issuer: str = Field(max_length=URL_LENGTH_MAX)
    client_id: str = Field(min_length=1, max_length=NAME_LENGTH_MAX)
    client_secret: str | None = Field(default=None, min_length=1, max_length=SECRET_LENGTH_MAX, repr=False)
    links_by_email: bool = False
    creates_users: bool = False


class NewLink(Body):
    """subject: what the provider calls the user, its `sub`."""

    subject: str = Field(min_length=1, max_length=255)
    user_id: str = Field(max_length=36)
