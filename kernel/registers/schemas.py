"""Questions to registers as URLs ask them, and what is answered."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from kernel.registers.errors import InvalidRegisterQuery
from kernel.registers.listing import MovementPage
from sdk.errors import Violation
from sdk.nearest import nearest_or_all
from sdk.registers import Balance, Register
from sdk.values import decimal_text, instant_text, to_date, to_instant

WHERE = "where."


@dataclass
class Question:
    """What a query string asks. given: parameters by name, cast; where: values by dimension."""

    given: dict[str, Any] = field(default_factory=dict)
    where: dict[str, list[str]] = field(default_factory=dict)


def read_question(register: str, pairs: Iterable[tuple[str, str]], known: Sequence[str]) -> Question:
    """The question; of `known` parameters each once, `where.<dimension>` as often as wanted. All faults at once."""
    question, faults = Question(), list[Violation]()
    for name, text in pairs:
        if name.startswith(WHERE):
            question.where.setdefault(name.removeprefix(WHERE), []).append(text)
        elif name not in known:
            expected = nearest_or_all(name, [*known, f"{WHERE}<dimension>"])
            faults.append(Violation(f"/{name}", "unknown_parameter", f"there is no parameter {name[:80]}", expected))
        elif name in question.given:
            faults.append(Violation(f"/{name}", "repeated", f"{name} is there twice", "one value"))
        else:
            _read(question, name, text, faults)
    if faults:
        raise InvalidRegisterQuery(register=register, violations=faults)
    return question


def _read(question: Question, name: str, text: str, faults: list[Violation]) -> None:
    read, expected = _READERS[name]
    try:
        question.given[name] = read(text)
    except ValueError:
        faults.append(Violation(f"/{name}", "type", f"{name} cannot be {text[:80]}", expected))


def balances_json(register: Register, balances: Sequence[Balance]) -> dict[str, Any]:
    """{"items": [{"dimensions": …, "resources": amounts as text}]}"""
    return {
        "items": [
            {"dimensions": dict(balance.dimensions), "resources": _amounts(register, balance.resources)}
            for balance in balances
        ]
    }


def movements_json(register: Register, page: MovementPage) -> dict[str, Any]:
    items = [
        {
            "id": movement.id,
            "company_id": movement.company_id,
            "document_id": movement.document_id,
            "occurred_at": instant_text(movement.occurred_at),
            "dimensions": dict(movement.dimensions),
            "resources": _amounts(register, movement.resources),
        }
        for movement in page.items
    ]
    return {"items": items, "cursor": page.cursor}


def register_json(register: Register) -> dict[str, Any]:
    return {
        "name": register.name,
        "title": register.title,
        "description": register.description,
        "dimensions": [{"name": d.name, "title": d.title, "link": d.link} for d in register.dimensions],
        "resources": [{"name": r.name, "title": r.title, "scale": r.scale} for r in register.resources],
        "balanced": register.balanced,
        "non_negative": register.non_negative,
    }


def _amounts(register: Register, resources: Mapping[str, Any]) -> dict[str, str]:
    return {name: decimal_text(amount, register.resource(name).scale) for name, amount in resources.items()}


def _moment(text: str) -> date | datetime:
    return to_date(text) if len(text) == len("2026-01-31") else to_instant(text)


_MOMENT = (_moment, "a date YYYY-MM-DD or an instant with an offset")
_READERS: Final[Mapping[str, tuple[Callable[[str], Any], str]]] = {
    "at": _MOMENT,
    "since": _MOMENT,
    "until": _MOMENT,
    "group_by": (lambda text: [name for name in text.split(",") if name], "names of dimensions, by commas"),
    "company_id": (lambda text: str(uuid.UUID(text)), "an id"),
    "limit": (int, "a whole number"),
    "cursor": (str, "a cursor"),
}
