"""Bare psycopg writing the rows of a transaction: one prepared WITH … INSERT per document, between BEGIN and COMMIT."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from bench.copies import TABLES, Change, Row, Rows, Transaction, fresh_names, renamed
from bench.rounds import Work

Parameters = dict[str, Any]
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Statement:
    """SQL and its values, for which copies have others."""

    sql: str
    parameters: Parameters


def statements(schema: str, transaction: Transaction) -> list[Statement]:
    """What writes the transaction's rows; its number series are advanced by the first statement."""
    made = []
    for number, change in enumerate(transaction.changes):
        parts, parameters = _parts(schema, change)
        series = transaction.series if number == 0 else 0
        for index in range(series):
            parts.append(_advance(schema, index))
        sql = "WITH " + ",\n".join(parts) + "\nSELECT 1"
        made.append(Statement(sql, parameters))
    return made


def one_statement(schema: str, rows: Rows, series: int = 0) -> Statement:
    """All rows of a transaction in their last form, by one statement."""
    parameters: Parameters = {}
    parts = [f"document AS ({_insert_rows(schema, 'documents', rows['documents'], parameters)})"]
    ordered = "ORDER BY r.occurred_at RETURNING position, id"
    parts.append(f"event AS ({_insert_rows(schema, 'events', rows['events'], parameters, ordered)})")
    for table in ("keys", "links", "cipher_keys", "movements"):
        if rows.get(table):
            parts.append(f"{table}_new AS ({_insert_rows(schema, table, rows[table], parameters)})")
    if rows["deliveries"]:
        parts.append(f"deliveries_new AS ({_insert_deliveries(schema, rows['deliveries'], parameters)})")
    parts += [_advance(schema, index) for index in range(series)]
    return Statement("WITH " + ",\n".join(parts) + "\nSELECT 1", parameters)


def _insert_rows(schema: str, table: str, rows: Sequence[Row], parameters: Parameters, rest: str = "") -> str:
    names = ", ".join(TABLES[table])
    return f'INSERT INTO "{schema}".{table} ({names}) SELECT {names} FROM {_rows(table, rows, parameters)} {rest}'


def _insert_deliveries(schema: str, rows: Sequence[Row], parameters: Parameters) -> str:
    names = ", ".join(TABLES["deliveries"])
    values = names.replace("event_position", "event.position").replace("event_id", "r.event_id")
    source = _rows("deliveries", rows, parameters)
    return (
        f'INSERT INTO "{schema}".deliveries ({names}) SELECT {values} FROM event JOIN {source} ON r.event_id = event.id'
    )


def _rows(table: str, rows: Sequence[Row], parameters: Parameters) -> str:
    columns = TABLES[table]
    parameters |= {f"{table}_{name}": [row[name] for row in rows] for name in columns}
    arrays = ", ".join(f"%({table}_{name})s::{type}[]" for name, type in columns.items())
    return f"unnest({arrays}) AS r ({', '.join(columns)})"


def _parts(schema: str, change: Change) -> tuple[list[str], Parameters]:
    parameters: Parameters = {}
    write = _insert if change.is_new else _update
    parts = [
        f"document AS ({write(schema, 'documents', change.document, parameters)})",
        f"event AS ({_insert(schema, 'events', change.event, parameters)} RETURNING position)",
    ]
    for table, rows in change.rest.items():
        parts.append(f"{table}_new AS ({_insert_many(schema, table, rows, parameters)})")
    return parts, parameters


def _insert(schema: str, table: str, row: Row, parameters: Parameters) -> str:
    columns = TABLES[table]
    parameters |= {f"{table}_{name}": row[name] for name in columns}
    values = ", ".join(f"%({table}_{name})s::{type}" for name, type in columns.items())
    return f'INSERT INTO "{schema}".{table} ({", ".join(columns)}) VALUES ({values})'


def _update(schema: str, table: str, row: Row, parameters: Parameters) -> str:
    columns = {name: type for name, type in TABLES[table].items() if not name.startswith(("id", "type", "created"))}
    parameters |= {f"{table}_{name}": row[name] for name in ("id", *columns)}
    values = ", ".join(f"{name} = %({table}_{name})s::{type}" for name, type in columns.items())
    return f'UPDATE "{schema}".{table} SET {values} WHERE id = %({table}_id)s::uuid'


def _insert_many(schema: str, table: str, rows: Sequence[Row], parameters: Parameters) -> str:
    columns = TABLES[table]
    parameters |= {f"{table}_{name}": [row[name] for row in rows] for name in columns}
    arrays = ", ".join(f"%({table}_{name})s::{type}[]" for name, type in columns.items())
    names = ", ".join(columns)
    selected = ", ".join("event.position" if name == "event_position" else f"r.{name}" for name in columns)
    return f'INSERT INTO "{schema}".{table} ({names}) SELECT {selected} FROM event, unnest({arrays}) AS r ({names})'


def _advance(schema: str, index: int) -> str:
    return (
        f'series_{index} AS (INSERT INTO "{schema}".series AS s (name, company_id, period, value)'
        f" VALUES ('bench.{index}', '00000000-0000-0000-0000-000000000000', '', 1)"
        " ON CONFLICT (name, company_id, period) DO UPDATE SET value = s.value + 1 RETURNING value)"
    )


class Copier:
    """Writes copies of what `transactions` wrote, one set of them after the other. mark: a text unique to each copy."""

    def __init__(self, schema: str, transactions: Sequence[Transaction], mark: str = "") -> None:
        self._transactions = [statements(schema, transaction) for transaction in transactions]
        self._ids = set().union(*(transaction.own_ids() for transaction in transactions))
        self._mark = mark

    def prepare(self) -> list[list[tuple[str, Parameters]]]:
        """One copy: for each transaction its statements with values of their own. Done before the clock runs."""
        marks = {self._mark: f"r{next(_numbers):0{len(self._mark) - 1}}"} if self._mark else {}
        names = fresh_names(self._ids, marks)
        return [
            [(made.sql, {name: renamed(value, names) for name, value in made.parameters.items()}) for made in written]
            for written in self._transactions
        ]

    def write(self, connection: psycopg.Connection[Any], copies: Sequence[Any]) -> None:
        for transactions in copies:
            for written in transactions:
                connection.execute("BEGIN")
                for sql, parameters in written:
                    connection.execute(sql, parameters, prepare=True)
                connection.execute("COMMIT")


def writing(connect: Callable[[], psycopg.Connection[Any]], copier: Copier, threads: int) -> Work:
    """Work that writes copies over so many connections at once, one thread each."""

    def work(count: int) -> float:
        shares = [[copier.prepare() for _ in range(number, count, threads)] for number in range(threads)]
        return together([partial(copier.write, copies=share) for share in shares], connect)

    return work


def together(
    tasks: Sequence[Callable[[psycopg.Connection[Any]], None]], connect: Callable[[], psycopg.Connection[Any]]
) -> float:
    """Seconds until all have done their task, each on a connection of its own that is open before the clock runs."""
    failures: list[BaseException] = []
    with ExitStack() as stack:
        connections = [stack.enter_context(connect()) for _ in tasks]

        def run(task: Callable[[psycopg.Connection[Any]], None], connection: psycopg.Connection[Any]) -> None:
            try:
                task(connection)
            except BaseException as error:
                failures.append(error)
                raise

        threads = [
            threading.Thread(target=run, args=pair, daemon=True) for pair in zip(tasks, connections, strict=True)
        ]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - started
    if failures:
        raise failures[0]
    return seconds
