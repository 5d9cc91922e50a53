"""Request bodies at the HTTP edge. Passwords do not show in a repr."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from kernel.auth.passwords import LENGTH_MAX
from kernel.auth.proofs import Proof

NAME_LENGTH_MAX = 200
EMAIL_LENGTH_MAX = 254
TOKEN_LENGTH_MAX = 200
CODE_LENGTH_MAX = 40


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


class ResetPassword(Body):
    token: str = Field(max_length=TOKEN_LENGTH_MAX, repr=False)
    password: str = Field(max_length=LENGTH_MAX, repr=False)


class SecondFactor(Body):
    """One of: a code of an authenticator app, a recovery code, a passkey's answer."""

    challenge: str = Field(max_length=TOKEN_LENGTH_MAX, repr=False)
    code: str | None = Field(default=None, max_length=CODE_LENGTH_MAX, repr=False)
    recovery_code: str | None = Field(default=None, max_length=CODE_LENGTH_MAX, repr=False)
    credential: dict[str, Any] | None = None

    @model_validator(mode="after")
    def has_one_proof(self) -> Self:
        _require_one(code=self.code, recovery_code=self.recovery_code, credential=self.credential)
        return self

    @property
    def proof(self) -> Proof:
        return Proof(code=self.code, recovery_code=self.recovery_code, credential=self.credential)


class StepUp(Body):
    """One proof. challenge: the one a passkey has answered; the password counts without any second factor only."""

    challenge: str | None = Field(default=None, max_length=TOKEN_LENGTH_MAX, repr=False)
    password: str | None = Field(default=None, max_length=LENGTH_MAX, repr=False)
    code: str | None = Field(default=None, max_length=CODE_LENGTH_MAX, repr=False)
    recovery_code: str | None = Field(default=None, max_length=CODE_LENGTH_MAX, repr=False)
    credential: dict[str, Any] | None = None

    @model_validator(mode="after")
    def has_one_proof(self) -> Self:
        proof = self.proof
        _require_one(
            password=proof.password, code=proof.code, recovery_code=proof.recovery_code, credential=proof.credential
        )
        return self

    @property
    def proof(self) -> Proof:
        return Proof(self.password, self.code, self.recovery_code, self.credential)


class PasskeyLogIn(Body):
    challenge: str = Field(max_length=TOKEN_LENGTH_MAX, repr=False)
    credential: dict[str, Any]


class NewTotp(Body):
    name: str = Field(default="Authenticator app", min_length=1, max_length=NAME_LENGTH_MAX)


class ConfirmTotp(Body):
    code: str = Field(max_length=CODE_LENGTH_MAX, repr=False)


class NewPasskey(Body):
    challenge: str = Field(max_length=TOKEN_LENGTH_MAX, repr=False)
    name: str = Field(default="Passkey", min_length=1, max_length=NAME_LENGTH_MAX)
    credential: dict[str, Any]


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


def _require_one(**proofs: Any) -> None:
    if sum(proof is not None for proof in proofs.values()) != 1:
        raise ValueError(f"give one of {', '.join(proofs)}")
