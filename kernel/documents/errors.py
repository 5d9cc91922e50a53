"""What can be wrong with a request for many documents; the errors of documents are in sdk/document_errors.py."""

from sdk.errors import TooLarge, Unavailable


class BulkTooLarge(TooLarge):
    """A bulk request holds at most {maximum} documents, not {count}."""


class AppletUnavailable(Unavailable):
    """Nothing is written while {applet} is enabled but cannot run here: install it again, or disable it."""
