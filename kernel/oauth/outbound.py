"""Calls to identity providers. An administrator of a tenant says whom to call, so the address is not trusted (SSRF).

The name is resolved here, every address it has must be public, and the call goes to one that was looked at: a name that
means another address a moment later (DNS rebinding) gains nothing. No redirects, no proxies, bounded in time and size.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson

from kernel.lazy import LazyModule
from kernel.oauth.errors import ProviderAddressRefused, ProviderUnreachable

httpx2 = LazyModule("httpx2")

STEP_S_MAX = 5.0
CALL_S_MAX = 10.0
ANSWER_BYTES_MAX = 256 * 1024
URL_CHARACTERS_MAX = 2_000
_PORTS = {"https": 443, "http": 80}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Outbound:
    """may_be_private: call private addresses too, and loopback ones without TLS (BOS_OIDC_PRIVATE_ADDRESSES)."""

    may_be_private: bool = False

    def get(self, url: str) -> dict[str, Any]:
        """The JSON object at a URL. Raises ProviderAddressRefused, ProviderUnreachable."""
        return self._call("GET", url, None, {})

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        """The JSON object a form is answered with, refusals of OAuth (400, 401) among them."""
        return self._call("POST", url, form, headers)

    def check(self, url: str) -> SplitResult:
        """The parts of a URL that may be called as far as it says itself; raises ProviderAddressRefused."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ProviderAddressRefused(url=url[:200], reason="it is no URL") from None
        if len(url) > URL_CHARACTERS_MAX or not url.isascii() or not url.isprintable() or " " in url:
            raise ProviderAddressRefused(url=url[:200], reason="it is no URL")
        if not parts.hostname or "@" in parts.netloc or "\\" in url or parts.fragment or port == 0:
            raise ProviderAddressRefused(url=url, reason="it needs a host, and neither user nor fragment")
        if parts.scheme != "https" and not (parts.scheme == "http" and self.may_be_private):
            raise ProviderAddressRefused(url=url, reason="it is not https")
        return parts

    def _call(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        parts = self.check(url)
        address = self._resolve(parts, url)
        host = parts.hostname or ""
        target = httpx2.URL(url).copy_with(host=str(address))
        sent = {
            **headers, "host": parts.netloc, "accept": "application/json", "accept-encoding": "identity",
            "user-agent": "Bos",
        }  # fmt: skip
        started = time.monotonic()
        try:
            with (
                httpx2.Client(timeout=STEP_S_MAX, follow_redirects=False, trust_env=False) as client,
                client.stream(
                    method, target, data=form, headers=sent, extensions={"sni_hostname": host}
                ) as answer,
            ):  # fmt: skip
                return _read(answer, started)
        except httpx2.HTTPError as error:
            raise ProviderUnreachable(reason=type(error).__name__) from None

    def _resolve(self, parts: SplitResult, url: str) -> Address:
        port = parts.port or _PORTS[parts.scheme]
        try:
            found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise ProviderUnreachable(reason=f"the name {parts.hostname} is unknown") from None
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        is_plain = parts.scheme == "http"
        for address in addresses:
            if is_plain and not address.is_loopback:
                raise ProviderAddressRefused(url=url, reason="without TLS only a loopback address is called")
            if not self.may_be_private and not is_public(address):
                raise ProviderAddressRefused(url=url, reason="its address is not a public one")
        return addresses[0]


def is_public(address: Address) -> bool:
    """Whether it belongs to the internet at large; of an IPv6 address that holds an IPv4 one, both must."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or _translated(address)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


def _read(answer: Any, started: float) -> dict[str, Any]:
    if answer.status_code not in (200, 400, 401):
        raise ProviderUnreachable(reason=f"it answers with {answer.status_code}")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise ProviderUnreachable(reason="its answer is compressed, which was not asked for")
    body = bytearray()
    for chunk in answer.iter_raw():
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise ProviderUnreachable(reason=f"its answer is larger than {ANSWER_BYTES_MAX} bytes")
        # Each read is bounded by itself; drop by drop they could still take for ever.
        if time.monotonic() - started > CALL_S_MAX:
            raise ProviderUnreachable(reason=f"its answer takes longer than {CALL_S_MAX:.0f} s")
    try:
        told = orjson.loads(bytes(body))
    except orjson.JSONDecodeError:
        raise ProviderUnreachable(reason="its answer is no JSON") from None
    if not isinstance(told, dict) or (answer.status_code != 200 and "error" not in told):
        raise ProviderUnreachable(reason="its answer is not of OAuth's shape")
    return told
