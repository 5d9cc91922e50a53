"""Numbers: gapless ones from the transaction at hand, plain ones from blocks a process takes ahead of time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class Block:
    """What is left of the numbers a process took. lock: held while more are taken, by that series alone."""

    following: int = 1
    last: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


class NumberBlocks:
    """Numbers that may have gaps: taken fifty at a time in a transaction of their own, so that nobody waits."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[str, ...], Block] = {}

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
        # In one step, should two threads be the first at once.
        block = self._blocks.get(key) or self._blocks.setdefault(key, Block())
        with block.lock:
            if block.following > block.last:
                with begin() as uow:
                    last = next_number(uow, name, company_id, period, count=NUMBER_BLOCK_SIZE)
                    uow.commit()
                block.following, block.last = last - NUMBER_BLOCK_SIZE + 1, last
            block.following += 1
            return block.following - 1
