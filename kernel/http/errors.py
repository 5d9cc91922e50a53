"""What can be wrong with a request before any verb sees it."""

from __future__ import annotations

from sdk.errors import BosError, Conflict, Invalid, NotFound, TooLarge, Unavailable


class MalformedRequest(Invalid):
    """The request cannot be read."""

    status = 400


class MalformedJson(MalformedRequest):
    """The body is not JSON: {reason} at line {line}, column {column}."""


class JsonTooDeep(MalformedRequest):
    """The body nests deeper than {maximum} levels."""


class InvalidHeader(MalformedRequest):
    """The header {header} cannot be read; expected {expected}."""


class InvalidRequest(Invalid):
    """The request breaks {count} rule(s)."""


class IdempotencyKeyReused(Invalid):
    """The Idempotency-Key {key} came with another request before; take a new one, or send the same request."""


class UnsupportedMediaType(Invalid):
    """The body is {given}; send application/json."""

    status = 415


class JsonTooLarge(TooLarge):
    """The body holds more than {maximum} values."""


class BodyTooLarge(TooLarge):
    """The body is larger than {maximum} bytes."""


class HeadTooLarge(TooLarge):
    """The request line and the headers are larger than {maximum} bytes."""

    status = 431


class RouteUnknown(NotFound):
    """There is nothing at {path}."""


class CollectionUnknown(NotFound):
    """There is no collection {collection} among the enabled applets; the nearest is {nearest}."""


class MethodNotAllowed(Conflict):
    """{path} does not answer to {method}; it answers to {allowed}."""

    status = 405


class TransactionConflict(Conflict):
    """Another change at the same moment won; send the request again."""


class StatementTooSlow(Unavailable):
    """The database took longer than it may; ask for less, or try again."""


class ValueUnstorable(Invalid):
    """A value cannot be stored: texts hold no NUL character, and numbers have bounds."""


class InternalError(BosError):
    """Something failed inside Bos; it is not your request. The request id leads us to the reason."""
