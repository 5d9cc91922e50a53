"""An authenticator in software: it makes ES256 keys and signs with them as a browser's would (WebAuthn level 2)."""

from __future__ import annotations

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """One passkey. count: how often it has signed; origin: what the browser says the page is."""

    def __init__(self, origin: str = "http://localhost:8000") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.origin, self.rp_id = origin, "localhost"
        self.count = 0
        self.user_handle: bytes | None = None
        self.verifies_user = True

    def create(self, options: dict) -> dict:
        """What `navigator.credentials.create` gives."""
        self.user_handle = decode(options["user"]["id"])
        data = self._data(ATTESTED) + bytes(16) + len(self.id).to_bytes(2) + self.id + self._public_key()
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"])
        return self._credential({"clientDataJSON": encode(client), "attestationObject": encode(attestation)})

    def get(self, options: dict, **changes: str) -> dict:
        """What `navigator.credentials.get` gives. changes: of the client data."""
        self.count += 1
        data = self._data()
        client = self._client("webauthn.get", options["challenge"], **changes)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": encode(client),
            "authenticatorData": encode(data),
            "signature": encode(signature),
        }
        return self._credential(response | ({"userHandle": encode(self.user_handle)} if self.user_handle else {}))

    def _data(self, flags: int = 0) -> bytes:
        flags |= USER_PRESENT | (USER_VERIFIED if self.verifies_user else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client(self, ceremony: str, challenge: str, **changes: str) -> bytes:
        said = {"type": ceremony, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | changes).encode()

    def _public_key(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})

    def _credential(self, response: dict) -> dict:
        return {"id": encode(self.id), "rawId": encode(self.id), "type": "public-key", "response": response}
