"""What can be wrong with a request for documents. The errors of documents themselves are in sdk/document_errors.py."""

from sdk.errors import Conflict, Invalid, LimitExceeded


class CursorInvalid(Invalid):
    """The cursor is not one of this list: send the one the previous page gave, with the same sort."""


class PageSizeExceeded(Invalid):
    """A page holds 1 to {maximum} documents, not {limit}."""


class BulkTooLarge(LimitExceeded):
    """A bulk request holds at most {maximum} documents, not {count}."""

    status = 413


class NoStateMachine(Conflict):
    """Documents of type {type} have no actions."""
