"""Keys of the room, each for one purpose: what is made for one is worth nothing for another."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kernel.parts import Parts


def derive_key(kernel: Parts, purpose: str) -> bytes:
    """32 bytes by HKDF-Expand (RFC 5869, 2.3) of the installation's root secret, which is random: no Extract."""
    return hmac.digest(kernel.installation.root_secret.encode(), f"bos oauth {purpose}\x01".encode(), "sha256")
