"""create.inprocess, create.http, post.http: documents written, beside bare psycopg writing the same rows."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

from bench.bare import Copier, writing
from bench.business import MARK, customer
from bench.copies import Transaction, difference, read_rows
from bench.figures import Figure
from bench.house import House, Tenant
from bench.load import Connection, find_id
from bench.rounds import Effort, compare, say
from bench.traffic import CLIENTS, Load, Step, open_servers
from kernel.documents import service

CUSTOMERS_PATH = "/api/v1/parties/customers"
INVOICES_PATH = "/api/v1/receivables/invoices"
CREATE: list[Step] = [("POST", CUSTOMERS_PATH, json.dumps(customer()))]
TENANT = "trade"
SAMPLE = "sample-00000"
SETTLE_S_MAX = 60.0
# The invoice's gapless number. Its journal entry's comes from a block of fifty, in a transaction beside.
SERIES_OF_INVOICE = 1
_numbers = itertools.count(1)


def create_in_process(house: House, effort: Effort) -> list[Figure]:
    """One thread, one transaction each, as the operator."""
    tenant = house.tenant(TENANT)

    def ours(count: int) -> float:
        data = [customer(f"i{next(_numbers):011}") for _ in range(count)]
        started = time.perf_counter()
        for fields in data:
            with house.kernel.operate(tenant.record) as ctx:
                service.create(ctx, "parties.customer", fields)
        return time.perf_counter() - started

    with house.kernel.operate(tenant.record) as ctx:
        id = service.create(ctx, "parties.customer", customer(SAMPLE)).id
    copier = _copier_of_customer(house, tenant, id, SAMPLE)
    beside = "psycopg, 1 thread, same rows"
    return [compare("create.inprocess", ours, writing(house.connect, copier, 1), effort, beside=beside)]


def create_over_http(house: House, effort: Effort) -> list[Figure]:
    """Four clients; one server process, and two."""
    tenant = house.tenant(TENANT)
    figures = []
    for name, processes in (("create.http", 1), ("create.http.2_processes", 2)):
        with open_servers(house.dsn, house.folder, processes) as ports, Load(ports, tenant.token) as load:
            mark = f"{SAMPLE[:-1]}{processes}"
            id = _ask(ports[0], tenant, "POST", CUSTOMERS_PATH, customer(mark))
            copier = _copier_of_customer(house, tenant, id, mark)
            raw = writing(house.connect, copier, CLIENTS)
            beside = f"psycopg, {CLIENTS} threads, same rows"
            figures.append(compare(name, partial(load.run, CREATE), raw, effort, beside=beside))
    return figures


def post_over_http(house: House, effort: Effort) -> list[Figure]:
    """An invoice with five lines created and posted: two requests, two transactions."""
    tenant = house.tenant(TENANT)
    # Without a worker, which would take the deliveries away before they are counted.
    with open_servers(house.dsn, house.folder, has_worker=False) as ports:
        written = list(_sample_invoice(house, tenant, ports[0]))
    for name, transaction in zip(("creating", "posting"), written, strict=True):
        say(f"  {name} an invoice writes {_told(transaction)}")
    with open_servers(house.dsn, house.folder) as ports, Load(ports, tenant.token) as load:
        raw = writing(house.connect, Copier(tenant.schema, written), CLIENTS)
        steps = invoice_steps(tenant)

        def ours(count: int) -> float:
            took = load.run(steps, count)
            # What the worker of the server still has to do must not slow the raw round that follows.
            wait_for_worker(house, tenant)
            return took

        beside = f"psycopg, {CLIENTS} threads, same rows in two transactions"
        return [compare("post.http", ours, raw, effort, beside=beside, first=8)]


def invoice_steps(tenant: Tenant) -> list[Step]:
    invoice = json.dumps({**tenant.business.invoice(0), "reference": f"Order {MARK}"})
    return [("POST", INVOICES_PATH, invoice), ("POST", INVOICES_PATH + "/{id}/post", "{}")]


def wait_for_worker(house: House, tenant: Tenant) -> None:
    """Until nothing is to be delivered, so that the worker sleeps."""
    deadline = time.monotonic() + SETTLE_S_MAX
    with house.connect() as connection:
        while time.monotonic() < deadline:
            row = connection.execute(f'SELECT count(*) FROM "{tenant.schema}".deliveries').fetchone()
            if row and row[0] == 0:
                return
            time.sleep(0.02)
    say("  the worker has not caught up: the raw rounds that follow are slower for it")


def _copier_of_customer(house: House, tenant: Tenant, id: str, mark: str) -> Copier:
    with house.connect() as connection:
        written = difference({}, read_rows(connection, tenant.schema, [id]))
    say(f"  a customer is {_told(written)}")
    return Copier(tenant.schema, [written], mark)


def _sample_invoice(house: House, tenant: Tenant, port: int) -> Iterator[Transaction]:
    """What creating an invoice wrote, and what posting it wrote."""
    with house.connect() as connection:
        id = _ask(port, tenant, "POST", INVOICES_PATH, tenant.business.invoice(0))
        created = read_rows(connection, tenant.schema, [id])
        yield difference({}, created)
        _ask(port, tenant, "POST", f"{INVOICES_PATH}/{id}/post", {})
        entries = connection.execute(
            f"SELECT data->>'journal_entry' FROM \"{tenant.schema}\".documents WHERE id = %s", [id]
        ).fetchone()
        assert entries is not None
        posted = read_rows(connection, tenant.schema, [id, entries[0]])
        yield difference(created, posted, series=SERIES_OF_INVOICE)


def _ask(port: int, tenant: Tenant, method: str, path: str, body: Any) -> str:
    with closing(Connection(port, tenant.token)) as connection:
        return find_id(connection.ask(method.encode(), path.encode(), json.dumps(body).encode())).decode()


def _told(transaction: Transaction) -> str:
    return ", ".join(f"{count} {table}" for table, count in transaction.count_rows().items())
