"""What can be wrong with a tenant."""

from sdk.errors import Conflict, Invalid, NotFound


class TenantUnknown(NotFound):
    """There is no tenant {tenant}."""


class TenantExists(Conflict):
    """There is a tenant {tenant} already."""


class TenantNotSuspended(Conflict):
    """The tenant {tenant} is {state}: suspend it before dropping it."""


class TenantNameInvalid(Invalid):
    """A tenant's name is 1 to 40 lower-case letters, digits and underscores, beginning with a letter: not {tenant}."""


class TenantDropping(Conflict):
    """The tenant {tenant} is being dropped; all that can be done is to drop it to the end."""


class TenantInvalid(Invalid):
    """The tenant {tenant} cannot be made: {count} fault(s)."""
