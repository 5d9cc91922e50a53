"""`Idempotency-Key`: a request sent again gets the answer of the first, which took effect once
(draft-ietf-httpapi-idempotency-key-header).

The key is noted in the transaction of the request itself, so the note and the effect are there together or not at
all; an error leaves neither, and the request may be sent again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from fastapi import Request

from kernel.auth.records import Identity
from kernel.db.unit_of_work import UnitOfWork
from kernel.http.errors import IdempotencyKeyReused, InvalidHeader
from kernel.http.exchange import exchange_of
from kernel.parts import Parts
from kernel.secrets.envelope import open_sealed, seal

HEADER = "idempotency-key"
REPLAYED = "idempotency-replayed"
KEPT = timedelta(hours=24)
FORGOTTEN_AT_ONCE = 10_000
KEY_CHARACTERS_MAX = 255
_KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_CHARACTERS_MAX}}}")
_PURPOSE = "idempotent_answer"
_MEDIA_TYPE = "media_type"

# Waits while another transaction holds the same key. Over an answer that has expired a new one is written.
_CLAIM = """
INSERT INTO {t}.idempotency AS i (caller, key, fingerprint, created_at) VALUES (%(caller)s, %(key)s, %(print)s, %(now)s)
ON CONFLICT (caller, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, created_at = EXCLUDED.created_at
   WHERE i.created_at <= %(expired)s
RETURNING true
"""
_READ = "SELECT fingerprint, status, headers, body FROM {t}.idempotency WHERE caller = %s AND key = %s"
_ANSWER = "UPDATE {t}.idempotency SET status = %s, headers = %s::jsonb, body = %s WHERE caller = %s AND key = %s"
_FORGET = """
DELETE FROM {t}.idempotency WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM {t}.idempotency WHERE created_at <= %s ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED))
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: body as bytes on the wire."""

    body: bytes
    status: int
    headers: Mapping[str, str]
    media_type: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A key as one caller has sent it with one request."""

    kernel: Parts
    caller: str
    key: str
    fingerprint: bytes

    def take(self, uow: UnitOfWork) -> Answer | None:
        """The answer given before, or None when the request is to be carried out. Raises IdempotencyKeyReused."""
        now = self.kernel.clock()
        values = {
            "caller": self.caller, "key": self.key, "print": self.fingerprint, "now": now, "expired": now - KEPT,
        }  # fmt: skip
        if uow.execute(_CLAIM, values).fetchone():
            return None
        fingerprint, status, headers, sealed = uow.execute(_READ, [self.caller, self.key]).fetchall()[0]
        if bytes(fingerprint) != self.fingerprint:
            raise IdempotencyKeyReused(key=self.key)
        body = open_sealed(self.kernel, _PURPOSE, bytes(sealed), self.caller, self.key)
        media_type = headers.pop(_MEDIA_TYPE)
        return Answer(body, status, {**headers, REPLAYED: "true"}, media_type)

    def keep(self, uow: UnitOfWork, answer: Answer) -> None:
        """Note the answer beside the key, before the commit. Sealed: an answer may hold what is stored encrypted."""
        headers = orjson.dumps({**answer.headers, _MEDIA_TYPE: answer.media_type}).decode()
        sealed = seal(self.kernel, _PURPOSE, answer.body, self.caller, self.key)
        uow.execute(_ANSWER, [answer.status, headers, sealed, self.caller, self.key])


def read_claim(request: Request, kernel: Parts, identity: Identity) -> Claim | None:
    """The key of a request; None without one. Raises InvalidHeader."""
    sent = request.headers.get(HEADER)
    if sent is None:
        return None
    if not _KEY.fullmatch(sent):
        expected = f"1 to {KEY_CHARACTERS_MAX} visible ASCII characters, e.g. a UUID"
        raise InvalidHeader(header="Idempotency-Key", expected=expected)
    return Claim(kernel, _caller(identity), sent, _fingerprint(request))


def forget_answers(uow: UnitOfWork, now: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Remove answers nobody is given any more, so many at most; how many."""
    return uow.execute(_FORGET, [now - KEPT, limit]).rowcount


def _caller(identity: Identity) -> str:
    """The user, and within which scopes: what one token was answered is more than a narrower one may be told."""
    if identity.scopes is None:
        return identity.actor.id
    digest = hashlib.sha256("\n".join(sorted(identity.scopes)).encode()).hexdigest()
    return f"{identity.actor.id} {digest}"


def _fingerprint(request: Request) -> bytes:
    """What must be the same: method, path, query, the version that was meant, and every byte of the body."""
    digest = hashlib.sha256()
    parts = (request.method, request.url.path, request.url.query, request.headers.get("if-match", ""))
    for part in (*(text.encode() for text in parts), exchange_of(request).body):
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.digest()
