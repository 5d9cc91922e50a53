"""What can go wrong with keys and with what they seal. None of these texts ever holds a secret."""

from sdk.errors import Unavailable


class MasterKeyMissing(Unavailable):
    """There is no master key in {path}, but this installation has keys it wraps: put the key file back."""


class MasterKeyUnreadable(Unavailable):
    """The master key file {path} cannot be used: {reason}"""


class MasterKeyWrong(Unavailable):
    """A key was wrapped by the master key {wanted}, which is not among those at hand ({known})."""


class KmsUnavailable(Unavailable):
    """The key service cannot be reached now; nothing was written. {reason}"""


class KmsRefused(Unavailable):
    """The key service refused to {verb} a key: {reason}"""


class SecretUnreadable(Unavailable):
    """What is stored encrypted as {what} does not open: it was changed, moved, or sealed for something else."""
