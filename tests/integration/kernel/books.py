"""A tenant whose catalogue is put together by the test, and movements written as documents write them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from psycopg.types.json import Jsonb

from kernel.documents.write import Write, write
from kernel.main import build_kernel
from kernel.permissions import Permissions, Rule
from kernel.registers import service as registers
from kernel.runtime import TenantRuntime
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant, TenantService
from sdk.catalogue import Catalogue
from sdk.document import Document
from sdk.event import Event
from sdk.hookset import HookSet
from sdk.identifiers import new_id
from sdk.registers import Movement, Register
from sdk.roles import Permission

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


EVERYTHING = tuple(Permission(kind, "*", frozenset("*")) for kind in ("type", "register", "report"))


def permissions_of(*permissions, companies=None):
    """Of an actor who was granted these; companies: None is all of them."""
    return Permissions([Rule(permission, companies) for permission in permissions or EVERYTHING])


class Books:
    """A tenant of its own and the catalogue it has."""

    def __init__(self, kernel, tenant, **catalogue):
        self.kernel, self.database, self.tenant = kernel, kernel.database, tenant
        self.catalogue = Catalogue((), HookSet([]), **catalogue)
        companies = {A: {"name": "A"}, B: {"name": "B"}}
        settings = {"kernel": {"second_factor_roles": []}}
        self.runtime = TenantRuntime(tenant, 1, self.catalogue, {}, settings, companies)

    @contextmanager
    def open(self, companies=None, permissions=None):
        """A context whose transaction is rolled back unless the test commits it."""
        with self.database.transaction(self.tenant) as uow:
            base = self.kernel.operator_context(uow)
            granted = permissions or (permissions_of(companies=companies) if companies else base.permissions)
            yield replace(base, runtime=self.runtime, permissions=granted)

    def ask(self, verb, *arguments, companies=None, permissions=None, **named):
        with self.open(companies, permissions) as ctx:
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

    def empty(self):
        with self.database.owner() as connection:
            schema = self.tenant.schema
            connection.execute(f"TRUNCATE {', '.join(f'{schema}.{t}' for t in ('movements', 'totals', 'documents'))}")


def record(ctx, *movements, company=A):
    """A new document, staged and written with these movements."""
    document = Document(
        new_id(), "test.paper", {}, company_id=company, version=1,
        created_at=NOW, created_by="t", updated_at=NOW, updated_by="t",
    )  # fmt: skip
    with ctx.writing(document):
        for movement in movements:
            registers.stage(ctx, document, movement)
        write_staged(ctx, document)
    return document


def write_staged(ctx, document):
    """What the document service does with the movements staged for a document."""
    staged = registers.take_staged(ctx, document)
    event = Event(
        new_id(), f"{document.type}.created", document.type, document.id, document.version, NOW, "t", new_id()
    )
    columns = registers.write_columns(ctx, staged)
    write(ctx.uow, [Write(document, {}, event, is_new=document.version == 1, movements=columns)])
    registers.check_non_negative(ctx, staged)


def reverse(ctx, document, at=None):
    """Write the opposite of a document's movements with its next version."""
    document.version += 1
    with ctx.writing(document):
        registers.reverse(ctx, document, at)
        write_staged(ctx, document)


def posting(account, amount, on=date(2026, 1, 15), currency="EUR"):
    value = Decimal(amount)
    return Movement(
        POSTINGS.name, on, {"account": account, "currency": currency}, {"base_amount": value, "amount": value}
    )


def goods(product, quantity, on=date(2026, 1, 15), **dimensions):
    return Movement(STOCK.name, on, {"product": product, **dimensions}, {"quantity": Decimal(quantity)})


@contextmanager
def open_books(url, *, pool_size_max=12, **catalogue):
    """Books in an empty database."""
    settings = Settings(system_plugins=(), pool_size_max=pool_size_max)
    kernel = build_kernel(settings, url, clock=lambda: NOW)
    service = TenantService(kernel.database, kernel.directory, kernel.installation)
    try:
        books = Books(kernel, service.create_tenant(NewTenant("books", "Books"), NOW), **catalogue)
        _found_companies(books)
        yield books
    finally:
        kernel.close()


def _found_companies(books):
    """Under the ids the tests know: a write sees to it that its company is there."""
    with books.database.transaction(books.tenant) as uow:
        for id, name in ((A, "A"), (B, "B")):
            uow.execute(
                "INSERT INTO {t}.documents (id, type, version, schema_version, data, created_at, created_by,"
                " updated_at, updated_by) VALUES (%s, 'kernel.company', 1, 1, %s, %s, 'test', %s, 'test')",
                [id, Jsonb({"name": name, "currency": "EUR"}), NOW, NOW],
            )
        uow.commit()
