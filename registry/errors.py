"""What can stand between an applet and a tenant."""

from sdk.errors import Conflict, Invalid, NotFound


class AppletUnknown(NotFound):
    """There is no applet {applet} here; {nearest} has a name like it."""


class AppletUnfit(Invalid):
    """The applet {applet} does not fit this installation: {count} reason(s)."""


class AppletsRequired(Conflict):
    """The applet {applet} requires {required}: enable them too, or ask for that with `with_required`."""


class AppletInUse(Conflict):
    """The applet {applet} is required by {dependents}: disable them first."""


class AppletNotEnabled(Conflict):
    """The applet {applet} is not enabled."""


class AppletVersionUnknown(NotFound):
    """There is no version {version} of the applet {applet} here; there are {known}."""


class BundleUnreadable(Invalid):
    """The bundle cannot be used: {reason}."""


class ReleaseTaken(Conflict):
    """Version {version} of {applet} is here already with another content: give it another number."""


class TrustNotGiven(Conflict):
    """{applet} would run in the process of the server, with all its rights: say --trust, or let it run sandboxed."""


class AppletStateWrong(Conflict):
    """The applet {applet} is {state}: {verb} is possible where it is {allowed}."""


class NothingToRollBack(Conflict):
    """The applet {applet} is at {version}, and before that it was at no older one: there is nothing to go back to."""


class PlanRequestUnclear(Invalid):
    """A plan is about one applet by its name, or, to upgrade, about all of them: {given} is neither."""


class PlanUnknown(NotFound):
    """There is no plan {digest} of this tenant."""


class PlanDrifted(Conflict):
    """The plan {digest} is out of date: {changed} is not as it was. Make it again; it would be {now} now."""


class PlanBlocked(Conflict):
    """The plan {digest} cannot be applied: {count} finding(s) speak against it."""


class ConsentMissing(Conflict):
    """The plan {digest} needs consent to {missing}."""


class GuardBroken(Conflict):
    """Nothing was changed, as these invariants would not hold any more: {guards}."""


class KeysTaken(Conflict):
    """Nothing was changed: two documents of {type} have taken the same {field} meanwhile, which becomes unique."""
