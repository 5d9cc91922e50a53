"""What an applet puts into others' fields may not fit any more; what it reads may be filled by nobody any more."""

import copy

import pytest

from registry.contracts import Contract, check_change
from registry.plans.findings import Severity
from tests.unit.registry.contracts.conftest import PREAMBLE, SALES

BLOCKS, WARNS = Severity.BLOCKS, Severity.WARNS
NOTE = {
    "properties": {
        "long": {"type": "string", "maxLength": 50},
        "short": {"type": "string", "maxLength": 8},
        "endless": {"type": "string"},
        "kind": {"enum": ["goods", "service"], "type": "string"},
        "goods": {"enum": ["goods"], "type": "string"},
        "amount": {"format": "decimal"},
        "percent": {"format": "decimal", "x-decimal": {"scale": 2, "min": "0", "max": "4"}},
    }
}
WORKFLOW = {
    "type": "custom.note",
    "initial": "new",
    "states": {"new": {"editable": True}},
    "actions": {
        "send": {
            "from": ["new"],
            "event": "sent",
            "arguments": {
                "type": "object",
                "properties": {"words": {"type": "string"}, "brief": {"type": "string", "maxLength": 5}},
            },
        }
    },
}
FILES = {"schemas/note.json": NOTE, "workflows/note.json": WORKFLOW}
SAVED = '\n@hooks.after_save("custom.note")\ndef save(ctx: Context, document: Document) -> None:\n    '
SENT = '\n@hooks.action("custom.note", "send")\ndef send(ctx: Context, document: Document, arguments) -> None:\n    '
HEARD = '\n@hooks.on("sales.invoice.posted")\ndef hear(ctx: Context, event: Event) -> None:\n    '


def given(field, value, more="x"):
    return f'ctx.documents.update("sales.invoice", {more!r}, {{"{field}": {value}}})\n'


def written(field, value):
    head = '\n@hooks.before_save("sales.invoice")\ndef fill(ctx: Context, document: Document) -> None:\n    '
    return f'{head}document["{field}"] = {value}\n'


def sales(**fields):
    files = copy.deepcopy(SALES)
    files["schemas/invoice.json"]["properties"].update(fields)
    return files


def cancelling(**arguments):
    files = copy.deepcopy(SALES)
    files["workflows/invoice.json"]["actions"]["cancel"]["arguments"]["properties"].update(arguments)
    return files


@pytest.fixture
def findings(make, custom, world):
    """What is found of `custom` when `sales` becomes other files."""

    def build(code, after, before=SALES, files=FILES):
        user = custom(code, files)
        found = check_change(user, world(user, make(before)), world(user, make(after)))
        return [
            (finding.rule, finding.subject, finding.severity)
            for finding in found
            if finding.severity != Severity.INFORMS and finding.rule != "capability_missing"
        ]

    return build


SHORTER = sales(reference={"type": "string", "maxLength": 12})
TOO_LONG = {
    "a field": SAVED + given("reference", 'document["long"]'),
    "a field without limit": SAVED + given("reference", 'document.get("endless")'),
    "a field made a text": SAVED + given("reference", 'str(document["long"])'),
    "one of several": SAVED + given("reference", 'document["short"] if ctx.today else document["long"]'),
    "a text of parts": SAVED + given("reference", "f\"of {document['short']}\""),
    "what is computed": SAVED + given("reference", 'ctx.sequence("a")'),
    "a table of fields": SAVED
    + 'data = {ours: document[theirs] for ours, theirs in {"reference": "long"}.items()}\n    '
    + 'ctx.documents.update("sales.invoice", "x", data)\n',
    "an argument of an own action": SENT + given("reference", 'arguments["words"]'),
    "what a hook sets": written("reference", "ctx.settings['mark']"),
    "what an event tells": HEARD + given("reference", 'event.payload["told"]'),
}
SHORT_ENOUGH = {
    "a field": SAVED + given("reference", 'document["short"]'),
    "a literal": SAVED + given("reference", '"brief"'),
    "a field or nothing": SAVED + given("reference", 'document.get("short") or "none"'),
    "an argument of an own action": SENT + given("reference", 'arguments["brief"]'),
    "nothing": SAVED + given("reference", "None"),
    "another field": SAVED + given("memo", 'document["long"]'),
    "read only": SAVED + 'x = ctx.documents.get("sales.invoice", "x")["reference"]\n',
}


@pytest.mark.parametrize("code", TOO_LONG.values(), ids=TOO_LONG)
def test_what_may_be_longer_than_a_field_now_takes_warns(findings, code):
    files = FILES | {"settings.json": {"properties": {"mark": {"type": "string"}}}}
    assert findings(code, SHORTER, files=files) == [("value_refused", "sales.invoice.reference", WARNS)]
    assert findings(code, sales(reference={"type": "string", "maxLength": 60}), files=files) == []


@pytest.mark.parametrize("code", SHORT_ENOUGH.values(), ids=SHORT_ENOUGH)
def test_what_fits_is_left_in_peace(findings, code):
    assert findings(code, SHORTER) == []


LINE = {"product": {"type": "string"}, "amount": {"format": "decimal"}, "note": {"type": "string", "maxLength": 9}}
LINES = {"type": "array", "items": {"type": "object", "properties": LINE, "required": ["product"]}}
NEW = {"type": "string", "enum": ["new", "old"]}


def decimal(**limits):
    return {"format": "decimal", "x-decimal": limits}


LIMITS = {
    "a choice of more": ("kind", 'document["kind"]', {"enum": ["goods"], "type": "string"}, WARNS),
    "a choice of as many": ("kind", 'document["goods"]', {"enum": ["goods"], "type": "string"}, None),
    "a text that becomes a choice": ("memo", 'document["endless"]', {"enum": ["a"], "type": "string"}, WARNS),
    "a pattern": ("memo", 'document["short"]', {"type": "string", "pattern": "^[0-9]*$"}, WARNS),
    "at least so long": ("memo", 'document["long"]', {"type": "string", "minLength": 9}, WARNS),
    "an amount": ("total", 'document["amount"]', decimal(max="4"), WARNS),
    "an amount that is small": ("total", 'document["percent"]', decimal(max="4"), None),
    "an amount that is not below": ("total", 'document["percent"]', decimal(min="-1"), None),
    "fewer decimals": ("total", 'document["percent"]', decimal(scale=0), WARNS),
    "more in a list": ("tags", '["new"]', {"type": "array", "minItems": 2, "items": NEW}, WARNS),
    "enough in a list": ("tags", '["new", "old"]', {"type": "array", "minItems": 2, "items": NEW}, None),
    "enough in a tuple": ("tags", '("new", "old")', {"type": "array", "minItems": 2, "items": NEW}, None),
    "fewer in a list": ("tags", 'document["endless"].split()', {"type": "array", "maxItems": 1, "items": NEW}, WARNS),
    "another choice in a list": (
        "tags",
        '[document["endless"]]',
        {"type": "array", "items": {"type": "string", "enum": ["new"]}},
        WARNS,
    ),
    "in the objects of a list": ("lines", '[{"product": "p", "note": document["long"]}]', LINES, WARNS),
}


@pytest.mark.parametrize(("field", "value", "schema", "severity"), LIMITS.values(), ids=LIMITS)
def test_every_limit_that_gets_narrower_is_compared_with_what_is_given(findings, field, value, schema, severity):
    subject = "sales.invoice.lines.note" if field == "lines" else f"sales.invoice.{field}"
    found = findings(SAVED + given(field, value), sales(**{field: schema}))
    assert found == ([("value_refused", subject, severity)] if severity else [])


def performed(argument, value):
    return SAVED + f'ctx.documents.perform("sales.invoice", "x", "cancel", {{"reason": "a", "{argument}": {value}}})\n'


ARGUMENTS = {
    "a literal that is too long": ("reason", '"far too long a text"', {"maxLength": 12}, "value_refused", BLOCKS),
    "a literal that is no choice": ("reason", '"rain"', {"enum": ["snow"]}, "value_refused", BLOCKS),
    "a literal that is a choice": ("reason", '"snow"', {"enum": ["snow"]}, None, None),
    "a text of parts": ("reason", "f\"dropped by {document['short']}\"", {"maxLength": 12}, "value_refused", WARNS),
    "a field": ("reason", 'document["long"]', {"maxLength": 12}, "value_refused", WARNS),
    "a field that fits": ("reason", 'document["short"]', {"maxLength": 12}, None, None),
    "another kind": ("on", "ctx.today", {"type": "integer"}, "argument_kind_changed", BLOCKS),
}


@pytest.mark.parametrize(("name", "value", "schema", "rule", "severity"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_of_actions_are_compared_like_fields(findings, name, value, schema, rule, severity):
    found = findings(performed(name, value), cancelling(**{name: {"type": "string", **schema}}))
    assert found == ([(rule, f"sales.invoice.cancel.{name}", severity)] if rule else [])


def test_an_argument_of_another_kind_is_found_in_a_hook_that_reads_it(findings):
    code = """
    @hooks.validate_action("sales.invoice", "cancel")
    def veto(ctx: Context, document: Document, arguments) -> None:
        x = arguments["reason"]
    """
    after = cancelling(reason={"type": "array", "items": {"type": "string"}})
    assert findings(code, after) == [("argument_kind_changed", "sales.invoice.cancel.reason", BLOCKS)]


FILLS = """
@hooks.before_save("sales.invoice")
def add_up(ctx: Context, document: Document) -> None:
    for line in document["lines"]:
        line["amount"] = 1
    document["total"] = 1

@hooks.action("sales.invoice", "post")
def post(ctx: Context, document: Document) -> None:
    resources = {}
    resources["amount"] = document["total"]
    where = {"customer": document["customer"]}
    ctx.registers.record(document, "sales.turnover", occurred_at=ctx.today, dimensions=where, resources=resources)
"""
FILLED = SALES | {"hooks.py": PREAMBLE + FILLS}
READS = {
    "a field": ('x = ctx.documents.get("sales.invoice", "x")["total"]', 'document["total"] = 1', "sales.invoice.total"),
    "a field of lines": (
        'x = [line["amount"] for line in ctx.documents.get("sales.invoice", "x")["lines"]]',
        'line["amount"] = 1',
        "sales.invoice.lines.amount",
    ),
    "a field of a filter": (
        'ctx.documents.query("sales.invoice", "total > 1")',
        'document["total"] = 1',
        "sales.invoice.total",
    ),
    "a resource": (
        'x = [one.resources["amount"] for one in ctx.registers.balance("sales.turnover")]',
        'resources["amount"] = document["total"]',
        "sales.turnover.amount",
    ),
}


@pytest.mark.parametrize(("code", "line", "subject"), READS.values(), ids=READS)
def test_what_nobody_fills_any_more_warns_who_reads_it(findings, code, line, subject):
    after = SALES | {"hooks.py": PREAMBLE + FILLS.replace(line, "pass")}
    assert findings(f"{HEARD}{code}\n", after, FILLED) == [("filled_no_more", subject, WARNS)]
    assert findings(f"{HEARD}{code}\n", FILLED, FILLED) == []
    moved = SALES | {"hooks.py": FILLED["hooks.py"].replace("add_up", "sum_up")}
    assert findings(f"{HEARD}{code}\n", moved, FILLED) == []


def test_what_is_computed_instead_is_filled_still(findings):
    after = sales(total={"format": "decimal", "x-computed": "sum(lines.amount)"})
    after["hooks.py"] = PREAMBLE + FILLS.replace('document["total"] = 1', "pass")
    assert findings(f'{HEARD}x = ctx.documents.get("sales.invoice", "x")["total"]\n', after, FILLED) == []


def test_where_the_provider_fills_by_computed_names_nothing_is_missed(findings):
    code = FILLS.replace('document["total"] = 1', "document[ctx.settings['where']] = 1")
    settings = {"settings.json": {"properties": {"where": {"type": "string"}}}}
    after = SALES | settings | {"hooks.py": PREAMBLE + code}
    assert findings(f'{HEARD}x = ctx.documents.get("sales.invoice", "x")["total"]\n', after, FILLED) == []


def test_a_resource_of_a_report_that_is_recorded_no_more_is_found(findings):
    report = {
        "name": "custom.own",
        "title": "Own",
        "source": {"register": "sales.turnover"},
        "columns": {"customer": {"title": "Customer"}},
        "measures": {"sum": {"title": "Sum", "balance": "amount"}},
    }
    after = SALES | {"hooks.py": PREAMBLE + FILLS.replace('resources["amount"] = document["total"]', "pass")}
    found = findings("", after, FILLED, {"reports/own.json": report})
    assert found == [("filled_no_more", "sales.turnover.amount", WARNS)]


@pytest.mark.parametrize(
    ("measure", "line", "subject"),
    [
        ({"balance": "amount"}, 'resources["amount"] = document["total"]', "sales.turnover.amount"),
        ({"sum": "total"}, 'document["total"] = 1', "sales.invoice.total"),
    ],
)
def test_a_column_of_what_is_filled_no_more_is_found(make, findings, measure, line, subject):
    source = {"register": "sales.turnover"} if "balance" in measure else {"type": "sales.invoice"}
    report = {
        "name": "sales.sums",
        "title": "Sums",
        "source": source,
        "columns": {"customer": {"title": "Customer"}},
        "measures": {"sum": {"title": "Sum", **measure}},
    }
    before = FILLED | {"reports/sums.json": report}
    after = before | {"hooks.py": PREAMBLE + FILLS.replace(line, "pass")}
    code = HEARD + 'x = [row["sum"] for row in ctx.reports.run("sales.sums")]\n'
    assert findings(code, after, before) == [("filled_no_more", "sales.sums.sum", WARNS)]
    assert findings(code, before, before) == []
    assert make(before).offers.reports["sales.sums"]["made_of"] == {"sum": subject}


def test_a_parameter_of_another_kind_blocks_who_gives_it(findings):
    after = copy.deepcopy(SALES)
    after["reports/top.json"]["parameters"]["until"] = {"type": "text", "title": "To"}
    del after["reports/top.json"]["at"]
    code = HEARD + 'ctx.reports.run("sales.top", {"until": ctx.today})\n'
    assert findings(code, after) == [("parameter_kind_changed", "sales.top.until", BLOCKS)]


@pytest.mark.parametrize(("choices", "expected"), [(["a"], BLOCKS), (["a", "b"], None), ([], None)])
def test_a_choice_of_a_parameter_that_goes_blocks_who_gives_it(findings, choices, expected):
    before, after = copy.deepcopy(SALES), copy.deepcopy(SALES)
    for files, among in ((before, ["a", "b"]), (after, choices)):
        wanted = {"type": "text", "title": "Wanted", **({"choices": among} if among else {})}
        files["reports/top.json"]["parameters"]["wanted"] = wanted
    code = HEARD + 'ctx.reports.run("sales.top", {"wanted": "b"})\n'
    assert findings(code, after, before) == ([("value_gone", "sales.top.wanted=b", expected)] if expected else [])


def test_an_offer_says_what_its_code_fills(make):
    contract = make(FILLED)
    filled = {"sales.invoice": ["lines.amount", "total"], "sales.turnover": ["amount", "customer"]}
    assert contract.offers.filled == filled
    assert Contract.from_json(contract.as_json()).offers.filled == filled


def test_a_default_that_goes_warns_who_reads_the_field(findings):
    before = sales(kind={"enum": ["goods", "service"], "type": "string", "default": "goods"})
    code = HEARD + 'x = ctx.documents.get("sales.invoice", "x")["kind"]\n'
    assert findings(code, SALES, before) == [("default_gone", "sales.invoice.kind", WARNS)]
    needed = copy.deepcopy(SALES)
    needed["schemas/invoice.json"]["required"].append("kind")
    assert findings(code, needed, before) == []
    assert findings(HEARD + given("kind", '"goods"'), SALES, before) == []


DYNAMIC = f'{HEARD}x = ctx.documents.get("sales.invoice", "x")[ctx.settings["field"]]\n'
FIELD_SETTING = FILES | {"settings.json": {"properties": {"field": {"type": "string"}}}}


def test_what_may_be_missing_now_is_told_where_the_name_of_the_field_is_computed(findings):
    before = sales(kind={"enum": ["goods", "service"], "type": "string", "default": "goods"})
    assert findings(DYNAMIC, SALES, before, FIELD_SETTING) == [("dynamic_use", "sales.invoice.kind", WARNS)]
    after = SALES | {"hooks.py": PREAMBLE + FILLS.replace('document["total"] = 1', "pass")}
    assert findings(DYNAMIC, after, FILLED, FIELD_SETTING) == [("dynamic_use", "sales.invoice.total", WARNS)]
    assert findings(DYNAMIC, FILLED, FILLED, FIELD_SETTING) == []


@pytest.mark.parametrize(
    ("code", "rule"),
    [(HEARD + 'x = ctx.documents.get("sales.invoice", "x")["total"]\n', "decimals_fewer"), (DYNAMIC, "dynamic_use")],
)
def test_fewer_decimals_are_told_to_who_reads_them(findings, code, rule):
    fine, coarse = sales(total=decimal(scale=4)), sales(total=decimal(scale=1))
    assert findings(code, coarse, fine, FIELD_SETTING) == [(rule, "sales.invoice.total", WARNS)]
    assert findings(code, fine, coarse, FIELD_SETTING) == []


READING = """
@hooks.action("sales.invoice", "cancel")
def cancel(ctx: Context, document: Document, arguments) -> None:
    document["memo"] = arguments.get("reason")
"""


def test_an_argument_the_provider_reads_no_more_is_told_to_who_gives_it(findings, make):
    before = SALES | {"hooks.py": PREAMBLE + READING}
    after = SALES | {"hooks.py": PREAMBLE + READING.replace('arguments.get("reason")', "None")}
    assert make(before).offers.taken == {"sales.invoice.cancel": ["reason"]}
    code = SAVED + 'ctx.documents.perform("sales.invoice", "x", "cancel", {"reason": "a"})\n'
    assert findings(code, after, before) == [("argument_ignored", "sales.invoice.cancel.reason", WARNS)]
    assert findings(code, before, before) == []
    assert findings(code, before, after) == []


def test_what_is_given_to_create_fills_only_what_nobody_else_may_give(make):
    readonly = sales(total={"format": "decimal", "readOnly": True})
    code = """
@hooks.action("sales.invoice", "post")
def post(ctx: Context, document: Document) -> None:
    ctx.documents.create("sales.invoice", {"customer": "c", "issued_on": ctx.today, "total": 1})
    ctx.documents.update("sales.invoice", document.id, {"memo": "posted"})
"""
    assert make(readonly | {"hooks.py": PREAMBLE + code}).offers.filled == {"sales.invoice": ["memo", "total"]}
