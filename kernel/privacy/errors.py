"""What can be wrong with requests about persons."""

from sdk.errors import Invalid, TooLarge


class NoSubject(Invalid):
    """Documents of {type} are about nobody: their type has no x-personal fields of its own."""


class SubjectTooLarge(TooLarge):
    """There are more than {maximum} documents about {subject}: a person has fewer."""


class RetentionRuleInvalid(Invalid):
    """The retention rule cannot be used: {count} fault(s)."""
