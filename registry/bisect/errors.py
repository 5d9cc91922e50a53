"""Why nobody can be found."""

from sdk.errors import Conflict


class RequestSucceeds(Conflict):
    """The request does not fail on a copy of {tenant}: {outcome}. It depends on what the copy has not."""
