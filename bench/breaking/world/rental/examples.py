"""Valid documents for the tests of whoever builds on rental: what a test does not give is filled in here."""

from __future__ import annotations

from typing import Any

from sdk import Document
from sdk.schema import check_writable, read_input
from sdk.testing import FakeKernel

ROUNDS = 9
# What was left out of the data of the test that runs, but for fields that are not there at all.
LEFT_OUT: list[str] = []
# Tests say the first; where a value has another name now, it stands here.
VALUES = {
    "tool": "tool",
    "vehicle": "vehicle",
    "scaffold": "scaffold",
    "fresh": "fresh",
    "worn": "worn",
    "broken": "broken",
    "silver": "silver",
    "gold": "gold",
    "web": "web",
    "phone": "phone",
    "far": "far",
    "high": "high",
}


def an_item(kernel: FakeKernel, **given: Any) -> Document:
    """An item in good condition."""
    data: dict[str, Any] = {}
    data["code"] = f"I{len(kernel.events)}"
    data["caption"] = "Drill"
    data["category"] = "tool"
    data["daily_rate"] = "10.00"
    data["weekly_rate"] = "50.00"
    data["deposit"] = "100.00"
    data["purchased_on"] = "2024-05-01"
    data["serial"] = "SN-1"
    data["depot"] = {}
    data["depot"]["city"] = "Bern"
    data["depot"]["bay"] = "B7"
    data["tags"] = ["loud"]
    return _create(kernel, "rental.item", _merged(data, given))


def a_contract(kernel: FakeKernel, *lines: dict[str, Any], **given: Any) -> Document:
    """A draft of one line, unless others are given."""
    data: dict[str, Any] = {}
    data["customer_name"] = "Birch Hotel"
    data["customer_email"] = "desk@birch.example"
    data["channel"] = "desk"
    data["starts_on"] = "2026-01-05"
    data["ends_on"] = "2026-01-10"
    data["delivery"] = {}
    data["delivery"]["address"] = "Lake Road 1"
    data["delivery"]["zone"] = "near"
    data["delivery"]["fee"] = "5.00"
    data["lines"] = [_line(kernel, line) for line in lines or ({},)]
    return _create(kernel, "rental.contract", _merged(data, given))


def an_active_contract(kernel: FakeKernel, *lines: dict[str, Any], **given: Any) -> Document:
    contract = a_contract(kernel, *lines, **given)
    return kernel.documents.perform("rental.contract", contract.id, "activate")


def a_returned_contract(kernel: FakeKernel, *lines: dict[str, Any], **given: Any) -> Document:
    contract = an_active_contract(kernel, *lines, **given)
    return kernel.documents.perform("rental.contract", contract.id, "give_back")


def an_inspection(kernel: FakeKernel, item: Document, **given: Any) -> Document:
    """One that found a small scratch."""
    data: dict[str, Any] = {}
    data["inspected"] = item.id
    data["inspector"] = "Ada"
    data["inspected_on"] = "2026-01-12"
    data["score"] = 80
    data["passed"] = True
    finding: dict[str, Any] = {}
    finding["part"] = "case"
    finding["severity"] = "low"
    finding["repair_cost"] = "12.50"
    data["findings"] = [finding]
    return _create(kernel, "rental.inspection", _merged(data, given))


def _create(kernel: FakeKernel, type: str, data: dict[str, Any]) -> Document:
    """What a test gives is left out where the type does not take it: the test is not about us."""
    data = _in_todays_words(data)
    kind = kernel.catalogue.types[type]
    for _ in range(ROUNDS):
        values, refused = read_input(kind, data)
        for fault in (*refused, *check_writable(kind, values)):
            _leave_out(data, fault.pointer.strip("/").split("/"))
            if fault.rule != "unknown_field":
                LEFT_OUT.append(fault.pointer)
    return kernel.documents.create(type, data)


def _merged(data: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What is given over what is not, in objects too."""
    inner = {name: _merged(data[name], value) for name, value in given.items() if _are_objects(data.get(name), value)}
    return {**data, **given, **inner}


def _are_objects(*values: Any) -> bool:
    return all(isinstance(value, dict) for value in values)


def _in_todays_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_todays_words(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_in_todays_words(item) for item in value]
    return VALUES.get(value, value) if isinstance(value, str) else value


def _leave_out(data: Any, path: list[str]) -> None:
    for name in path[:-1]:
        data = data[int(name)] if isinstance(data, list) else data.get(name, {})
    if isinstance(data, list):
        data.clear()
    else:
        data.pop(path[-1], None)


def _line(kernel: FakeKernel, given: dict[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {}
    line["equipment"] = given.get("equipment") or an_item(kernel).id
    line["units"] = 1
    line["rental_days"] = 5
    return line | given


def an_earning(kernel: FakeKernel, item: Document, tier: str = "gold") -> Document:
    """An active contract of one piece of the item for five days."""
    given: dict[str, Any] = {}
    given["tier"] = tier
    line: dict[str, Any] = {}
    line["equipment"] = item.id
    return an_active_contract(kernel, line, **given)


def a_dear_contract(kernel: FakeKernel, **given: Any) -> Document:
    """Active, and of more than a thousand."""
    line: dict[str, Any] = {}
    line["rental_days"] = 5000
    return an_active_contract(kernel, line, line, **given)


def give_back(kernel: FakeKernel, contract: Document, damage: str) -> Document:
    arguments: dict[str, Any] = {}
    arguments["damage_found"] = damage
    return kernel.documents.perform("rental.contract", contract.id, "give_back", arguments)


def call_off(kernel: FakeKernel, contract: Document, why: str) -> Document:
    arguments: dict[str, Any] = {}
    arguments["cause"] = why
    return kernel.documents.perform("rental.contract", contract.id, "cancel", arguments)


def remind(kernel: FakeKernel, contract: Document) -> Document:
    return kernel.documents.perform("rental.contract", contract.id, "remind")


def set_up(kernel: FakeKernel, grace: int, role: str) -> None:
    """Settings of the tenant."""
    values: dict[str, Any] = {}
    values["grace_days"] = grace
    values["reminder_role"] = role
    kernel.set_settings("rental", **values)


def extend(kernel: FakeKernel, contract: Document) -> Document:
    arguments: dict[str, Any] = {}
    arguments["until"] = "2026-02-01"
    arguments["reason"] = "snow until the end of the month"
    return kernel.documents.perform("rental.contract", contract.id, "extend", arguments)


def every_action(kernel: FakeKernel) -> None:
    """Once each."""
    extend(kernel, an_active_contract(kernel))
    remind(kernel, an_active_contract(kernel))
    give_back(kernel, an_active_contract(kernel), "1.00")
    call_off(kernel, an_active_contract(kernel), "rain for the rest of the week")
