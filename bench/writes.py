"""create.inprocess, create.http, post.http: documents written, beside bare psycopg or FastAPI writing the same rows."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

from bench.bare import Copier, one_statement, writing
from bench.business import MARK, customer
from bench.copies import Rows, Transaction, difference, read_rows
from bench.figures import Figure
from bench.house import House, Tenant
from bench.load import Connection, find_id
from bench.rounds import Effort, Work, compare, say
from bench.traffic import Load, Step, open_handlers, open_servers
from kernel.documents import service

CUSTOMERS_PATH = "/api/v1/parties/customers"
INVOICES_PATH = "/api/v1/receivables/invoices"
CREATE: list[Step] = [("POST", CUSTOMERS_PATH, json.dumps(customer()))]
TENANT = "trade"
SAMPLE = "sample-00000"
SETTLE_S_MAX = 60.0
# Of ours and of what it is compared with.
PROCESSES, WRITERS = 2, 8
BESIDE = f"bare FastAPI + psycopg, {PROCESSES} processes, {WRITERS} clients, same rows unchecked, one statement"
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
    """Eight clients, two processes, of ours and of the bare handler."""
    tenant, mark = house.tenant(TENANT), f"{SAMPLE[:-1]}1"
    with (
        open_servers(house.dsn, house.folder, PROCESSES) as ports,
        Load(ports, tenant.token) as load,
        closing(house.connect()) as connection,
    ):
        id = _ask(ports[0], tenant, "POST", CUSTOMERS_PATH, customer(mark))
        rows = read_rows(connection, tenant.schema, [id])
        with _raw(house, tenant, rows, {mark: len(mark)}) as raw:
            ours = partial(load.run, CREATE, clients=WRITERS)
            return [compare("create.http", ours, raw(CREATE[0]), effort, beside=BESIDE)]


def post_over_http(house: House, effort: Effort) -> list[Figure]:
    """An invoice with five lines, created and posted: by one request, and by two."""
    tenant = house.tenant(TENANT)
    # Without a worker, which would take the deliveries away before they are counted.
    with open_servers(house.dsn, house.folder, has_worker=False) as ports:
        rows = _sample_invoice(house, tenant, ports[0])
    say(f"  an invoice, created and posted, is {_told(difference({}, rows, series=SERIES_OF_INVOICE))}")
    with (
        open_servers(house.dsn, house.folder, PROCESSES) as ports,
        Load(ports, tenant.token) as load,
        _raw(house, tenant, rows, {}, SERIES_OF_INVOICE) as raw,
    ):
        figures = []
        for name, steps in (("post.http", one_request(tenant)), ("post.http.two_requests", invoice_steps(tenant))):

            def ours(count: int, steps: list[Step] = steps) -> float:
                took = load.run(steps, count, clients=WRITERS)
                # What the worker of the server still has to do must not slow the raw round that follows.
                wait_for_worker(house, tenant)
                return took

            figures.append(compare(name, ours, raw(one_request(tenant)[0]), effort, beside=BESIDE, first=WRITERS))
        return figures


@contextmanager
def _raw(
    house: House, tenant: Tenant, rows: Rows, marks: Mapping[str, int], series: int = 0
) -> Iterator[Callable[[Step], Work]]:
    """Work of the bare handler: the same body sent to it, the same rows written."""
    written = one_statement(tenant.schema, rows, series)
    names = dict.fromkeys(sorted(difference({}, rows).own_ids())) | dict(marks)
    recipe = {"sql": written.sql, "parameters": written.parameters, "names": names}
    recipes = dict.fromkeys((CUSTOMERS_PATH, INVOICES_PATH), recipe)
    with open_handlers(house.dsn, house.folder, recipes, PROCESSES) as ports, Load(ports, "") as load:
        yield lambda step: partial(load.run, [step], clients=WRITERS)


def one_request(tenant: Tenant) -> list[Step]:
    method, path, body = invoice_steps(tenant)[0]
    return [(method, f"{path}?perform=post", body)]


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


def _sample_invoice(house: House, tenant: Tenant, port: int) -> Rows:
    """The rows of an invoice and its journal entry."""
    with house.connect() as connection:
        id = _ask(port, tenant, "POST", f"{INVOICES_PATH}?perform=post", tenant.business.invoice(0))
        entry = connection.execute(
            f"SELECT data->>'journal_entry' FROM \"{tenant.schema}\".documents WHERE id = %s", [id]
        ).fetchone()
        assert entry is not None
        return read_rows(connection, tenant.schema, [id, entry[0]])


def _ask(port: int, tenant: Tenant, method: str, path: str, body: Any) -> str:
    with closing(Connection(port, tenant.token)) as connection:
        return find_id(connection.ask(method.encode(), path.encode(), json.dumps(body).encode())).decode()


def _told(transaction: Transaction) -> str:
    return ", ".join(f"{count} {table}" for table, count in transaction.count_rows().items())
