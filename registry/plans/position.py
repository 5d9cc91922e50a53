"""The event from which on a later look finds everything this one may have missed."""

from __future__ import annotations

import time

from kernel.db.unit_of_work import UnitOfWork
from kernel.events.horizon import Horizon

# For those who are writing at this moment to end; a request is faster, an import is not waited for.
WAIT_S_MAX = 0.5
_PAUSE_S = 0.005


def settled_position(uow: UnitOfWork) -> int:
    """The last event, once no earlier one can appear any more; 0, before all events, where that takes too long.

    Whatever is read after this call is as it was at that event, or later.
    """
    assert uow.tenant is not None
    horizon = Horizon(uow.tenant.schema)
    deadline = time.monotonic() + WAIT_S_MAX
    position = horizon.look(uow.execute)
    while not horizon.is_settled and time.monotonic() < deadline:
        time.sleep(_PAUSE_S)
        position = horizon.look(uow.execute)
    return position
