"""What the kernel tells about applets it does not trust."""

from __future__ import annotations

from sdk.errors import Invalid, LimitExceeded, Unavailable


class AppletStopped(Unavailable):
    """Applet {applet} was stopped: {reason}."""


class SandboxBusy(Unavailable):
    """All {maximum} workers of the sandbox are in use; try again."""


class SandboxOff(Unavailable):
    """The sandbox is off, so that applet {applet} does not run: {reason}."""


class BudgetSpent(LimitExceeded):
    """Applet {applet} has spent its {budget} of today ({maximum}); it runs again tomorrow."""


class PolicyRefused(Invalid):
    """The code of applet {applet} breaks {count} rule(s) of the sandbox."""


class LoadFailed(Invalid):
    """The code of applet {applet} does not load: {reason}."""


class CallsTooNested(LimitExceeded):
    """Sandboxed applets call each other more than {maximum} deep, which this engine's stack does not hold."""
