"""What can stand between an applet and a tenant."""

from sdk.errors import Conflict, Invalid, NotFound


class AppletUnknown(NotFound):
    """There is no applet {applet} here; {nearest} is the nearest name."""


class AppletUnfit(Invalid):
    """The applet {applet} does not fit this installation: {count} reason(s)."""


class AppletsRequired(Conflict):
    """The applet {applet} requires {required}: enable them too, or ask for that with `with_required`."""


class AppletInUse(Conflict):
    """The applet {applet} is required by {dependents}: disable them first."""


class AppletNotEnabled(Conflict):
    """The applet {applet} is not enabled."""
