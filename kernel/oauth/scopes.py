"""Scopes: those of API keys, and the few of OpenID Connect, which tell who somebody is and permit nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kernel.oauth.refusals import Refusal
from kernel.permissions.limits import SCOPES_MAX

OPENID = "openid"
PROFILE = "profile"
EMAIL = "email"
IDENTITY_SCOPES = (OPENID, PROFILE, EMAIL)
EVERYTHING = "*"
# They stand in each token, and tokens in a header.
SCOPE_CHARACTERS_MAX = 4_000


def permission_scopes(scopes: Iterable[str]) -> list[str]:
    """Those that say what may be done."""
    return [scope for scope in scopes if scope not in IDENTITY_SCOPES]


def covers(allowed: str, wanted: str) -> bool:
    """Whether one scope permits all that another one does."""
    if allowed == wanted:
        return True
    if wanted in IDENTITY_SCOPES or wanted == EVERYTHING:
        return False
    if allowed == EVERYTHING:
        return True
    (resource, _, verb), (asked, _, action) = allowed.partition(":"), wanted.partition(":")
    is_inside = resource == asked or (resource.endswith("*") and asked.startswith(resource[:-1]))
    return is_inside and verb in (EVERYTHING, action)


def narrow(allowed: Sequence[str], wanted: str | None) -> tuple[str, ...]:
    """The scopes a request asks for, each within what is allowed; all that is allowed when it names none.

    Raises Refusal invalid_scope.
    """
    asked = tuple(dict.fromkeys((wanted or "").split(" "))) if wanted else tuple(allowed)
    if len(asked) > SCOPES_MAX or len(" ".join(asked)) > SCOPE_CHARACTERS_MAX:
        raise Refusal("invalid_scope", "these are too many scopes for one token")
    if not all(any(covers(scope, one) for scope in allowed) for one in asked):
        raise Refusal("invalid_scope", "the client may not ask for one of these scopes")
    return asked
