"""Keeps apart who writes values of a tenant's own fields and who changes what these fields are.

A definition looks at all values there are, and gives them their keys and links. A value that was written meanwhile
under the definitions from before would be left without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from kernel.context import KernelContext

OWN_PREFIX = "custom_"
_LOCK = 0x626F7366

_SHARE = "SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))"
_TAKE = "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"
# A statement of its own: it sees what was committed while the one before it waited. What this transaction has raised
# itself, by enabling an applet say, is no change by somebody else.
_IS_SAME = """
SELECT value = %s OR xmin = pg_current_xact_id()::xid FROM {t}.meta WHERE name = 'generation'
"""


def share_definitions(ctx: KernelContext, stored: Mapping[str, Any]) -> None:
    """Before a document is written: no definition changes until this transaction ends, if it has values of such fields.

    Raises psycopg.errors.SerializationFailure where one has changed since it began: it is to be done again.
    """
    if ctx.work.shared_at == ctx.uow.undone or not any(name.startswith(OWN_PREFIX) for name in stored):
        return
    ctx.uow.execute_beside(_SHARE, [_LOCK, ctx.runtime.tenant.schema])
    row = ctx.uow.execute_beside(_IS_SAME, [ctx.uow.generation]).fetchone()
    if row is None or not row[0]:
        raise psycopg.errors.SerializationFailure("the tenant's definitions may have changed meanwhile")
    ctx.work.shared_at = ctx.uow.undone


def take_definitions(ctx: KernelContext) -> None:
    """Before a definition looks at what is there: whoever has written a value has ended, others wait."""
    ctx.uow.execute(_TAKE, [_LOCK, ctx.runtime.tenant.schema])
