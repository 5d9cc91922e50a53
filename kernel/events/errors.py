"""What can be wrong with events and their deliveries."""

from sdk.errors import Conflict, Forbidden, NotFound, Unavailable


class EventsHidden(Forbidden):
    """You may list all events only as kernel.admin or kernel.auditor; name a document that you may read."""


class DeliveryUnknown(NotFound):
    """There is no delivery {id}: it was done or dropped, or never existed."""


class DeliveryNotDead(Conflict):
    """The delivery {id} is still being tried; only a dead one is retried."""


class WorkerStuck(Unavailable):
    """The worker did not stop within {seconds} s; what it was at rolls back."""
