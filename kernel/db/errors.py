"""What can go wrong between Bos and PostgreSQL."""

import psycopg

from sdk.errors import Unavailable


class Overtaken(psycopg.errors.SerializationFailure):
    """Since this transaction began a newer release of an applet has written what it reads: it is to be begun again."""


class DatabaseUnavailable(Unavailable):
    """The database {database} cannot be reached now; try again."""


class DatabaseUnknown(Unavailable):
    """The database {database} is not among the configured ones: set BOS_DATABASES."""


class SchemaBehind(Unavailable):
    """The tenant {tenant} is not yet up to date with this version of Bos; it is served once that is done."""


class CommitFailed(Unavailable):
    """The change could not be committed and was rolled back; try again."""


class CommitUncertain(Unavailable):
    """The database was lost during the commit: look whether the change is there before you send it again."""
