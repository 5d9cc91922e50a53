"""Whatever way code takes to a field of a document, the field is found, with its line."""

import tomllib
from pathlib import Path
from textwrap import indent

import pytest

from tests.unit.registry.contracts.conftest import fields_of

HOOK = '@hooks.before_save("sales.invoice")\ndef run(ctx: Context, document: Document, previous) -> None:\n'
EVENT = '@hooks.on("sales.invoice.posted")\ndef run(ctx: Context, event: Event) -> None:\n'

WAYS = tomllib.loads((Path(__file__).parent / "ways.toml").read_text(encoding="utf-8"))
READS, ACROSS, GIVEN = WAYS["reads"], WAYS["across"], WAYS["given"]


@pytest.mark.parametrize("way", READS)
def test_a_field_that_is_read_is_found(custom, way):
    head = HOOK if READS[way]["in"] == "hook" else EVENT
    contract = custom(head + indent(READS[way]["code"], "    "))
    expected = {name if name.startswith("sales.") else f"sales.invoice.{name}" for name in READS[way]["found"]}
    assert fields_of(contract) == expected
    assert contract.unresolved == ()


@pytest.mark.parametrize("way", ACROSS)
def test_a_document_is_followed_into_functions_and_objects(custom, way):
    contract = custom(f'{ACROSS[way]["code"]}\nhooks.before_save("sales.invoice")(run)\n')
    assert fields_of(contract) == {"sales.invoice.total"}


def test_a_document_is_followed_into_other_modules(make):
    hooks = (
        "from sdk import hooks\nfrom .rules import check\nfrom . import names\n\n"
        "@hooks.after_save(names.INVOICE)\ndef run(ctx, document):\n    check(document)\n"
    )
    rules = "from .names import FIELD\n\ndef check(doc):\n    return doc[FIELD]\n"
    files = {"hooks.py": hooks, "rules.py": rules, "names.py": 'INVOICE = "sales.invoice"\nFIELD = "total"\n'}
    contract = make(files, "custom", requires=["sales"])
    (use,) = contract.of_kind("field")
    assert (use.target, use.name, use.mode, use.where) == ("sales.invoice", "total", "read", "rules.py:4")


WRITES = {
    "set": (HOOK, 'document["memo"] = "x"', {"sales.invoice.memo"}),
    "set of a line": (HOOK, 'for line in document["lines"]:\n        line["note"] = "x"', {"sales.invoice.lines.note"}),
    "set unless there": (HOOK, 'document.setdefault("memo", "x")', {"sales.invoice.memo"}),
    "set together": (
        HOOK,
        'document["memo"], document["reference"] = "a", "b"',
        {"sales.invoice.memo", "sales.invoice.reference"},
    ),
    "set by update": (HOOK, 'document.update({"memo": "x"})', {"sales.invoice.memo"}),
    "added to": (HOOK, 'document["total"] += 1', {"sales.invoice.total"}),
    "removed": (HOOK, 'del document["memo"]', {"sales.invoice.memo"}),
}


@pytest.mark.parametrize("way", WRITES)
def test_a_field_that_is_set_is_found(custom, way):
    head, body, expected = WRITES[way]
    assert fields_of(custom(f"{head}    {body}\n"), "write") == expected


@pytest.mark.parametrize("way", GIVEN)
def test_what_is_given_to_create_is_known_for_certain(custom, way):
    contract = custom(EVENT + indent(GIVEN[way]["code"], "    "))
    given = {use.name: use.details for use in contract.of_kind("given")}
    assert given[""] == {"given": ["customer", "lines"], "maybe": []}
    assert given["lines"] == {"given": ["product"], "maybe": []}
    assert contract.unresolved == ()


def test_what_is_given_in_one_branch_only_may_be_missing(custom):
    contract = custom(
        EVENT + '    data = {"customer": "c"}\n    if ctx.today:\n        data["memo"] = "m"\n'
        '    ctx.documents.create("sales.invoice", data)\n'
    )
    (given,) = contract.of_kind("given")
    assert given.details == {"given": ["customer"], "maybe": ["memo"]}


def test_an_object_within_what_is_created_has_to_be_whole_too(custom):
    contract = custom(EVENT + '    ctx.documents.create("sales.invoice", {"address": {"city": "x"}})\n')
    given = {use.name: use.details["given"] for use in contract.of_kind("given")}
    assert given == {"": ["address"], "address": ["city"]}


OPEN = {
    "a field whose name is computed": ('x = document[ctx.settings["field"]]', "sales.invoice", ""),
    "a field that begins with": ('x = document[f"custom_{ctx.tenant.name}"]', "sales.invoice", "custom_"),
    "all fields": ("x = list(document.items())", "sales.invoice", ""),
    "fields one by one": ("for name in document:\n        x = name", "sales.invoice", ""),
    "a copy of all": ("x = dict(document)", "sales.invoice", ""),
    "something else's hands": ("import json\n    x = json.dumps(document)", "sales.invoice", ""),
    "a type that is computed": ('x = ctx.documents.get(document["reference"], "1")', "", ""),
    "an attribute that is computed": ('x = getattr(document, ctx.settings["name"])', "sales.invoice", ""),
}


@pytest.mark.parametrize("way", OPEN)
def test_what_the_code_does_not_say_is_left_open_with_what_is_known(custom, way):
    body, target, name = OPEN[way]
    contract = custom(f"{HOOK}    {body}\n")
    assert (target, name) in {(one.target, one.name) for one in contract.unresolved}
    assert all(one.where.startswith("hooks.py:") and one.reason for one in contract.unresolved)
