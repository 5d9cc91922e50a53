"""A tenant with registers and no applets, and a context small enough to see through."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

from kernel.db.database import Database
from kernel.db.migrate import migrate_platform
from kernel.registers import service as registers
from kernel.tenancy.directory import Directory
from kernel.tenancy.service import NewTenant, TenantService
from sdk.document import Document
from sdk.identifiers import new_id
from sdk.registers import Movement, Register

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
A, B = "00000000-0000-7000-8000-00000000000a", "00000000-0000-7000-8000-00000000000b"

POSTINGS = Register.from_data(
    {
        "name": "ledger.postings",
        "title": "Postings",
        "dimensions": [{"name": "account", "link": "ledger.account"}, {"name": "currency"}],
        "resources": [{"name": "base_amount", "scale": 2}, {"name": "amount"}],
        "balanced": "base_amount",
    }
)
STOCK = Register.from_data(
    {
        "name": "stock.on_hand",
        "title": "On hand",
        "dimensions": [{"name": "product"}, {"name": "warehouse"}, {"name": "lot"}],
        "resources": [{"name": "quantity"}],
        "non_negative": "quantity",
    }
)


class Runtime(SimpleNamespace):
    def remember(self, key, value):
        self.compiled[key] = value
        return value


@dataclass
class Reader:
    """Permissions of one who may read these companies' registers; None: of all."""

    companies: frozenset[str] | None = None

    def register(self, name):
        return self.companies


@dataclass
class BookContext:
    """What the room asks of a context."""

    uow: object
    runtime: object
    permissions: Reader = field(default_factory=Reader)
    now: datetime = NOW
    applet: str | None = None
    work: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(staged=defaultdict(list), writing=[]))


class Books:
    """A tenant of its own in `database`."""

    def __init__(self, database, tenant, *definitions):
        self.database, self.tenant = database, tenant
        self.catalogue = SimpleNamespace(register={register.name: register for register in definitions}.__getitem__)
        self.runtime = Runtime(catalogue=self.catalogue, compiled=OrderedDict(), tenant=tenant)

    @contextmanager
    def open(self, **given):
        with self.database.transaction(self.tenant) as uow:
            yield BookContext(uow, self.runtime, **given)

    def ask(self, verb, *arguments, companies=None, **named):
        with self.open(permissions=Reader(companies)) as ctx:
            return verb(ctx, *arguments, **named)

    def record(self, *movements, company=A):
        """Write movements of one new document, in a transaction of its own; the document."""
        with self.open() as ctx:
            document = record(ctx, *movements, company=company)
            ctx.uow.commit()
        return document

    def fold(self, batch=5_000):
        with self.open() as ctx:
            count = registers.fold(ctx.uow, batch=batch)
            ctx.uow.commit()
        return count


def record(ctx, *movements, company=A):
    document = Document(new_id(), "test.paper", {}, company_id=company)
    ctx.work.writing.append(document.id)
    for movement in movements:
        registers.stage(ctx, document, movement)
    write_staged(ctx, document)
    return document


def write_staged(ctx, document):
    """What the document service does with the movements staged for a document."""
    staged = registers.take_staged(ctx, document)
    columns = registers.write_columns(ctx, staged)
    if columns:
        casts = {"company_id": "uuid", "occurred_at": "timestamptz", "balanced": "boolean"}
        arrays = (f"%s::{casts.get(c, 'numeric' if c[0] == 'r' and len(c) == 2 else 'text')}[]" for c in columns)
        ctx.uow.execute(
            f"INSERT INTO {{t}}.movements (document_id, {', '.join(columns)})"
            f" SELECT %s, m.* FROM unnest({', '.join(arrays)}) AS m",
            [document.id, *columns.values()],
        )
    registers.check_non_negative(ctx, staged)


def posting(account, amount, on=date(2026, 1, 15), currency="EUR"):
    value = Decimal(amount)
    return Movement(
        POSTINGS.name, on, {"account": account, "currency": currency}, {"base_amount": value, "amount": value}
    )


def goods(product, quantity, on=date(2026, 1, 15), **dimensions):
    return Movement(STOCK.name, on, {"product": product, **dimensions}, {"quantity": Decimal(quantity)})


@contextmanager
def open_books(url, *definitions, pool_size_max=12):
    """Books in an empty database."""
    database = Database(url, pool_size_max=pool_size_max)
    with database.owner() as connection:
        installation = migrate_platform(connection)
    service = TenantService(database, Directory(database), installation)
    try:
        yield Books(database, service.create_tenant(NewTenant("books", "Books"), NOW), *definitions)
    finally:
        database.close()
