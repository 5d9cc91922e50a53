"""What can be wrong with a search."""

from sdk.errors import Invalid


class SearchTextInvalid(Invalid):
    """Nothing can be looked for like this: {reason}."""


class SearchTypeUnknown(Invalid):
    """There is no type {type} to search; {nearest}."""
