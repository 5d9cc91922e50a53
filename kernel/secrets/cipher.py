"""AES-256-GCM (NIST SP 800-38D) with random nonces, and what a ciphertext is bound to."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from kernel.lazy import LazyModule

_aead = LazyModule("cryptography.hazmat.primitives.ciphers.aead")
_exceptions = LazyModule("cryptography.exceptions")

KEY_BYTES = 32
# SP 800-38D, 8.2.2: random nonces of 96 bits are good for 2^32 messages of one key.
NONCE_BYTES = 12
TAG_BYTES = 16


class DoesNotOpen(Exception):
    """The ciphertext, its key or what it was bound to is not what it was. Callers turn it into an error with words."""


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def bind(*parts: str) -> bytes:
    """Associated data: every part with its length before it, so that no two lists of parts look alike."""
    return b"".join(len(encoded).to_bytes(4, "big") + encoded for encoded in (part.encode() for part in parts))


def encrypt(key: bytes, plaintext: bytes, bound_to: bytes) -> bytes:
    """Nonce, ciphertext and tag."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed: bytes = _aead.AESGCM(key).encrypt(nonce, plaintext, bound_to)
    return nonce + sealed


def decrypt(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """Raises DoesNotOpen."""
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise DoesNotOpen
    try:
        plaintext: bytes = _aead.AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except _exceptions.InvalidTag:
        raise DoesNotOpen from None
    return plaintext


def fingerprint(key: bytes) -> str:
    """Names a key without telling anything of it: 16 hexadecimal digits."""
    return hmac.digest(key, b"bos key fingerprint", hashlib.sha256).hex()[:16]
