"""The installation's key for anchors: Ed25519 (RFC 8032), in a file that only its account may read."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel.audit.canonical import canonical_bytes
from kernel.audit.errors import AnchorUnwritable
from kernel.lazy import LazyModule

KEY_FILE = "signing.key"
PUBLIC_KEY_FILE = "signing.pub"

# Loaded when something is signed or checked: most processes never do.
_ed25519: Any = LazyModule("cryptography.hazmat.primitives.asymmetric.ed25519")


@dataclass(frozen=True)
class SigningKey:
    """secret: the 32 bytes of the key. Its repr shows none of them."""

    secret: bytes

    @property
    def public(self) -> str:
        """The public key, base64."""
        key = _ed25519.Ed25519PrivateKey.from_private_bytes(self.secret)
        return base64.b64encode(key.public_key().public_bytes_raw()).decode()

    def sign(self, content: dict[str, Any]) -> dict[str, Any]:
        """The content with `key` and `signature`, which is over everything else in canonical JSON."""
        signed = {**content, "key": self.public}
        key = _ed25519.Ed25519PrivateKey.from_private_bytes(self.secret)
        return {**signed, "signature": base64.b64encode(key.sign(canonical_bytes(signed))).decode()}

    def __repr__(self) -> str:
        return "SigningKey()"


def is_signed_by(public: str, signed: dict[str, Any]) -> bool:
    """Whether the content was signed with this very key."""
    if signed.get("key") != public:
        return False
    content = {name: value for name, value in signed.items() if name != "signature"}
    try:
        signature = base64.b64decode(str(signed.get("signature")), validate=True)
        key = _ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(signature, canonical_bytes(content))
    except Exception:  # reason: whatever the library stumbles over in foreign bytes, they are no signature
        return False
    return True


def open_key(folder: Path) -> SigningKey:
    """The key in the folder, made when there is none. Raises AnchorUnwritable."""
    path = folder / KEY_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(base64.b64encode(os.urandom(32)) + b"\n")
        except FileExistsError:
            pass
        key = SigningKey(base64.b64decode(path.read_bytes()))
        (folder / PUBLIC_KEY_FILE).write_text(key.public + "\n", "ascii")
    except OSError as error:
        raise AnchorUnwritable(folder=folder, reason=error.strerror or str(error)) from None
    return key
