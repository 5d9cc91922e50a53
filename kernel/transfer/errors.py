"""What can be wrong with files that come and go."""

from sdk.errors import Conflict, Invalid


class SourceUnreadable(Invalid):
    """{file} cannot be read: {reason}"""


class MappingInvalid(Invalid):
    """The mapping breaks {count} rule(s)."""


class RowRefused(Invalid):
    """The row breaks {count} rule(s)."""


class RowExists(Conflict):
    """There is a {type} with this {field} already."""


class NoBooks(Invalid):
    """Documents of type {type} are no journal entries: {reason}"""


class CompanyUnclear(Invalid):
    """There are several companies: name one of {known}."""
