"""What can be wrong with a request for many documents; the errors of documents are in sdk/document_errors.py."""

from sdk.errors import TooLarge


class BulkTooLarge(TooLarge):
    """A bulk request holds at most {maximum} documents, not {count}."""
