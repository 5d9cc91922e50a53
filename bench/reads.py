"""list.filtered and get.http: documents read among 100,000 invoices, beside hand-written SQL for the same rows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any
from urllib.parse import urlencode

import psycopg

from bench.archive import INVOICES, fill_archive
from bench.bare import together
from bench.figures import Figure
from bench.house import House, Tenant
from bench.load import Connection
from bench.rounds import Effort, Work, compare, say
from bench.traffic import CLIENTS, Load, Step, open_servers

PATH = "/api/v1/receivables/invoices"
LIMIT = 50
DAY = "2025-03-31"
QUESTION = {
    "filter": "state == 'posted' and outstanding > 1000 and due_on <= param.day",
    "param.day": DAY,
    "sort": "-due_on",
    "limit": str(LIMIT),
}
_COLUMNS = "id, type, company_id, version, state, number, data, created_at, created_by, updated_at, updated_by"
# As somebody would write it who knows the data: text compares as dates do, what is left out is not asked for.
_ROWS = """
SELECT {columns} FROM "{schema}".documents
 WHERE type = 'receivables.invoice' AND deleted_at IS NULL AND state = 'posted'
   AND bos.to_decimal(data ->> 'outstanding') > 1000 AND (data ->> 'due_on') COLLATE "C" <= %s
 ORDER BY (data ->> 'due_on') COLLATE "C" DESC, id DESC LIMIT %s
"""
_TITLES = """
SELECT DISTINCT d.id, coalesce(d.number, d.data ->> 'name') FROM "{schema}".links l
  JOIN "{schema}".documents d ON d.id = l.to_id WHERE l.from_id = ANY(%s::uuid[]) AND d.deleted_at IS NULL
"""
_ONE = 'SELECT {columns} FROM "{schema}".documents WHERE id = %s AND type = %s AND deleted_at IS NULL'


class ListsDiffer(Exception):
    """The list over HTTP and the hand-written SQL do not answer with the same documents."""


def list_over_http(house: House, effort: Effort) -> list[Figure]:
    """One client asks for the page again and again; then four get one document each."""
    tenant = house.tenant("archive")
    count = effort.rows(INVOICES)
    started = time.monotonic()
    fill_archive(house, tenant, count)
    say(f"  {count} invoices with their journal entries and links in {time.monotonic() - started:.0f} s")
    path = f"{PATH}?{urlencode(QUESTION)}"
    with open_servers(house.dsn, house.folder) as ports, Load(ports, tenant.token) as load:
        id = _check_same(house, tenant, ports[0], path)
        page: list[Step] = [("GET", path, "")]
        one: list[Step] = [("GET", f"{PATH}/{id}", "")]
        listed = compare(
            "list.filtered", lambda count: load.run(page, count, 1), _listing(house, tenant), effort, unit="ms",
            beside="psycopg, 1 thread, rows and titles by hand-written SQL", first=3,
        )  # fmt: skip
        got = compare(
            "get.http", lambda count: load.run(one, count), _getting(house, tenant, id), effort,
            beside=f"psycopg, {CLIENTS} threads, the row by its id",
        )  # fmt: skip
    return [listed, got]


def select_page(connection: psycopg.Connection[Any], schema: str) -> list[str]:
    """The ids on the page, with the titles of what they link to fetched as well."""
    rows = connection.execute(_ROWS.format(columns=_COLUMNS, schema=schema), [DAY, LIMIT], prepare=True).fetchall()
    ids = [row[0] for row in rows]
    connection.execute(_TITLES.format(schema=schema), [ids], prepare=True).fetchall()
    return ids


def _check_same(house: House, tenant: Tenant, port: int, path: str) -> str:
    """The id of one of the documents, which both list alike."""
    with closing(Connection(port, tenant.token)) as connection:
        answer = json.loads(connection.ask(b"GET", path.encode(), b""))
    ids = [item["id"] for item in answer["items"]]
    with house.connect() as bare:
        if ids != select_page(bare, tenant.schema):
            raise ListsDiffer(f"{len(ids)} documents over HTTP are not those by SQL")
    say(f"  a page is {len(ids)} invoices and {len(answer['titles'])} titles, {len(json.dumps(answer))} bytes")
    return str(ids[0])


def _listing(house: House, tenant: Tenant) -> Work:
    return _threaded(house, 1, lambda connection: select_page(connection, tenant.schema))


def _getting(house: House, tenant: Tenant, id: str) -> Work:
    sql = _ONE.format(columns=_COLUMNS, schema=tenant.schema)
    values = [id, "receivables.invoice"]
    return _threaded(house, CLIENTS, lambda connection: connection.execute(sql, values, prepare=True).fetchone())


def _threaded(house: House, threads: int, read: Callable[[psycopg.Connection[Any]], Any]) -> Work:
    def read_often(times: int, connection: psycopg.Connection[Any]) -> None:
        for _ in range(times):
            read(connection)

    def work(count: int) -> float:
        shares = [len(range(number, count, threads)) for number in range(threads)]
        return together([partial(read_often, times) for times in shares], house.connect)

    return work
