"""What the author of an applet is told when a request cannot be answered."""

from __future__ import annotations

from sdk.errors import Invalid, LimitExceeded, Unavailable


class ArgumentUnfit(Invalid):
    """{verb} takes {expected} as its argument {position}, not {actual}."""


class QuotaExceeded(LimitExceeded):
    """A call of an applet may make {maximum} {what}; this one asked for more."""


class RequestFailed(Unavailable):
    """{verb} could not be answered; the change at hand is given up."""
