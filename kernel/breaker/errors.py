"""What becomes of a call when an applet takes too long, or is suspended."""

from sdk.errors import Conflict, NotFound, Unavailable


class HookOverBudget(Unavailable):
    """The hook {hook} ({function}) of applet {applet} exceeded its budget of {budget}; nothing was changed."""


class AppletSuspended(Unavailable):
    """The applet {applet} is suspended since {since}, and refuses what its hook {hook} may not decide: {notice}"""


class AppletSwitchedOff(Unavailable):
    """The applet {applet} is switched off since {since}, so that its hook {hook} cannot decide: {reason}"""


class AppletNotSuspended(Conflict):
    """The applet {applet} is not suspended."""


class AppletNotRunning(NotFound):
    """The applet {applet} is not enabled for this tenant; {nearest} has a name like it."""


class CannotLoosen(Conflict):
    """The applet {applet} declares fail_closed, which can only be tightened."""
