"""What can be wrong with seals, proofs and anchors."""

from sdk.errors import Conflict, Invalid, NotFound, Unavailable


class EventUnknown(NotFound):
    """There is no event {id}."""


class EventNotSealed(Conflict):
    """The event {id} is not sealed yet: ask again in a minute."""


class AnchorUnreadable(Invalid):
    """{file} holds no anchors: {reason}."""


class AnchorUnwritable(Unavailable):
    """The anchors cannot be written to {folder}: {reason}."""


class AuditFailed(Conflict):
    """The event log of {tenant} is not what was sealed: {count} fault(s)."""
