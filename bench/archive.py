"""A tenant with many posted invoices: a few made by the product, the others copied from them by SQL."""

from __future__ import annotations

from typing import Any

import psycopg

from bench.house import House, Tenant
from kernel.events.horizon import Horizon
from kernel.search.refresh import Refresher

INVOICES = 100_000
VARIANTS = 20
# Ids that sort by their number, as those of the product sort by time.
_ID = """(lpad(to_hex({base} + n), 12, '0') || '7' || substr(md5(n::text || '{salt}'), 1, 3)
        || '8' || substr(md5(n::text), 1, 15))::uuid"""
_AMOUNT = "round((n::bigint * 104729 %% 500000) / 100.0 + 10, 2)::text"
_INVOICE_ID = _ID.format(base=1_700_000_000_000, salt="invoice")
_ENTRY_ID = _ID.format(base=1_710_000_000_000, salt="entry")

# One row per copy: of which invoice and entry it is a copy, and what differs.
_PLAN = f"""
CREATE TEMPORARY TABLE plan AS
SELECT n, v.invoice, v.entry, {_INVOICE_ID} AS invoice_id, {_ENTRY_ID} AS entry_id,
       c.id AS customer_id, v.customer AS old_customer,
       date '2024-01-01' + (n * 7919) %% 700 AS issued_on,
       {_AMOUNT} AS total,
       CASE WHEN n * 31 %% 10 < 7 THEN '0.00' ELSE {_AMOUNT} END AS outstanding,
       'INV-' || (2024 + n %% 2) || '-' || lpad(n::text, 6, '0') AS number
  FROM generate_series(1, %(count)s) AS n
  JOIN (SELECT row_number() OVER () - 1 AS variant, id AS invoice, (data->>'journal_entry')::uuid AS entry,
               data->>'customer' AS customer FROM {{schema}}.documents WHERE type = 'receivables.invoice') AS v
    ON v.variant = n %% %(variants)s
  JOIN (SELECT row_number() OVER () - 1 AS place, id::text AS id FROM {{schema}}.documents
         WHERE type = 'parties.customer') AS c ON c.place = n * 13 %% %(customers)s
"""
_INVOICES = """
INSERT INTO {schema}.documents
SELECT p.invoice_id, d.type, d.company_id, d.version, d.schema_version, d.state, p.number,
       replace(replace(d.data::text, p.entry::text, p.entry_id::text), p.old_customer, p.customer_id)::jsonb
         || jsonb_build_object('issued_on', p.issued_on, 'due_on', p.issued_on + 30, 'total', p.total,
                               'outstanding', p.outstanding),
       d.created_at, d.created_by, d.updated_at, d.updated_by, NULL
  FROM plan p JOIN {schema}.documents d ON d.id = p.invoice
"""
_ENTRIES = """
INSERT INTO {schema}.documents
SELECT p.entry_id, d.type, d.company_id, d.version, d.schema_version, d.state, 'JE-' || p.number,
       replace(replace(d.data::text, p.invoice::text, p.invoice_id::text), p.old_customer, p.customer_id)::jsonb
         || jsonb_build_object('posted_on', p.issued_on),
       d.created_at, d.created_by, d.updated_at, d.updated_by, NULL
  FROM plan p JOIN {schema}.documents d ON d.id = p.entry
"""
_LINKS = """
INSERT INTO {schema}.links
SELECT p.{copy}, l.field, CASE WHEN l.to_id::text = p.old_customer THEN p.customer_id::uuid
                               WHEN l.to_id = p.entry THEN p.entry_id
                               WHEN l.to_id = p.invoice THEN p.invoice_id ELSE l.to_id END
  FROM plan p JOIN {schema}.links l ON l.from_id = p.{original}
"""
_STEPS = (
    _INVOICES,
    _ENTRIES,
    _LINKS.replace("{copy}", "invoice_id").replace("{original}", "invoice"),
    _LINKS.replace("{copy}", "entry_id").replace("{original}", "entry"),
)


def fill_archive(house: House, tenant: Tenant, count: int) -> None:
    """So many posted invoices over two years, each with its journal entry and all links; three in ten are unpaid."""
    _make_variants(house, tenant)
    with house.connect() as connection:
        _copy(connection, tenant, count)
        connection.execute(f'VACUUM ANALYZE "{tenant.schema}".documents')
        connection.execute(f'VACUUM ANALYZE "{tenant.schema}".links')
        connection.execute("CHECKPOINT")
    _index_for_search(house, tenant)


def _index_for_search(house: House, tenant: Tenant) -> None:
    """What a server would do beside the first requests, and be measured doing."""
    refresher, has_more = Refresher(Horizon(tenant.schema)), True
    while has_more:
        with house.kernel.operate(tenant.record) as ctx:
            has_more = refresher.refresh(ctx.uow, ctx.runtime)


def _make_variants(house: House, tenant: Tenant) -> None:
    for number in range(VARIANTS):
        with house.kernel.operate(tenant.record) as ctx:
            invoice = ctx.documents.create("receivables.invoice", tenant.business.invoice(number))
            ctx.documents.perform("receivables.invoice", invoice.id, "post")


def _copy(connection: psycopg.Connection[Any], tenant: Tenant, count: int) -> None:
    values = {"count": count, "variants": VARIANTS, "customers": len(tenant.business.customers)}
    schema = f'"{tenant.schema}"'
    with connection.transaction():
        connection.execute(_PLAN.replace("{schema}", schema), values)
        connection.execute("ANALYZE plan")
        for step in _STEPS:
            connection.execute(step.replace("{schema}", schema))
