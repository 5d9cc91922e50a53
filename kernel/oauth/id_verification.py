"""Whether an ID token is what it must be (OpenID Connect Core 1.0, section 3.1.3.7)."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.lazy import LazyModule
from kernel.oauth.errors import ExternalLogInFailed
from kernel.oauth.id_tokens import hash_half

jwk = LazyModule("joserfc.jwk")
jwt = LazyModule("joserfc.jwt")
jws = LazyModule("joserfc.jws")
jose = LazyModule("joserfc.errors")

# Signatures by keys only the provider has: never `none`, never an HMAC, whatever the token says of itself.
ALGORITHMS = ("RS256", "PS256", "ES256")
CLOCK_SKEW_S_MAX = 60
SUBJECT_CHARACTERS_MAX = 255
ID_TOKEN_CHARACTERS_MAX = 16_384

# The keys there are; asked with True when the key wanted was not among them.
Keys = Callable[[bool], Sequence[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token must say."""

    issuer: str
    client_id: str
    nonce: str


def verify_id_token(
    token: object, keys: Keys, expected: Expected, access_token: object, now: datetime
) -> dict[str, Any]:
    """Its claims. Raises ExternalLogInFailed, saying what is wrong with it."""
    if not isinstance(token, str) or not 0 < len(token) <= ID_TOKEN_CHARACTERS_MAX:
        raise ExternalLogInFailed(reason="it sent no ID token")
    claims = _verify_signature(token, keys)
    faults = [fault for fault, holds in _checks(claims, expected, access_token, now.timestamp()) if not holds]
    if faults:
        raise ExternalLogInFailed(reason=f"its ID token has {faults[0]}")
    return claims


def _verify_signature(token: str, keys: Keys) -> dict[str, Any]:
    try:
        header = jws.extract_compact(token.encode()).headers()
        if header.get("alg") not in ALGORITHMS:
            raise ExternalLogInFailed(reason="its ID token is signed in a way that is not accepted")
        key = _choose(keys(False), header) or _choose(keys(True), header)
        if key is None:
            raise ExternalLogInFailed(reason="its ID token is signed with a key it does not publish")
        claims = jwt.decode(token, key, algorithms=list(ALGORITHMS)).claims
    except (jose.JoseError, ValueError, TypeError, KeyError, RecursionError):
        # The last for JSON that nests without end.
        raise ExternalLogInFailed(reason="the signature of its ID token is not good") from None
    if not isinstance(claims, dict):
        raise ExternalLogInFailed(reason="its ID token holds no claims")
    return claims


def _choose(published: Sequence[dict[str, Any]], header: dict[str, Any]) -> Any:
    """The key the token names; without a name the only one there is."""
    fitting = [key for key in published if key.get("use", "sig") == "sig" and key.get("kty") in ("RSA", "EC")]
    if "kid" in header:
        fitting = [key for key in fitting if key.get("kid") == header["kid"]]
    if len(fitting) != 1:
        return None
    # Some providers send a null for what they do not say.
    return jwk.import_key({name: value for name, value in fitting[0].items() if value is not None})


def _checks(claims: dict[str, Any], expected: Expected, access_token: object, now: float) -> Sequence[tuple[str, bool]]:
    audience, subject = claims.get("aud"), claims.get("sub")
    audiences = audience if isinstance(audience, list) else [audience]
    azp = claims.get("azp", expected.client_id if len(audiences) == 1 else None)
    at_hash = claims.get("at_hash")
    return (
        ("another issuer", claims.get("iss") == expected.issuer),
        ("another audience", expected.client_id in audiences),
        ("another authorized party", azp == expected.client_id),
        ("another nonce", _is_same(claims.get("nonce"), expected.nonce)),
        ("expired", _is_time(claims.get("exp")) and claims["exp"] > now - CLOCK_SKEW_S_MAX),
        ("a time of issue in the future", _is_time(claims.get("iat")) and claims["iat"] < now + CLOCK_SKEW_S_MAX),
        (
            "no subject",
            isinstance(subject, str) and 0 < len(subject) <= SUBJECT_CHARACTERS_MAX and subject.isprintable(),
        ),
        ("another access token", at_hash is None or _is_same(at_hash, _hash(access_token))),
    )


def _is_same(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _hash(access_token: object) -> str:
    return hash_half(access_token) if isinstance(access_token, str) and access_token.isascii() else ""
