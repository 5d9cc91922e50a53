"""The secrets access tokens are signed with: today's, and for an overlap the one before. Known to the owner alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kernel.auth.tokens import key_id
from kernel.db.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from kernel.db.database import Database

# How long a process may go on with what it knew: so late a rotation reaches it at most.
RELOAD_EVERY = timedelta(seconds=60)
# Tokens with ids nobody knows must not make us ask with each.
UNKNOWN_RELOAD_EVERY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class TokenSecrets:
    """previous: good until `until`, to verify only."""

    current: str = field(repr=False)
    previous: str | None = field(default=None, repr=False)
    until: datetime | None = None

    def find(self, kid: str, now: datetime) -> str | None:
        if kid == key_id(self.current):
            return self.current
        if self.previous is not None and self.until is not None and now < self.until and kid == key_id(self.previous):
            return self.previous
        return None


class TokenKeys:
    """What one process knows of them; read anew now and then, so that a rotation needs no restart."""

    def __init__(self, read: Callable[[], TokenSecrets], first: TokenSecrets) -> None:
        self._read, self._known = read, first
        self._read_at: datetime | None = None
        self._lock = threading.Lock()

    def current(self, now: datetime) -> str:
        """The secret to sign with."""
        self._reload(now, RELOAD_EVERY)
        return self._known.current

    def find(self, kid: str, now: datetime) -> str | None:
        """The secret of this id, if tokens signed with it are still good."""
        self._reload(now, RELOAD_EVERY)
        found = self._known.find(kid, now)
        if found is None:
            self._reload(now, UNKNOWN_RELOAD_EVERY)
            found = self._known.find(kid, now)
        return found

    def _reload(self, now: datetime, age_max: timedelta) -> None:
        if self._is_younger(now, age_max):
            return
        with self._lock:
            if self._is_younger(now, age_max):
                return
            try:
                self._known = self._read()
            except DatabaseUnavailable:
                # Who is logged in can be told without it; whatever comes next will say that it is away.
                return
            self._read_at = now

    def _is_younger(self, now: datetime, age_max: timedelta) -> bool:
        return self._read_at is not None and now - self._read_at < age_max


def open_token_keys(database: Database, token_secret: str) -> TokenKeys:
    """The keys of an installation. Read through the owner: the login of requests must not be able to forge tokens."""

    def read() -> TokenSecrets:
        with database.owner() as connection:
            row = connection.execute(
                "SELECT token_secret, previous_token_secret, previous_token_until FROM bos.installation"
            ).fetchone()
        assert row is not None
        return TokenSecrets(*row)

    return TokenKeys(read, TokenSecrets(token_secret))
