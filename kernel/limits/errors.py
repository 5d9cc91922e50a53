"""What somebody is told who asks too often or keeps too much."""

from __future__ import annotations

from sdk.errors import Invalid, LimitExceeded


class RateLimited(LimitExceeded):
    """Too many requests for this {limit}: {maximum} a minute are allowed. Ask again in {retry_after_s} s."""


class TenantLimitReached(LimitExceeded):
    """The tenant's limit of {maximum} {limit} is reached ({used} used). Ask whoever runs Bos to raise it."""

    status = 403


class LimitUnknown(Invalid):
    """There is no limit {limit}; there are {known}."""


class LimitInvalid(Invalid):
    """A limit is a whole number from 0, or nothing for no limit: not {value}."""
