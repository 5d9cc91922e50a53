"""What can stand in the way of a rollout."""

from sdk.errors import Conflict, Invalid, NotFound


class RolloutUnknown(NotFound):
    """There is no rollout {rollout}."""


class RolloutInvalid(Invalid):
    """The rollout cannot be started: {reason}."""


class RolloutRunning(Conflict):
    """A rollout of {applet} is under way already, {rollout}: halt it first."""


class RolloutEmpty(Conflict):
    """No tenant runs {applet} in an older version than {version} and may be moved."""


class RolloutStateWrong(Conflict):
    """The rollout {rollout} is {state}: {verb} is possible while it is {allowed}."""
