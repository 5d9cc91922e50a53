"""Request bodies at the HTTP edge. Passwords do not show in a repr."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kernel.auth.passwords import LENGTH_MAX

NAME_LENGTH_MAX = 200
EMAIL_LENGTH_MAX = 254
TOKEN_LENGTH_MAX = 200


class Body(BaseModel):
    """Unknown members are refused, so that a misspelt one is told."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class LogIn(Body):
    tenant: str = Field(max_length=40)
    email: str = Field(max_length=EMAIL_LENGTH_MAX)
    password: str = Field(max_length=LENGTH_MAX, repr=False)


class Refresh(Body):
    refresh_token: str = Field(max_length=TOKEN_LENGTH_MAX, repr=False)


class ChangePassword(Body):
    current: str = Field(max_length=LENGTH_MAX, repr=False)
    new: str = Field(max_length=LENGTH_MAX, repr=False)


class NewUser(Body):
    """Without a password the user can be acted for by API keys only."""

    email: str = Field(max_length=EMAIL_LENGTH_MAX)
    name: str = Field(default="", max_length=NAME_LENGTH_MAX)
    password: str | None = Field(default=None, max_length=LENGTH_MAX, repr=False)


class UserChange(Body):
    """What is left out stays as it is."""

    name: str | None = Field(default=None, max_length=NAME_LENGTH_MAX)
    state: Literal["active", "suspended"] | None = None
    password: str | None = Field(default=None, max_length=LENGTH_MAX, repr=False)


class NewKey(Body):
    """user_id: for whom, the caller if left out."""

    name: str = Field(min_length=1, max_length=NAME_LENGTH_MAX)
    scopes: list[str] = Field(max_length=100)
    expires_at: AwareDatetime | None = None
    user_id: str | None = Field(default=None, max_length=36)


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """The body in the API's description; it is read from the request itself, not by the framework."""
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}
