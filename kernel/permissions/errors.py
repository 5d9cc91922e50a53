"""What is refused, and what roles and grants must keep to."""

from sdk.errors import Conflict, Forbidden, Invalid, LimitExceeded


class RightsExceeded(Forbidden):
    """You cannot hand out more than you may do yourself: {excess}."""


class LastAdministrator(Conflict):
    """This is the last grant of {role} for all companies: without it nobody could grant anything."""


class RoleUnknown(Invalid):
    """There is no role {role}."""


class RoleInvalid(Invalid):
    """The role {role} cannot be used: {count} fault(s)."""


class ScopesInvalid(Invalid):
    """The scopes cannot be used: {count} fault(s)."""


class PermissionsTooComplex(LimitExceeded):
    """The grants of this actor make a condition too large for a list of {resource}: use fewer roles or companies."""


class ExplanationIncomplete(Invalid):
    """Say which action on which type is to be explained."""
