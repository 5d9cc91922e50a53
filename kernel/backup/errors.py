"""What can go wrong with archives and backups."""

from sdk.errors import Conflict, Invalid, NotFound, Unavailable


class ArchiveUnreadable(Invalid):
    """{path} cannot be used: {reason}"""


class ArchiveTooNew(Conflict):
    """{path} was made by a newer version of Bos: this one does not know the steps {steps}."""


class ArchiveUnwritable(Unavailable):
    """{path} cannot be written: {reason}"""


class BackupImpossible(Unavailable):
    """This server cannot be backed up as a whole: {reason}"""


class BackupUnknown(NotFound):
    """There is no backup {backup} in {folder}."""


class BackupBroken(Invalid):
    """The backup {backup} is not what it was when it was made: {reason}"""


class RestoreTargetUsed(Conflict):
    """There is something in {folder} already; restore into an empty folder."""


class RestoreFailed(Unavailable):
    """The restored server does not come up: {reason}"""
