"""Changing the secret access tokens are signed with, while everybody works on."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kernel.auth.errors import TokenKeyOverlap
from kernel.auth.token_keys import RELOAD_EVERY

if TYPE_CHECKING:
    from kernel.parts import Parts

_SECRET_BYTES = 48


def rotate_token_key(kernel: Parts, *, is_leaked: bool = False) -> datetime | None:
    """Sign with a new secret from now on; until when the old one's tokens are accepted.

    is_leaked: not at all (None), at the latest after RELOAD_EVERY in every process; clients refresh. Raises
    TokenKeyOverlap while a rotation before is not over, as its tokens would die early.
    """
    now = kernel.clock()
    until = now + timedelta(seconds=kernel.settings.access_token_ttl_s) + RELOAD_EVERY
    keep = "NULL, NULL" if is_leaked else "token_secret, %(until)s::timestamptz"
    with kernel.database.owner() as connection:
        rotated = connection.execute(
            "UPDATE bos.installation SET token_secret = %(secret)s,"
            f" (previous_token_secret, previous_token_until) = ROW({keep})"
            " WHERE %(leaked)s OR previous_token_until IS NULL OR previous_token_until <= %(now)s",
            {"secret": secrets.token_urlsafe(_SECRET_BYTES), "until": until, "now": now, "leaked": is_leaked},
        )
    if rotated.rowcount == 0:
        raise TokenKeyOverlap
    return None if is_leaked else until
