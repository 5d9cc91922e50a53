"""What can go wrong before an applet runs."""

from __future__ import annotations

from sdk.errors import Unavailable


class WorkerUnavailable(Unavailable):
    """No worker of the sandbox can be started: {reason}."""
