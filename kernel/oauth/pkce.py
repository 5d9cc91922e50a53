"""Proof Key for Code Exchange (RFC 7636), method S256 only."""

from __future__ import annotations

import base64
import hashlib
import hmac


def challenge_of(verifier: str) -> str:
    """Section 4.2: BASE64URL-ENCODE(SHA256(ASCII(verifier))), without padding. Raises UnicodeEncodeError."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_proven(verifier: str, challenge: str) -> bool:
    """Section 4.6, in constant time."""
    return hmac.compare_digest(challenge_of(verifier).encode(), challenge.encode())
