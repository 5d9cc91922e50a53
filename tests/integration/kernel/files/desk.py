"""Files brought in and taken out as the commands do, and what a tenant holds then."""

import io

from kernel.documents.listing import ListRequest, list_rows
from kernel.transfer.exporter import ExportRequest, write_jsonl
from kernel.transfer.importer import Importer, ImportOptions
from kernel.transfer.records import Records
from kernel.transfer.rejects import Rejects
from kernel.transfer.sources import Dialect, Source


def bring(caller, data, mapping, rejects=None, format="csv", progress=None, **options):
    """The report of an import of bytes or text."""
    source = Source("given", io.BytesIO(data if isinstance(data, bytes) else data.encode()), Dialect(format))
    with caller.begin() as uow:
        ctx = caller.context(uow)
        company, today = ctx.company_id, ctx.today
    wanted = ImportOptions(mapping.type, mapping, company_id=company, **options)
    with Records(source, mapping, today) as records, Rejects(rejects) as bin:
        return Importer(caller, wanted, bin, progress).run(records)


def values_of(caller, type, field, **wanted):
    """A field of every document, in the order they were created in."""
    with caller.begin() as uow:
        ctx = caller.context(uow)
        limit = ctx.kernel.settings.page_size_max
        found = list_rows(ctx, ctx.runtime.catalogue.type(type), ListRequest(sort=("id",), limit=limit, **wanted))
        return [row.data.get(field) for row in found.rows]


def take(caller, type, write=write_jsonl):
    """Every document of a type as a file."""
    stream = io.BytesIO()
    with caller.begin() as uow:
        write(caller.context(uow), ExportRequest(type), stream)
    return stream.getvalue().decode()


def contents(caller):
    """How many rows each table of the tenant has, and a digest of them. Sequences are left out: they may have gaps."""
    with caller.begin() as uow:
        tables = uow.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [caller.tenant.schema]
        ).fetchall()
        readable = [name for (name,) in tables if _may_read(uow, caller, name)]
        return {
            name: uow.execute(f"SELECT count(*), md5(string_agg(x::text, '' ORDER BY x::text)) FROM {{t}}.{name} x")
            .fetchone()
            for name in readable
        }  # fmt: skip


def _may_read(uow, caller, name):
    table = f"{caller.tenant.schema}.{name}"
    return uow.execute("SELECT has_table_privilege(current_user, %s, 'SELECT')", [table]).fetchone()[0]
