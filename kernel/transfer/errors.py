"""What can be wrong with files that come and go."""

from sdk.errors import Conflict, Invalid, LimitExceeded, NotFound, TooLarge


class SourceUnreadable(Invalid):
    """{file} cannot be read: {reason}"""


class SourceTooLarge(TooLarge):
    """{file} unpacks to more than is read of a file: {reason}"""


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


class CellTooLong(Invalid):
    """{column} of document {id} has {characters} characters, a spreadsheet's cell at most {maximum}: export CSV."""


class FileExists(Conflict):
    """{file} is there already: give another name, or --force to replace it."""


class TemplateInvalid(Invalid):
    """The export template {name} breaks {count} rule(s)."""


class TemplateUnknown(NotFound):
    """There is no export template {name}."""


class TransferUnknown(NotFound):
    """There is no {kind} {id}, or it is not yours to see."""


class TransferNotReady(Conflict):
    """The {kind} is {state}: there is no file yet, or none any more."""


class TransferOver(Conflict):
    """The {kind} is {state} already."""


class TransferLost(Conflict):
    """The transfer was cancelled, or another process has taken it over."""


class TransfersTooMany(LimitExceeded):
    """{count} transfers of this tenant wait or run already, and {maximum} may: let some of them end first."""


class UploadTooLarge(TooLarge):
    """An uploaded file has at most {maximum} bytes."""


class NothingToResume(NotFound):
    """No unfinished import of {file} with these options is known: start it without --resume."""


class SourceChanged(Conflict):
    """{file} is another one than was begun with: put that back, or start anew without --resume."""
