"""A key service over HTTP: the master key never leaves it.

`POST <url>/wrap {"key": base64, "context": base64}` answers `{"wrapped": base64, "key_id": text}`;
`POST <url>/unwrap {"wrapped": base64, "key_id": text, "context": base64}` answers `{"key": base64}`.
The context is associated data: unwrapping with another one must fail. `Authorization: Bearer <token>` when one is set.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from kernel.lazy import LazyModule
from kernel.secrets.cipher import KEY_BYTES
from kernel.secrets.errors import KmsRefused, KmsUnavailable

_httpx = LazyModule("httpx2")

TIMEOUT_S = 5.0
KEY_ID_LENGTH_MAX = 200
# Longer ones are no wrapped key of 32 bytes.
WRAPPED_BYTES_MAX = 4_096


class KmsMaster:
    """A `MasterKey`. url: without a slash at the end."""

    def __init__(self, url: str, token: str | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout_s = timeout_s

    def wrap(self, key: bytes, bound_to: bytes) -> tuple[str, bytes]:
        answer = self._ask("wrap", {"key": _text(key), "context": _text(bound_to)})
        wrapped, key_id = _bytes("wrap", answer, "wrapped"), answer.get("key_id")
        if not isinstance(key_id, str) or not 0 < len(key_id) <= KEY_ID_LENGTH_MAX or len(wrapped) > WRAPPED_BYTES_MAX:
            raise KmsRefused(verb="wrap", reason="its answer has no key_id, or no wrapped key")
        return key_id, wrapped

    def unwrap(self, wrapped: bytes, wrapped_by: str, bound_to: bytes) -> bytes:
        asked = {"wrapped": _text(wrapped), "key_id": wrapped_by, "context": _text(bound_to)}
        key = _bytes("unwrap", self._ask("unwrap", asked), "key")
        if len(key) != KEY_BYTES:
            raise KmsRefused(verb="unwrap", reason=f"its answer is no key of {KEY_BYTES} bytes")
        return key

    def _ask(self, verb: str, body: dict[str, str]) -> dict[str, Any]:
        try:
            answer = _httpx.post(f"{self._url}/{verb}", json=body, headers=self._headers, timeout=self._timeout_s)
        except _httpx.TransportError as error:
            # The text of the error could hold the address with credentials in it; its kind says enough.
            raise KmsUnavailable(reason=type(error).__name__) from None
        if answer.status_code >= 500 or answer.status_code == 429:
            raise KmsUnavailable(reason=f"It answered {answer.status_code}.")
        if answer.status_code != 200:
            raise KmsRefused(verb=verb, reason=f"it answered {answer.status_code}")
        try:
            told = answer.json()
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise KmsRefused(verb=verb, reason="its answer is no JSON object")
        return told


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(verb: str, answer: dict[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(answer[name], validate=True)
    except (KeyError, TypeError, binascii.Error):
        raise KmsRefused(verb=verb, reason=f"its answer has no {name} in base64") from None
