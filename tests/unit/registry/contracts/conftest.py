"""Applets made of a few lines each: `sales` provides, `custom` uses it."""

import json
import textwrap

import pytest

from registry.contracts import Offers, extract_contract, offered_kernel, offered_sdk

INVOICE = {
    "x-number": {"series": "S-{number}", "on": "post"},
    "properties": {
        "customer": {"x-link": "sales.customer"},
        "reference": {"type": "string", "maxLength": 20},
        "kind": {"enum": ["goods", "service"], "type": "string"},
        "issued_on": {"format": "date"},
        "total": {"format": "decimal"},
        "memo": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string", "enum": ["new", "old"]}},
        "address": {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"type": "string"}}},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "product": {"type": "string"},
                    "amount": {"format": "decimal"},
                    "note": {"type": "string"},
                },
                "required": ["product"],
            },
        },
    },
    "required": ["customer", "issued_on"],
}
CUSTOMER = {
    "properties": {"code": {"type": "string"}, "country": {"type": "string"}, "limit": {"format": "decimal"}},
    "required": ["code"],
}
MACHINE = {
    "type": "sales.invoice",
    "initial": "draft",
    "states": {"draft": {"editable": True}, "posted": {}, "void": {"final": True}},
    "actions": {
        "post": {"from": ["draft"], "to": "posted", "event": "posted"},
        "cancel": {
            "from": ["posted"],
            "to": "void",
            "event": "voided",
            "arguments": {
                "type": "object",
                "properties": {"reason": {"type": "string"}, "on": {"format": "date"}},
                "required": ["reason"],
            },
        },
    },
}
REGISTER = {
    "name": "sales.turnover",
    "title": "Turnover",
    "dimensions": [{"name": "customer", "title": "Customer", "link": "sales.customer"}],
    "resources": [{"name": "amount", "title": "Amount"}],
}
REPORT = {
    "name": "sales.top",
    "title": "Top",
    "source": {"register": "sales.turnover"},
    "parameters": {"until": {"type": "date", "title": "To"}},
    "columns": {"customer": {"title": "Customer", "link": "sales.customer"}},
    "measures": {"amount": {"title": "Amount", "balance": "amount"}},
    "at": "param.until",
}
ROLES = {"sales.clerk": {"title": "Clerk", "permissions": [{"type": "sales.*", "actions": ["read"]}]}}
SALES = {
    "schemas/invoice.json": INVOICE,
    "schemas/customer.json": CUSTOMER,
    "workflows/invoice.json": MACHINE,
    "registers/turnover.json": REGISTER,
    "reports/top.json": REPORT,
    "roles.json": ROLES,
}
TYPES = ("invoice", "customer")
CAPABILITIES = [f"documents:write:sales.{noun}" for noun in TYPES]
CAPABILITIES += ["registers:read:sales.turnover", "reports:run:sales.top"]
PREAMBLE = "from sdk import Context, Document, Event, hooks\n"


def write_applet(folder, name, files, *, version="1.0.0", requires=(), capabilities=()):
    """An applet's folder; JSON files are given as values, modules as text."""
    lines = [
        f'name = "{name}"',
        f'version = "{version}"',
        'title = "T"',
        f"capabilities = {json.dumps([*capabilities])}",
    ]
    lines += ["[requires]", 'sdk = ">=1,<2"', "[requires.applets]", *(f'{other} = ">=1"' for other in requires)]
    for path, content in {"applet.toml": "\n".join(lines), **files}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
    return folder


@pytest.fixture
def make(tmp_path):
    """The contract of an applet of these files; `sales` unless another name is given."""
    made = []

    def build(files, name="sales", **options):
        made.append(name)
        return extract_contract(write_applet(tmp_path / f"{name}{len(made)}", name, files, **options))

    return build


@pytest.fixture
def custom(make):
    """The contract of `custom` with this code in its hooks module, and perhaps other files."""

    def build(code, files=None, **options):
        text = PREAMBLE + textwrap.dedent(code)
        options = {"requires": ["sales"], "capabilities": CAPABILITIES, **options}
        return make({"hooks.py": text, **(files or {})}, "custom", **options)

    return build


@pytest.fixture
def world():
    """Offers of the SDK, the kernel and these contracts."""

    def build(*contracts):
        return Offers([offered_sdk(), offered_kernel(), *(contract.offers for contract in contracts)])

    return build


def fields_of(contract, mode=None):
    """`type.path` of every field used."""
    uses = contract.of_kind("field")
    return {f"{use.target}.{use.name}" for use in uses if mode in (None, use.mode)}
