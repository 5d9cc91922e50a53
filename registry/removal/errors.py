"""What can stand between an applet and its removal."""

from sdk.errors import Conflict


class PurgeTooEarly(Conflict):
    """{applet} was uninstalled on {uninstalled_on}; its data may be purged from {from_on} on."""


class PurgeApart(Conflict):
    """A purge cannot be undone and is no plan to apply: `bos applet purge {applet}` does it."""
