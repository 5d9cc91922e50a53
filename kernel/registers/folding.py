"""Adding movements into monthly totals in the background, and proving that nothing went missing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from kernel.db.unit_of_work import UnitOfWork
from kernel.registers.tables import DIMENSION_SLOTS, POSITIVE_SLOTS, RESOURCE_SLOTS

FOLD_BATCH = 5_000

_KEY = ", ".join(("register", "company_id", "month", *DIMENSION_SLOTS))
_MONTH = "date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date"
_DIMENSIONS = ", ".join(DIMENSION_SLOTS)
_RESOURCES = ", ".join(RESOURCE_SLOTS)
_SUMS = ", ".join(
    [*(f"sum({slot})" for slot in RESOURCE_SLOTS), *(f"sum(greatest({slot}, 0))" for slot in RESOURCE_SLOTS)]
)
_SLOTS = (*RESOURCE_SLOTS, *POSITIVE_SLOTS)
_TAKEN = ", ".join(f"m.{slot}" for slot in (*DIMENSION_SLOTS, *RESOURCE_SLOTS))
# A resource nobody declared is NULL; one that a later release declares begins with its first movement.
_ADDED = ", ".join(f"{slot} = coalesce(t.{slot} + excluded.{slot}, t.{slot}, excluded.{slot})" for slot in _SLOTS)

# Whatever is committed and not folded is taken, never "position > last": late commits keep their turn.
# The order of the insert is the order of the key, so two that fold at once wait for, but never on, each other.
_FOLD = f"""
WITH batch AS (
    SELECT id FROM {{t}}.movements WHERE NOT folded ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE {{t}}.movements m SET folded = true FROM batch WHERE m.id = batch.id
    RETURNING m.register, m.company_id, m.occurred_at, {_TAKEN}
), added AS (
    INSERT INTO {{t}}.totals AS t ({_KEY}, {", ".join(_SLOTS)})
    SELECT register, company_id, {_MONTH} AS month, {_DIMENSIONS}, {_SUMS} FROM taken
     GROUP BY {_KEY} ORDER BY {_KEY}
    ON CONFLICT ({_KEY}) DO UPDATE SET {_ADDED}
)
SELECT count(*) FROM taken
"""

_FOLDED = f"""
SELECT register, company_id, {_MONTH} AS month, {_DIMENSIONS}, {_SUMS} FROM {{t}}.movements
 WHERE folded GROUP BY {_KEY}
"""

_DRIFT = f"""
WITH counted AS ({_FOLDED}), kept AS (SELECT {_KEY}, {", ".join(_SLOTS)} FROM {{t}}.totals)
SELECT count(DISTINCT ({_KEY})) FROM (
    (SELECT * FROM counted EXCEPT SELECT * FROM kept) UNION ALL (SELECT * FROM kept EXCEPT SELECT * FROM counted)
) AS difference
"""

# Sums over all months and dimensions, at the cost of one pass: what went missing, or came twice, shows in them. That of
# the positive ones beside it, as whole entries of a balanced register sum to nothing.
_DIFFERING = """
WITH counted AS (
    SELECT register, company_id, ARRAY[sum(r1), sum(greatest(r1, 0))] AS sums FROM {t}.movements
     WHERE folded AND register = ANY(%(registers)s) GROUP BY register, company_id
), kept AS (
    SELECT register, company_id, ARRAY[sum(r1), sum(p1)] AS sums FROM {t}.totals
     WHERE register = ANY(%(registers)s) GROUP BY register, company_id
)
SELECT register, company_id::text, coalesce(kept.sums, '{0,0}'), coalesce(counted.sums, '{0,0}')
  FROM kept FULL JOIN counted USING (register, company_id)
 WHERE kept.sums IS DISTINCT FROM counted.sums ORDER BY register, company_id LIMIT %(limit)s
"""


class Differing(NamedTuple):
    """A register of a company whose totals are not what its movements come to.

    Both are of the first resource: the sum, and that of the amounts above zero alone.
    """

    register: str
    company_id: str
    totals: Sequence[Decimal]
    movements: Sequence[Decimal]


def fold(uow: UnitOfWork, *, batch: int = FOLD_BATCH) -> int:
    """Add at most `batch` movements into the totals; how many there were. Commit before folding again.

    Several may fold at once, in transactions of their own. There is nothing left to do when it answers less than asked.
    """
    row = uow.execute(_FOLD, [batch]).fetchone()
    assert row is not None
    return int(row[0])


def count_pending(uow: UnitOfWork) -> int:
    """Movements waiting to be folded."""
    row = uow.execute("SELECT count(*) FROM {t}.movements WHERE NOT folded").fetchone()
    assert row is not None
    return int(row[0])


def count_drift(uow: UnitOfWork) -> int:
    """How many rows of the totals differ from the sum of the folded movements: 0, or something has gone wrong."""
    row = uow.execute(_DRIFT).fetchone()
    assert row is not None
    return int(row[0])


def find_differing(uow: UnitOfWork, registers: Sequence[str], limit: int) -> list[Differing]:
    """Registers of companies whose totals do not add up to the folded movements, at most `limit` of them.

    `count_drift` looks at each row of the totals, and takes longer.
    """
    return [
        Differing(*row) for row in uow.execute(_DIFFERING, {"registers": list(registers), "limit": limit}).fetchall()
    ]


def rebuild_totals(uow: UnitOfWork) -> int:
    """Compute all totals anew from the folded movements; how many rows they have now.

    Whoever folds meanwhile has marked movements this transaction does not see as folded; it waits for the lock and
    adds them afterwards. Readers go on with the totals as they were.
    """
    uow.execute("LOCK TABLE {t}.totals IN EXCLUSIVE MODE")
    uow.execute("DELETE FROM {t}.totals")
    return uow.execute(f"INSERT INTO {{t}}.totals ({_KEY}, {', '.join(_SLOTS)}) {_FOLDED}").rowcount
