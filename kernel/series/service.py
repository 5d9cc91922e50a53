"""Numbers: gapless ones from the transaction at hand, plain ones from blocks a process takes ahead of time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from kernel.db.unit_of_work import UnitOfWork

NUMBER_BLOCK_SIZE = 50
NO_COMPANY = "00000000-0000-0000-0000-000000000000"

_ADVANCE = """
INSERT INTO {t}.series AS s (name, company_id, period, value) VALUES (%s, %s, %s, %s)
ON CONFLICT (name, company_id, period) DO UPDATE SET value = s.value + excluded.value RETURNING value
"""


def next_number(uow: UnitOfWork, name: str, company_id: str | None, period: str, *, count: int = 1) -> int:
    """Advance a series by `count` and return its last number. Its row stays locked until the transaction ends."""
    row = uow.execute_beside(_ADVANCE, [name, company_id or NO_COMPANY, period, count]).fetchone()
    assert row is not None
    return int(row[0])


class NumberBlocks:
    """Numbers that may have gaps: taken fifty at a time in a transaction of their own, so that nobody waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: dict[tuple[str, ...], tuple[int, int]] = {}

    def take(
        self,
        begin: Callable[[], AbstractContextManager[UnitOfWork]],
        tenant_id: str,
        name: str,
        company_id: str | None,
        period: str,
    ) -> int:
        """The next number of a series in this process; `begin` opens a unit of work when a block is used up."""
        key = (tenant_id, name, company_id or NO_COMPANY, period)
        with self._lock:
            following, last = self._blocks.get(key, (1, 0))
            if following > last:
                with begin() as uow:
                    last = next_number(uow, name, company_id, period, count=NUMBER_BLOCK_SIZE)
                    uow.commit()
                following = last - NUMBER_BLOCK_SIZE + 1
            self._blocks[key] = (following + 1, last)
            return following
