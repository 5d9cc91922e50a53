"""Keys that sign ID tokens (RS256, which every OpenID client knows), made when first needed, published as a JWK set."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson

from kernel.db.unit_of_work import UnitOfWork
from kernel.lazy import LazyModule
from kernel.oauth import store
from kernel.oauth.records import Server
from kernel.secrets.envelope import open_sealed, seal

jwk = LazyModule("joserfc.jwk")
jwt = LazyModule("joserfc.jwt")

ALGORITHM = "RS256"
KEY_BITS = 2048
PURPOSE = "oauth_signing_key"
# Long enough for what was signed with a retired key, and for relying parties that cache the set.
RETIRED_KEYS_PUBLISHED_FOR = timedelta(days=1)


def sign(uow: UnitOfWork, server: Server, claims: dict[str, Any], now: datetime) -> str:
    """A JWT signed with the key in use; the first one makes the key."""
    key = _signing_key(uow, server, now)
    signed: str = jwt.encode({"alg": ALGORITHM, "typ": "JWT", "kid": key.kid}, claims, key, algorithms=[ALGORITHM])
    return signed


def publish_keys(uow: UnitOfWork, server: Server, now: datetime) -> dict[str, Any]:
    """The JWK set (RFC 7517): public halves only."""
    _signing_key(uow, server, now)
    return {"keys": store.list_public_keys(uow, now - RETIRED_KEYS_PUBLISHED_FOR)}


def rotate_keys(uow: UnitOfWork, server: Server, now: datetime) -> str:
    """Sign with a new key from now on; its id. The old one stays published for a day."""
    store.hold_keys(uow)
    store.retire_keys(uow, now)
    return _make_key(uow, server, now)


def _signing_key(uow: UnitOfWork, server: Server, now: datetime) -> Any:
    found = store.find_signing_key(uow)
    if found is None:
        store.hold_keys(uow)
        if store.find_signing_key(uow) is None:
            _make_key(uow, server, now)
        found = store.find_signing_key(uow)
    assert found is not None
    id, sealed = found
    return jwk.RSAKey.import_key(orjson.loads(open_sealed(server.parts, PURPOSE, sealed, id)))


def _make_key(uow: UnitOfWork, server: Server, now: datetime) -> str:
    key = jwk.RSAKey.generate_key(KEY_BITS, {"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True)
    id: str = key.kid
    sealed = seal(server.parts, PURPOSE, orjson.dumps(key.as_dict(private=True)), id)
    store.insert_key(uow, id, sealed, key.as_dict(private=False), now)
    return id
