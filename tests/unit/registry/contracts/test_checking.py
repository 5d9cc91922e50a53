"""What a provider takes away is found in whoever uses it; what it adds or widens is nobody's concern."""

import copy

import pytest

from registry.contracts import Offer, Offers, check_change, check_uses
from registry.plans.findings import Severity
from tests.unit.registry.contracts.conftest import CAPABILITIES, SALES

CODE = """
LABELS = {"goods": 1, "service": 2}

@hooks.before_save("sales.invoice")
def save(ctx: Context, document: Document, previous) -> None:
    document["memo"] = "hello"
    if document["kind"] == "goods" and document.state == "draft":
        x = [line["amount"] for line in document["lines"]]
    if "new" in document["tags"]:
        x = LABELS[document["kind"]]

@hooks.validate_action("sales.invoice", "cancel")
def veto(ctx: Context, document: Document, arguments) -> None:
    x = arguments["reason"]

@hooks.on("sales.invoice.posted")
def react(ctx: Context, event: Event) -> None:
    x, day = event.payload["diff"], ctx.today
    invoice = ctx.documents.get("sales.invoice", event.aggregate_id)
    customer = ctx.documents.get("sales.customer", invoice["customer"])
    ctx.documents.create("sales.invoice", {"customer": customer.id, "issued_on": day, "lines": [{"product": "p"}]})
    ctx.documents.perform("sales.invoice", invoice.id, "cancel", {"reason": "r"})
    ctx.documents.query("sales.invoice", "customer.country == 'DE'", sort=("reference",))
    for each in ctx.registers.balance("sales.turnover", group_by=("customer",)):
        x = each.resources["amount"]
    for row in ctx.reports.run("sales.top", {"until": ctx.today}):
        x = row["amount"]
"""
ROLES = {
    "custom.clerk": {
        "title": "C",
        "inherits": ["sales.clerk"],
        "permissions": [{"type": "custom.note", "actions": ["read"]}],
    }
}
NOTE = {"properties": {"about": {"x-link": "sales.customer"}, "text": {"type": "string"}}}
FILES = {"roles.json": ROLES, "schemas/note.json": NOTE}


def change(path, edit):
    """SALES with one file edited in place."""
    files = copy.deepcopy(SALES)
    edit(files[path])
    return files


def without(data, *keys):
    for key in keys[:-1]:
        data = data[key]
    if isinstance(data, list):
        data[:] = [item for item in data if item != keys[-1]]
    else:
        del data[keys[-1]]


def rename(data, old, new):
    data[new] = data.pop(old)


NOUN, FLOW = "schemas/invoice.json", "workflows/invoice.json"
BREAKS = {
    "a field set": (NOUN, lambda d: without(d, "properties", "memo"), "field_gone", "sales.invoice.memo", "hooks.py:7"),
    "a field of lines": (
        NOUN,
        lambda d: without(d, "properties", "lines", "items", "properties", "amount"),
        "field_gone",
        "sales.invoice.lines.amount",
        "hooks.py:9",
    ),
    "a field renamed": (
        NOUN,
        lambda d: rename(d["properties"], "kind", "sort"),
        "field_gone",
        "sales.invoice.kind",
        "hooks.py:8",
    ),
    "a field sorted by": (
        NOUN,
        lambda d: without(d, "properties", "reference"),
        "field_gone",
        "sales.invoice.reference",
        "hooks.py:24",
    ),
    "a field behind a link": (
        "schemas/customer.json",
        lambda d: without(d, "properties", "country"),
        "field_gone",
        "sales.customer.country",
        "hooks.py:24",
    ),
    "another kind": (
        NOUN,
        lambda d: d["properties"].update(memo={"type": "integer"}),
        "field_kind_changed",
        "sales.invoice.memo",
        "hooks.py:7",
    ),
    "a required field": (
        NOUN,
        lambda d: d["required"].append("reference"),
        "field_required",
        "sales.invoice.reference",
        "hooks.py:22",
    ),
    "a required field of lines": (
        NOUN,
        lambda d: d["properties"]["lines"]["items"]["required"].append("note"),
        "field_required",
        "sales.invoice.lines.note",
        "hooks.py:22",
    ),
    "a value compared": (
        NOUN,
        lambda d: without(d, "properties", "kind", "enum", "goods"),
        "value_gone",
        "sales.invoice.kind=goods",
        "hooks.py:8",
    ),
    "a value of a table": (
        NOUN,
        lambda d: without(d, "properties", "kind", "enum", "service"),
        "value_gone",
        "sales.invoice.kind=service",
        "hooks.py:11",
    ),
    "a value of a list": (
        NOUN,
        lambda d: without(d, "properties", "tags", "items", "enum", "new"),
        "value_gone",
        "sales.invoice.tags=new",
        "hooks.py:10",
    ),
    "a shorter text": (
        NOUN,
        lambda d: d["properties"]["memo"].update(maxLength=3),
        "value_refused",
        "sales.invoice.memo=hello",
        "hooks.py:7",
    ),
    "a computed field": (
        NOUN,
        lambda d: d["properties"]["memo"].update({"x-computed": "reference"}),
        "field_read_only",
        "sales.invoice.memo",
        "hooks.py:7",
    ),
    "an action": (
        FLOW,
        lambda d: rename(d["actions"], "cancel", "void"),
        "action_gone",
        "sales.invoice.cancel",
        "hooks.py:14",
    ),
    "an argument read": (
        FLOW,
        lambda d: (
            rename(d["actions"]["cancel"]["arguments"]["properties"], "reason", "why")
            or d["actions"]["cancel"]["arguments"].pop("required")
        ),
        "action_argument_gone",
        "sales.invoice.cancel.reason",
        "hooks.py:15",
    ),
    "an argument asked for": (
        FLOW,
        lambda d: d["actions"]["cancel"]["arguments"]["required"].append("on"),
        "action_argument_missing",
        "sales.invoice.cancel.on",
        "hooks.py:23",
    ),
    "an event": (
        FLOW,
        lambda d: d["actions"]["post"].update(event="booked"),
        "event_gone",
        "sales.invoice.posted",
        "hooks.py:18",
    ),
    "a dimension": (
        "registers/turnover.json",
        lambda d: d["dimensions"][0].update(name="buyer"),
        "dimension_gone",
        "sales.turnover.customer",
        "hooks.py:25",
    ),
    "a resource": (
        "registers/turnover.json",
        lambda d: d["resources"][0].update(name="sum"),
        "resource_gone",
        "sales.turnover.amount",
        "hooks.py:26",
    ),
    "a parameter": (
        "reports/top.json",
        lambda d: rename(d["parameters"], "until", "to") or d.pop("at"),
        "parameter_gone",
        "sales.top.until",
        "hooks.py:27",
    ),
    "a column": (
        "reports/top.json",
        lambda d: rename(d["measures"], "amount", "sum"),
        "column_gone",
        "sales.top.amount",
        "hooks.py:28",
    ),
    "a role": (
        "roles.json",
        lambda d: rename(d, "sales.clerk", "sales.seller"),
        "roles_gone",
        "sales.clerk",
        "roles.json:5",
    ),
}


def rename_state(data):
    data["states"] = {"open": data["states"].pop("draft"), **data["states"]}
    data["initial"], data["actions"]["post"]["from"] = "open", ["open"]


BREAKS["a state"] = (FLOW, rename_state, "state_gone", "sales.invoice:draft", "hooks.py:8")


def mend_report(files, rule):
    """The provider's own report goes with its register: a release that cannot be loaded breaks nobody."""
    if rule == "dimension_gone":
        files["reports/top.json"]["columns"] = {"buyer": {"link": "sales.customer"}}
    if rule == "resource_gone":
        files["reports/top.json"]["measures"]["amount"]["balance"] = "sum"
    return files


@pytest.mark.parametrize("way", BREAKS)
def test_what_a_provider_takes_away_is_found_with_file_and_line(make, custom, world, way):
    path, edit, rule, subject, where = BREAKS[way]
    contract, before = custom(CODE, FILES), world(make(SALES))
    after = world(make(mend_report(change(path, edit), rule), version="2.0.0"))
    assert check_change(contract, before, before) == []
    found = {(one.rule, one.subject, one.where, one.severity) for one in check_change(contract, before, after)}
    assert (rule.replace("roles_gone", "role_gone"), subject, where, Severity.BLOCKS) in found
    assert all("sales 2.0.0" in one.message for one in check_change(contract, before, after))


def test_a_type_that_goes_is_told_once_and_not_for_each_of_its_fields(make, custom, world):
    contract, before = custom(CODE, FILES), world(make(SALES))
    files = change("registers/turnover.json", lambda d: d["dimensions"][0].pop("link"))
    files["schemas/invoice.json"]["properties"]["customer"] = {"type": "string"}
    files["reports/top.json"]["columns"] = {"customer": {}}
    del files["schemas/customer.json"]
    found = check_change(contract, before, world(make(files, version="2.0.0")))
    assert [one.subject for one in found if one.rule == "type_gone"] == ["sales.customer"]


HARMLESS = {
    "a field more": (NOUN, lambda d: d["properties"].update(extra={"type": "string"})),
    "a field asked for with a default": (
        NOUN,
        lambda d: d["properties"].update(extra={"type": "string", "default": "x"}) or d["required"].append("extra"),
    ),
    "a field asked for that is read only": (
        NOUN,
        lambda d: d["properties"].update(extra={"type": "string", "readOnly": True}) or d["required"].append("extra"),
    ),
    "a longer text": (NOUN, lambda d: d["properties"]["reference"].update(maxLength=200)),
    "a value more": (NOUN, lambda d: d["properties"]["kind"]["enum"].append("rent")),
    "a field nobody uses": (NOUN, lambda d: without(d, "properties", "total")),
    "a field not asked for any more": (NOUN, lambda d: without(d, "required", "customer")),
    "an index": (NOUN, lambda d: d["properties"]["memo"].update({"x-index": True})),
    "another title": (NOUN, lambda d: d["properties"]["memo"].update(title="Memorandum")),
    "a field of lines nobody uses": (NOUN, lambda d: without(d, "properties", "lines", "items", "properties", "note")),
    "an action more": (
        FLOW,
        lambda d: d["actions"].update(close={"from": ["posted"], "to": "void", "event": "closed"}),
    ),
    "a state more": (
        FLOW,
        lambda d: (
            d["states"].update(held={"final": True})
            or d["actions"].update(hold={"from": ["draft"], "to": "held", "event": "held"})
        ),
    ),
    "an argument more": (
        FLOW,
        lambda d: d["actions"]["cancel"]["arguments"]["properties"].update(note={"type": "string"}),
    ),
    "an argument nobody gives": (FLOW, lambda d: without(d, "actions", "cancel", "arguments", "properties", "on")),
    "a resource more": ("registers/turnover.json", lambda d: d["resources"].append({"name": "count", "title": "N"})),
    "a parameter more": ("reports/top.json", lambda d: d["parameters"].update(x={"type": "text"})),
    "a role more": ("roles.json", lambda d: d.update({"sales.boss": {"title": "B"}})),
    "an action from more states": (FLOW, lambda d: d["actions"]["cancel"]["from"].append("draft")),
}


@pytest.mark.parametrize("way", HARMLESS)
def test_what_a_provider_adds_or_widens_is_no_finding(make, custom, world, way):
    contract, before = custom(CODE, FILES), world(make(SALES))
    after = world(make(change(*HARMLESS[way]), version="2.0.0"))
    assert check_change(contract, before, after) == []


def test_a_rename_that_the_lenses_tell_is_the_fix(make, custom, world):
    contract = custom('@hooks.after_save("sales.invoice")\ndef run(ctx, document):\n    x = document["reference"]\n')
    files = change(NOUN, lambda d: rename(d["properties"], "reference", "buyer_reference"))
    files[NOUN]["x-version"] = 2
    steps = [{"rename_field": {"from": "reference", "to": "buyer_reference"}}]
    files["lenses/invoice.json"] = {"type": "sales.invoice", "versions": {"2": steps}}
    (finding,) = check_uses(contract, world(make(files, version="2.0.0")))
    assert finding.fix == "buyer_reference instead of reference"
    assert finding.message == (
        "custom reads sales.invoice.reference (hooks.py:4), which sales 2.0.0 calls buyer_reference"
    )


def test_a_field_that_goes_is_a_warning_where_its_name_is_computed(make, custom, world):
    contract = custom(
        '@hooks.after_save("sales.invoice")\ndef run(ctx, document):\n    x = document[ctx.settings["f"]]\n'
    )
    before, after = world(make(SALES)), world(make(change(NOUN, lambda d: without(d, "properties", "memo"))))
    found = [one for one in check_change(contract, before, after) if one.rule == "dynamic_use"]
    assert [(one.severity, one.where, one.subject) for one in found] == [
        (Severity.WARNS, "hooks.py:4", "sales.invoice.memo")
    ]
    assert "reads a field whose name is computed; memo of sales.invoice was removed or changed" in found[0].message


def test_what_is_wrong_today_already_only_informs(make, custom, world):
    contract = custom('@hooks.after_save("sales.invoice")\ndef run(ctx, document):\n    x = document["never"]\n')
    now = world(make(SALES))
    assert [one.severity for one in check_uses(contract, now)] == [Severity.BLOCKS]
    assert [one.severity for one in check_change(contract, now, now)] == [Severity.INFORMS]


def test_an_applet_that_is_required_and_not_there_is_told_once(make, custom, world):
    contract, sales = custom(CODE, FILES), make(SALES)
    absent = [one for one in check_change(contract, world(sales), world()) if one.rule == "applet_absent"]
    assert [(one.subject, one.severity) for one in absent] == [("sales", Severity.BLOCKS)] * len(absent)
    assert len({one.message for one in absent}) == 1


def test_an_applet_that_is_not_required_may_be_missing(custom, world):
    contract = custom(
        '@hooks.after_save("sales.invoice")\ndef run(ctx, document):\n    x = document["memo"]\n', requires=()
    )
    assert {one.severity for one in check_uses(contract, world())} == {Severity.INFORMS}


def test_what_a_capability_is_missing_for_is_found(make, custom, world):
    contract = custom(CODE, FILES, capabilities=CAPABILITIES[1:])
    found = {one.subject for one in check_uses(contract, world(make(SALES))) if one.rule == "capability_missing"}
    assert found == {"documents:read:sales.invoice", "documents:write:sales.invoice"}


def edited_sdk(world, edit):
    """The world with an SDK of which a part was changed."""
    offers = world()
    data = copy.deepcopy(offers.by_name["sdk"].as_json())
    edit(data)
    return offers.with_offer(Offer.from_json(data))


DOCUMENTS = ("symbols", "sdk.context", "Documents", "members")
SDK_BREAKS = {
    "a symbol": (lambda d: without(d, "symbols", "sdk", "decimal_text"), "symbol_gone", "sdk.decimal_text"),
    "a method": (lambda d: without(d, *DOCUMENTS, "find"), "symbol_gone", "sdk.context.Documents.find"),
    "an attribute": (
        lambda d: without(d, "symbols", "sdk.context", "Context", "members", "today"),
        "symbol_gone",
        "sdk.context.Context.today",
    ),
    "an argument": (
        lambda d: d["symbols"]["sdk.context"]["Documents"]["members"]["get"]["parameters"].pop(),
        "argument_gone",
        "sdk.context.Documents.get",
    ),
    "an argument more": (
        lambda d: d["symbols"]["sdk.values"]["decimal_text"]["parameters"].append("currency"),
        "argument_gone",
        "sdk.values.decimal_text",
    ),
    "an attribute of documents": (
        lambda d: without(d, "symbols", "sdk.document", "Document", "members", "state"),
        "symbol_gone",
        "sdk.document.Document.state",
    ),
    "a hook": (lambda d: without(d, "hooks", "after_save"), "hook_gone", "after_save"),
    "a hook's argument": (
        lambda d: without(d, "hooks", "after_save", "arguments", "previous"),
        "hook_argument_gone",
        "after_save.previous",
    ),
    "a question": (lambda d: without(d, "hooks", "resolve_price"), "hook_gone", "resolve_price"),
    "a question's argument": (
        lambda d: without(d, "hooks", "resolve_price", "arguments", "on"),
        "hook_argument_gone",
        "resolve_price.on",
    ),
    "a function of expressions": (
        lambda d: without(d, "words", "functions", "days_between"),
        "word_gone",
        "sdk.words.functions.days_between",
    ),
    "a key of schemas": (
        lambda d: without(d, "words", "field_keys", "x-index"),
        "word_gone",
        "sdk.words.field_keys.x-index",
    ),
    "a base class's argument": (
        lambda d: d["symbols"]["sdk.errors"]["BosError"]["members"]["__init__"].update(parameters=["message="]),
        "argument_gone",
        "sdk.errors.Conflict",
    ),
}
SDK_CODE = '''
from sdk import decimal_text
from sdk.errors import Conflict

class Refused(Conflict):
    """No {reason}."""

@hooks.after_save("custom.note")
def run(ctx: Context, document: Document, previous) -> None:
    note = ctx.documents.find("custom.note", text="a")
    note = ctx.documents.get("custom.note", "1", lock=True)
    x = document.state, document.keys()
    price = ctx.resolve("price", product_id="p", quantity=1, on=ctx.today, currency="EUR")
    x = decimal_text(price, 2)
    raise Refused(reason="x")
'''
SDK_NOTE = {
    "properties": {
        "text": {"type": "string", "x-index": True},
        "on": {"format": "date"},
        "days": {"type": "integer", "x-computed": "days_between(on, on)"},
    }
}


@pytest.mark.parametrize("way", SDK_BREAKS)
def test_what_the_sdk_takes_away_is_found(custom, world, way):
    edit, rule, subject = SDK_BREAKS[way]
    contract = custom(SDK_CODE, {"schemas/note.json": SDK_NOTE}, requires=())
    assert check_uses(contract, world(contract)) == []
    after = edited_sdk(lambda: world(contract), edit)
    assert (rule, subject, Severity.BLOCKS) in {
        (one.rule, one.subject, one.severity) for one in check_uses(contract, after)
    }


def test_offers_and_contracts_come_back_from_json_as_they_were(make, world):
    contract = make(SALES)
    again = type(contract).from_json(contract.as_json())
    assert again == contract
    assert Offers(Offer.from_json(offer.as_json()) for offer in world(contract)).by_name == world(contract).by_name
