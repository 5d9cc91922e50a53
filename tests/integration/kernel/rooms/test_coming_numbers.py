"""Numbers that are taken with the write: nowhere is anything but the number to be found, whatever was done with it."""

import json

import pytest

from registry.lifecycle import enable_applet
from sdk.document_errors import UniqueKeyTaken
from tests.integration.kernel.rooms.shelf import furnish, make_tenant, open_shelves

FORM = {
    "title": "Form",
    "x-number": {"series": "F-{number:04}", "on": "sign", "gapless": True},
    "properties": {"text": {"type": "string"}, "copy_as": {"type": "string"}},
}
COPY = {
    "title": "Copy",
    "properties": {"of": {"type": "string", "x-unique": True}, "note": {"type": "string", "x-index": True}},
}
PAPER = {
    "title": "Paper",
    "x-number": {"series": "P-{number:04}", "on": "create", "gapless": True},
    "properties": {"text": {"type": "string"}},
}


def workflow(type, **action):
    return {
        "type": type,
        "initial": "draft",
        "states": {"draft": {"editable": True, "deletable": True}, "signed": {"final": True}},
        "actions": {"sign": {"title": "Sign", "from": ["draft"], "to": "signed", "event": "signed", **action}},
    }


HOOKS = """
from sdk import hooks


@hooks.action("forms.form", "sign")
def copy(ctx, document, action, arguments):
    number = ctx.documents.coming_number(document)
    if document.get("text") == "told":
        ctx.events.emit("forms.form.told", document, {"number": number, "all": ["it is " + number]})
    if document.get("copy_as"):
        of = number if document["copy_as"] == "number" else document["copy_as"]
        ctx.documents.create("forms.copy", {"of": of, "note": "of " + number})
"""
MANIFEST = """
name = "forms"
version = "1.0.0"
title = "Forms"
[requires]
sdk = ">=0"
"""
FILES = {
    "schemas/form.json": FORM,
    "schemas/copy.json": COPY,
    "schemas/paper.json": PAPER,
    "workflows/form.json": workflow("forms.form"),
    "workflows/paper.json": workflow("forms.paper", guard='number == "P-0001"'),
}


@pytest.fixture(scope="module")
def kernel(empty_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("applets")
    for name, content in FILES.items():
        path = folder / "forms" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    (folder / "forms" / "applet.toml").write_text(MANIFEST)
    (folder / "forms" / "hooks.py").write_text(HOOKS)
    with open_shelves(empty_database(), folder) as kernel:
        yield kernel


@pytest.fixture
def forms(kernel):
    shelf = furnish(kernel, make_tenant(kernel))
    with shelf.operate() as ctx:
        enable_applet(ctx, kernel.plugins.get_plugin("registry.plugin").releases, "forms")
    return shelf


def sign(forms, **fields):
    with forms.operate() as ctx:
        return ctx.documents.create("forms.form", fields, perform="sign").number


def assert_nothing_stands_for_a_number(forms):
    for table in ("documents", "events", "keys", "links", "deliveries"):
        assert forms.rows(f"SELECT t::text FROM {{t}}.{table} t WHERE t::text LIKE '%%\ue000%%'") == []


def test_a_copy_holds_the_number_and_nobody_else_may_hold_it(forms):
    assert sign(forms, copy_as="number") == "F-0001"
    with forms.operate() as ctx:
        assert ctx.documents.find("forms.copy", of="F-0001")["note"] == "of F-0001"
    assert_nothing_stands_for_a_number(forms)
    with pytest.raises(UniqueKeyTaken), forms.operate() as ctx:
        ctx.documents.create("forms.copy", {"of": "F-0001"})


def test_an_event_an_applet_emits_tells_the_number(forms):
    assert sign(forms, text="told") == "F-0001"
    told = forms.rows("SELECT payload FROM {t}.events WHERE type = 'forms.form.told'")
    assert told == [({"number": "F-0001", "all": ["it is F-0001"]},)]
    assert_nothing_stands_for_a_number(forms)


def test_a_guard_that_names_the_number_decides_as_if_it_was_two_steps(forms):
    with forms.operate() as ctx:
        signed = ctx.documents.create("forms.paper", {}, perform="sign")
    assert (signed.state, signed.number) == ("signed", "P-0001")
