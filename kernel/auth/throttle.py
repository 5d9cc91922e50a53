"""Slowing guesses down, per account and per address, across processes and restarts (NIST SP 800-63B, 5.2.2).

An attempt is counted before it is checked, so that many at once are as slow as one after the other. Nobody is locked
out: a wait has a bound, and from an address the user has logged in from before, an account is counted by itself.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kernel.auth.errors import TooManyAttempts
from kernel.db.unit_of_work import UnitOfWork

# After as long without an attempt what went wrong before no longer counts.
FORGOTTEN_AFTER = timedelta(hours=24)
PURGED_AT_ONCE_MAX = 100
IPV6_PREFIX_BITS = 64


@dataclass(frozen=True, slots=True)
class Bucket:
    """free: attempts without a wait; each further one doubles it from a second up to `wait_s_max`."""

    name: str
    free: int
    wait_s_max: int


ACCOUNT = Bucket("account", 10, 60)
# An office of many people may share one.
ADDRESS = Bucket("address", 100, 900)
# Asking for a challenge takes no proof of anything and leaves a row behind; pages may ask whenever they are opened.
PASSKEY_ASKED = Bucket("passkey_asked", 300, 10)
# A code has six digits only, and whoever may guess one knows the password: they alone can make the user wait.
FACTOR = Bucket("factor", 5, 900)

_COUNT = """
INSERT INTO {p}.auth_throttles AS t (key, failures, failed_at, free_at) VALUES (%(key)s, 1, %(now)s, %(past)s)
ON CONFLICT (key) DO UPDATE SET
  failures = CASE WHEN t.failed_at < %(past)s THEN 1 ELSE t.failures + 1 END,
  failed_at = %(now)s,
  free_at = CASE WHEN t.failed_at < %(past)s OR t.failures < %(free)s THEN %(past)s
    ELSE %(now)s + least(%(max)s, power(2, least(t.failures - %(free)s, 20))) * interval '1 second' END
WHERE t.free_at <= %(now)s
"""


def admit(uow: UnitOfWork, bucket: Bucket, subject: str, now: datetime) -> None:
    """Count an attempt; commit before it is checked. Raises TooManyAttempts."""
    values = {
        # Where there is no wait, it ended long ago: the clocks of those who come at once may differ a little.
        "key": _key(bucket, subject), "now": now, "past": now - FORGOTTEN_AFTER,
        "free": bucket.free, "max": bucket.wait_s_max,
    }  # fmt: skip
    if uow.execute(_COUNT, values).rowcount == 0:
        row: Any = uow.execute("SELECT free_at FROM {p}.auth_throttles WHERE key = %(key)s", values).fetchone()
        wait_s = math.ceil((row[0] - now).total_seconds()) if row else 1
        raise TooManyAttempts(retry_after_s=max(1, wait_s))


def forgive(uow: UnitOfWork, bucket: Bucket, subject: str) -> None:
    """The attempts were the user's own: it went well in the end."""
    uow.execute("DELETE FROM {p}.auth_throttles WHERE key = %s", [_key(bucket, subject)])


def discount(uow: UnitOfWork, bucket: Bucket, subject: str, now: datetime) -> None:
    """This one attempt went well, which says nothing of the others that share the bucket."""
    uow.execute(
        "UPDATE {p}.auth_throttles SET failures = greatest(failures - 1, 0), free_at = %s WHERE key = %s",
        [now - FORGOTTEN_AFTER, _key(bucket, subject)],
    )


def purge(uow: UnitOfWork, now: datetime) -> None:
    """Drop some of what is forgotten anyway."""
    uow.execute(
        "DELETE FROM {p}.auth_throttles WHERE key IN (SELECT key FROM {p}.auth_throttles WHERE failed_at < %s"
        " LIMIT %s FOR UPDATE SKIP LOCKED)",
        [now - FORGOTTEN_AFTER, PURGED_AT_ONCE_MAX],
    )


def network_of(address: str | None) -> str:
    """What one attacker has at least: an IPv4 address, or a whole /64 of IPv6."""
    try:
        known = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    # A server that listens for both kinds sees one written as the other: they must not all share a network.
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((int(known), IPV6_PREFIX_BITS), strict=False))


def _key(bucket: Bucket, subject: str) -> bytes:
    return hashlib.sha256(f"{bucket.name}\0{subject}".encode()).digest()
