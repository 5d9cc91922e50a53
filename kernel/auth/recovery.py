"""Recovery codes: for whoever has lost the second factor. Each works once; only their hashes are stored."""

from __future__ import annotations

import hashlib
import secrets

CODES = 10
GROUPS, GROUP_CHARACTERS = 4, 4
# Base32 without what is read as something else: 16 characters have 80 bits, so a plain hash hides them.
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def make_codes() -> list[str]:
    """As many as are given out at once, e.g. `k3fm-x2qp-9dha-w7ru`."""
    return ["-".join(_group() for _ in range(GROUPS)) for _ in range(CODES)]


def digest(user_id: str, code: str) -> bytes:
    """What is stored of a code; however it is typed."""
    typed = "".join(character for character in code.lower() if character.isalnum())
    return hashlib.sha256(f"{user_id} {typed}".encode()).digest()


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(GROUP_CHARACTERS))
