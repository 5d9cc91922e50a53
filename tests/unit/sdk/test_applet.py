"""Reading an applet's folder: everything at once, and what its files must agree on."""

import json

import pytest
from packaging.version import Version

from sdk.applet import Applet, InvalidApplet
from sdk.catalogue import Catalogue

MANIFEST = """
name = "shop"
version = "0.1.0"
title = "Shop"
[requires]
sdk = ">=1"
[requires.applets]
parties = ">=1"
"""
FILES = {
    "applet.toml": MANIFEST,
    "schemas/order.json": {
        "x-number": {"series": "SO-{number:05}", "on": "post"},
        "properties": {
            "customer": {"x-link": "parties.party"},
            "previous": {"x-link": "shop.order"},
            "total": {"x-decimal": {"scale": 2}},
        },
    },
    "workflows/order.json": {
        "type": "shop.order",
        "initial": "draft",
        "states": {"draft": {"editable": True}, "posted": {"final": True}},
        "actions": {"post": {"from": ["draft"], "to": "posted", "event": "posted", "guard": "total > 0"}},
    },
    "registers/sales.json": {
        "name": "shop.sales",
        "title": "Sales",
        "dimensions": [{"name": "customer", "link": "parties.party"}],
        "resources": [{"name": "amount"}],
    },
    "reports/revenue.json": {
        "name": "shop.revenue",
        "title": "Revenue",
        "source": {"register": "shop.sales"},
        "columns": {"customer": {}},
        "measures": {"amount": {"balance": "amount"}},
        "drill_down": {"list": "shop.order", "parameters": {"customer": "customer"}},
    },
    "roles.json": {
        "shop.clerk": {
            "title": "Clerk",
            "inherits": ["kernel.auditor"],
            "permissions": [
                {"type": "shop.order", "actions": ["read", "post"], "condition": "total < 9", "mask": ["total"]},
                {"type": "parties.party", "actions": ["read"]},
                {"report": "shop.*", "actions": ["run"]},
            ],
        }
    },
    "settings.json": {
        "properties": {"limit": {"x-decimal": {"scale": 2}, "default": "10"}, "name": {"type": "string"}}
    },
    "hooks.py": "raise RuntimeError('code is not imported')",
}


@pytest.fixture
def write(tmp_path):
    def write_files(**changes):
        for name, content in {**FILES, **changes}.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return tmp_path

    return write_files


def faults_of(folder):
    with pytest.raises(InvalidApplet) as caught:
        Applet.load(folder)
    return {(violation.pointer, violation.rule): violation for violation in caught.value.violations}


def test_a_folder_is_read_whole(write):
    applet = Applet.load(write(), "somewhere.shop")
    assert (applet.name, applet.version, applet.title, applet.package) == (
        "shop", Version("0.1.0"), "Shop", "somewhere.shop",
    )  # fmt: skip
    assert set(applet.types) == set(applet.machines) == {"shop.order"}
    assert [set(x) for x in (applet.registers, applet.reports, applet.roles)] == [
        {"shop.sales"}, {"shop.revenue"}, {"shop.clerk"},
    ]  # fmt: skip
    assert applet.settings is not None
    assert {name: str(value) for name, value in applet.settings_defaults.items()} == {"limit": "10.00"}


def test_a_catalogue_takes_it(write):
    catalogue = Catalogue.build([(Applet.load(write()), ())])
    assert catalogue.collections["shop", "orders"] is catalogue.type("shop.order")


def test_a_manifest_alone_is_an_applet(tmp_path):
    (tmp_path / "applet.toml").write_text(MANIFEST)
    applet = Applet.load(tmp_path)
    assert (dict(applet.types), applet.settings, applet.settings_defaults) == ({}, None, {})


def test_faults_of_all_files_come_at_once(write):
    folder = write(
        **{
            "applet.toml": MANIFEST.replace("title", "titel"),
            "schemas/order.json": {"x-titel": "a"},
            "workflows/order.json": {"type": "shop.order"},
            "roles.json": "{",
            "settings.json": {"x-number": {}, "properties": {}},
            "reports/revenue.json": '{"a": 1, "a": 2}',
        }
    )
    assert {
        ("applet.toml#/titel", "unknown_key"), ("applet.toml#/title", "required"),
        ("schemas/order.json#/x-titel", "unknown_key"), ("workflows/order.json#/states", "required"),
        ("roles.json#", "json"), ("settings.json#/x-number", "misplaced_key"), ("reports/revenue.json#", "json"),
    } <= set(faults_of(folder))  # fmt: skip


@pytest.mark.parametrize(
    ("file", "path", "value", "pointer", "rule"),
    [
        ("schemas/order.json", "x-number/on", "pst", "schemas/order.json#/x-number/on", "unknown_action"),
        (
            "schemas/order.json",
            "properties/previous/x-link",
            "shop.ordr",
            "schemas/order.json#/properties/previous/x-link",
            "unknown_type",
        ),
        (
            "schemas/order.json",
            "properties/previous/x-link",
            "ledger.account",
            "schemas/order.json#/properties/previous/x-link",
            "not_required",
        ),
        ("schemas/basket.json", "x-collection", "orders", "schemas/order.json#/x-collection", "duplicate_name"),
        ("workflows/order.json", "type", "shop.ordr", "workflows/order.json#", "file_name"),
        ("workflows/order.json", "type", "parties.party", "workflows/order.json#", "foreign_name"),
        (
            "workflows/order.json",
            "actions/post/guard",
            "totl > 0",
            "workflows/order.json#/actions/post/guard",
            "unknown_field",
        ),
        ("registers/sales.json", "name", "parties.sales", "registers/sales.json#", "foreign_name"),
        ("registers/again.json", "", FILES["registers/sales.json"], "registers/again.json#", "file_name"),
        ("reports/revenue.json", "source/register", "shop.sale", "reports/revenue.json#/source", "unknown_register"),
        (
            "reports/revenue.json",
            "measures/amount/balance",
            "amont",
            "reports/revenue.json#/measures/amount/balance",
            "unknown_name",
        ),
        ("reports/revenue.json", "drill_down/list", "shop.ordr", "reports/revenue.json#/drill_down", "unknown_type"),
        ("reports/revenue.json", "sort", ["amout"], "reports/revenue.json#/sort", "unknown_name"),
        ("roles.json", "shop.clerk/inherits", ["shop.boss"], "roles.json#/shop.clerk/inherits", "unknown_role"),
        (
            "roles.json",
            "shop.clerk/permissions/0/actions",
            ["pst"],
            "roles.json#/shop.clerk/permissions/0/actions",
            "unknown_action",
        ),
        (
            "roles.json",
            "shop.clerk/permissions/0/mask",
            ["totl"],
            "roles.json#/shop.clerk/permissions/0/mask",
            "unknown_field",
        ),
        (
            "roles.json",
            "shop.clerk/permissions/0/condition",
            "totl > 0",
            "roles.json#/shop.clerk/permissions/0/condition",
            "unknown_field",
        ),
        (
            "roles.json",
            "shop.clerk/permissions/1/type",
            "hr.person",
            "roles.json#/shop.clerk/permissions/1/type",
            "not_required",
        ),
        ("roles.json", "parties.clerk", {"title": "x"}, "roles.json#/parties.clerk", "foreign_name"),
        ("settings.json", "properties/limit/default", 1.5, "settings.json#/properties/limit/default", "decimal_text"),
        (
            "schemas/order.json",
            "properties/total/default",
            "1.005",
            "schemas/order.json#/properties/total/default",
            "decimal_scale",
        ),
        ("role.json", "", {}, "role.json#", "stray_file"),
        ("schema/order.json", "", {}, "schema#", "stray_file"),
    ],
)
def test_files_that_do_not_agree_are_refused(write, file, path, value, pointer, rule):
    data = json.loads(json.dumps(FILES.get(file, {})))
    if path:
        *parents, last = path.split("/")
        target = data
        for key in parents:
            target = target[int(key)] if isinstance(target, list) else target[key]
        target[last] = value
    else:
        data = value
    assert (pointer, rule) in faults_of(write(**{file: data}))


@pytest.mark.parametrize("content", ["", "null", "NaN", '{"a": Infinity}', "[" * 100_000, "\x00", '{"a":' * 3_000])
def test_what_is_no_json_is_refused(write, content):
    assert ("schemas/order.json#", "json") in faults_of(write(**{"schemas/order.json": content}))


def test_files_of_another_encoding_or_size_are_refused(write):
    folder = write()
    (folder / "roles.json").write_bytes(b"\xff\xfe{}")
    (folder / "settings.json").write_text(" " * 1_000_001)
    assert {("roles.json#", "file_unreadable"), ("settings.json#", "file_size")} <= set(faults_of(folder))


def test_a_folder_without_manifest_is_no_applet(tmp_path):
    assert set(faults_of(tmp_path)) == {("applet.toml#", "file_missing")}
    assert set(faults_of(tmp_path / "nowhere")) == {("applet.toml#", "file_missing")}
