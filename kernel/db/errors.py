"""What can go wrong between Bos and PostgreSQL."""

from sdk.errors import Unavailable


class DatabaseUnavailable(Unavailable):
    """The database {database} cannot be reached now; try again."""


class DatabaseUnknown(Unavailable):
    """The database {database} is not among the configured ones: set BOS_DATABASES."""


class CommitFailed(Unavailable):
    """The change could not be committed and was rolled back; try again."""
