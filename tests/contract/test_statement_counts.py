"""How many statements the product sends to PostgreSQL, each a round trip, and how many bytes it stores.

Counts do not depend on the machine, so a regression shows here and not only in the benchmarks. Whoever lowers a
figure lowers the budget with it; whoever must raise one says why in the commit.
"""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import ClassVar

import psycopg
import pytest
from starlette.testclient import TestClient

from bench.business import CUSTOMER_BYTES, customer, found_business
from kernel.auth.passwords import Passwords
from kernel.auth.records import Authority
from kernel.auth.service import create_api_key, create_user, log_in
from kernel.db.unit_of_work import UnitOfWork
from kernel.documents.listing import ListRequest
from kernel.documents.queries import query
from kernel.http.app import create_app
from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant, TenantService
from kernel.transfer.caller import Caller
from kernel.transfer.importer import Importer, ImportOptions
from kernel.transfer.mapping import ImportMapping
from kernel.transfer.records import Record
from kernel.transfer.rejects import Rejects
from registry.lifecycle import enable_applet

CUSTOMER, INVOICE = "parties.customer", "receivables.invoice"
# In process, BEGIN (which takes the role and reads the generation) and COMMIT included.
CREATE_STATEMENTS = 3
GET_STATEMENTS = 3
UPDATE_STATEMENTS = 4
UPDATE_OF_NOTHING_STATEMENTS = 3
DELETE_STATEMENTS = 5
LIST_STATEMENTS = 5
CREATE_INVOICE_STATEMENTS = 4
POST_INVOICE_STATEMENTS = 5
CREATE_AND_POST_INVOICE_STATEMENTS = 5
# Over HTTP, what finds out who is asking comes on top.
AUTHENTICATION_STATEMENTS = {"session": 1, "key": 1}
# What a refusal may cost: nothing is written, and nothing is asked that the answer does not need.
REFUSED_CREATE_STATEMENTS = 2
# Rows of all tables that one customer of 1,000 bytes of JSON makes; the event repeats the fields, personal ones sealed.
CUSTOMER_ROW_BYTES = 2_900
CREATE_SQL_BYTES = 1200
# Of a batch: BEGIN, the keys there are already, a savepoint and its end, the one write, COMMIT.
IMPORT_BATCH_STATEMENTS = 6
IMPORTED, IMPORT_BATCHES = 1_000, 2

CONNECTIONS = 2
EMAIL, PASSWORD = "clerk@acme.example", "correct horse battery"
CUSTOMERS_PATH = "/api/v1/parties/customers"
_numbers = itertools.count(1)


class CountingCursor(psycopg.Cursor):
    """Notes what is sent before it is sent."""

    sent: ClassVar[list[str]] = []

    def execute(self, query, params=None, **options):
        self.sent.append(query if isinstance(query, str) else query.decode())
        return super().execute(query, params, **options)


class CountingRawCursor(psycopg.RawCursor):
    """The same for text that is passed on as it is."""

    def execute(self, query, params=None, **options):
        CountingCursor.sent.append(query)
        return super().execute(query, params, **options)


class House:
    def __init__(self, kernel, tenant):
        self.kernel, self.tenant = kernel, tenant

    def watch(self) -> None:
        """Count on all connections of the pool; the one for number blocks, used once in fifty, is left out."""
        with ExitStack() as stack:
            for _ in range(CONNECTIONS):
                uow = stack.enter_context(self.kernel.database.platform())
                uow.connection.cursor_factory = CountingCursor

    def operate(self):
        return self.kernel.operate(self.tenant)

    def create(self, type, data):
        with self.operate() as ctx:
            return ctx.documents.create(type, data)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements sent inside, complete when it ends."""
    CountingCursor.sent.clear()
    statements: list[str] = []
    yield statements
    statements += CountingCursor.sent


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def house(empty_database, monkeypatch_module):
    kernel = build_kernel(Settings(pool_size_max=CONNECTIONS), empty_database())
    tenants = TenantService(kernel.database, kernel.directory, kernel.installation)
    tenant = tenants.create_tenant(NewTenant("acme", "Acme"), kernel.clock())
    releases = kernel.plugins.get_plugin("registry.plugin").releases
    with kernel.operate(tenant) as ctx:
        enable_applet(ctx, releases, "approvals", with_required=True)
    with kernel.operate(tenant) as ctx:
        ctx.documents.create("kernel.company", {"name": "Acme Ltd", "currency": "EUR"})
    opened = House(kernel, tenant)
    with opened.operate() as ctx:
        opened.business = found_business(ctx)
    opened.watch()
    monkeypatch_module.setattr(UnitOfWork, "raw_cursor", CountingRawCursor)
    post(opened, 0)
    yield opened
    kernel.close()


@pytest.fixture(scope="module")
def clients(house):
    """An administrator who is logged in, and the same with an API key."""
    kernel, passwords, now = house.kernel, Passwords(64, 1, 1), house.kernel.clock()
    authority = Authority(kernel.installation.token_secret, passwords)
    with kernel.database.platform() as uow:
        user = create_user(uow, passwords, house.tenant.id, EMAIL, now, password=PASSWORD)
        key = create_api_key(uow, user.id, "count", ["*"], now).secret
        session = log_in(uow, authority, "acme", EMAIL, PASSWORD, now).access_token
        uow.commit()
    house.create("kernel.grant", {"actor_id": user.id, "role": "kernel.admin"})
    app = create_app(kernel, has_worker=False)
    made = {
        name: TestClient(app, headers={"authorization": f"Bearer {credential}"})
        for name, credential in (("session", session), ("key", key))
    }
    assert [client.get(CUSTOMERS_PATH).status_code for client in made.values()] == [200, 200]
    return made


@pytest.fixture(scope="module")
def client(clients):
    return clients["session"]


def post(house, number):
    """An invoice, for everything that is read or compiled only the first time in a generation."""
    with house.operate() as ctx:
        ctx.documents.create(INVOICE, house.business.invoice(number), perform="post")


def new_customer():
    return customer(f"c-{next(_numbers):010}")


def assert_within(statements, budget):
    assert len(statements) <= budget, "\n".join([f"{len(statements)} statements:", *statements])


def test_creating_a_document_is_one_statement_between_begin_and_commit(house):
    with counted() as statements:
        house.create(CUSTOMER, new_customer())
    assert statements[0].startswith("BEGIN; SET LOCAL ROLE")
    assert statements[1].startswith("WITH")
    assert statements[2:] == ["COMMIT"]
    assert_within(statements, CREATE_STATEMENTS)


def test_getting_a_document_is_one_statement(house):
    id = house.create(CUSTOMER, new_customer()).id
    with counted() as statements, house.operate() as ctx:
        ctx.documents.get(CUSTOMER, id)
    assert_within(statements, GET_STATEMENTS)


def test_updating_a_document_reads_it_and_writes_it(house):
    id = house.create(CUSTOMER, new_customer()).id
    with counted() as statements, house.operate() as ctx:
        ctx.documents.update(CUSTOMER, id, {"phone": "+99 555 0199"})
    assert_within(statements, UPDATE_STATEMENTS)


def test_an_update_that_changes_nothing_writes_nothing(house):
    id = house.create(CUSTOMER, new_customer()).id
    with counted() as statements, house.operate() as ctx:
        ctx.documents.update(CUSTOMER, id, {"currency": "EUR"})
    assert_within(statements, UPDATE_OF_NOTHING_STATEMENTS)


def test_deleting_a_document_asks_who_links_to_it(house):
    id = house.create(CUSTOMER, new_customer()).id
    with counted() as statements, house.operate() as ctx:
        ctx.documents.delete(CUSTOMER, id)
    assert_within(statements, DELETE_STATEMENTS)


@pytest.mark.parametrize("limit", [1, 40])
def test_a_list_takes_as_many_statements_however_long_it_is(house, limit):
    wanted = ListRequest(limit=limit, filter="total > 1", sort=("-issued_on",))
    with counted() as statements, house.operate() as ctx:
        page = query(ctx, INVOICE, wanted)
        assert not any("links" in statement for statement in CountingCursor.sent)
        assert page.titles
    assert_within(statements, LIST_STATEMENTS)


def test_creating_an_invoice_stays_within_its_budget(house):
    with counted() as statements:
        house.create(INVOICE, house.business.invoice(1))
    assert_within(statements, CREATE_INVOICE_STATEMENTS)


def test_posting_an_invoice_stays_within_its_budget(house):
    id = house.create(INVOICE, house.business.invoice(2)).id
    with counted() as statements, house.operate() as ctx:
        ctx.documents.perform(INVOICE, id, "post")
    assert_within(statements, POST_INVOICE_STATEMENTS)


def test_an_invoice_created_and_posted_at_once_is_written_by_one_statement_with_its_entry(house):
    with counted() as statements, house.operate() as ctx:
        invoice = ctx.documents.create(INVOICE, house.business.invoice(5), perform="post")
    assert (invoice.state, invoice.version) == ("posted", 2)
    assert sum("INSERT INTO" in statement for statement in statements) == 1
    assert_within(statements, CREATE_AND_POST_INVOICE_STATEMENTS)
    with house.operate() as ctx:
        entry = ctx.documents.get("ledger.journal_entry", invoice["journal_entry"])
        stored = ctx.documents.get(INVOICE, invoice.id)
    assert (entry["reference"], entry["memo"]) == (invoice.number, f"Invoice {invoice.number}")
    assert (stored.number, stored.version, dict(stored)) == (invoice.number, 2, dict(invoice))


def test_create_and_post_over_http_is_one_request_and_leaves_nothing_when_refused(house, client):
    invoices, body = "/api/v1/receivables/invoices", house.business.invoice(6)
    post(house, 7)
    with counted() as statements:
        answer = client.post(f"{invoices}?perform=post", json=body)
    assert (answer.status_code, answer.json()["state"], answer.headers["etag"]) == (201, "posted", '"2"')
    assert_within(statements, AUTHENTICATION_STATEMENTS["session"] + CREATE_AND_POST_INVOICE_STATEMENTS)
    newest = client.get(f"{invoices}?limit=1").json()["items"][0]["id"]
    refused = [client.post(f"{invoices}?{query}", json=body) for query in ("perform=pst", "perform=settle", "do=post")]
    assert [answer.json()["code"] for answer in refused] == ["action_unknown", "action_not_allowed", "invalid_request"]
    assert client.get(f"{invoices}?limit=1").json()["items"][0]["id"] == newest


@pytest.mark.parametrize("credential", AUTHENTICATION_STATEMENTS)
def test_over_http_only_the_authentication_is_added(clients, credential):
    with counted() as statements:
        answer = clients[credential].post(CUSTOMERS_PATH, json=new_customer())
    assert answer.status_code == 201
    assert_within(statements, AUTHENTICATION_STATEMENTS[credential] + CREATE_STATEMENTS)


def test_posting_over_http_takes_as_many_statements_as_in_process(house, client):
    post(house, 4)
    id = house.create(INVOICE, house.business.invoice(3)).id
    with counted() as statements:
        answer = client.post(f"/api/v1/receivables/invoices/{id}/post", json={})
    assert answer.json()["state"] == "posted"
    assert_within(statements, AUTHENTICATION_STATEMENTS["session"] + POST_INVOICE_STATEMENTS)


def test_a_document_that_is_refused_costs_no_statement_of_its_own(house, client):
    with counted() as statements:
        answer = client.post(CUSTOMERS_PATH, json={"code": 7})
    assert answer.status_code == 422
    assert_within(statements, AUTHENTICATION_STATEMENTS["session"] + REFUSED_CREATE_STATEMENTS)


def test_an_import_writes_a_whole_batch_in_one_statement_personal_values_and_their_keys_with_it(house, tmp_path):
    rows = [new_customer() for _ in range(IMPORTED)]
    options = ImportOptions(CUSTOMER, ImportMapping(CUSTOMER, key="code"), batch_size=IMPORTED // IMPORT_BATCHES)
    with counted() as statements, Rejects(tmp_path / "rejects.jsonl") as rejects:
        importer = Importer(Caller(house.kernel, house.tenant), options, rejects)
        report = importer.run(Record(number, [row], {"row": row}) for number, row in enumerate(rows))
    assert (report.created, report.rejected) == (IMPORTED, 0)
    writes = [statement for statement in statements if "INSERT INTO" in statement]
    assert len(writes) == IMPORT_BATCHES
    assert all("cipher_keys" in statement for statement in writes)
    assert_within(statements, IMPORT_BATCHES * IMPORT_BATCH_STATEMENTS)


def test_the_rows_of_a_customer_stay_within_their_bytes(house):
    id = house.create(CUSTOMER, new_customer()).id
    with house.operate() as ctx:
        row = ctx.uow.execute(
            "SELECT (SELECT sum(pg_column_size(d.*)) FROM {t}.documents d WHERE d.id = %(id)s)"
            " + (SELECT sum(pg_column_size(e.*)) FROM {t}.events e WHERE e.aggregate_id = %(id)s)"
            " + (SELECT sum(pg_column_size(k.*)) FROM {t}.keys k WHERE k.document_id = %(id)s)",
            {"id": id},
        ).fetchone()
    assert CUSTOMER_BYTES < row[0] <= CUSTOMER_ROW_BYTES


def test_the_text_of_a_write_stays_small_enough_to_be_parsed_by_every_new_connection(house):
    with counted() as statements:
        house.create(CUSTOMER, new_customer())
    assert len(statements[1]) <= CREATE_SQL_BYTES
