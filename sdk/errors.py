"""The error tree: a kind decides the HTTP status, a leaf class names what happened.

A leaf class is a subclass of one kind. Its stable `code` is its name in snake_case, its docstring is the
message and may name keyword arguments in braces::

    class PeriodClosed(Conflict):
        \"\"\"The period {period} is closed; post into an open one.\"\"\"

    raise PeriodClosed(period="2026-01")
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, ClassVar

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule of one field.

    pointer: JSON pointer (RFC 6901) into what was sent. rule: the schema keyword or the rule's snake_case name.
    message: what is wrong. expected: what would be right, where that can be said.
    """

    pointer: str
    rule: str
    message: str
    expected: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value is not None}


class BosError(Exception):
    """Something a caller can understand and act on. Never raised itself: raise a leaf of one of the kinds."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "bos_error"
    # Members its problem has beside the standard's (RFC 9457, 3.2).
    extensions: Mapping[str, Any] = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.code = _WORD_START.sub("_", cls.__name__).lower()

    def __init__(self, message: str | None = None, *, violations: Sequence[Violation] = (), **details: Any) -> None:
        self.details = details
        self.violations = tuple(violations)
        self.message = message or (self.__doc__ or "").strip().format_map(_Lenient(details))
        super().__init__(self.message)

    @property
    def kind(self) -> str:
        """The name of the kind this leaf belongs to, e.g. `Conflict`."""
        return next((c.__name__ for c in type(self).__mro__ if c in KINDS), "BosError")


class _Lenient(dict[str, Any]):
    """An error must never fail while it is being told: an argument not given is shown by its name."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class Invalid(BosError):
    """The data sent breaks {count} rule(s)."""

    status = 422

    def __init__(self, message: str | None = None, *, violations: Sequence[Violation] = (), **details: Any) -> None:
        super().__init__(message, violations=violations, count=len(violations) or 1, **details)


class Unauthenticated(BosError):
    """Log in first: the request carries no valid credentials."""

    status = 401


class Forbidden(BosError):
    """You may not {action} {resource}."""

    status = 403


class NotFound(BosError):
    """There is no {resource} {id}, or it is not yours to see."""

    status = 404


class Conflict(BosError):
    """The request does not fit the present state."""

    status = 409


class StaleVersion(Conflict):
    """You sent a change of version {expected}, but the document is at version {actual}: read it again and repeat."""

    status = 412


class VersionRequired(Conflict):
    """Send the version you read, as If-Match: "<version>"."""

    status = 428


class LimitExceeded(BosError):
    """The limit {limit} of {maximum} is exceeded."""

    status = 429


class TooLarge(LimitExceeded):
    """The {limit} is larger than {maximum}."""

    status = 413


class Unavailable(BosError):
    """{service} cannot be reached now; try again."""

    status = 503


KINDS: tuple[type[BosError], ...] = (
    Invalid, Unauthenticated, Forbidden, NotFound, Conflict, LimitExceeded, Unavailable,
)  # fmt: skip
