"""Answers of reports are kept until something has happened that the report declares.

That an answer is an old one shows by movements the tests put in beside all events, as nobody else can.
"""

from __future__ import annotations

import itertools
import threading

import pytest
from starlette.testclient import TestClient

from kernel.auth.passwords import Passwords
from kernel.auth.records import Authority
from kernel.auth.service import create_api_key, create_user, log_in
from kernel.http.app import create_app
from sdk.identifiers import new_id
from tests.integration.kernel.shipped import make_tenant, open_shipped

PASSWORD = "correct horse battery"
TRIAL_BALANCE = "/api/v1/reports/ledger.trial_balance"
REVENUE = "/api/v1/reports/receivables.revenue_by_customer?since=2020-01-01&until=2030-01-01"
GENERAL_LEDGER = "/api/v1/reports/ledger.general_ledger?since=2020-01-01&until=2030-01-01"
_numbers = itertools.count(1)
_SMUGGLE = """
INSERT INTO {t}.movements (register, company_id, document_id, occurred_at, d1, d2, r1, r2, balanced)
SELECT 'ledger.postings', (SELECT id FROM {t}.documents WHERE type = 'kernel.company'), %s, '2021-01-01',
       d.id::text, 'EUR', 7, 7, false
  FROM {t}.documents d WHERE d.type = 'ledger.account' AND d.data->>'code' = '1000'
"""


class Bookkeeper:
    """A tenant with a chart of accounts, and an administrator of it over HTTP."""

    def __init__(self, kernel):
        self.kernel, self.tenant = kernel, make_tenant(kernel, f"c{next(_numbers)}", "receivables", chart=True)
        self.app = create_app(kernel, has_worker=False)
        passwords, now = Passwords(64, 1, 1), kernel.clock()
        authority = Authority.of(kernel)
        with kernel.database.platform() as uow:
            self.user = create_user(uow, passwords, self.tenant.id, "ada@books.example", now, password=PASSWORD)
            uow.commit()
        with kernel.operate(self.tenant) as ctx:
            ctx.documents.create("kernel.grant", {"actor_id": self.user.id, "role": "kernel.admin"})
        with kernel.database.platform() as uow:
            self.token = log_in(uow, authority, self.tenant.name, "ada@books.example", PASSWORD, now).access_token
            uow.commit()
        self.client = self.client_of(self.token)

    def client_of(self, credential):
        return TestClient(self.app, headers={"authorization": f"Bearer {credential}"})

    def ask(self, path=TRIAL_BALANCE, client=None):
        answer = (client or self.client).get(path)
        assert answer.status_code == 200, answer.text
        return answer.content

    def smuggle(self):
        """A movement no event tells of."""
        with self.kernel.operate(self.tenant) as ctx:
            ctx.uow.execute(_SMUGGLE, [new_id()])

    def create(self, type, data):
        with self.kernel.operate(self.tenant) as ctx:
            return ctx.documents.create(type, data).id


@pytest.fixture(scope="module")
def kernel(empty_database):
    with open_shipped(empty_database()) as opened:
        yield opened


@pytest.fixture
def books(kernel):
    return Bookkeeper(kernel)


def test_an_answer_is_given_again_while_nothing_has_happened(books):
    first = books.ask()
    books.smuggle()
    assert books.ask() == first


def test_a_declared_event_makes_it_be_computed_anew(books):
    first = books.ask()
    books.smuggle()
    books.create("ledger.account", {"code": "9990", "name": "Sundries", "account_type": "expense"})
    assert books.ask() != first


def test_other_events_do_not(books):
    first = books.ask()
    books.smuggle()
    books.create("parties.customer", {"code": "C-1", "name": "Ada"})
    assert books.ask() == first


def test_a_report_that_declares_nothing_is_always_computed(books):
    first = books.ask(GENERAL_LEDGER)
    books.smuggle()
    assert books.ask(GENERAL_LEDGER) != first


def test_other_parameters_another_format_and_another_caller_are_other_questions(books):
    books.ask()
    books.smuggle()
    seven = b"7.00"
    assert seven in books.ask(f"{TRIAL_BALANCE}?since=2019-01-01")
    assert seven in books.ask(f"{TRIAL_BALANCE}?format=csv")
    with books.kernel.database.platform() as uow:
        key = create_api_key(uow, books.user.id, "narrow", ["ledger.*:run", "ledger.*:read"], books.kernel.clock())
        uow.commit()
    assert books.client_of(key.secret).get(TRIAL_BALANCE).status_code in (200, 403)


def test_a_change_of_grants_forgets_it(books):
    first = books.ask()
    books.smuggle()
    books.create("kernel.role", {"name": "anything", "title": "Anything", "permissions": []})
    assert books.ask() != first


def test_what_was_uncommitted_when_it_was_computed_counts_as_later(books):
    """The entry has a position before those that were there, and becomes visible after them."""
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with books.kernel.operate(books.tenant) as ctx:
            ctx.documents.create("ledger.account", {"code": "9991", "name": "Late", "account_type": "expense"})
            entered.set()
            assert leave.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert entered.wait(20)
    books.create("parties.customer", {"code": "C-2", "name": "Ben"})
    first = books.ask()
    leave.set()
    holder.join()
    books.smuggle()
    assert books.ask() != first


def test_another_process_is_asked_nothing_and_is_right_all_the_same(books):
    books.ask()
    elsewhere = TestClient(
        create_app(books.kernel, has_worker=False), headers={"authorization": f"Bearer {books.token}"}
    )
    before = books.ask(client=elsewhere)
    books.smuggle()
    books.create("ledger.account", {"code": "9992", "name": "More", "account_type": "expense"})
    assert books.ask(client=elsewhere) == books.ask() != before


def test_a_tenant_does_not_get_anothers_answer(kernel, books):
    books.ask()
    books.smuggle()
    stranger = Bookkeeper(kernel)
    assert b"7.00" not in stranger.ask()


def test_a_report_over_documents_may_be_kept_too(books):
    assert books.ask(REVENUE) == books.ask(REVENUE)
