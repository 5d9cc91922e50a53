"""What can be wrong with documents, movements and events; raised by the kernel and the fake of `sdk.testing`."""

from __future__ import annotations

from sdk.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class DocumentNotFound(NotFound):
    """There is no {resource} {id}, or it is not yours to see."""


class DocumentInvalid(Invalid):
    """The {type} breaks {count} rule(s)."""


class UniqueKeyTaken(Conflict):
    """Another {type} has {value} as its {field} already."""


class LinkBroken(Invalid):
    """{count} link(s) lead to documents that are not there, or not of the type they must have."""


class DocumentLinked(Conflict):
    """The {type} {id} cannot be deleted: other documents link to it."""


class DocumentNotEditable(Conflict):
    """A {type} in the state {state} cannot be edited."""


class DocumentNotDeletable(Conflict):
    """A {type} in the state {state} cannot be deleted."""


class DocumentDeleted(Conflict):
    """The {type} {id} is deleted: restore it first."""


class DocumentArchived(Conflict):
    """The {type} {id} is archived: unarchive it first."""


class DocumentNotArchivable(Conflict):
    """A {type} decides what happens in the tenant, so it cannot be put out of sight: delete it instead."""


class DocumentUncastable(Conflict):
    """The {type} {id} of version {from_version} cannot be read as version {to_version}: {step} fails at {pointer}."""


class DocumentsBeingCast(Unavailable):
    """Documents of type {type} are being cast to its version {version}; until then nothing is found by {field}."""


class CompanyRequired(Invalid):
    """A {type} belongs to a company: say which."""


class NotUnambiguous(Conflict):
    """Several documents of type {type} have these values."""


class TooManyFound(Conflict):
    """More than {maximum} documents of type {type} have these values."""


class CapabilityMissing(Forbidden):
    """The applet {applet} has no capability {capability}; it must be declared in its applet.toml and granted."""


class MovementOutsideWrite(Conflict):
    """Movements are recorded while their document is being written or acted upon; {type} {id} is not."""


class BalanceNegative(Conflict):
    """The balance of {resource} in the register {register} would fall to {balance}, below zero."""


class NoStateMachine(Conflict):
    """Documents of type {type} have no actions."""


class CursorInvalid(Invalid):
    """The cursor is not one of this list: send the one the previous page gave, with the same sort."""


class PageSizeExceeded(Invalid):
    """A page holds 1 to {maximum} documents, not {limit}."""


class EventForeign(Forbidden):
    """The applet {applet} may not emit {type}: an event belongs to the applet its name begins with."""


class EventTypeInvalid(Invalid):
    """{type} is no event type: it is applet.noun.past_participle in lower case."""


class PermissionDenied(Forbidden):
    """You may not {action} {resource}."""


class ForeignRegister(Forbidden):
    """The applet {applet} may not record into {resource}: a register is written by the applet that declares it."""


class DimensionNotText(Invalid):
    """The dimension {dimension} of the register {register} is a text."""


class DimensionTooLong(Invalid):
    """The dimension {dimension} of the register {register} is longer than {maximum} bytes."""


class AmountInexact(Invalid):
    """{amount} is no exact amount of {resource} in the register {register}: give a Decimal."""
