"""Values that come by way of events, registers and reports are followed back to the fields they are made of."""

import copy

import pytest

from registry.contracts import Contract, check_change
from registry.contracts.sources import values_of
from registry.plans.findings import Severity
from tests.unit.registry.contracts.conftest import PREAMBLE, REGISTER, SALES

TELLS = """
@hooks.action("sales.invoice", "post")
def post(ctx: Context, document: Document) -> None:
    payload = {}
    payload["contact"] = document.get("memo")
    payload["sort"] = document["kind"]
    payload["first"] = str(document["reference"])
    payload["maybe"] = document["kind"] if ctx.today else ctx.settings["usual"]
    ctx.events.emit("sales.invoice.told", document, payload)
    where = {"customer": document["customer"], "sort": document["kind"] or "none"}
    ctx.registers.record(document, "sales.turnover", occurred_at=ctx.today, dimensions=where, resources={"amount": 1})
"""
TURNOVER = {**REGISTER, "dimensions": [*REGISTER["dimensions"], {"name": "sort", "title": "Sort"}]}
BY_SORT = {
    "name": "sales.by_sort",
    "title": "By sort",
    "source": {"register": "sales.turnover"},
    "parameters": {
        "until": {"type": "date", "title": "To"},
        "wanted": {"type": "text", "title": "Sort", "filter": "sort == param.wanted"},
        "country": {"type": "text", "title": "Country", "filter": "customer.country == param.country"},
    },
    "columns": {"which": {"title": "Sort", "value": "sort"}},
    "measures": {"amount": {"title": "Amount", "balance": "amount"}},
    "at": "param.until",
}
LISTED = {
    "name": "sales.listed",
    "title": "Listed",
    "source": {"type": "sales.invoice"},
    "parameters": {"wanted": {"type": "text", "title": "Kind", "filter": "param.wanted == kind"}},
    "columns": {"which": {"title": "Kind", "value": "kind"}},
    "measures": {"total": {"title": "Total", "sum": "total"}},
}
PROVIDER = SALES | {
    "hooks.py": PREAMBLE + TELLS,
    "registers/turnover.json": TURNOVER,
    "reports/by_sort.json": BY_SORT,
    "reports/listed.json": LISTED,
    "settings.json": {"properties": {"usual": {"type": "string", "default": "goods"}}},
}
HEARD = '\n@hooks.on("sales.invoice.told")\ndef hear(ctx: Context, event: Event) -> None:\n    '
MARKED = '\n@hooks.on("sales.invoice.*")\ndef hear(ctx: Context, event: Event) -> None:\n    '


def changed(**fields):
    files = copy.deepcopy(PROVIDER)
    files["schemas/invoice.json"]["properties"].update(fields)
    return files


@pytest.fixture
def findings(make, custom, world):
    """What is found of `custom` when the provider becomes other files."""

    def build(code, after, files=None):
        user = custom(code, files)
        there, coming = make(PROVIDER), make(after)
        return [
            (finding.rule, finding.subject, finding.severity)
            for finding in check_change(user, world(user, there), world(user, coming))
            if finding.severity != Severity.INFORMS and finding.rule != "capability_missing"
        ]

    return build


def test_an_offer_says_of_what_its_events_registers_and_reports_are_made(make, world):
    contract = make(PROVIDER)
    sources = contract.offers.sources
    assert sources["sales.invoice.told"] == {
        "contact": {"fields": ["sales.invoice.memo"]},
        "first": {"texts": ["sales.invoice.reference"]},
        "maybe": {"fields": ["sales.invoice.kind"], "open": True},
        "sort": {"fields": ["sales.invoice.kind"]},
    }
    assert sources["sales.turnover"]["sort"] == {"fields": ["sales.invoice.kind"], "words": ["none"]}
    assert sources["sales.by_sort"]["which"] == {"fields": ["sales.turnover.sort"]}
    assert sources["sales.by_sort"]["param.wanted"] == {"fields": ["sales.turnover.sort"]}
    assert sources["sales.listed"]["param.wanted"] == {"fields": ["sales.invoice.kind"]}
    assert Contract.from_json(contract.as_json()).offers.sources == sources
    values = values_of(world(contract), "sales.by_sort", "param.wanted")
    assert (values.words, values.kinds, values.is_open) == ({"goods", "service", "none"}, {"text"}, False)
    linked = values_of(world(contract), "sales.by_sort", "param.country")
    assert (linked.fields, linked.is_open) == ({"sales.customer.country"}, True)


@pytest.mark.parametrize("read", ['event.payload["contact"]', 'event.payload.get("contact")'])
@pytest.mark.parametrize("head", [HEARD, MARKED])
def test_another_kind_of_a_field_is_found_behind_the_event_that_tells_it(findings, head, read):
    after = changed(memo={"type": "array", "items": {"type": "string"}})
    expected = [("field_kind_changed", "sales.invoice.told.contact", Severity.BLOCKS)]
    assert findings(f"{head}x = {read}\n", after) == expected


def test_what_an_event_makes_a_text_of_may_become_anything(findings):
    assert findings(f'{HEARD}x = event.payload["first"]\n', changed(reference={"type": "integer"})) == []


GONE = {"kind": {"enum": ["goods"], "type": "string"}}
FREE = {"kind": {"type": "string"}}
MORE = {"kind": {"enum": ["goods", "service", "other"], "type": "string"}}
ASKING = {
    "a payload": ('x = event.payload["sort"] == "service"', "sales.invoice.told.sort=service"),
    "a payload among some": ('x = event.payload["sort"] in ("goods", "service")', "sales.invoice.told.sort=service"),
    "a table": ('x = {"service": 1}[event.payload["sort"]]', "sales.invoice.told.sort=service"),
    "a parameter": ('ctx.reports.run("sales.by_sort", {"wanted": "service"})', "sales.by_sort.param.wanted=service"),
    "a parameter of documents": (
        'ctx.reports.run("sales.listed", {"wanted": "service"})',
        "sales.listed.param.wanted=service",
    ),
    "a question": (
        'ctx.registers.balance("sales.turnover", where={"sort": "service"})',
        "sales.turnover.sort=service",
    ),
    "a dimension": (
        'x = [b for b in ctx.registers.balance("sales.turnover") if b.dimensions["sort"] == "service"]',
        "sales.turnover.sort=service",
    ),
    "a column": (
        'x = [r for r in ctx.reports.run("sales.by_sort") if r["which"] == "service"]',
        "sales.by_sort.which=service",
    ),
}


@pytest.mark.parametrize(("code", "subject"), ASKING.values(), ids=ASKING)
def test_a_value_that_goes_is_found_wherever_it_is_passed_on(findings, code, subject):
    assert findings(f"{HEARD}{code}\n", changed(**GONE)) == [("value_gone", subject, Severity.BLOCKS)]
    assert findings(f"{HEARD}{code}\n", changed(**FREE)) == []
    assert findings(f"{HEARD}{code}\n", changed(**MORE)) == []


def test_a_value_that_may_come_from_elsewhere_warns(findings):
    found = findings(f'{HEARD}x = event.payload["maybe"] == "service"\n', changed(**GONE))
    assert found == [("value_gone", "sales.invoice.told.maybe=service", Severity.WARNS)]


def test_a_literal_of_the_provider_is_a_value_too(findings):
    code = f'{HEARD}ctx.registers.balance("sales.turnover", where={{"sort": "none"}})\n'
    assert findings(code, changed(**GONE)) == []
    other = PROVIDER | {"hooks.py": PREAMBLE + TELLS.replace('"none"', '"nothing"')}
    assert findings(code, other) == [("value_gone", "sales.turnover.sort=none", Severity.BLOCKS)]


def report(**parts):
    shape = {"title": "Own", "columns": {"customer": {"title": "Customer"}}}
    measures = {"sum": {"title": "Sum", "balance": "amount"}}
    return {"name": "custom.own", "source": {"register": "sales.turnover"}, "measures": measures, **shape, **parts}


PARAMETER = {"type": "text", "title": "Sort", "choices": ["goods", "service"], "filter": "sort == param.wanted"}
LINES = {"source": {"type": "sales.invoice", "each": "lines"}, "columns": {"product": {"title": "Product"}}}
ROLES = {
    "custom.clerk": {
        "title": "C",
        "permissions": [{"type": "sales.invoice", "actions": ["read"], "condition": "kind in ('goods', 'service')"}],
    }
}
DATA = {
    "a filter": ({"reports/own.json": report(filter="sort == 'service'")}, "sales.turnover.sort=service"),
    "a measure": (
        {"reports/own.json": report(measures={"s": {"title": "S", "balance": "amount", "when": "sort == 'service'"}})},
        "sales.turnover.sort=service",
    ),
    "choices": ({"reports/own.json": report(parameters={"wanted": PARAMETER})}, "sales.turnover.sort=service"),
    "a document of lines": (
        {
            "reports/own.json": report(
                **LINES, filter="document.kind == 'service'", measures={"sum": {"title": "Sum", "sum": "amount"}}
            )
        },
        "sales.invoice.kind=service",
    ),
    "a condition": ({"roles.json": ROLES}, "sales.invoice.kind=service"),
}


@pytest.mark.parametrize(("files", "subject"), DATA.values(), ids=DATA)
def test_a_value_that_goes_is_found_in_reports_and_roles(findings, files, subject):
    assert findings("", changed(**GONE), files) == [("value_gone", subject, Severity.BLOCKS)]
    assert findings("", changed(**MORE), files) == []


def test_a_value_and_a_kind_behind_a_link_are_found(findings):
    code = """
    @hooks.on("sales.invoice.told")
    def hear(ctx: Context, event: Event) -> None:
        ctx.documents.query("sales.invoice", "customer.country == 'DE'")
    """
    after = copy.deepcopy(PROVIDER)
    country = after["schemas/customer.json"]["properties"]["country"]
    country.update(enum=["CH", "AT"])
    assert findings(code, after) == [("value_gone", "sales.customer.country=DE", Severity.BLOCKS)]
    country.clear()
    country.update(type="integer")
    assert findings(code, after) == [("field_kind_changed", "sales.customer.country", Severity.BLOCKS)]
