"""The event log alone is enough: a tenant that has traded for a while is rebuilt from it and compared, row by row."""

import random
from collections import Counter
from itertools import groupby

import pytest

from bench.business import customer, found_business
from kernel.documents.archive import archive, unarchive
from kernel.documents.history import CHANGE_COLUMNS, LoggedChange, replay, reveal_changes
from kernel.documents.reversion import restore_revision
from kernel.documents.rows import COLUMNS, Row
from kernel.documents.verification import verify
from sdk.errors import Conflict
from tests.integration.kernel.shipped import make_tenant, open_shipped

INVOICE, CUSTOMER, PRODUCT = "receivables.invoice", "parties.customer", "catalog.product"
STEPS = 240
EVENTS = f"SELECT {', '.join(CHANGE_COLUMNS)} FROM {{t}}.events ORDER BY aggregate_id, version, position"


class Trade:
    """Verbs of a clerk who works at random; what the state of a document forbids is left."""

    def __init__(self, business, seed):
        self.business, self.chance, self.done = business, random.Random(seed), Counter()
        self.invoices, self.number = [], 0

    def step(self, ctx):
        verb = self.chance.choice([self.create, self.create, *[self.work] * 5, self.edit_master_data])
        try:
            with ctx.uow.savepoint():
                verb(ctx)
        except Conflict as refused:
            self.done[refused.code] += 1

    def create(self, ctx):
        self.number += 1
        action = self.chance.choice([None, None, "post"])
        self.invoices.append(ctx.documents.create(INVOICE, self.business.invoice(self.number), perform=action).id)
        self.done["created"] += 1

    def work(self, ctx):
        documents, id = ctx.documents, self.chance.choice(self.invoices)
        verbs = {
            "post": lambda: documents.perform(INVOICE, id, "post"),
            "update": lambda: documents.update(INVOICE, id, {"freight": f"{self.chance.randint(1, 99)}.00"}),
            "empty": lambda: documents.update(INVOICE, id, {"freight": None}),
            "cancel": lambda: documents.perform(INVOICE, id, "cancel"),
            "delete": lambda: documents.delete(INVOICE, id),
            "restore": lambda: documents.restore(INVOICE, id),
            "revert": lambda: restore_revision(ctx, INVOICE, id, 1),
            "archive": lambda: archive(ctx, INVOICE, id),
            "unarchive": lambda: unarchive(ctx, INVOICE, id),
        }
        name = self.chance.choice(sorted(verbs))
        verbs[name]()
        self.done[name] += 1

    def edit_master_data(self, ctx):
        self.number += 1
        id = self.chance.choice(self.business.customers)
        ctx.documents.update(CUSTOMER, id, {"phone": str(self.number), "custom_score": self.number})
        spare = ctx.documents.create(CUSTOMER, customer(f"s{self.number}"))
        ctx.documents.delete(CUSTOMER, spare.id)
        if self.number % 2:
            ctx.documents.restore(CUSTOMER, spare.id)
        self.done["master data"] += 1


@pytest.fixture(scope="module")
def traded(empty_database):
    with open_shipped(empty_database()) as kernel:
        tenant = make_tenant(kernel, "northwind", "approvals", "receivables")
        with kernel.operate(tenant) as ctx:
            ctx.documents.create(
                "kernel.custom_field",
                {"document_type": CUSTOMER, "name": "custom_score", "title": "Score", "kind": "integer"},
            )
        with kernel.operate(tenant) as ctx:
            trade = Trade(found_business(ctx), seed=7)
            trade.create(ctx)
        for _ in range(STEPS):
            with kernel.operate(tenant) as ctx:
                trade.step(ctx)
        yield kernel, tenant, trade


def test_every_document_is_rebuilt_from_events_alone(traded):
    kernel, tenant, trade = traded
    with kernel.operate(tenant) as ctx:
        # Personal values are ciphertext in the log, under keys that are erased with the person.
        changes = reveal_changes(ctx, list(map(LoggedChange._make, ctx.uow.execute(EVENTS).fetchall())))
        rebuilt = {}
        for id, group in groupby(changes, key=lambda change: change.document_id):
            for _, row in replay(group):
                rebuilt[id] = row
        stored = {row[0]: Row(*row) for row in ctx.uow.execute(f"SELECT {COLUMNS} FROM {{t}}.documents").fetchall()}
    assert rebuilt.keys() == stored.keys()
    assert [id for id, row in stored.items() if rebuilt[id] != row] == []
    # What there was to rebuild: every kind of change, and documents in every condition.
    assert {"created", "post", "update", "delete", "restore", "archive", "master data"} <= trade.done.keys()
    assert {row.state for row in stored.values() if row.type == INVOICE} >= {"draft", "posted"}
    assert any(row.deleted_at for row in stored.values())
    assert any(row.archived_at for row in stored.values())
    assert any(row.number for row in stored.values())
    assert len({row.type for row in stored.values()}) >= 10


def test_the_verification_says_the_same(traded):
    kernel, tenant, _ = traded
    told = []
    with kernel.operate(tenant) as ctx:
        report = verify(ctx, told.append)
    assert (report.different, report.differences) == (0, [])
    assert sum(told) == report.documents
    assert report.changes > report.documents
