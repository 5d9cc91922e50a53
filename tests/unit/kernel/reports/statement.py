"""Results of reports without a database: rows laid out as a run would."""

from datetime import date
from decimal import Decimal

from kernel.reports.layout import Layout
from kernel.reports.result import ReportResult, ResultColumn, ResultLine
from sdk.reports import Report

SHEET = {
    "name": "ledger.sheet",
    "title": "Sheet",
    "source": {"register": "ledger.postings"},
    "columns": {"root": {"value": "account.root", "hidden": True}, "name": {"value": "account.name"}},
    "measures": {"amount": {"balance": "amount"}},
    "sections": [{"by": "root", "order": ["asset"], "titles": {"asset": "Assets"}}],
    "totals": ["amount"],
    "results": [{"name": "net", "title": "Net", "sections": {"asset": 1, "debt": -1, "absent": 5}}],
}
ROWS = [
    {"root": "debt", "name": "Loan", "amount": Decimal("30.005")},
    {"root": None, "name": "Nowhere", "amount": Decimal(1)},
    {"root": "asset", "name": "Cash", "amount": Decimal(100)},
    {"root": "debt", "name": "Tax", "amount": Decimal("0.005")},
]
LEDGER = {
    "name": "ledger.lines",
    "title": "Lines",
    "source": {"register": "ledger.postings"},
    "shape": "listing",
    "since": "today",
    "columns": {"code": {"value": "account.code", "hidden": True}, "memo": {"value": "document.memo"}},
    "measures": {"debit": {"debit": "amount"}, "balance": {"running": "amount"}},
    "sections": [{"by": "code", "title": "'Account ' + code"}],
    "totals": ["debit", "balance"],
}


def report(definition, **changes):
    return Report.from_data({**definition, **changes})


def lay_out(definition, rows, openings=None):
    layout = Layout(report(definition) if isinstance(definition, dict) else definition, {}, openings or {})
    return layout, layout.lay_out(rows)


def told(layout, *names):
    """Lines as (kind, level, title, values)."""
    return [(line.kind, line.level, line.title, *(line.values.get(name) for name in names)) for line in layout.lines]


def result(lines, columns, **more):
    """A result of plain rows."""
    definition = report(SHEET, sections=[], results=[], **more.pop("definition", {}))
    return ReportResult(definition, more.pop("parameters", {}), tuple(columns), lines, **more)


DECIMAL = ResultColumn("amount", "Amount", "decimal", 2, is_measure=True)
TEXT = ResultColumn("name", "Name", "text")
DAY = ResultColumn("day", "Day", "date")
NET = ResultLine("net", "Net", {"amount": Decimal("1.50")})
SOME_DAY = date(2026, 1, 31)
