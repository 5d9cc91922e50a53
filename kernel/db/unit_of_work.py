"""One transaction, and the only place that commits it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, ClassVar, Protocol

import psycopg
from psycopg import pq
from sqlalchemy import Executable, make_url

from kernel.db.errors import CommitFailed, CommitUncertain
from kernel.db.names import PLATFORM_SCHEMA
from kernel.tenancy.record import TenantRecord

Parameters = Sequence[Any] | Mapping[str, Any] | None
SQL_TEXTS_MAX = 4096
# Of errors that end a connection: it broke, an administrator ended it, another process of the server crashed.
LOST_STATES = (None, "57P01", "57P02")

# Anything else than a reading statement, or one that locks what it reads: rather too much than too little.
_READING = re.compile(r"\s*(?:SELECT|WITH)\b")
_EFFECT = re.compile(
    r"\b(?:INSERT|UPDATE|DELETE|MERGE|FOR\s+(?:KEY\s+)?SHARE|pg_\w*lock\w*|pg_notify|nextval|setval)\b", re.IGNORECASE
)

_DIALECT = make_url("postgresql+psycopg://").get_dialect()()


@lru_cache(maxsize=SQL_TEXTS_MAX)
def qualify(sql: str, schema: str) -> str:
    """Put schema names in: qualified text keeps its plan when a connection moves between tenants."""
    return sql.replace("{t}", f'"{schema}"').replace("{p}", PLATFORM_SCHEMA)


@lru_cache(maxsize=SQL_TEXTS_MAX)
def has_effect(sql: str) -> bool:
    """Whether a statement may change something, or lock something that others change."""
    return not _READING.match(sql) or _EFFECT.search(sql) is not None


class Watch(Protocol):
    """Told of each statement while it is set; may refuse one by raising, before anything is sent."""

    def begin_statement(self) -> float: ...

    def end_statement(self, began: float, may_wait: bool) -> None: ...


class UnitOfWork:
    """Rolls back unless `commit` was called. `generation` is the tenant's, as of the first statement.

    effects: how many statements so far may have changed or locked something. watch: see kernel/breaker.
    is_rehearsal: it is only seen whether it could be committed.
    """

    raw_cursor: ClassVar[type[psycopg.RawCursor[Any]]] = psycopg.RawCursor

    def __init__(self, connection: psycopg.Connection[Any], tenant: TenantRecord | None, generation: int) -> None:
        self.connection = connection
        self.tenant = tenant
        self.generation = generation
        self.is_committed = False
        # How many savepoints were rolled back to: locks that were taken since are gone.
        self.undone = 0
        self.effects = 0
        self.watch: Watch | None = None
        self.is_rehearsal = False
        self._is_doomed = False
        self._has_ended = False
        self._held_back: list[Callable[[], None]] = []
        self._before_commit: list[Callable[[], object]] = []
        self._after_commit: list[Callable[[], None]] = []
        self._at_end: list[Callable[[], None]] = []

    def execute(self, sql: str, parameters: Parameters = None) -> psycopg.Cursor[Any]:
        """Run SQL text with `{t}` (tenant schema) and `{p}` (platform schema) in it; values are always bound."""
        if self._held_back:
            self.release()
        return self.execute_beside(sql, parameters)

    def execute_beside(self, sql: str, parameters: Parameters = None) -> psycopg.Cursor[Any]:
        """The same where the answer does not depend on what is held back."""
        watch = self.watch
        if watch is None:
            return self.connection.execute(self._qualified(sql), parameters)
        began = watch.begin_statement()
        try:
            return self.connection.execute(self._qualified(sql), parameters)
        finally:
            watch.end_statement(began, has_effect(sql))

    def execute_raw(self, sql: str, values: Sequence[Any]) -> psycopg.Cursor[Any]:
        """The same for text with `$1` in it, which psycopg passes on as it is."""
        watch = self.watch
        if watch is None:
            return self.raw_cursor(self.connection).execute(self._qualified(sql), values)
        began = watch.begin_statement()
        try:
            return self.raw_cursor(self.connection).execute(self._qualified(sql), values)
        finally:
            watch.end_statement(began, has_effect(sql))

    def _qualified(self, sql: str) -> str:
        if self._has_ended:
            # The connection is back in the pool, and may be another tenant's by now.
            raise RuntimeError("this unit of work has ended; what it was to read must be read before")
        self.effects += has_effect(sql)
        return qualify(sql, self.tenant.schema if self.tenant else "")

    def execute_statement(self, statement: Executable) -> psycopg.Cursor[Any]:
        """Run a composed statement whose tables stand in the schema "{t}"."""
        sql, parameters = compile_statement(statement)
        return self.execute(sql, parameters)

    def hold_back(self, write: Callable[[], None]) -> None:
        """Put a write off until somebody might see what it writes, or its maker takes it back."""
        self._held_back.append(write)

    def take_back(self, write: Callable[[], None]) -> bool:
        """Forget a write that was held back; False when it was run already."""
        is_held = write in self._held_back
        if is_held:
            self._held_back.remove(write)
        return is_held

    def release(self) -> None:
        """Run what is held back, in order."""
        while self._held_back:
            self._held_back.pop(0)()

    def doom(self) -> None:
        """Refuse to commit, because a write was left half done. A savepoint around that write lifts it."""
        self._is_doomed = True

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what happens inside when it raises, and only that."""
        self.release()
        callbacks, was_doomed = len(self._after_commit), self._is_doomed
        self.connection.execute("SAVEPOINT inner_work")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO SAVEPOINT inner_work")
            self.connection.execute("RELEASE SAVEPOINT inner_work")
            self.undone += 1
            self._held_back.clear()
            del self._after_commit[callbacks:]
            self._is_doomed = was_doomed
            raise
        self.connection.execute("RELEASE SAVEPOINT inner_work")

    def before_commit(self, callback: Callable[[], object]) -> None:
        """Call as the last thing in the transaction, should it be committed."""
        self._before_commit.append(callback)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call once the transaction is durable; never when it rolls back."""
        self._after_commit.append(callback)

    def at_end(self, callback: Callable[[], None]) -> None:
        """Call once the transaction has ended, whichever way: it holds nothing any more that others may wait for."""
        self._at_end.append(callback)

    def commit(self) -> None:
        """Commit. PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error: that is one here."""
        if self._is_doomed:
            raise RuntimeError("a write failed, and its error was passed over: nothing is committed")
        self.release()
        for prepare in self._before_commit:
            prepare()
        if self.is_rehearsal:
            self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            return
        try:
            cursor = self.connection.execute("COMMIT")
        except psycopg.OperationalError as error:
            # Its log may have been written already: then PostgreSQL recovers with the change, else without it.
            if error.sqlstate in LOST_STATES:
                raise CommitUncertain from error
            raise
        if cursor.statusmessage != "COMMIT":
            raise CommitFailed
        self.is_committed = True
        for callback in self._after_commit:
            callback()

    def end(self) -> None:
        """Roll back what was not committed, and answer nothing from now on."""
        self._has_ended = True
        self.rollback()
        for callback in self._at_end:
            callback()

    def rollback(self) -> None:
        """Leave no trace of the transaction; harmless when it has ended already."""
        status = self.connection.info.transaction_status
        if status in (pq.TransactionStatus.IDLE, pq.TransactionStatus.UNKNOWN):
            return
        try:
            # Interrupted in the middle of a statement, by Ctrl-C say, or lost: PostgreSQL rolls back what hangs up.
            if status == pq.TransactionStatus.ACTIVE:
                self.connection.close()
            else:
                self.connection.execute("ROLLBACK")
        except psycopg.OperationalError:
            # Whatever led here is to be told, not that there is nothing left to roll back.
            self.connection.close()


def compile_statement(statement: Executable) -> tuple[str, dict[str, Any]]:
    """The SQL text and bound values of a composed statement."""
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]
    return str(compiled), dict(compiled.params)
