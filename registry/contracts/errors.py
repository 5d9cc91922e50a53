"""What can be wrong with what somebody offers."""

from sdk.errors import Invalid


class OfferUnreadable(Invalid):
    """The offered contract in {file} cannot be read: {reason}."""
