"""Registers that never fall below zero: whoever takes from a balance holds its lock until the commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from hashlib import blake2b

from kernel.context import KernelContext
from kernel.registers.staging import key_of
from kernel.registers.tables import DIMENSION_SLOTS
from sdk.document_errors import BalanceNegative
from sdk.registers import Movement, Register
from sdk.values import decimal_text

# PostgreSQL's lock table is shared by all: above this many keys one lock on the whole register stands for them.
LOCKED_KEYS_MAX = 500

Key = tuple[str, ...]

# In READ COMMITTED the statement after the locks sees what the holders before us have committed.
_LOCK_KEYS = """
SELECT pg_advisory_xact_lock_shared(%s), (SELECT count(pg_advisory_xact_lock(k)) FROM unnest(%s::bigint[]) AS k)
"""
_LOCK_REGISTER = "SELECT pg_advisory_xact_lock(%s)"


def check_non_negative(ctx: KernelContext, movements: Iterable[Movement]) -> None:
    """After `movements` were written: no balance they took from is below zero, over all moments together.

    Raises BalanceNegative. A movement before the receipt it draws on is not refused as long as the end is right.
    """
    by_register: defaultdict[str, list[Movement]] = defaultdict(list)
    for movement in movements:
        by_register[movement.register].append(movement)
    for name in sorted(by_register):
        register = ctx.runtime.catalogue.register(name)
        if register.non_negative is not None:
            _check(ctx, register, _keys_taken_from(register, by_register[name]))


def _keys_taken_from(register: Register, movements: Sequence[Movement]) -> list[Key]:
    changes: defaultdict[Key, Decimal] = defaultdict(Decimal)
    for movement in movements:
        changes[key_of(register, movement)] += movement.resources.get(register.non_negative or "", Decimal(0))
    return sorted(key for key, change in changes.items() if change < 0)


def _check(ctx: KernelContext, register: Register, keys: Sequence[Key]) -> None:
    if not keys:
        return
    _lock(ctx, register, keys)
    columns = ["company_id", *DIMENSION_SLOTS[: len(register.dimensions)]]
    arrays = [list(column) for column in zip(*keys, strict=True)]
    row = ctx.uow.execute(_lowest(columns), [*arrays, register.name, register.name]).fetchone()
    if row is not None:
        values = zip(register.dimensions, row[1:-1], strict=True)
        raise BalanceNegative(
            register=register.name,
            resource=register.non_negative,
            balance=decimal_text(row[-1]),
            company_id=row[0],
            dimensions={dimension.name: value for dimension, value in values},
        )


def _lock(ctx: KernelContext, register: Register, keys: Sequence[Key]) -> None:
    """The locks are the database's, so the tenant's schema is part of them. Sorted: two documents never cross."""
    room = (ctx.runtime.tenant.schema, register.name)
    if len(keys) > LOCKED_KEYS_MAX:
        ctx.uow.execute(_LOCK_REGISTER, [_number(room)])
        return
    ctx.uow.execute(_LOCK_KEYS, [_number(room), sorted({_number((*room, *key)) for key in keys})])


def _number(parts: Sequence[str]) -> int:
    """A signed 64-bit number for a name; two names with the same number only wait for each other needlessly."""
    digest = blake2b("\0".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _lowest(columns: Sequence[str]) -> str:
    """The first balance below zero among the keys."""
    names = ", ".join(columns)
    arrays = ", ".join("%s::uuid[]" if column == "company_id" else "%s::text[]" for column in columns)
    same = " AND ".join(f"s.{column} = k.{column}" for column in columns)
    return f"""
WITH k AS MATERIALIZED (SELECT * FROM unnest({arrays}) AS k ({names}))
SELECT {", ".join(f"k.{column}::text" for column in columns)}, sum(b.r1)
  FROM k CROSS JOIN LATERAL (
    SELECT s.r1 FROM {{t}}.totals s WHERE s.register = %s AND {same}
    UNION ALL
    SELECT s.r1 FROM {{t}}.movements s WHERE s.register = %s AND NOT s.folded AND {same}
  ) AS b
 GROUP BY {", ".join(f"k.{column}" for column in columns)} HAVING sum(b.r1) < 0 LIMIT 1
"""
