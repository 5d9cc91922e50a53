"""What can be wrong with a command beyond what the rooms tell."""

from sdk.errors import Conflict, Invalid, NotFound


class PortTaken(Conflict):
    """{host}:{port} cannot be listened on: {reason}. Stop what uses it, or choose another one with --port."""


class TenantUnclear(Invalid):
    """Say which tenant with --tenant: {known}."""


class UserNotThere(NotFound):
    """There is no user {email} in the tenant {tenant}."""


class CompanyNotThere(NotFound):
    """There is no company {company} in the tenant {tenant}: {known}."""


class ReferenceUnknown(NotFound):
    """There is no {resource} {id}: neither an id nor a number nor a unique value of one."""


class InputUnreadable(Invalid):
    """{option} cannot be read: {reason}"""


class NotConfirmed(Conflict):
    """Nothing was done: it was not confirmed. {advice}"""
