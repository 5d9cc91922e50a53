"""Why an invoice waits, and why a decision is refused."""

from sdk.errors import Conflict, Forbidden


class ApprovalMissing(Conflict):
    """{total} {currency} is above the limit of {limit}, and nobody has approved it yet."""


class ApprovalPending(Conflict):
    """The approval of this invoice is still to be decided."""


class ApprovalRejected(Conflict):
    """The approval of this invoice was refused."""


class SelfApprovalRefused(Forbidden):
    """Whoever wrote a document may not approve it."""
