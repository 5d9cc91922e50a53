"""What can go wrong with lenses: they cannot be used, or a document cannot be cast by them."""

from __future__ import annotations

from sdk.errors import Conflict, Invalid


class InvalidLenses(Invalid):
    """The lenses of {type} cannot be used: {count} fault(s)."""


class CastFailed(Conflict):
    """A document of {type} cannot be read as version {to}: {step} failed ({reason})."""
