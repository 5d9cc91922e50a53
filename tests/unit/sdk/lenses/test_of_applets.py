"""The lenses of an applet against its schemas, machines and functions."""

import json
from dataclasses import replace

import pytest

from sdk.applet import Applet, InvalidApplet
from sdk.lenses import CastFailed, Stored
from sdk.schema import DocumentType, InvalidDocumentType
from sdk.testing import FakeKernel
from sdk.testing.loading import load_lenses

TEXT = {"type": "string"}
MANIFEST = 'name = "shop"\nversion = "1.0.0"\ntitle = "Shop"\n\n[requires]\nsdk = ">=1,<2"\n'
LINES = {"type": "array", "items": {"type": "object", "properties": {"quantity": TEXT}}}
FIELDS = {
    "amount": TEXT, "kind": {"enum": ["x", "y"]}, "secret": {**TEXT, "x-encrypted": True}, "lines": LINES,
    "address": {"type": "object", "properties": {"city": TEXT}}, "count": {"type": "integer"},
}  # fmt: skip
MACHINE = {
    "type": "shop.order",
    "initial": "open",
    "states": {"open": {}, "done": {"final": True}},
    "actions": {"close": {"from": ["open"], "to": "done", "event": "closed"}},
}
FUNCTIONS = "def up_order_1_to_2(document):\n    {up}\n\n\ndef down_order_2_to_1(document):\n    {down}\n"


def write(folder, *versions, version=None, functions="", touches=None, fields=FIELDS, machine=MACHINE, noun="order"):
    (folder / "applet.toml").write_text(MANIFEST, "utf-8")
    newest = version or len(versions) + 1
    files = {"schemas/order.json": {"x-version": newest, "properties": fields}, "workflows/order.json": machine}
    if versions:
        steps = {str(number): steps for number, steps in enumerate(versions, 2)}
        lens = {"type": f"shop.{noun}", "versions": steps}
        files[f"lenses/{noun}.json"] = lens if touches is None else {**lens, "touches": touches}
    for name, data in files.items():
        if data is not None:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(json.dumps(data), "utf-8")
    if functions:
        (folder / "lenses.py").write_text(functions, "utf-8")
    return folder


def faults(folder):
    with pytest.raises(InvalidApplet) as caught:
        Applet.load(folder)
    return [(fault.pointer, fault.rule) for fault in caught.value.violations]


def test_an_applet_has_the_lenses_of_its_older_types(tmp_path):
    steps = [
        {"rename_field": {"from": "lines.qty", "to": "lines.quantity"}},
        {"drop_field": {"field": "note"}},
        {"map_value": {"field": "kind", "values": {"a": "x"}}},
        {"map_state": {"draft": "open"}},
    ]
    applet = Applet.load(write(tmp_path, steps, [{"rename_field": {"from": "total", "to": "amount"}}]))
    chain = applet.lenses["shop.order"]
    assert (chain.latest, chain.missing, applet.types["shop.order"].version) == (3, (), 3)
    cast = chain.cast(Stored({"lines": [{"qty": "1"}], "total": "2", "kind": "a"}, "draft", {}, 1), 3)
    assert (cast.data, cast.state) == ({"lines": [{"quantity": "1"}], "amount": "2", "kind": "x"}, "open")


def test_a_type_without_versions_needs_no_lenses(tmp_path):
    assert Applet.load(write(tmp_path, version=1)).lenses == {}


AT = "lenses/order.json#/versions/2/0"


@pytest.mark.parametrize(
    ("step", "rule"),
    [
        ({"rename_field": {"from": "total", "to": "amuont"}}, "unknown_field"),
        ({"rename_field": {"from": "count", "to": "amount"}}, "name_taken"),
        ({"drop_field": {"field": "amount"}}, "name_taken"),
        ({"set_default": {"field": "unit", "value": "pc"}}, "unknown_field"),
        ({"add_field": {"field": "address.street"}}, "unknown_field"),
        ({"set_default": {"field": "kind", "value": "z"}}, "unknown_value"),
        ({"map_value": {"field": "kind", "values": {"a": "z"}}}, "unknown_value"),
        ({"map_value": {"field": "count", "values": {"a": "b"}}}, "type"),
        ({"map_state": {"draft": "opne"}}, "unknown_state"),
        ({"rename_field": {"from": "hidden", "to": "secret"}}, "encrypted_field"),
        ({"add_field": {"field": "secret"}}, "encrypted_field"),
        ({"move_field": {"from": "quantity", "to": "lines.quantity"}}, "crosses_array"),
        ({"split": {"from": "name", "into": ["amount", "kinb"]}}, "unknown_field"),
    ],
)
def test_a_step_must_fit_the_newest_schema(tmp_path, step, rule):
    assert (AT, rule) in faults(write(tmp_path, [step]))


def test_fields_are_followed_through_later_steps(tmp_path):
    first = [{"set_default": {"field": "total", "value": "0"}}, {"add_field": {"field": "late"}}]
    later = [{"rename_field": {"from": "total", "to": "amount"}}, {"drop_field": {"field": "late"}}]
    assert Applet.load(write(tmp_path, first, later)).lenses["shop.order"].latest == 3
    swapped = write(tmp_path, later, first)
    assert ("lenses/order.json#/versions/3/0", "unknown_field") in faults(swapped)


def test_a_name_may_be_used_again_where_a_step_says_so(tmp_path):
    steps = [{"rename_field": {"from": "amount", "to": "address.city"}}]
    move = [{"move_field": {"from": "amount", "to": "address.city"}}, {"add_field": {"field": "amount"}}]
    assert faults(write(tmp_path, steps))
    assert Applet.load(write(tmp_path, move)).lenses["shop.order"].origin("amount", 2) == "amount@2.0"


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        ({"version": 2}, ("lenses/order.json#/versions", "version_missing")),
        ({"versions": [[]], "version": 1}, ("lenses/order.json#/versions/2", "version")),
        ({"versions": [[]], "version": 3}, ("lenses/order.json#/versions", "version_missing")),
        ({"versions": [[]], "noun": "other"}, ("lenses/other.json#/type", "unknown_type")),
        ({"versions": [[]], "touches": {"2": ["amount"]}}, ("lenses/order.json#/touches/2", "function_missing")),
        ({"version": 2, "functions": "def up_order_1_to_2(document):\n    pass\n"},
         ("lenses.py#/up_order_1_to_2", "function_missing")),
        ({"version": 1, "functions": FUNCTIONS.format(up="pass", down="pass")},
         ("lenses.py#/up_order_1_to_2", "unknown_function")),
        ({"versions": [[]], "functions": "def up_order_1_to_2(:\n"}, ("lenses.py#", "python")),
        ({"versions": [[]], "functions": FUNCTIONS.format(up="pass", down="pass"), "touches": {"2": ["secret"]}},
         ("lenses.py#", "encrypted_field")),
        ({"versions": [[{"map_state": {"a": "b"}}]], "machine": None}, (AT, "unknown_state")),
    ],
)  # fmt: skip
def test_versions_without_a_way_between_them_are_refused(tmp_path, made, fault):
    found = faults(write(tmp_path, *made.pop("versions", ()), **made))
    expected = fault if fault[1] != "encrypted_field" else ("lenses/order.json#/touches/2", "encrypted_field")
    assert expected in found


def test_a_misspelt_folder_is_found(tmp_path):
    write(tmp_path, [])
    (tmp_path / "lenses").rename(tmp_path / "lenses_")
    assert ("lenses_#", "stray_file") in faults(tmp_path)


def test_functions_alone_are_lenses_too_and_older_fields_are_theirs_to_know(tmp_path):
    functions = FUNCTIONS.format(up="document['amount'] = document.pop('total')", down="document.clear()")
    write(tmp_path, [{"drop_field": {"field": "amount"}}], functions=functions)
    assert Applet.load(tmp_path).lenses["shop.order"].has_functions(2)
    (tmp_path / "lenses" / "order.json").unlink()
    (tmp_path / "schemas" / "order.json").write_text(json.dumps({"x-version": 2, "properties": FIELDS}), "utf-8")
    applet = load_lenses(Applet.load(tmp_path))
    chain = applet.types["shop.order"].lenses
    assert chain is applet.lenses["shop.order"]
    there = chain.cast(Stored({"total": "5"}, None, {}, 1), 2)
    assert there.data == {"amount": "5"}
    assert chain.cast(there, 1).data == {"total": "5"}


def test_what_an_older_version_has_no_field_for_waits_for_the_newer_one(tmp_path):
    fields = {
        **FIELDS,
        "memo": TEXT,
        "lines": {"type": "array", "items": {"type": "object", "properties": {"n": TEXT}}},
    }
    newest = Applet.load(write(tmp_path, [{"add_field": {"field": "amount"}}], fields=fields))
    chain = newest.lenses["shop.order"]
    older = DocumentType.from_schema("shop.order", {"properties": {"lines": LINES}})
    older = replace(older.extended({"custom_a": TEXT}), lenses=chain)
    data = {"amount": "1", "memo": "m", "lines": [{"n": "1"}, {"quantity": "2"}], "custom_a": "c", "custom_b": "d"}
    stored = Stored(data, "open", {}, 2)
    cast = older.cast(stored)
    assert cast.data == {"lines": [{}, {"quantity": "2"}], "custom_a": "c", "custom_b": "d"}
    assert sorted(cast.kept) == ["2.0", "aside.lines.n", "aside.memo"]
    present = replace(newest.types["shop.order"], lenses=chain)
    assert present.cast(cast) == stored
    assert older.cast(cast) is cast
    with pytest.raises(CastFailed):
        newest.types["shop.order"].cast(cast)


@pytest.mark.parametrize("version", [0, -1, "2", True, 1.5, 1001])
def test_a_version_is_a_number_from_one(version):
    with pytest.raises(InvalidDocumentType) as caught:
        DocumentType.from_schema("shop.order", {"x-version": version})
    assert [fault.pointer for fault in caught.value.violations] == ["/x-version"]


def test_a_type_and_a_tenants_own_of_it_have_the_version_of_the_schema():
    made = DocumentType.from_schema("shop.order", {"x-version": 4})
    assert (made.version, made.extended({"custom_a": TEXT}).version) == (4, 4)
    assert (DocumentType.from_schema("shop.order", {}).version, made.lenses, made.is_mixed) == (1, None, False)


def test_the_fake_kernel_shows_older_documents_as_they_are_now_and_stamps_new_ones(tmp_path):
    steps = [{"rename_field": {"from": "total", "to": "amount"}}, {"drop_field": {"field": "note"}}]
    kernel = FakeKernel(write(tmp_path, steps, fields={**FIELDS, "secret": TEXT}))
    older = kernel.store_older("shop.order", {"total": "5", "note": "n"}, state="open")
    document = kernel.documents.get("shop.order", older.id)
    assert (dict(document.fields), document.schema_version, document.state) == ({"amount": "5"}, 2, "open")
    assert kernel.documents.query("shop.order", "amount == '5'").items[0].id == older.id
    back = kernel.read_older("shop.order", older.id)
    assert (back.data, back.version) == ({"total": "5", "note": "n"}, 1)
    new = kernel.documents.create("shop.order", {"amount": "1"})
    assert new.schema_version == 2
    assert kernel.events[-1].payload["schema_version"] == 2
    assert kernel.read_older("shop.order", new.id).data == {"total": "1"}
    with pytest.raises(CastFailed):
        kernel.read_older("shop.order", new.id, schema_version=3)
