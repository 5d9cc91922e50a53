"""How long the platform keeps what it noted of log-ins. The owner removes it: requests can take nothing back."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kernel.auth.entry import ADDRESS_KNOWN_FOR
from kernel.auth.throttle import FORGOTTEN_AFTER
from kernel.db.bites import delete_in_bites
from kernel.db.names import PLATFORM_SCHEMA

if TYPE_CHECKING:
    from kernel.main import Kernel

# An ended session still says from where its user has logged in before, which makes guesses elsewhere wait alone.
SESSIONS_KEPT = ADDRESS_KNOWN_FOR
# Long enough to look up what a key or a program that somebody has just found was.
ENDED_KEPT = timedelta(days=90)

_SESSIONS = "created_at < %(before)s AND (revoked_at IS NOT NULL OR expires_at < %(now)s)"
_EVENTS = "occurred_at < %(before)s"
_API_KEYS = "revoked_at < %(before)s"
_GRANTS = "expires_at < %(before)s OR revoked_at < %(before)s"
_CHALLENGES = "expires_at < %(before)s"
_THROTTLES = "failed_at < %(before)s"


def forget_log_ins(kernel: Kernel, now: datetime) -> Counter[str]:
    """Remove what is older than it is kept; how many rows of each table."""
    kept = (
        ("auth_events", _EVENTS, timedelta(days=kernel.settings.auth_events_keep_days), "id"),
        ("sessions", _SESSIONS, SESSIONS_KEPT, "id"),
        ("api_keys", _API_KEYS, ENDED_KEPT, "id"),
        ("oauth_grants", _GRANTS, ENDED_KEPT, "id"),
        ("auth_challenges", _CHALLENGES, timedelta(0), "id"),
        ("auth_throttles", _THROTTLES, FORGOTTEN_AFTER, "key"),
    )
    removed: Counter[str] = Counter()
    with kernel.database.owner() as connection:
        for table, condition, age_max, key in kept:
            values = {"before": now - age_max, "now": now}
            removed[table] = delete_in_bites(connection, (PLATFORM_SCHEMA, table), condition, values, key=key)
    return +removed
