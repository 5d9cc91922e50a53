"""What is read beside fields: hooks and what they are about, values, things by name, words, data, the offer itself."""

import pytest

from registry.contracts import extract_contract, offered_kernel, offered_sdk
from registry.contracts.source import UnreadableCode
from tests.unit.registry.contracts.conftest import PREAMBLE, SALES, fields_of, write_applet


def uses(contract, kind):
    return {(use.target, use.name, use.mode) for use in contract.of_kind(kind)}


RUN = 'def run(ctx, document):\n    x = document["memo"]\n'
HOOKS = {
    "a decorator": f'@hooks.before_save("sales.invoice")\n{RUN}',
    "several types": f'@hooks.before_save("sales.invoice", "sales.customer")\n{RUN}',
    "types of a constant": f'TYPES = ("sales.invoice",)\n\n@hooks.before_save(*TYPES)\n{RUN}',
    "a call": f'{RUN}\nhooks.before_save("sales.invoice")(run)\n',
    "another name of the module": f'import sdk.hooks as on\n\n@on.before_save("sales.invoice")\n{RUN}',
    "an imported decorator": f'from sdk.hooks import before_save\n\n@before_save("sales.invoice")\n{RUN}',
    "one of its own": f'def saved(t):\n    return hooks.before_save(t)\n\n@saved("sales.invoice")\n{RUN}',
    "the mark of pluggy": (
        'from sdk.hooks import hookimpl\n\n@hookimpl(specname="before_save")\ndef run(ctx, document):\n'
        '    if document.type == "sales.invoice":\n        x = document["memo"]\n'
    ),
}


@pytest.mark.parametrize("way", HOOKS)
def test_a_hook_is_found_however_it_is_marked(custom, way):
    contract = custom(HOOKS[way])
    assert {("before_save", "", ""), ("before_save", "ctx", ""), ("before_save", "document", "")} <= uses(
        contract, "hook"
    )
    assert "sales.invoice.memo" in fields_of(contract)


def test_a_hook_for_all_types_of_an_applet_is_about_each_that_had_the_field(custom):
    contract = custom('@hooks.after_save("sales.*")\ndef run(ctx, document):\n    x = document["memo"]\n')
    assert uses(contract, "field") == {("sales.*", "memo", "read")}


def test_a_type_that_is_asked_for_narrows_what_the_document_is(custom):
    contract = custom(
        '@hooks.after_save("sales.invoice", "sales.customer")\ndef run(ctx, document):\n'
        '    if document.type == "sales.customer":\n        x = document["country"]\n'
        '    else:\n        x = document["memo"]\n'
    )
    assert fields_of(contract) == {"sales.customer.country", "sales.invoice.memo"}


VALUES = {
    "equal": ('x = document["kind"] == "goods"', "compare"),
    "the other way round": ('x = "goods" != document["kind"]', "compare"),
    "in": ('x = document.get("kind") in ("goods", "service")', "compare"),
    "in a set": ('x = document["kind"] in {"goods"}', "compare"),
    "a variable": ('kind = document["kind"]\n    x = kind == "goods"', "compare"),
    "a helper": ('x = is_goods(document["kind"])\n\ndef is_goods(kind):\n    return kind == "goods"', "compare"),
    "a table": ('x = {"goods": 1}[document["kind"]]', "compare"),
    "a table by get": ('x = {"goods": 1}.get(document["kind"])', "compare"),
    "a match": ('match document["kind"]:\n        case "goods" | "rent":\n            x = 1', "compare"),
    "set": ('document["kind"] = "goods"', "write"),
    "set to one of two": ('document["kind"] = "goods" if ctx.today else "service"', "write"),
    "given": ('ctx.documents.create("sales.invoice", {"kind": "goods"})', "give"),
    "found by": ('ctx.documents.find("sales.invoice", kind="goods")', "compare"),
    "filtered by": ('ctx.documents.query("sales.invoice", "kind == \'goods\'")', "compare"),
}


@pytest.mark.parametrize("way", VALUES)
def test_a_value_of_a_field_is_found(custom, way):
    body, mode = VALUES[way]
    contract = custom(f'@hooks.before_save("sales.invoice")\ndef run(ctx: Context, document):\n    {body}\n')
    found = {(use.target, use.name, use.mode) for use in contract.of_kind("value") if use.details["value"] == "goods"}
    assert found == {("sales.invoice", "kind", mode)}


STATES = ('document.state == "draft"', 'document.state in ("draft",)', '(document.state or "") != "draft"')


@pytest.mark.parametrize("condition", STATES)
def test_a_state_is_found(custom, condition):
    contract = custom(f'@hooks.after_save("sales.invoice")\ndef run(ctx, document):\n    x = {condition}\n')
    assert uses(contract, "state") == {("sales.invoice", "draft", "compare")}


def test_a_literal_looked_for_among_values_of_a_field_is_compared_with_them(custom):
    code = """
    KINDS = ("goods", "service")

    @hooks.after_save("sales.invoice")
    def run(ctx, document):
        found = {each["kind"] for each in (document, document)}
        x = next((kind for kind in reversed(KINDS) if kind in found), None)
    """
    found = {use.details["value"] for use in custom(code).of_kind("value") if use.name == "kind"}
    assert found == {"goods", "service"}


COMPARED = ('action == "cancel"', 'action in ("cancel",)', '{"cancel": 1}.get(action)', 'action != "cancel"')


@pytest.mark.parametrize("condition", COMPARED)
def test_an_action_that_a_hook_of_all_actions_tells_apart_is_found(custom, condition):
    contract = custom(f'@hooks.after_action("sales.invoice")\ndef run(ctx, document, action):\n    x = {condition}\n')
    assert uses(contract, "action") == {("sales.invoice", "cancel", "compare")}


def test_settings_of_others_are_found_in_their_document(custom):
    code = """
    @hooks.after_save("sales.invoice")
    def run(ctx, document):
        found = ctx.documents.find("kernel.setting", applet="sales")
        x = found["values"].get("days") if found else None
    """
    assert uses(custom(code), "setting") == {("sales", "days", "read")}


def test_a_text_that_names_an_event_is_told_when_the_event_goes(custom):
    contract = custom('WORDS = {"sales.invoice.posted": "done", "a.b.c.d": "no name"}\n')
    assert {use.target for use in contract.of_kind("mention") if use.mode == "text"} == {"sales.invoice.posted"}


THINGS = """
from sdk import Question

@hooks.on("sales.invoice.posted")
def react(ctx: Context, event: Event) -> None:
    x = event.payload["note"], ctx.settings["limit"], ctx.resolve("price", product_id="p", on=ctx.today)
    ctx.events.emit("custom.note.told", ctx.documents.get("custom.note", "1"), {"who": 1})
    ctx.documents.perform("sales.invoice", "1", "cancel", {"reason": "r"})
    ctx.documents.create("sales.invoice", {}, perform="post")
    ctx.registers.record(x, "custom.hours", occurred_at=ctx.today, dimensions={"who": "a"}, resources={"time": 1})
    ctx.registers.balances(Question("sales.turnover", where={"customer": "c"}))
    for row in ctx.reports.run("sales.top"):
        x = row["amount"]
"""


def test_things_are_found_by_name_with_their_parts(custom):
    contract = custom(THINGS)
    assert uses(contract, "event") == {("sales.invoice.posted", "", "heard"), ("custom.note.told", "", "emitted")}
    assert uses(contract, "payload") == {("sales.invoice.posted", "note", "read")}
    assert uses(contract, "setting") == {("custom", "limit", "read")}
    assert uses(contract, "action") == {("sales.invoice", "cancel", "perform"), ("sales.invoice", "post", "created")}
    assert uses(contract, "dimension") == {("custom.hours", "who", "give"), ("sales.turnover", "customer", "give")}
    assert uses(contract, "resource") == {("custom.hours", "time", "give")}
    assert uses(contract, "column") == {("sales.top", "amount", "read")}
    (question,) = contract.of_kind("question")
    assert (question.target, question.details) == ("price", {"keywords": ["on", "product_id"]})
    assert contract.offers.events["custom.note.told"] == ["who"]


def test_what_needs_a_capability_is_told_apart_by_verb(custom):
    assert uses(custom(THINGS), "capability") == {
        ("sales.invoice", "", "documents:write"),
        ("sales.turnover", "", "registers:read"),
        ("sales.top", "", "reports:run"),
    }


def test_data_name_what_they_link_to_and_look_at(make):
    files = {
        "schemas/note.json": {"properties": {"about": {"x-link": "sales.invoice"}, "late": {"type": "boolean"}}},
        "workflows/note.json": {
            "type": "custom.note",
            "initial": "open",
            "states": {"open": {}, "done": {"final": True}},
            "actions": {"end": {"from": ["open"], "to": "done", "event": "ended", "guard": "about.total > 1"}},
        },
        "reports/late.json": {
            "name": "custom.late",
            "title": "Late",
            "source": {"type": "sales.invoice", "each": "lines"},
            "columns": {"product": {}, "on": {"value": "document.issued_on"}},
            "measures": {"amount": {"sum": "amount", "when": "document.state == 'posted'"}},
        },
        "reports/who.json": {
            "name": "custom.who",
            "title": "Who",
            "source": {"register": "sales.turnover"},
            "columns": {"land": {"value": "customer.country"}},
            "measures": {"amount": {"title": "A", "turnover": "amount"}},
        },
        "roles.json": {
            "custom.one": {
                "title": "One",
                "inherits": ["sales.clerk"],
                "permissions": [
                    {
                        "type": "sales.invoice",
                        "actions": ["read", "post"],
                        "mask": ["memo"],
                        "condition": "kind == 'goods'",
                    }
                ],
            }
        },
    }
    contract = make(files, "custom", requires=["sales"])
    assert {("sales.invoice", "", "link"), ("sales.turnover", "", "read")} <= uses(contract, "type") | uses(
        contract, "register"
    )
    assert uses(contract, "path") == {
        ("custom.note", "about.total", "guard"),
        ("sales.invoice", "lines.product", "report"),
        ("sales.invoice", "lines.amount", "report"),
        ("sales.invoice", "issued_on", "report"),
        ("sales.invoice", "kind", "condition"),
    }
    assert uses(contract, "slot") == {("sales.turnover", "customer.country", "report")}
    assert uses(contract, "role") == {("sales.clerk", "", "inherited")}
    assert uses(contract, "field") == {("sales.invoice", "memo", "mask")}
    assert uses(contract, "action") == {("sales.invoice", "post", "granted")}
    assert all(use.where.rpartition(":")[2].isdigit() for use in contract.uses)


def test_an_offer_says_all_that_others_may_use(make):
    offer = make(SALES).offers
    assert offer.types["sales.invoice"]["fields"]["reference"] == {"kind": "text", "limits": {"maxLength": 20}}
    assert offer.types["sales.invoice"]["fields"]["lines.product"] == {"kind": "text", "required": True}
    assert offer.types["sales.invoice"]["initial"] == "draft"
    assert offer.states == {"sales.invoice": ["draft", "posted", "void"]}
    assert offer.actions["sales.invoice"]["cancel"]["arguments"]["reason"] == {"kind": "text", "required": True}
    assert "sales.invoice.voided" in offer.events
    assert "sales.customer.created" in offer.events
    assert offer.registers == {
        "sales.turnover": {"dimensions": {"customer": "sales.customer"}, "resources": {"amount": None}}
    }
    assert offer.reports["sales.top"]["columns"] == ["amount", "customer"]
    assert list(offer.roles) == ["sales.clerk"]


def test_the_kernel_offers_its_types_and_tells_of_moves_of_applets():
    offer = offered_kernel()
    assert offer.types["kernel.company"]["fields"]["currency"]["kind"] == "text"
    assert "plan" in offer.events["kernel.applet.upgraded"]


def test_the_sdk_offers_names_members_hooks_and_words():
    offer = offered_sdk()
    assert offer.symbols["sdk"]["Context"] == {"kind": "import", "from": "sdk.context", "name": "Context"}
    assert offer.symbols["sdk.context"]["Documents"]["members"]["get"]["parameters"] == ["type", "id", "*", "lock="]
    assert offer.symbols["sdk.errors"]["Violation"]["fields"] == ["pointer", "rule", "message", "expected="]
    assert offer.hooks["before_save"]["arguments"] == ["ctx", "document", "previous"]
    assert {"x-link", "days_between", "documents:read"} <= {
        *offer.words["field_keys"],
        *offer.words["functions"],
        *offer.words["capabilities"],
    }


def test_the_words_of_another_sdk_are_read_from_its_source(tmp_path):
    (tmp_path / "schema").mkdir()
    (tmp_path / "__init__.py").write_text('__version__ = "3.1.0"\n', encoding="utf-8")
    (tmp_path / "manifest.py").write_text('CAPABILITY_VERBS = {"documents": ("read",)}\n', encoding="utf-8")
    (tmp_path / "schema" / "vocabulary.py").write_text(
        'OWN = ("x-link",)\nKNOWN_AT_FIELD = ("type", *OWN)\n', encoding="utf-8"
    )
    offer = offered_sdk(tmp_path)
    assert (offer.version, offer.words["capabilities"]) == ("3.1.0", ["documents:read"])
    assert offer.words["field_keys"] == ["type", "x-link"]


def test_code_that_is_no_python_is_refused_by_name(tmp_path):
    folder = write_applet(tmp_path / "odd", "odd", {"rules.py": "def x(:\n"})
    with pytest.raises(UnreadableCode, match=r"rules.py"):
        extract_contract(folder)


def test_code_is_never_run(tmp_path):
    marker = tmp_path / "ran"
    code = f'{PREAMBLE}open({str(marker)!r}, "w").close()\n'
    extract_contract(write_applet(tmp_path / "odd", "odd", {"hooks.py": code}))
    assert not marker.exists()


def test_code_that_would_take_for_ever_to_follow_is_left_open(tmp_path):
    calls = "\n".join(f"def f{n}(doc, x):\n    f{n + 1}(doc, [x])\n    f{n + 1}(doc, [x, x])\n" for n in range(20))
    hook = "@hooks.before_save('odd.note')\ndef run(ctx, document):\n    f0(document, [1])\n"
    code = f"{PREAMBLE}{calls}\ndef f20(doc, x):\n    pass\n\n{hook}"
    contract = extract_contract(write_applet(tmp_path / "odd", "odd", {"hooks.py": code}))
    assert "is too much to be followed to its end" in {one.reason for one in contract.unresolved}


def test_the_same_applet_gives_the_same_text_wherever_it_lies(tmp_path):
    files = {"hooks.py": PREAMBLE + THINGS, **{path: data for path, data in SALES.items() if path == "roles.json"}}
    files["roles.json"] = {}
    texts = {
        extract_contract(write_applet(tmp_path / where, "custom", files, requires=["sales"])).as_text()
        for where in ("a", "b")
    }
    assert len(texts) == 1
